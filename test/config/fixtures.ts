import type { CompileExpression } from "../../src/config/compile-provider.ts";
import type { CompiledSnapshot } from "../../src/config/compile.ts";
import type { Credential, Provider } from "../../src/exchange.ts";
import { loadSnapshot, type LoadOptions } from "../../src/config/load.ts";
import { ConfigError, formatProblem } from "../../src/config/problem.ts";
import type { FileAccess } from "../../src/config/read-files.ts";
import { defineProvider, type ProviderDefinition } from "../../src/provider/define.ts";

const bearer = (...env: string[]) => ({ header: "authorization", scheme: "Bearer", env });

/** Definitions of the tests' own, so that they do not change with the registry. */
export const DEFINITIONS: ReadonlyMap<string, ProviderDefinition> = new Map(
  [
    defineProvider({
      id: "openai",
      name: "Test",
      surfaces: [{ dialect: "openai-chat" }],
      baseUrl: "https://api.openai.com/v1",
      credential: bearer("OPENAI_API_KEY"),
      rateLimitHeaders: ["X-RateLimit-Reset-Requests"],
      source: "test",
    }),
    defineProvider({
      id: "anthropic",
      name: "Test",
      surfaces: [{ dialect: "anthropic-messages" }],
      baseUrl: "https://api.anthropic.com",
      credential: { header: "X-Api-Key", scheme: "", env: ["ANTHROPIC_API_KEY"] },
      source: "test",
    }),
    defineProvider({
      id: "azure",
      name: "Test",
      surfaces: [{ dialect: "openai-chat" }],
      baseUrl: null,
      credential: { header: "api-key", scheme: "", env: ["AZURE_API_KEY"] },
      settings: [{ key: "api_version", env: [], default: "2024-10-21", expected: "an API version" }],
      source: "test",
    }),
    defineProvider({
      id: "openai-compatible",
      name: "Test",
      surfaces: [{ dialect: "openai-chat" }],
      baseUrl: null,
      credential: bearer(),
      isKeyOptional: true,
      source: "test",
    }),
    defineProvider({
      id: "demo",
      name: "Test",
      surfaces: [{ dialect: "openai-chat" }],
      baseUrl: "http://demo.invalid/v1",
      credential: null,
      isKeyOptional: true,
      isEmbedded: true,
      source: "test",
    }),
  ].map((definition) => [definition.id, definition]),
);

/** A provider's first credential, where it is a header that never changes. */
export function headerOf(provider: Provider | undefined): Extract<Credential, { kind: "header" }> | undefined {
  const [first] = provider?.credentials ?? [];
  return first?.kind === "header" ? first : undefined;
}

/** A file system of texts; a null stands for a file that may not be read. */
export function memoryFiles(files: Readonly<Record<string, string | Uint8Array | null>>): FileAccess {
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  const isDirectory = (path: string): boolean => Object.keys(files).some((name) => name.startsWith(`${path}/`));
  return {
    async kindOf(path) {
      if (path in files) return "file";
      return isDirectory(path) ? "directory" : fail("ENOENT");
    },
    async list(path) {
      const names = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
      return names.map((name) => name.slice(path.length + 1)).filter((name) => !name.includes("/"));
    },
    async read(path, maxBytes) {
      const content = files[path];
      if (content === undefined) return fail("ENOENT");
      if (content === null) return fail("EACCES");
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      if (bytes.length > maxBytes) throw new RangeError("too long");
      return bytes;
    },
    resolve: async (path) => path,
  };
}

export type Surroundings = {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>;
};

/** Options for loading `path` from files in memory. */
export function optionsFor(path: string | null, surroundings: Surroundings = {}): LoadOptions {
  return {
    path,
    definitions: DEFINITIONS,
    env: surroundings.env ?? {},
    files: memoryFiles(surroundings.files ?? {}),
    compileExpression: compileTestExpression,
    generation: 7,
    now: () => 1_000,
  };
}

/** An expression of the tests: `true`, `false`, or something wrong at its third character. */
export const compileTestExpression: CompileExpression = (text) =>
  text === "true" || text === "false"
    ? { test: () => text === "true" }
    : { problem: "expected true or false, got something else", offset: text.length > 3 ? 2 : null };

/** Loads a text as if it stood in `config.yaml`. */
export function loadText(text: string, surroundings: Surroundings = {}): Promise<CompiledSnapshot> {
  const files = { ...surroundings.files, "config.yaml": text };
  return loadSnapshot(optionsFor("config.yaml", { ...surroundings, files }));
}

/** The problems of a text, one line each; [] when it can be used. */
export function problemsOf(text: string, surroundings: Surroundings = {}): Promise<readonly string[]> {
  return problemsIn(() => loadText(text, surroundings));
}

/** The problems that a load ends with. */
export async function problemsIn(load: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await load();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}

/** SHA-256 of "test". */
export const TEST_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/** DESIGN section 7's example; the hash, shortened there, is that of "test". */
export const DESIGN_EXAMPLE = `
listen:
  unix: { path: /run/llmux/llmux.sock, mode: "0660" }   # null turns it off
  http: 127.0.0.1:4000                                  # null turns it off
  ops:  127.0.0.1:4001

providers:
  openai:    { api_key: "\${OPENAI_API_KEY}" }
  anthropic: { api_key: { file: /var/run/secrets/llm/anthropic } }
  azure-eu:  { provider: azure, base_url: https://eu.example.azure.com, api_key: "\${AZURE_KEY}", api_version: "2025-04-01-preview" }
  local:     { provider: openai-compatible, base_url: http://vllm:8000/v1, max_concurrent: 64 }

models:
  gpt-4o:
    strategy: lowest-latency
    deployments:
      - { provider: openai,   model: gpt-4o, weight: 3, tpm: 2000000, rpm: 5000 }
      - { provider: azure-eu, model: gpt-4o-prod, tags: [eu] }
    retries: 2
    fallbacks: [claude]
    context_window_fallbacks: [claude]
    timeouts: { connect: 5s, first_byte: 60s, idle: 60s, total: 10m }
    hedge: { after: 2s, max_extra: 5% }
    breaker: { consecutive: 5, failure_share: 50%, window: 60s, minimum: 10, open: 30s }
  claude: { deployments: [ { provider: anthropic, model: claude-sonnet-4-5 } ] }
  "local/*": { deployments: [ { provider: local, model: "*" } ] }

keys:                                                   # none configured: every local caller is "anonymous"
  - { name: shop, sha256: ${TEST_HASH}, models: [gpt-4o, "local/*"], rpm: 600, tpm: 200000, max_concurrent: 50, team: marketing, tags: [eu] }

defaults: { strategy: simple-shuffle, retries: 2, drop_params: false, on_disconnect: cancel }
limits:   { max_concurrent: 10000, max_in_flight_tokens: 20000000 }
drain:    { timeout: 60s }
log:      { level: info, format: json }
`;

/** What the example needs around it. */
export const DESIGN_SURROUNDINGS: Surroundings = {
  env: { OPENAI_API_KEY: "sk-openai", AZURE_KEY: "az-key" },
  files: { "/var/run/secrets/llm/anthropic": "sk-ant\n" },
};

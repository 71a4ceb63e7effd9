import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { ContentFeature, Endpoint } from "../../src/dialect/dialect.ts";
import { NO_SETTINGS, type ReasoningEffort } from "../../src/dialect/neutral.ts";
import type { ProviderDefinition } from "../../src/provider/define.ts";
import { findProviderFiles, writeRegistrySource } from "../../src/provider/generate-registry.ts";
import { PROVIDERS } from "../../src/provider/registry.gen.ts";

const SRC = join(import.meta.dir, "..", "..", "src");
const FOLDER = join(SRC, "provider");

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] satisfies readonly ReasoningEffort[];
const CONTENT = [
  "image-data",
  "image-url",
  "image-file-id",
  "audio-data",
  "video-data",
  "video-url",
  "file-data",
  "file-url",
  "file-text",
  "file-file-id",
  "tool-result-image",
  "tool-result-file",
  "tool-result-error",
  "reasoning",
  "cache-hint",
  "custom-tool",
  "web-search",
] satisfies readonly ContentFeature[];
/** What a provider may refuse beside the settings themselves: words that writers look for in `refuses`. */
const FINER_REFUSALS = ["streamUsage", "forcedToolChoice", "temperature+topP", "maxTokensPerDocument"];
const REFUSABLE: ReadonlySet<string> = new Set([...Object.keys(NO_SETTINGS), ...FINER_REFUSALS]);

/** Endpoints by name for every dialect, from the lists of the dialects' own folders. */
async function readEndpoints(): Promise<ReadonlyMap<string, ReadonlyMap<string, Endpoint>>> {
  const byDialect = new Map<string, Map<string, Endpoint>>();
  for await (const file of new Bun.Glob("dialect/*/endpoints.ts").scan(SRC)) {
    const exported = Object.values((await import(join(SRC, file))) as Record<string, unknown>);
    for (const endpoint of exported.filter((value) => Array.isArray(value)).flat() as readonly Endpoint[]) {
      const known = byDialect.get(endpoint.dialect) ?? new Map<string, Endpoint>();
      byDialect.set(endpoint.dialect, known.set(endpoint.name, endpoint));
    }
  }
  return byDialect;
}
const ENDPOINTS = await readEndpoints();

test("the registry is what the generator makes of the folder", async () => {
  const files = await findProviderFiles(FOLDER);
  expect(await Bun.file(join(FOLDER, "registry.gen.ts")).text()).toBe(
    writeRegistrySource(files.map(({ name }) => name)),
  );
  expect([...PROVIDERS.keys()]).toEqual(files.map(({ definition }) => definition.id));
});

test("there are at least 100 providers, no two with one id", async () => {
  const files = await findProviderFiles(FOLDER);
  expect(new Set(files.map(({ definition }) => definition.id)).size).toBe(files.length);
  expect(PROVIDERS.size).toBe(files.length);
  expect([...PROVIDERS.values()].filter(({ isEmbedded }) => isEmbedded !== true).length).toBeGreaterThanOrEqual(100);
});

test("a provider that another's note speaks of is there", () => {
  const named = [...PROVIDERS.values()].flatMap(({ unchecked = "" }) => [...unchecked.matchAll(/\bsee ([a-z0-9-]+)/g)]);
  expect(named.length).toBeGreaterThan(0);
  expect(named.map(([, id]) => id ?? "").filter((id) => !PROVIDERS.has(id))).toEqual([]);
});

test("the dialects' folders say which endpoints there are", () => {
  expect([...(ENDPOINTS.get("openai-chat")?.keys() ?? [])]).toContain("chat.completions");
});

describe("every provider", () => {
  for (const [id, provider] of PROVIDERS) {
    test(`${id} says where it is and how a request proves whose it is`, () => {
      expect(provider.id).toBe(id);
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(provider.name).not.toBe("");
      expectBaseUrl(provider);
      expectNames(provider);
      const sources = typeof provider.source === "string" ? [provider.source] : provider.source;
      expect(sources.length).toBeGreaterThan(0);
      if (provider.isEmbedded !== true) for (const source of sources) expect(new URL(source).protocol).toBe("https:");
    });

    test(`${id} speaks known APIs at known endpoints`, () => {
      expect(provider.surfaces.length).toBeGreaterThan(0);
      for (const { dialect, endpoints } of provider.surfaces) {
        const known = ENDPOINTS.get(dialect);
        expect(known, `dialect ${dialect}`).toBeDefined();
        const named = endpoints ?? Object.fromEntries([...(known?.keys() ?? [])].map((name) => [name, true as const]));
        expect(Object.keys(named).length).toBeGreaterThan(0);
        for (const [name, path] of Object.entries(named)) {
          const endpoint = known?.get(name.replace(/#stream$/, ""));
          expect(endpoint, `${dialect} ${name}`).toBeDefined();
          // Where the path itself says it, the stream is an endpoint of its own.
          if (name.endsWith("#stream")) expect(endpoint?.isStreamPath, `${dialect} ${name}`).toBeNull();
          // A dialect's own path may bring a query (Gemini's `alt=sse`), a provider's not: it has `query` for that.
          expectPath(provider, path === true ? (endpoint?.upstreamPath.replace(/\?.*$/, "") ?? "") : path);
        }
      }
    });

    test(`${id} refuses and renames what there is`, () => {
      for (const { quirks = {} } of provider.surfaces) {
        expect((quirks.refuses ?? []).filter((name) => !REFUSABLE.has(name))).toEqual([]);
        expect((quirks.refusesContent ?? []).filter((name) => !(CONTENT as string[]).includes(name))).toEqual([]);
        expect(new Set(quirks.refuses ?? []).size).toBe((quirks.refuses ?? []).length);
        for (const [from, to] of Object.entries(quirks.renames ?? {})) expect(to).not.toBe(from);
        const order = (quirks.efforts ?? []).map((effort) => (EFFORTS as string[]).indexOf(effort));
        expect(order, "efforts, lowest first").toEqual(order.toSorted((a, b) => a - b));
        expect(order).not.toContain(-1);
      }
    });

    test(`${id} has no surface that another hides`, () => {
      const open = new Map<string, Set<string>>();
      for (const { dialect, models, endpoints } of provider.surfaces) {
        const names = Object.keys(endpoints ?? Object.fromEntries(ENDPOINTS.get(dialect) ?? []));
        const taken = open.get(dialect) ?? new Set<string>();
        expect(names.filter((name) => !taken.has(name)).length, `${dialect} for ${models?.source ?? "all"}`).not.toBe(
          0,
        );
        if (models === undefined) open.set(dialect, new Set([...taken, ...names]));
        // A pattern that remembers where it stood would match every other time.
        else expect(models.flags).not.toMatch(/[gy]/);
      }
    });
  }
});

/** HTTPS to the world, plain HTTP only to this host; no slash at the end, nothing of a query. */
function expectBaseUrl({ baseUrl, isEmbedded, settings = [], credential }: ProviderDefinition): void {
  if (baseUrl === null || isEmbedded === true) return;
  for (const [, key] of baseUrl.matchAll(/\{([a-z_]+)\}/g)) {
    expect(settings.map((setting): string => setting.key)).toContain(key ?? "");
  }
  const url = new URL(baseUrl.replaceAll(/\{[a-z_]+\}/g, "x"));
  if (url.protocol === "http:") expect(["localhost", "127.0.0.1", "[::1]"]).toContain(url.hostname);
  else expect(url.protocol).toBe("https:");
  expect(baseUrl).not.toEndWith("/");
  expect(url.search + url.hash + url.username).toBe("");
  // A key of the world's must not be sent to whatever listens on a port of this host.
  if (url.protocol === "http:") expect(credential?.env ?? []).not.toContain("HF_TOKEN");
}

function expectNames({
  credential,
  headers,
  settings = [],
  rateLimitHeaders = [],
  surfaces,
}: ProviderDefinition): void {
  const variables = [...(credential?.env ?? []), ...settings.flatMap(({ env }) => env)];
  for (const variable of variables) expect(variable).toMatch(/^[A-Z][A-Z0-9_]*$/);
  expect(new Set(variables).size).toBe(variables.length);
  // Header names go onto the wire as they stand here.
  const names = [
    ...Object.keys(headers ?? {}),
    ...surfaces.flatMap((surface) => Object.keys(surface.headers ?? {})),
    ...rateLimitHeaders,
    ...(credential === null ? [] : [credential.header]),
  ];
  for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
}

/** A path stays below the base URL, and repeats nothing of it. */
function expectPath({ baseUrl, settings = [] }: ProviderDefinition, path: string): void {
  expect(path).toMatch(/^\/[\w./:{}-]+$/);
  expect(path).not.toContain("..");
  for (const [, key] of path.matchAll(/\{([a-z_]+)\}/g)) {
    expect(["model", ...settings.map((setting): string => setting.key)]).toContain(key ?? "");
  }
  expect(`${baseUrl ?? ""}${path}`).not.toMatch(/\/(v\d\w*)\/\1\//);
}

test("a file that defines a provider of another name is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "llmux-registry-"));
  try {
    await Bun.write(join(folder, "right.ts"), `export default { id: "right" };\n`);
    await Bun.write(join(folder, "machinery.ts"), `export const provider = 1;\n`);
    expect((await findProviderFiles(folder)).map(({ name }) => name)).toEqual(["right"]);
    await Bun.write(join(folder, "wrong.ts"), `export default { id: "other" };\n`);
    await expect(findProviderFiles(folder)).rejects.toThrow(
      'src/provider/wrong.ts should define the provider "wrong", got "other"',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a provider's file name becomes a variable's name", () => {
  const source = writeRegistrySource(["openai-compatible", "302ai"]);
  expect(source).toContain(`import openaiCompatible from "./openai-compatible.ts";`);
  expect(source).toContain("[openaiCompatible.id, openaiCompatible],");
  expect(source).toContain(`import provider302ai from "./302ai.ts";`);
  expect(() => new Bun.Transpiler({ loader: "ts" }).transformSync(source)).not.toThrow();
});

test("a provider's file is data: it imports its definition's shape, and little else", async () => {
  for (const { name, definition } of await findProviderFiles(FOLDER)) {
    if (definition.makeAuthorizer !== undefined) continue;
    const source = await Bun.file(join(FOLDER, `${name}.ts`)).text();
    const imports = [...source.matchAll(/from "([^"]+)"/g)].map(([, path]) => basename(path ?? ""));
    expect(imports, name).toContain("define.ts");
    expect(source, name).not.toMatch(/\b(async|await|fetch|process)\b\s*[(.]/);
  }
});

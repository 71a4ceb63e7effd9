import { join, resolve } from "node:path";
import { MODEL_NAMES } from "../call.ts";
import { findFreePort } from "./free-port.ts";
import type { Subject, SubjectName, Upstream } from "./subject.ts";

/** The executable under test: LLMUX_BIN, or what `make build` made. */
export const LLMUX_BINARY: string = resolve(
  process.env["LLMUX_BIN"] ?? join(import.meta.dir, "..", "..", "..", "dist", "llmux"),
);

/** LLMux as it is delivered: default config, access log (JSON, info) on standard output, usage tap on. */
export const llmux: Subject = describeLlmux({ name: "llmux", binary: LLMUX_BINARY, translates: true });

/** Another build beside it, which shows what a change cost. It may be older than translation: it gets chat alone. */
export function makeLlmuxBefore(binary: string): Subject {
  return describeLlmux({ name: "llmux-before", binary: resolve(binary), translates: false });
}

/**
 * The same build with all that routing and admission do: three deployments to choose from by a strategy, breakers, retries and their
 * budget, a key with rates, a team, a model's rates and one deployment's. What it costs is what the requests cost more.
 */
export const llmuxRouted: Subject = describeLlmux({
  name: "llmux-routed",
  binary: LLMUX_BINARY,
  translates: false,
  render: renderRouted,
});

type Build = {
  readonly name: SubjectName;
  readonly binary: string;
  readonly translates: boolean;
  /** The config but for `listen`; by default one provider and one deployment. */
  readonly render?: (upstream: Upstream) => string;
};

function describeLlmux({ name, binary, translates, render }: Build): Subject {
  return {
    name,
    description: "compiled executable, defaults: usage tap, JSON log line per exchange (to a file), metrics",
    withholdsUsage: true,
    translates,
    loadShare: 1,
    maxStreams: Number.POSITIVE_INFINITY,
    headers: () => [],

    async find() {
      if (!(await Bun.file(binary).exists())) {
        return { kind: "missing", reason: `${binary} is not there (make build, or set LLMUX_BIN)` };
      }
      const { exitCode, stdout, stderr } = Bun.spawnSync([binary, "version"]);
      if (exitCode !== 0) return { kind: "missing", reason: `llmux version failed: ${stderr.toString().trim()}` };
      return { kind: "available", version: stdout.toString().trim() };
    },

    async prepare(directory, upstream) {
      const port = findFreePort();
      const opsPort = findFreePort();
      const socket = join(directory, "llmux.sock");
      const config = join(directory, "llmux.yaml");
      await Bun.write(
        config,
        `listen:
  unix: { path: ${socket}, mode: "0660" }
  http: 127.0.0.1:${port}
  ops: 127.0.0.1:${opsPort}
${render === undefined ? renderProviders(upstream, translates) : render(upstream)}`,
      );
      return {
        command: [binary, "serve", "--config", config],
        environment: {},
        directory,
        tcp: { host: "127.0.0.1", port, unix: null },
        unix: { host: "127.0.0.1", port: 0, unix: socket },
        ready: { host: "127.0.0.1", port: opsPort, path: "/health/ready" },
      };
    },
  };
}

/** SHA-256 of the key that the bench's callers send: "bench-caller". */
const CALLER_KEY_SHA256 = new Bun.CryptoHasher("sha256").update("bench-caller").digest("hex");
/** Limits that are counted and never met. */
const AMPLE = "rpm: 1000000000, tpm: 1000000000000, max_concurrent: 100000, max_in_flight_tokens: 1000000000000";

function renderRouted({ host, port }: Upstream): string {
  const names = ["mock-a", "mock-b", "mock-c"];
  const providers = names.map(
    (name) =>
      `  ${name}: { provider: openai-compatible, base_url: "http://${host}:${port}/v1", api_key: bench-provider, max_concurrent: 10000, max_in_flight_tokens: 1000000000000 }\n`,
  );
  const deployments = names.map((name) => `{ provider: ${name}, model: bench, ${AMPLE} }`);
  return `providers:
${providers.join("")}models:
  ${MODEL_NAMES.chat}: { strategy: least-busy, ${AMPLE}, deployments: [ ${deployments.join(", ")} ] }
teams: { bench: { ${AMPLE} } }
keys: [ { name: bench, sha256: "${CALLER_KEY_SHA256}", team: bench, ${AMPLE} } ]
limits: { rpm: 1000000000, tpm: 1000000000000, max_in_flight_tokens: 1000000000000 }
`;
}

/** The mock as a provider of chat, and once more as one of messages. */
function renderProviders({ host, port }: Upstream, translates: boolean): string {
  const origin = `http://${host}:${port}`;
  const { chat, messages } = MODEL_NAMES;
  let providers = `  mock: { provider: openai-compatible, base_url: "${origin}/v1", api_key: bench-provider }\n`;
  let models = `  ${chat}: { deployments: [ { provider: mock, model: bench } ] }\n`;
  if (translates) {
    providers += `  mock-messages: { provider: anthropic, base_url: "${origin}", api_key: bench-provider }\n`;
    models += `  ${messages}: { deployments: [ { provider: mock-messages, model: bench } ] }\n`;
  }
  return `providers:\n${providers}models:\n${models}`;
}

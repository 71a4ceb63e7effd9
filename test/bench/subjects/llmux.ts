import { join, resolve } from "node:path";
import { findFreePort } from "./free-port.ts";
import type { Subject } from "./subject.ts";

/** The executable under test: LLMUX_BIN, or what `make build` made. */
export const LLMUX_BINARY: string = resolve(
  process.env["LLMUX_BIN"] ?? join(import.meta.dir, "..", "..", "..", "dist", "llmux"),
);

/** LLMux as it is delivered: default config, access log (JSON, info) on standard output, usage tap on. */
export const llmux: Subject = {
  name: "llmux",
  description: "compiled executable, defaults: usage tap, JSON log line per exchange (to a file), metrics",
  withholdsUsage: true,
  loadShare: 1,
  maxStreams: Number.POSITIVE_INFINITY,
  headers: () => [],

  async find() {
    if (!(await Bun.file(LLMUX_BINARY).exists())) {
      return { kind: "missing", reason: `${LLMUX_BINARY} is not there (make build, or set LLMUX_BIN)` };
    }
    const { exitCode, stdout, stderr } = Bun.spawnSync([LLMUX_BINARY, "version"]);
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
providers:
  mock: { provider: openai-compatible, base_url: "http://${upstream.host}:${upstream.port}/v1", api_key: bench-provider }
models:
  bench: { deployments: [ { provider: mock, model: bench } ] }
`,
    );
    return {
      command: [LLMUX_BINARY, "serve", "--config", config],
      environment: {},
      directory,
      tcp: { host: "127.0.0.1", port, unix: null },
      unix: { host: "127.0.0.1", port: 0, unix: socket },
      ready: { host: "127.0.0.1", port: opsPort, path: "/health/ready" },
    };
  },
};

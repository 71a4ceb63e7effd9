/** LLMux by itself with a config of the measure's own, for what is about its routing and not about other proxies. */
import { startExecutable } from "../../instruments/executable.ts";
import type { TestGateway } from "../../instruments/test-gateway.ts";
import type { Bench } from "../bench.ts";
import { CHAT } from "../call.ts";
import { PROXY_CORE, pinToCores } from "../cores.ts";
import type { JobBase } from "../jobs.ts";
import { LLMUX_BINARY } from "../subjects/llmux.ts";

/** The lane that its figures belong to. */
export const OWN_LANE = "llmux tcp";

/** Starts it on the proxy's core, runs, and stops it; `before` wraps the command, e.g. into a memory limit. */
export async function withOwnGateway(
  sections: Readonly<Record<string, unknown>>,
  run: (gateway: TestGateway) => Promise<void>,
  before: readonly string[] = [],
): Promise<void> {
  const config = Object.entries({ log: { level: "error" }, drain: { timeout: "1s" }, ...sections })
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join("");
  const gateway = await startExecutable([...before, ...pinToCores(String(PROXY_CORE), [LLMUX_BINARY])], { config });
  try {
    await run(gateway);
  } finally {
    await gateway.stop();
  }
}

/** What a load generator needs to call it. */
export function jobBase(bench: Bench, gateway: TestGateway): JobBase {
  return {
    target: { host: "127.0.0.1", port: gateway.httpPort, unix: null },
    headers: [],
    call: CHAT,
    withholdsUsage: true,
    proxyPids: [gateway.pid],
    proxyCore: PROXY_CORE,
    mockPid: bench.mock.pid,
  };
}

/** A provider's entry for the bench's mock. */
export function mockProvider(bench: Bench, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { host, port } = bench.upstream;
  return { provider: "openai-compatible", base_url: `http://${host}:${port}/v1`, api_key: "bench-provider", ...more };
}

/** The executable between the official SDK and a fake provider: what every end-to-end test stands on. */
import { afterAll, beforeAll, describe } from "bun:test";
import OpenAI from "openai";
import { findExecutable, startExecutable } from "../instruments/executable.ts";
import { writeDefaults } from "../instruments/one-attempt.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { startUpstream, type Upstream, type UpstreamOptions } from "../instruments/upstream.ts";

/** What the gateway holds and the caller never sees; no output may show it. */
export const UPSTREAM_KEY = "sk-upstream-example-canary";
export const CALLER_KEY = "sk-caller-example";

export type Transport = "tcp" | "unix";
export const TRANSPORTS: readonly Transport[] = ["tcp", "unix"];

export type Stage = { readonly gateway: TestGateway; readonly upstream: Upstream };

/** The config most tests use: one model by name, one by pattern, both at the fake provider. */
export function writeConfig(upstreamPort: number): string {
  return `
providers:
  fake: { provider: openai-compatible, dialects: [openai-chat, openai-responses], base_url: "http://127.0.0.1:${upstreamPort}/v1", api_key: "${UPSTREAM_KEY}" }
models:
  example: { deployments: [{ provider: fake, model: example-model }] }
  "local/*": { deployments: [{ provider: fake, model: "*" }] }
${writeDefaults()}`;
}

/**
 * A suite with its own executable and fake provider. It is skipped, visibly, where nothing was built; `make e2e` names
 * the executable in LLMUX_BIN, which makes a missing one an error.
 */
export function describeWithExecutable(
  name: string,
  suite: (stage: () => Stage) => void,
  config: (upstreamPort: number) => string = writeConfig,
): void {
  const executable = findExecutable();
  describe.skipIf(executable === null)(
    executable === null ? `${name} (skipped: no dist/llmux; run make build)` : name,
    () => {
      let stage: Stage | null = null;
      beforeAll(async () => {
        const upstream = startUpstream({ respond: () => [] });
        try {
          const gateway = await startExecutable(executable ?? "", { config: config(upstream.port) });
          stage = { gateway, upstream };
        } catch (error) {
          upstream.stop();
          throw error;
        }
      });
      afterAll(async () => {
        await stage?.gateway.stop();
        stage?.upstream.stop();
      });
      suite(() => {
        if (stage === null) throw new Error("the stage stands from beforeAll to afterAll only");
        stage.upstream.forget();
        return stage;
      });
    },
  );
}

/** The official SDK, pointed at the gateway the way an application would. */
export function openClient(gateway: TestGateway, transport: Transport, options: { maxRetries?: number } = {}): OpenAI {
  const viaSocket = (url: string | URL | Request, init?: RequestInit) =>
    fetch(url, { ...init, unix: gateway.socketPath } as RequestInit);
  return new OpenAI({
    apiKey: CALLER_KEY,
    baseURL: transport === "tcp" ? `http://127.0.0.1:${gateway.httpPort}/v1` : "http://localhost/v1",
    maxRetries: options.maxRetries ?? 0,
    timeout: 20_000,
    ...(transport === "unix" ? { fetch: viaSocket as typeof fetch } : {}),
  });
}

/** Lets the fake provider answer every request the same way from now on. */
export function answerWith(upstream: Upstream, respond: UpstreamOptions["respond"]): void {
  upstream.respond = respond;
}

/** What a promise failed with; throws when it did not fail. */
export function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)?.slice(0, 300)}`);
    },
    (error: unknown) => error,
  );
}

export type RunResult = { readonly code: number; readonly out: string; readonly err: string };

/** Runs the executable once with nothing in its environment but what is given, and collects what it says. */
export async function runExecutable(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const child = Bun.spawn([findExecutable() ?? "", ...argv], {
    env: { ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 30_000,
  });
  const [code, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  return { code, out, err };
}

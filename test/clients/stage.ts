/** What the tests with real clients stand on: the gateway between them and one fake provider of each dialect. */
import { afterAll, beforeAll, describe } from "bun:test";
import { writeDefaults } from "../instruments/one-attempt.ts";
import { startGateway } from "../instruments/start-gateway.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { DIALECTS, type FakeDialectId, modelOf, type Scenario } from "./facts.ts";
import { FakeProviders } from "./fake-providers.ts";

export type Transport = "tcp" | "unix";
export const TRANSPORTS: readonly Transport[] = ["tcp", "unix"];

export type ClientStage = {
  readonly gateway: TestGateway;
  readonly providers: FakeProviders;
  /** Where a client finds the gateway; `path` is what its base URL ends with. */
  baseUrl(transport: Transport, path?: string): string;
};

/**
 * LangChain asks for reasoning only where a model's name begins as OpenAI's reasoning models do: the same fake models once more, by
 * such names.
 */
const REASONING_MODELS = `models: ${JSON.stringify(
  Object.fromEntries(
    DIALECTS.map((dialect) => [`gpt-5-${dialect}/*`, { deployments: [{ provider: `fake-${dialect}`, model: "*" }] }]),
  ),
)}\n`;

/** A fake model by a name that clients take for a reasoning model's. */
export function reasoningModelOf(dialect: FakeDialectId, scenario: Scenario): string {
  return modelOf(dialect, scenario).replace("fake-", "gpt-5-");
}

/** Whose APIs count tokens; for the others the gateway estimates. */
export const COUNTING: readonly FakeDialectId[] = [
  "openai-responses",
  "anthropic-messages",
  "gemini",
  "bedrock-converse",
];

/** A suite with its own gateway (the executable where `LLMUX_BIN` names one) and its own fake providers. */
export function describeClient(name: string, suite: (stage: () => ClientStage) => void): void {
  describe(name, () => {
    let stage: ClientStage | null = null;
    beforeAll(async () => {
      const providers = FakeProviders.start();
      try {
        const gateway = await startGateway({ config: providers.configText() + REASONING_MODELS + writeDefaults() });
        stage = {
          gateway,
          providers,
          baseUrl: (transport, path = "") =>
            `${transport === "tcp" ? `http://127.0.0.1:${gateway.httpPort}` : "http://localhost"}${path}`,
        };
      } catch (error) {
        providers.stop();
        throw error;
      }
    });
    afterAll(async () => {
      const faults = stage?.providers.faults ?? [];
      await stage?.gateway.stop();
      stage?.providers.stop();
      if (faults.length > 0) throw new Error(`the fake providers met faults: ${faults.map(String).join("; ")}`);
    });
    suite(() => {
      if (stage === null) throw new Error("the stage stands from beforeAll to afterAll only");
      return stage;
    });
  });
}

/** The `fetch` for a transport: a client that takes one reaches the Unix socket by it. */
export function fetchOver(stage: ClientStage, transport: Transport): typeof fetch {
  if (transport === "tcp") return fetch;
  const unix = stage.gateway.socketPath;
  const viaSocket = (url: string | URL | Request, init?: RequestInit): Promise<Response> =>
    fetch(url, { ...init, unix } as RequestInit);
  return viaSocket as typeof fetch;
}

/** What a promise failed with; throws when it did not fail. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    // the failure is what was asked for
    if (error instanceof Error) return error;
    throw new Error(`expected an Error, got ${JSON.stringify(error)}`, { cause: error });
  }
  throw new Error(`expected a failure, got ${JSON.stringify(value)?.slice(0, 300)}`);
}

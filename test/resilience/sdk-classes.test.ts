/** What the official SDKs raise where every deployment has a fault, or where a stream breaks: the class their users catch. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { type FaultCase, FAULTS } from "./fault-list.ts";
import { combine, type Combination, DEPLOYMENTS, MatrixStage } from "./matrix.ts";
import { SIMPLE_STRATEGIES } from "./strategies.ts";

type ErrorClass = new (...args: never[]) => Error;
type Classes = {
  readonly APIError: ErrorClass;
  readonly BadRequestError: ErrorClass;
  readonly AuthenticationError: ErrorClass;
  readonly PermissionDeniedError: ErrorClass;
  readonly NotFoundError: ErrorClass;
  readonly RateLimitError: ErrorClass;
  readonly InternalServerError: ErrorClass;
  readonly APIConnectionError: ErrorClass;
};

const CLASS_OF_STATUS: Readonly<Record<number, keyof Classes>> = {
  400: "BadRequestError",
  401: "AuthenticationError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  429: "RateLimitError",
};

type Sdk = {
  readonly name: string;
  readonly classes: Classes;
  /** Asks to the end; the text that came. */
  readonly ask: (port: number, model: string, isStream: boolean, onText: (text: string) => void) => Promise<void>;
};

const messages = [{ role: "user" as const, content: "Hello." }];
const TIMEOUT_MS = 10_000;

const SDKS: readonly Sdk[] = [
  {
    name: "openai",
    classes: OpenAI,
    ask: async (port, model, isStream, onText) => {
      const client = new OpenAI({
        apiKey: "sk-example",
        baseURL: `http://127.0.0.1:${port}/v1`,
        maxRetries: 0,
        timeout: TIMEOUT_MS,
      });
      if (!isStream) {
        const whole = await client.chat.completions.create({ model, messages });
        onText(whole.choices[0]?.message.content ?? "");
        return;
      }
      for await (const event of await client.chat.completions.create({ model, messages, stream: true })) {
        onText(event.choices[0]?.delta.content ?? "");
      }
    },
  },
  {
    name: "anthropic",
    classes: Anthropic,
    ask: async (port, model, isStream, onText) => {
      const client = new Anthropic({
        apiKey: "sk-example",
        baseURL: `http://127.0.0.1:${port}`,
        maxRetries: 0,
        timeout: TIMEOUT_MS,
      });
      const request = { model, max_tokens: 99, messages };
      if (!isStream) {
        const [first] = (await client.messages.create(request)).content;
        onText(first?.type === "text" ? first.text : "");
        return;
      }
      for await (const event of client.messages.stream(request)) {
        if (event.type === "content_block_delta" && event.delta.type === "text_delta") onText(event.delta.text);
      }
    },
  },
];

const STRATEGY = SIMPLE_STRATEGIES[0];
if (STRATEGY === undefined) throw new Error("expected a strategy");

/** Only what ends in an error, and where nobody is left to save it. */
const combinationsOf = (fault: FaultCase): Combination[] =>
  combine(fault).filter(({ fate, faulty }) => fate !== "passed" && faulty === DEPLOYMENTS);

for (const sdk of SDKS) {
  describe(`the SDK ${sdk.name}`, () => {
    let stage: MatrixStage;
    beforeAll(async () => {
      stage = await MatrixStage.open(STRATEGY, FAULTS.flatMap(combinationsOf));
    }, 60_000);
    afterAll(async () => {
      await stage.close();
    }, 60_000);

    for (const fault of FAULTS) {
      const combinations = combinationsOf(fault);
      if (combinations.length === 0) continue;
      test(`every deployment ${fault.name}`, async () => {
        await Promise.all(combinations.map((combination) => check(sdk, stage, combination)));
      }, 30_000);
    }
  });
}

async function check(sdk: Sdk, stage: MatrixStage, { model, isStream, fate, fault }: Combination): Promise<void> {
  let text = "";
  let error: unknown = null;
  try {
    await sdk.ask(stage.gateway.httpPort, model, isStream, (piece) => (text += piece));
  } catch (thrown) {
    error = thrown;
  }
  const context = `${sdk.name}, ${model}: text ${JSON.stringify(text)}, ${String(error)}`;
  const { classes } = sdk;
  expect(error, context).toBeInstanceOf(Error);
  if (fate === "broken") {
    // Half an event that went through is no JSON for the SDK: then it says that, instead of our error event.
    expect(error instanceof classes.APIError || error instanceof SyntaxError, context).toBe(true);
    expect(text, context).toStartWith("Hel");
    return;
  }
  expect(text, context).toBe("");
  expect(error, context).not.toBeInstanceOf(classes.APIConnectionError);
  const allowed = fault.exhausted.map((status): ErrorClass => {
    const name = CLASS_OF_STATUS[status] ?? (status >= 500 ? "InternalServerError" : "APIError");
    return classes[name];
  });
  expect(
    allowed.some((one) => error instanceof one),
    `${context}; expected one of ${allowed.map(({ name }) => name).join(", ")}`,
  ).toBe(true);
}

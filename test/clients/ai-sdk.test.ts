/** The Vercel AI SDK, with each of its providers that speaks an API of ours, against fake providers of every other dialect. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  APICallError,
  generateObject,
  generateText,
  jsonSchema,
  type LanguageModel,
  type LanguageModelUsage,
  type ModelMessage,
  Output,
  type StepResult,
  stepCountIs,
  streamText,
  tool,
} from "ai";
import { z } from "zod";
import {
  ERROR_KINDS,
  IMAGE_TEXT,
  JSON_ANSWER,
  MIDSTREAM_MESSAGE,
  MIDSTREAM_TEXT,
  modelOf,
  othersThan,
  PLAIN_TEXT,
  PNG_BASE64,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_LOST,
  REASONING_TEXT,
  RETRY_AFTER_SECONDS,
  type Scenario,
  TELLS,
  TOOL_ANSWER,
  TOOL_CALLS,
  TOOL_DESCRIPTIONS,
  TOOL_PARAMETERS,
  TOOL_RESULTS,
  USAGE,
} from "./facts.ts";
import { CLIENTS, type ProviderOptions } from "./ai-sdk-clients.ts";
import { errorFacts } from "./fake-providers.ts";
import { describeClient, failureOf, TRANSPORTS } from "./stage.ts";

const PROMPT = "What is the weather, and what time is it?";
const MAX_TOKENS = 2_048;

const OUTPUT = Output.object({ schema: z.object({ city: z.string(), degrees: z.int() }) });

const TOOLS = {
  get_weather: tool({
    description: TOOL_DESCRIPTIONS.get_weather,
    inputSchema: jsonSchema<{ city: string }>(structuredClone(TOOL_PARAMETERS.get_weather) as never),
    execute: () => TOOL_RESULTS.get_weather,
  }),
  get_time: tool({
    description: TOOL_DESCRIPTIONS.get_time,
    inputSchema: z.object({ zone: z.string() }),
    execute: () => TOOL_RESULTS.get_time,
  }),
};

type Turn = {
  readonly text: string;
  readonly reasoning: string;
  readonly steps: readonly StepResult<typeof TOOLS>[];
  readonly messages: readonly ModelMessage[];
  readonly usage: LanguageModelUsage;
  readonly output: unknown;
};
type Ask = (model: LanguageModel, settings: AskSettings) => Promise<Turn>;
type AskSettings = {
  readonly messages?: ModelMessage[];
  readonly hasTools?: boolean;
  readonly isJson?: boolean;
  readonly providerOptions?: ProviderOptions;
};

function settingsFor(model: LanguageModel, { messages, hasTools, isJson, providerOptions }: AskSettings) {
  return {
    model,
    messages: messages ?? [{ role: "user" as const, content: PROMPT }],
    maxOutputTokens: MAX_TOKENS,
    maxRetries: 0,
    ...(hasTools === true ? { tools: TOOLS, stopWhen: stepCountIs(3) } : {}),
    ...(isJson === true ? { output: OUTPUT } : {}),
    ...(providerOptions === undefined ? {} : { providerOptions }),
  };
}

const WAYS: readonly (readonly [name: string, ask: Ask])[] = [
  [
    "whole",
    async (model, settings) => {
      const result = await generateText(settingsFor(model, settings));
      const { text, reasoningText = "", steps, response, totalUsage } = result;
      return {
        text,
        reasoning: reasoningText,
        steps: steps as readonly StepResult<typeof TOOLS>[],
        messages: response.messages,
        usage: totalUsage,
        output: settings.isJson === true ? result.output : null,
      };
    },
  ],
  [
    "streamed",
    async (model, settings) => {
      let failure: unknown = null;
      const result = streamText({
        ...settingsFor(model, settings),
        onError: ({ error }) => {
          failure = error;
        },
      });
      await result.consumeStream();
      if (failure !== null) throw failure;
      return {
        text: await result.text,
        reasoning: (await result.reasoningText) ?? "",
        steps: (await result.steps) as readonly StepResult<typeof TOOLS>[],
        messages: (await result.response).messages,
        usage: await result.totalUsage,
        output: settings.isJson === true ? await result.output : null,
      };
    },
  ],
];

// The SDK says on the console what a provider could not do; here that fails the test.
const warnings: unknown[] = [];
beforeEach(() => {
  warnings.length = 0;
  globalThis.AI_SDK_LOG_WARNINGS = (options) => warnings.push(...options.warnings);
});
afterEach(() => {
  const said = warnings.splice(0);
  expect(said).toEqual([]);
});

for (const client of CLIENTS) {
  const jsonOptions = client.json === undefined ? {} : { providerOptions: client.json };
  for (const transport of TRANSPORTS) {
    describeClient(`${client.name} over ${transport}`, (stage) => {
      for (const dialect of othersThan(client.own)) {
        const open = (scenario: Scenario): LanguageModel => client.open(stage(), transport)(modelOf(dialect, scenario));

        test(`${dialect}: plain text`, async () => {
          const { text, finishReason, response, usage } = await generateText({
            model: open("plain"),
            system: "Be brief.",
            prompt: PROMPT,
            maxOutputTokens: MAX_TOKENS,
            maxRetries: 0,
          });
          expect(text).toBe(PLAIN_TEXT);
          expect(finishReason).toBe("stop");
          expect(response.modelId).not.toBe("");
          expect(usage.totalTokens).toBeGreaterThan(0);
        });

        test(`${dialect}: streamed text, piece by piece`, async () => {
          const { textStream, finishReason } = streamText(settingsFor(open("stream"), {}));
          const pieces = await Array.fromAsync(textStream);
          expect(pieces.length).toBeGreaterThan(1);
          expect(pieces.join("")).toBe(PLAIN_TEXT);
          expect(await finishReason).toBe("stop");
        });

        for (const [way, ask] of WAYS) {
          test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
            const { text, steps } = await ask(open("tools"), { hasTools: true });
            expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
            const calls = steps[0]?.toolCalls.map(({ toolName, input }) => ({ name: toolName, arguments: input }));
            expect(calls as unknown).toEqual([...TOOL_CALLS]);
            expect(text).toBe(TOOL_ANSWER);
          });

          test(`${dialect}: an object of a schema, ${way}`, async () => {
            const { output } = await ask(open("json-schema"), { isJson: true, ...jsonOptions });
            expect(output).toEqual({ ...JSON_ANSWER });
          });

          test(`${dialect}: reasoning, and the turn after it, ${way}`, async () => {
            const { reasoning: providerOptions } = client;
            const first = await ask(open("reasoning"), { providerOptions });
            expect(first.text).toBe(REASONING_ANSWER);
            expect(first.reasoning).toBe(client.showsReasoning ? REASONING_TEXT : "");
            const second = await ask(open("reasoning"), {
              providerOptions,
              messages: [{ role: "user", content: PROMPT }, ...first.messages, { role: "user", content: "Go on." }],
            });
            expect(second.text).toBe(client.keepsReasoningOf(dialect) ? REASONING_KEPT : REASONING_LOST);
          });

          test(`${dialect}: reasoning before parallel calls, ${way}`, async () => {
            const { reasoning: providerOptions } = client;
            const { text } = await ask(open("reasoning-tools"), { hasTools: true, providerOptions });
            const kept = client.keepsReasoningOf(dialect) ? REASONING_KEPT : REASONING_LOST;
            expect(text).toBe(`${TOOL_ANSWER} ${kept}`);
          });

          test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
            const { usage } = await ask(open("usage"), {});
            expect(usage).toMatchObject({
              inputTokens: USAGE.input,
              outputTokens: USAGE.output,
              totalTokens: USAGE.input + USAGE.output,
            });
            const { cached, reasoning } = TELLS[dialect];
            if (cached) expect(usage.inputTokenDetails.cacheReadTokens).toBe(USAGE.cached);
            if (reasoning) expect(usage.outputTokenDetails.reasoningTokens).toBe(USAGE.reasoning);
          });
        }

        test(`${dialect}: generateObject`, async () => {
          const { object } = await generateObject({
            model: open("json-schema"),
            schema: z.object({ city: z.string(), degrees: z.int() }),
            prompt: PROMPT,
            maxOutputTokens: MAX_TOKENS,
            maxRetries: 0,
            ...jsonOptions,
          });
          expect(object).toEqual({ ...JSON_ANSWER });
        });

        test(`${dialect}: an image`, async () => {
          const { text } = await generateText({
            model: open("image"),
            messages: [
              {
                role: "user",
                content: [
                  { type: "text", text: "What is this?" },
                  { type: "image", image: Buffer.from(PNG_BASE64, "base64"), mediaType: "image/png" },
                ],
              },
            ],
            maxOutputTokens: MAX_TOKENS,
            maxRetries: 0,
          });
          expect(text).toBe(IMAGE_TEXT);
        });

        for (const kind of ERROR_KINDS) {
          test(`${dialect}: an error, ${kind}`, async () => {
            const { callerStatus, message } = errorFacts(dialect, kind);
            const error = await failureOf(generateText(settingsFor(open(`error-${kind}`), {})));
            if (!APICallError.isInstance(error)) throw error;
            expect(error).toMatchObject({ statusCode: callerStatus, message });
            // What the SDK retries by itself: https://ai-sdk.dev/docs/reference/ai-sdk-errors/ai-api-call-error
            expect(error.isRetryable).toBe(callerStatus === 429 || callerStatus >= 500);
            if (kind === "rate-limit") expect(error.responseHeaders?.["retry-after"]).toBe(String(RETRY_AFTER_SECONDS));
          });
        }

        test(`${dialect}: an error before a stream's first event keeps its status`, async () => {
          const [, ask] = WAYS[1] as (typeof WAYS)[number];
          const error = await failureOf(ask(open("error-rate-limit"), {}));
          if (!APICallError.isInstance(error)) throw error;
          expect(error.statusCode).toBe(429);
        });

        test(`${dialect}: an error in mid-stream`, async () => {
          const { fullStream } = streamText({ ...settingsFor(open("error-midstream"), {}), onError: () => undefined });
          let text = "";
          const errors: unknown[] = [];
          let ending: string | null = null;
          for await (const part of fullStream) {
            if (part.type === "text-delta") text += part.text;
            if (part.type === "error") errors.push(part.error);
            if (part.type === "finish") ending = part.finishReason;
          }
          expect(text).toBe(MIDSTREAM_TEXT);
          expect(JSON.stringify(errors.map(describeError))).toContain(MIDSTREAM_MESSAGE);
          expect(ending).not.toBe("stop");
        });
      }
    });
  }
}

function describeError(error: unknown): unknown {
  return error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : error;
}

/** LangChain's models for the APIs of OpenAI and Anthropic against providers of every other dialect. */
import { expect, test } from "bun:test";
import { ChatAnthropic } from "@langchain/anthropic";
import { ContextOverflowError } from "@langchain/core/errors";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import {
  AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  type UsageMetadata,
} from "@langchain/core/messages";
import { type StructuredToolInterface, tool } from "@langchain/core/tools";
import { concat } from "@langchain/core/utils/stream";
import { ChatOpenAI } from "@langchain/openai";
import { z } from "zod";
import {
  CALLER_KEY,
  ERROR_KINDS,
  type ErrorKind,
  type FakeDialectId,
  IMAGE_TEXT,
  JSON_ANSWER,
  MIDSTREAM_MESSAGE,
  MIDSTREAM_TEXT,
  othersThan,
  PLAIN_TEXT,
  PNG_DATA_URL,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_LOST,
  REASONING_TEXT,
  type Scenario,
  TELLS,
  TOOL_ANSWER,
  TOOL_CALLS,
  TOOL_DESCRIPTIONS,
  TOOL_RESULTS,
  USAGE,
} from "./facts.ts";
import { errorFacts } from "./fake-providers.ts";
import {
  type ClientStage,
  describeClient,
  failureOf,
  fetchOver,
  reasoningModelOf,
  type Transport,
  TRANSPORTS,
} from "./stage.ts";

const PROMPT = "What is the weather, and what time is it?";
const MAX_TOKENS = 2_048;
const JSON_SHAPE = z.object({ city: z.string(), degrees: z.int() });

const TOOLS = [
  tool(() => TOOL_RESULTS.get_weather, {
    name: "get_weather",
    description: TOOL_DESCRIPTIONS.get_weather,
    schema: z.object({ city: z.string() }),
  }),
  tool(() => TOOL_RESULTS.get_time, {
    name: "get_time",
    description: TOOL_DESCRIPTIONS.get_time,
    schema: z.object({ zone: z.string() }),
  }),
];

type Client = {
  readonly name: string;
  readonly own: FakeDialectId;
  open(stage: ClientStage, transport: Transport, model: string, isReasoning: boolean): ChatOpenAI | ChatAnthropic;
  /** The reasoning an answer shows. */
  reasoningOf(message: AIMessage): string;
  /** Whether what it sends back on the next turn holds a provider's reasoning. */
  keepsReasoningOf(dialect: FakeDialectId, way: Way): boolean;
  /** The fields by which the SDK beneath tells that a model's context is full. */
  readonly contextWindow: object;
};

function openOpenAI(
  stage: ClientStage,
  transport: Transport,
  model: string,
  fields: ConstructorParameters<typeof ChatOpenAI>[0],
): ChatOpenAI {
  return new ChatOpenAI({
    model,
    apiKey: CALLER_KEY,
    maxTokens: MAX_TOKENS,
    maxRetries: 0,
    configuration: { baseURL: stage.baseUrl(transport, "/v1"), fetch: fetchOver(stage, transport) },
    ...fields,
  });
}

function blocksOf(message: AIMessage, type: string, key: string): string {
  if (typeof message.content === "string") return "";
  return message.content
    .map((block) => (block.type === type ? String((block as Record<string, unknown>)[key] ?? "") : ""))
    .join("");
}

const CLIENTS: readonly Client[] = [
  {
    name: "@langchain/openai",
    own: "openai-chat",
    contextWindow: { code: "context_length_exceeded" },
    open: (stage, transport, model, isReasoning) =>
      openOpenAI(stage, transport, model, isReasoning ? { reasoning: { effort: "low" } } : {}),
    reasoningOf: (message) => String(message.additional_kwargs["reasoning_content"] ?? ""),
    // It shows what it gets, and says none of it again.
    keepsReasoningOf: () => false,
  },
  {
    name: "@langchain/openai (responses)",
    own: "openai-responses",
    contextWindow: { code: "context_length_exceeded" },
    open: (stage, transport, model, isReasoning) =>
      openOpenAI(stage, transport, model, {
        useResponsesApi: true,
        ...(isReasoning ? { reasoning: { effort: "low", summary: "auto" } } : {}),
      }),
    reasoningOf: (message) => blocksOf(message, "reasoning", "reasoning"),
    keepsReasoningOf: () => true,
  },
  {
    name: "@langchain/openai (responses, zero data retention)",
    own: "openai-responses",
    contextWindow: { code: "context_length_exceeded" },
    open: (stage, transport, model, isReasoning) =>
      openOpenAI(stage, transport, model, {
        useResponsesApi: true,
        zdrEnabled: true,
        modelKwargs: { include: ["reasoning.encrypted_content"] },
        ...(isReasoning ? { reasoning: { effort: "low", summary: "auto" } } : {}),
      }),
    reasoningOf: (message) => blocksOf(message, "reasoning", "reasoning"),
    // Of several reasoning items it keeps the last, and of a streamed one not what its end brings.
    keepsReasoningOf: (dialect, way) => way === "whole" && dialect !== "gemini",
  },
  {
    name: "@langchain/anthropic",
    own: "anthropic-messages",
    contextWindow: { error: { error: { details: { error_code: "context_window_exceeded" } } } },
    open: (stage, transport, model, isReasoning) =>
      new ChatAnthropic({
        model,
        apiKey: CALLER_KEY,
        maxTokens: MAX_TOKENS,
        maxRetries: 0,
        anthropicApiUrl: stage.baseUrl(transport),
        clientOptions: { fetch: fetchOver(stage, transport) },
        ...(isReasoning ? { thinking: { type: "enabled", budget_tokens: 1_024 } } : {}),
      }),
    reasoningOf: (message) => blocksOf(message, "thinking", "thinking"),
    keepsReasoningOf: () => true,
  },
];

type Model = Pick<BaseChatModel, "invoke" | "stream">;
type Ask = (model: Model, messages: BaseMessage[]) => Promise<AIMessage>;
type Way = "whole" | "streamed";
const WAYS: readonly (readonly [name: Way, ask: Ask])[] = [
  ["whole", (model, messages) => model.invoke(messages) as Promise<AIMessage>],
  [
    "streamed",
    async (model, messages) => {
      const chunks = (await Array.fromAsync(await model.stream(messages))) as AIMessageChunk[];
      return chunks.reduce((sum, chunk) => concat(sum, chunk)) as unknown as AIMessage;
    },
  ],
];

const ASKED = [new HumanMessage(PROMPT)];

/** A result for each call of an answer, from the tools themselves. */
async function runTools(message: AIMessage): Promise<BaseMessage[]> {
  const results: BaseMessage[] = [];
  for (const call of message.tool_calls ?? []) {
    const found: StructuredToolInterface | undefined = TOOLS.find(({ name }) => name === call.name);
    if (found === undefined) throw new Error(`expected a call of a tool that was offered, got ${call.name}`);
    results.push((await found.invoke({ ...call, type: "tool_call" })) as BaseMessage);
  }
  return results;
}

/** LangChain's own word for an error: https://docs.langchain.com/oss/javascript/langchain/errors */
const LC_CODES: Readonly<Partial<Record<ErrorKind, string>>> = {
  authentication: "MODEL_AUTHENTICATION",
  "not-found": "MODEL_NOT_FOUND",
  "rate-limit": "MODEL_RATE_LIMIT",
};

for (const client of CLIENTS) {
  for (const transport of TRANSPORTS) {
    describeClient(`${client.name} over ${transport}`, (stage) => {
      for (const dialect of othersThan(client.own)) {
        const open = (scenario: Scenario, isReasoning = false) =>
          client.open(stage(), transport, reasoningModelOf(dialect, scenario), isReasoning);

        test(`${dialect}: a plain answer`, async () => {
          const message = await open("plain").invoke([new SystemMessage("Be brief."), ...ASKED]);
          expect(message).toBeInstanceOf(AIMessage);
          expect(message.text).toBe(PLAIN_TEXT);
          expect(message.tool_calls ?? []).toEqual([]);
        });

        test(`${dialect}: a stream, chunk by chunk`, async () => {
          const chunks = await Array.fromAsync(await open("stream").stream(ASKED));
          expect(chunks.filter(({ text }) => text !== "").length).toBeGreaterThan(1);
          expect(chunks.map(({ text }) => text).join("")).toBe(PLAIN_TEXT);
        });

        for (const [way, ask] of WAYS) {
          test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
            const model = open("tools").bindTools(TOOLS);
            const first = await ask(model, ASKED);
            expect(first.tool_calls?.map(({ name, args }) => ({ name, arguments: args })) as unknown).toEqual([
              ...TOOL_CALLS,
            ]);
            const second = await ask(model, [...ASKED, first, ...(await runTools(first))]);
            expect(second.text).toBe(TOOL_ANSWER);
          });

          test(`${dialect}: reasoning, and the turn after it, ${way}`, async () => {
            const model = open("reasoning", true);
            const first = await ask(model, ASKED);
            expect(client.reasoningOf(first)).toBe(REASONING_TEXT);
            expect(first.text).toBe(REASONING_ANSWER);
            const second = await ask(model, [...ASKED, first, new HumanMessage("Go on.")]);
            expect(second.text).toBe(client.keepsReasoningOf(dialect, way) ? REASONING_KEPT : REASONING_LOST);
          });

          test(`${dialect}: reasoning before parallel calls, ${way}`, async () => {
            const model = open("reasoning-tools", true).bindTools(TOOLS);
            const first = await ask(model, ASKED);
            const second = await ask(model, [...ASKED, first, ...(await runTools(first))]);
            expect(second.text).toBe(
              `${TOOL_ANSWER} ${client.keepsReasoningOf(dialect, way) ? REASONING_KEPT : REASONING_LOST}`,
            );
          });

          test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
            const usage = (await ask(open("usage"), ASKED)).usage_metadata as UsageMetadata | undefined;
            const cacheRead = usage?.input_token_details?.cache_read;
            const thought = usage?.output_token_details?.reasoning;
            expect(usage?.output_tokens).toBe(USAGE.output);
            // In a stream it reads the input's tokens from the first event alone, which other APIs' streams tell last.
            if (client.own === "anthropic-messages" && way === "streamed") return;
            const { cached, reasoning } = TELLS[dialect];
            if (cached) expect(cacheRead).toBe(USAGE.cached);
            expect(usage).toMatchObject({ input_tokens: USAGE.input, total_tokens: USAGE.input + USAGE.output });
            // It does not read what Anthropic's API says of thinking.
            if (reasoning && client.own !== "anthropic-messages") expect(thought).toBe(USAGE.reasoning);
          });
        }

        test(`${dialect}: structured output`, async () => {
          const model = open("json-schema").withStructuredOutput(JSON_SHAPE, { method: "jsonSchema", name: "weather" });
          expect(await model.invoke(ASKED)).toEqual({ ...JSON_ANSWER });
        });

        test(`${dialect}: an image`, async () => {
          const message = await open("image").invoke([
            new HumanMessage({
              content: [
                { type: "text", text: "What is this?" },
                { type: "image_url", image_url: { url: PNG_DATA_URL } },
              ],
            }),
          ]);
          expect(message.text).toBe(IMAGE_TEXT);
        });

        for (const kind of ERROR_KINDS) {
          test(`${dialect}: an error, ${kind}`, async () => {
            const { callerStatus, message } = errorFacts(dialect, kind);
            const error = await failureOf(open(`error-${kind}`).invoke(ASKED));
            expect(error.message).toContain(message);
            // It knows a full context by the words of its own provider; by others' words the error stays the SDK's.
            const own = ContextOverflowError.isInstance(error) ? (error.cause ?? error) : error;
            expect(own).toMatchObject({ status: callerStatus });
            if (kind === "context-window") expect(own).toMatchObject(client.contextWindow);
            const code = LC_CODES[kind];
            if (code !== undefined) expect(error).toMatchObject({ lc_error_code: code });
          });
        }

        test(`${dialect}: an error in mid-stream`, async () => {
          let text = "";
          const error = await failureOf(
            (async () => {
              for await (const chunk of await open("error-midstream").stream(ASKED)) text += chunk.text;
            })(),
          );
          expect(error.message).toContain(MIDSTREAM_MESSAGE);
          expect(text).toBe(MIDSTREAM_TEXT);
        });
      }
    });
  }
}

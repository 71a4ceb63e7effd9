/** The official Mistral SDK, whose API is a dialect of OpenAI's, against providers of every other one. */
import { expect, test } from "bun:test";
import { HTTPClient, Mistral } from "@mistralai/mistralai";
import type {
  AssistantMessage,
  ChatCompletionRequest,
  CompletionEvent,
  ThinkChunk,
  ToolCall,
  UsageInfo,
} from "@mistralai/mistralai/models/components";
import { MistralError } from "@mistralai/mistralai/models/errors";
import { z } from "zod";
import {
  CALLER_KEY,
  EMBED_INPUTS,
  EMBED_VECTORS,
  ERROR_KINDS,
  type FakeDialectId,
  IMAGE_TEXT,
  JSON_ANSWER,
  MIDSTREAM_TEXT,
  modelOf,
  othersThan,
  PLAIN_TEXT,
  PNG_DATA_URL,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_TEXT,
  type Scenario,
  SMALL_USAGE,
  TELLS,
  TOOL_ANSWER,
  TOOL_CALLS,
  TOOL_DESCRIPTIONS,
  TOOL_PARAMETERS,
  TOOL_RESULTS,
  type ToolName,
  USAGE,
} from "./facts.ts";
import { isThere } from "./json-path.ts";
import { errorFacts } from "./fake-providers.ts";
import { type ClientStage, describeClient, failureOf, fetchOver, type Transport, TRANSPORTS } from "./stage.ts";

type MessageParam = ChatCompletionRequest["messages"][number];
type Answer = { readonly message: AssistantMessage; readonly finish: string | null; readonly usage: UsageInfo | null };

const PROMPT: MessageParam = { role: "user", content: "What is the weather, and what time is it?" };
const TOOLS = TOOL_CALLS.map(({ name }) => ({
  type: "function" as const,
  function: { name, description: TOOL_DESCRIPTIONS[name], parameters: { ...TOOL_PARAMETERS[name] } },
}));
const CityDegrees = z.object({ city: z.string(), degrees: z.number().int() });

function openClient(stage: ClientStage, transport: Transport): Mistral {
  const fetcher = fetchOver(stage, transport);
  return new Mistral({
    apiKey: CALLER_KEY,
    serverURL: stage.baseUrl(transport),
    httpClient: new HTTPClient({
      // The SDK calls it with a Request alone, whose members fetch over a socket wants apart.
      fetcher: async (input, init) =>
        input instanceof Request && init === undefined
          ? fetcher(input.url, { method: input.method, headers: input.headers, body: await input.text() })
          : fetcher(input, init),
    }),
    retryConfig: { strategy: "none" },
    timeoutMs: 20_000,
  });
}

function paramsOf(
  dialect: FakeDialectId,
  scenario: Scenario,
  messages: MessageParam[] = [PROMPT],
): ChatCompletionRequest {
  return { model: modelOf(dialect, scenario), messages };
}

async function askWhole(client: Mistral, params: ChatCompletionRequest): Promise<Answer> {
  const { choices, usage } = await client.chat.complete(params);
  const [choice] = choices;
  if (choice?.message === undefined) throw new Error("expected a choice with a message");
  return { message: choice.message, finish: choice.finishReason, usage };
}

/** The SDK has no helper for streams: its users fold them so. Mistral's calls come whole. */
async function askStreamed(client: Mistral, params: ChatCompletionRequest): Promise<Answer> {
  let text = "";
  const thoughts: ThinkChunk[] = [];
  const calls: ToolCall[] = [];
  let finish: string | null = null;
  let usage: UsageInfo | null = null;
  for await (const { data } of await client.chat.stream(params)) {
    usage = data.usage ?? usage;
    const [choice] = data.choices;
    if (choice === undefined) continue;
    text += readText(choice.delta.content);
    for (const chunk of thoughtsOf(choice.delta.content)) addThought(thoughts, chunk);
    calls.push(...(choice.delta.toolCalls ?? []));
    finish = choice.finishReason ?? finish;
  }
  const content =
    thoughts.length === 0
      ? text
      : [...thoughts.map((chunk) => ({ ...chunk, type: "thinking" as const })), { type: "text" as const, text }];
  return {
    message: { role: "assistant", content, ...(calls.length === 0 ? {} : { toolCalls: calls }) },
    finish,
    usage,
  };
}

/** Pieces of one thought follow each other until one is signed. */
function addThought(thoughts: ThinkChunk[], chunk: ThinkChunk): void {
  const last = thoughts.at(-1);
  if (last === undefined || isThere(last.signature)) thoughts.push(structuredClone(chunk));
  else {
    last.thinking.push(...chunk.thinking);
    last.signature = chunk.signature;
  }
}

function readText(content: AssistantMessage["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((chunk) => (chunk.type === "text" ? chunk.text : "")).join("");
}

function thoughtsOf(content: AssistantMessage["content"]): ThinkChunk[] {
  return typeof content === "string" ? [] : (content ?? []).filter((chunk) => chunk.type === "thinking");
}

function readThinking(content: AssistantMessage["content"]): string {
  return thoughtsOf(content)
    .flatMap(({ thinking }) => thinking.map((piece) => ("text" in piece ? piece.text : "")))
    .join("");
}

const WAYS = [
  ["whole", askWhole],
  ["streamed", askStreamed],
] as const;

/** The turn that follows one with tool calls: the message as it came, and a result for each call. */
function withResults(message: AssistantMessage): MessageParam[] {
  const results = (message.toolCalls ?? []).map(({ id, function: { name } }): MessageParam => ({
    role: "tool",
    toolCallId: id,
    name,
    content: TOOL_RESULTS[name as ToolName],
  }));
  return [PROMPT, { ...message, role: "assistant" }, ...results];
}

const textsOf = (events: readonly CompletionEvent[]): string[] =>
  events.map(({ data }) => readText(data.choices[0]?.delta.content)).filter((text) => text !== "");

for (const transport of TRANSPORTS) {
  describeClient(`@mistralai/mistralai over ${transport}`, (stage) => {
    for (const dialect of othersThan("openai-chat")) {
      test(`${dialect}: a plain completion`, async () => {
        const completion = await openClient(stage(), transport).chat.complete(paramsOf(dialect, "plain"));
        expect(completion).toMatchObject({
          object: "chat.completion",
          choices: [{ index: 0, finishReason: "stop", message: { role: "assistant", content: PLAIN_TEXT } }],
          usage: { promptTokens: SMALL_USAGE.input, completionTokens: SMALL_USAGE.output, totalTokens: 16 },
        });
      });

      test(`${dialect}: a stream, event by event`, async () => {
        const stream = await openClient(stage(), transport).chat.stream(paramsOf(dialect, "stream"));
        const events = await Array.fromAsync(stream);
        expect(textsOf(events).length).toBeGreaterThan(1);
        expect(textsOf(events).join("")).toBe(PLAIN_TEXT);
        expect(events.flatMap(({ data }) => data.choices[0]?.finishReason ?? [])).toEqual(["stop"]);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const { message, finish } = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          expect(finish).toBe("tool_calls");
          const calls = (message.toolCalls ?? []).map(({ function: { name, arguments: given } }) => ({
            name,
            arguments: (typeof given === "string" ? JSON.parse(given) : given) as unknown,
          }));
          expect(calls).toEqual([...TOOL_CALLS]);
          const second = await ask(client, { ...paramsOf(dialect, "tools", withResults(message)), tools: TOOLS });
          expect(second.message.content).toBe(TOOL_ANSWER);
        });

        test(`${dialect}: reasoning, which goes back unchanged on the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const effort = { reasoningEffort: "high" } as const;
          const { message } = await ask(client, { ...paramsOf(dialect, "reasoning"), ...effort });
          expect(readText(message.content)).toBe(REASONING_ANSWER);
          expect(readThinking(message.content)).toBe(REASONING_TEXT);
          const messages: MessageParam[] = [
            PROMPT,
            { ...message, role: "assistant" },
            { role: "user", content: "Go on." },
          ];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning", messages), ...effort });
          expect(readText(second.message.content)).toBe(REASONING_KEPT);
        });

        test(`${dialect}: reasoning before parallel calls, which goes back with their results, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const settings = { reasoningEffort: "high", tools: TOOLS } as const;
          const { message } = await ask(client, { ...paramsOf(dialect, "reasoning-tools"), ...settings });
          expect(readThinking(message.content)).toBe(REASONING_TEXT);
          const messages = withResults(message);
          const second = await ask(client, { ...paramsOf(dialect, "reasoning-tools", messages), ...settings });
          expect(readText(second.message.content)).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
        });

        test(`${dialect}: usage, ${way}`, async () => {
          const { usage } = await ask(openClient(stage(), transport), paramsOf(dialect, "usage"));
          expect(usage).toMatchObject({
            promptTokens: USAGE.input,
            completionTokens: USAGE.output,
            totalTokens: USAGE.input + USAGE.output,
          });
          if (TELLS[dialect].cached) {
            expect(usage?.["prompt_tokens_details"]).toMatchObject({ cached_tokens: USAGE.cached });
          }
        });
      }

      test(`${dialect}: JSON of a zod schema, parsed`, async () => {
        const completion = await openClient(stage(), transport).chat.parse({
          ...paramsOf(dialect, "json-schema"),
          responseFormat: CityDegrees as never,
        });
        expect(completion.choices?.[0]?.message?.parsed).toEqual(JSON_ANSWER);
      });

      test(`${dialect}: JSON of a zod schema, streamed`, async () => {
        const stream = await openClient(stage(), transport).chat.parseStream({
          ...paramsOf(dialect, "json-schema"),
          responseFormat: CityDegrees as never,
        });
        expect(JSON.parse(textsOf(await Array.fromAsync(stream)).join(""))).toEqual(JSON_ANSWER);
      });

      if (dialect !== "anthropic-messages" && dialect !== "openai-responses" && dialect !== "bedrock-converse") {
        test(`${dialect}: a seed, by Mistral's own name for it`, async () => {
          await openClient(stage(), transport).chat.complete({ ...paramsOf(dialect, "plain"), randomSeed: 7 });
          expect(JSON.stringify(stage().providers.lastBodyOf(dialect))).toContain('"seed":7');
        });
      }

      test(`${dialect}: an image`, async () => {
        const { message } = await askWhole(
          openClient(stage(), transport),
          paramsOf(dialect, "image", [
            {
              role: "user",
              content: [
                { type: "text", text: "What is this?" },
                { type: "image_url", imageUrl: PNG_DATA_URL },
              ],
            },
          ]),
        );
        expect(message.content).toBe(IMAGE_TEXT);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const request = openClient(stage(), transport).chat.complete(paramsOf(dialect, `error-${kind}`));
          const error = (await failureOf(request)) as MistralError;
          const { message, callerStatus } = errorFacts(dialect, kind);
          expect(error).toBeInstanceOf(MistralError);
          expect(error.statusCode).toBe(callerStatus);
          expect(JSON.parse(error.body)).toMatchObject({ error: { message } });
        });
      }

      test(`${dialect}: an error in mid-stream`, async () => {
        const stream = await openClient(stage(), transport).chat.stream(paramsOf(dialect, "error-midstream"));
        const events: CompletionEvent[] = [];
        await failureOf(
          (async () => {
            for await (const event of stream) events.push(event);
          })(),
        );
        expect(textsOf(events).join("")).toBe(MIDSTREAM_TEXT);
        expect(events.flatMap(({ data }) => data.choices[0]?.finishReason ?? [])).toEqual([]);
      });
    }

    for (const dialect of ["cohere", "ollama"] as const) {
      test(`${dialect}: thinking in Mistral's own form reaches the provider`, async () => {
        const { message } = await askWhole(openClient(stage(), transport), {
          ...paramsOf(dialect, "reasoning", [
            PROMPT,
            {
              role: "assistant",
              content: [
                { type: "thinking", thinking: [{ type: "text", text: REASONING_TEXT }] },
                { type: "text", text: REASONING_ANSWER },
              ],
            },
            { role: "user", content: "Go on." },
          ]),
          reasoningEffort: "high",
        });
        expect(message.content).toBe(REASONING_KEPT);
      });
    }

    for (const dialect of ["gemini", "bedrock-converse", "cohere", "ollama"] as const) {
      test(`${dialect}: embeddings`, async () => {
        const { data } = await openClient(stage(), transport).embeddings.create({
          model: modelOf(dialect, "embed"),
          inputs: [...EMBED_INPUTS],
        });
        expect(data.map(({ embedding }) => embedding)).toEqual(EMBED_VECTORS.map((vector) => [...vector]));
      });
    }
  });
}

/** The official OpenAI SDK's chat completions and embeddings against providers of every other dialect. */
import { expect, test } from "bun:test";
import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import {
  EMBED_INPUTS,
  EMBED_VECTORS,
  ERROR_KINDS,
  type ErrorKind,
  type FakeDialectId,
  IMAGE_TEXT,
  JSON_ANSWER,
  MIDSTREAM_MESSAGE,
  MIDSTREAM_TEXT,
  modelOf,
  othersThan,
  PLAIN_TEXT,
  PNG_DATA_URL,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_TEXT,
  RETRY_AFTER_SECONDS,
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
import { errorFacts } from "./fake-providers.ts";
import { openClient } from "./openai-client.ts";
import { describeClient, failureOf, TRANSPORTS } from "./stage.ts";

type Message = OpenAI.ChatCompletionMessage;
type MessageParam = OpenAI.ChatCompletionMessageParam;
type Params = OpenAI.ChatCompletionCreateParamsNonStreaming;

/** What the SDK's types do not name, but passes on as it came. */
type Reasoned = Message & { readonly reasoning_content?: string };

const PROMPT: MessageParam = { role: "user", content: "What is the weather, and what time is it?" };
const TOOLS = TOOL_CALLS.map(({ name }): OpenAI.ChatCompletionFunctionTool => ({
  type: "function",
  function: { name, description: TOOL_DESCRIPTIONS[name], parameters: { ...TOOL_PARAMETERS[name] } },
}));
const CityDegrees = z.object({ city: z.string(), degrees: z.number().int() });

function paramsOf(dialect: FakeDialectId, scenario: Scenario, messages: MessageParam[] = [PROMPT]): Params {
  return { model: modelOf(dialect, scenario), messages };
}

/** How a turn is asked for: whole, or as a stream that the SDK folds. */
type Ask = (client: OpenAI, params: Params) => Promise<OpenAI.ChatCompletion>;
const WAYS: readonly (readonly [name: string, ask: Ask])[] = [
  ["whole", (client, params) => client.chat.completions.create(params)],
  ["streamed", (client, params) => client.chat.completions.stream({ ...params, stream: true }).finalChatCompletion()],
];

function messageOf(completion: OpenAI.ChatCompletion): Message {
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error("expected a choice");
  return choice.message;
}

function callsOf(message: Message): OpenAI.ChatCompletionMessageFunctionToolCall[] {
  return (message.tool_calls ?? []).filter((call) => call.type === "function");
}

/** The turn that follows one with tool calls: the message as it came, and a result for each call. */
function withResults(message: Message): MessageParam[] {
  const results = callsOf(message).map(({ id, function: { name } }): MessageParam => ({
    role: "tool",
    tool_call_id: id,
    content: TOOL_RESULTS[name as ToolName],
  }));
  return [PROMPT, message, ...results];
}

/**
 * A streamed message with the members the SDK does not know: it keeps only the last piece of them, so who streams reasoning puts it
 * together, as OpenRouter says (https://openrouter.ai/docs/use-cases/reasoning-tokens): texts joined, details in a list.
 */
async function foldReasoning(client: OpenAI, params: Params): Promise<Reasoned> {
  const stream = client.chat.completions.stream({ ...params, stream: true });
  let text = "";
  const details: unknown[] = [];
  stream.on("chunk", (chunk) => {
    const delta = chunk.choices[0]?.delta as { reasoning_content?: string; reasoning_details?: unknown[] } | undefined;
    text += delta?.reasoning_content ?? "";
    details.push(...(delta?.reasoning_details ?? []));
  });
  const message = messageOf(await stream.finalChatCompletion());
  return {
    ...message,
    ...(text === "" ? {} : { reasoning_content: text }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
  };
}

const REASONING_WAYS: readonly (readonly [name: string, ask: (client: OpenAI, params: Params) => Promise<Reasoned>])[] =
  [
    ["whole", async (client, params) => messageOf(await client.chat.completions.create(params))],
    ["streamed", foldReasoning],
  ];

/** The SDK's class, and the code its users look at; null: any, the provider's own. */
const ERRORS: Readonly<Record<ErrorKind, readonly [new (...args: never[]) => Error, string | null]>> = {
  authentication: [OpenAI.AuthenticationError, "invalid_api_key"],
  permission: [OpenAI.PermissionDeniedError, null],
  "not-found": [OpenAI.NotFoundError, null],
  "rate-limit": [OpenAI.RateLimitError, "rate_limit_exceeded"],
  "context-window": [OpenAI.BadRequestError, "context_length_exceeded"],
  "content-policy": [OpenAI.BadRequestError, "content_policy_violation"],
  overloaded: [OpenAI.InternalServerError, "overloaded"],
  billing: [OpenAI.APIError, "insufficient_quota"],
  server: [OpenAI.InternalServerError, null],
};

for (const transport of TRANSPORTS) {
  describeClient(`openai chat completions over ${transport}`, (stage) => {
    for (const dialect of othersThan("openai-chat")) {
      test(`${dialect}: a plain completion`, async () => {
        const { data, request_id } = await openClient(stage(), transport)
          .chat.completions.create(paramsOf(dialect, "plain"))
          .withResponse();
        expect(data).toMatchObject({
          object: "chat.completion",
          choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: PLAIN_TEXT } }],
          usage: { prompt_tokens: SMALL_USAGE.input, completion_tokens: SMALL_USAGE.output, total_tokens: 16 },
        });
        expect(data.id).not.toBe("");
        expect(data.created).toBeGreaterThan(1_500_000_000);
        expect(request_id).toStartWith("req_");
      });

      test(`${dialect}: a stream, event by event`, async () => {
        const stream = await openClient(stage(), transport).chat.completions.create({
          ...paramsOf(dialect, "stream"),
          stream: true,
          stream_options: { include_usage: true },
        });
        const chunks = await Array.fromAsync(stream);
        const deltas = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").filter((text) => text !== "");
        expect(deltas.length).toBeGreaterThan(1);
        expect(deltas.join("")).toBe(PLAIN_TEXT);
        expect(chunks.every(({ object }) => object === "chat.completion.chunk")).toBe(true);
        expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
        expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(["stop"]);
        expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 16 } });
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          expect(first.choices[0]?.finish_reason).toBe("tool_calls");
          const calls = callsOf(messageOf(first));
          expect(
            calls.map((call) => ({
              name: call.function.name,
              arguments: JSON.parse(call.function.arguments) as unknown,
            })),
          ).toEqual([...TOOL_CALLS]);
          expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
          const messages = withResults(messageOf(first));
          const second = await ask(client, { ...paramsOf(dialect, "tools", messages), tools: TOOLS });
          expect(messageOf(second).content).toBe(TOOL_ANSWER);
          expect(second.choices[0]?.finish_reason).toBe("stop");
        });

        test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
          const params = { ...paramsOf(dialect, "usage"), stream_options: { include_usage: true } };
          const { usage } = await ask(
            openClient(stage(), transport),
            way === "whole" ? paramsOf(dialect, "usage") : params,
          );
          expect(usage).toMatchObject({
            prompt_tokens: USAGE.input,
            completion_tokens: USAGE.output,
            total_tokens: USAGE.input + USAGE.output,
          });
          const { cached, reasoning } = TELLS[dialect];
          if (cached) expect(usage?.prompt_tokens_details?.cached_tokens).toBe(USAGE.cached);
          if (reasoning) expect(usage?.completion_tokens_details?.reasoning_tokens).toBe(USAGE.reasoning);
        });
      }

      test(`${dialect}: the SDK runs the tools itself, whole`, async () => {
        const runner = openClient(stage(), transport).chat.completions.runTools({
          ...paramsOf(dialect, "tools"),
          tools: makeRunnable(),
        });
        expect(await runner.finalContent()).toBe(TOOL_ANSWER);
      });

      test(`${dialect}: the SDK runs the tools itself, streamed`, async () => {
        const runner = openClient(stage(), transport).chat.completions.runTools({
          ...paramsOf(dialect, "tools"),
          stream: true,
          tools: makeRunnable(),
        });
        expect(await runner.finalContent()).toBe(TOOL_ANSWER);
      });

      test(`${dialect}: JSON of a zod schema, parsed`, async () => {
        const completion = await openClient(stage(), transport).chat.completions.parse({
          ...paramsOf(dialect, "json-schema"),
          response_format: zodResponseFormat(CityDegrees, "city_degrees"),
        });
        expect(completion.choices[0]?.message.parsed).toEqual(JSON_ANSWER);
        expect(completion.choices[0]?.finish_reason).toBe("stop");
      });

      test(`${dialect}: JSON of a zod schema, streamed and parsed`, async () => {
        const completion = await openClient(stage(), transport)
          .chat.completions.stream({
            ...paramsOf(dialect, "json-schema"),
            stream: true,
            response_format: zodResponseFormat(CityDegrees, "city_degrees"),
          })
          .finalChatCompletion();
        expect(completion.choices[0]?.message.parsed).toEqual(JSON_ANSWER);
        expect(completion.choices[0]?.message.tool_calls ?? []).toEqual([]);
      });

      test(`${dialect}: an image`, async () => {
        const content: OpenAI.ChatCompletionContentPart[] = [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: PNG_DATA_URL } },
        ];
        const params = paramsOf(dialect, "image", [{ role: "user", content }]);
        const completion = await openClient(stage(), transport).chat.completions.create(params);
        expect(messageOf(completion).content).toBe(IMAGE_TEXT);
      });

      for (const [way, ask] of REASONING_WAYS) {
        test(`${dialect}: reasoning, which goes back unchanged on the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const effort = { reasoning_effort: "high" } as const;
          const first = await ask(client, { ...paramsOf(dialect, "reasoning"), ...effort });
          expect(first.content).toBe(REASONING_ANSWER);
          expect(first.reasoning_content).toBe(REASONING_TEXT);
          const messages: MessageParam[] = [PROMPT, first, { role: "user", content: "Go on." }];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning", messages), ...effort });
          expect(second.content).toBe(REASONING_KEPT);
        });

        test(`${dialect}: reasoning before parallel calls, which goes back with their results, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const settings = { reasoning_effort: "high", tools: TOOLS } as const;
          const first = await ask(client, { ...paramsOf(dialect, "reasoning-tools"), ...settings });
          expect(first.reasoning_content).toBe(REASONING_TEXT);
          expect(callsOf(first).length).toBe(2);
          const second = await ask(client, {
            ...paramsOf(dialect, "reasoning-tools", withResults(first)),
            ...settings,
          });
          expect(second.content).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
        });
      }

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const request = openClient(stage(), transport).chat.completions.create(paramsOf(dialect, `error-${kind}`));
          const error = (await failureOf(request)) as InstanceType<typeof OpenAI.APIError>;
          const { message, callerStatus } = errorFacts(dialect, kind);
          const [type, code] = ERRORS[kind];
          expect(error).toBeInstanceOf(type);
          expect(error.status).toBe(callerStatus);
          expect(error.message).toBe(`${callerStatus} ${message}`);
          if (code !== null) expect(error.code).toBe(code);
          expect(error.requestID).toStartWith("req_");
          if (kind === "rate-limit") {
            expect((error.headers as Headers).get("retry-after")).toBe(String(RETRY_AFTER_SECONDS));
          }
        });
      }

      test(`${dialect}: an error in mid-stream`, async () => {
        const stream = await openClient(stage(), transport).chat.completions.create({
          ...paramsOf(dialect, "error-midstream"),
          stream: true,
        });
        let text = "";
        const error = await failureOf(
          (async () => {
            for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
          })(),
        );
        expect(text).toBe(MIDSTREAM_TEXT);
        expect(error).toBeInstanceOf(OpenAI.APIError);
        expect(error.message).toContain(MIDSTREAM_MESSAGE);
      });
    }

    for (const dialect of ["gemini", "bedrock-converse", "cohere", "ollama"] as const) {
      for (const encoding of ["float", "base64", undefined] as const) {
        test(`${dialect}: embeddings, ${encoding ?? "as the SDK asks for them by itself"}`, async () => {
          const { data } = await openClient(stage(), transport).embeddings.create({
            model: modelOf(dialect, "embed"),
            input: [...EMBED_INPUTS],
            ...(encoding === undefined ? {} : { encoding_format: encoding }),
          });
          const vectors = data.map(({ embedding }) =>
            typeof embedding === "string"
              ? [...new Float32Array(new Uint8Array(Buffer.from(embedding, "base64")).buffer)]
              : embedding,
          );
          expect(vectors).toEqual(EMBED_VECTORS.map((vector) => [...vector]));
          expect(data.map(({ index }) => index)).toEqual([0, 1]);
        });
      }
    }
  });
}

function makeRunnable() {
  return [
    zodFunction({
      name: "get_weather",
      parameters: z.object({ city: z.string() }),
      function: ({ city }: { city: string }) => `${city}: ${TOOL_RESULTS.get_weather}`,
    }),
    zodFunction({
      name: "get_time",
      parameters: z.object({ zone: z.string() }),
      function: ({ zone }: { zone: string }) => `${zone}: ${TOOL_RESULTS.get_time}`,
    }),
  ];
}

/** The official Groq SDK, whose API is OpenAI's under a path of its own, against providers of every other dialect. */
import { expect, test } from "bun:test";
import Groq from "groq-sdk";
import type { ChatCompletionChunk, ChatCompletionCreateParamsNonStreaming } from "groq-sdk/resources/chat/completions";
import {
  CALLER_KEY,
  EMBED_INPUTS,
  EMBED_VECTORS,
  ERROR_KINDS,
  type ErrorKind,
  type FakeDialectId,
  IMAGE_TEXT,
  JSON_ANSWER,
  JSON_SCHEMA,
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
import { type ClientStage, describeClient, failureOf, fetchOver, type Transport, TRANSPORTS } from "./stage.ts";

type Message = Groq.Chat.ChatCompletionMessage;
type MessageParam = Groq.Chat.ChatCompletionMessageParam;
type Params = ChatCompletionCreateParamsNonStreaming;
type Call = Groq.Chat.ChatCompletionMessageToolCall;

type Answer = {
  readonly message: Message;
  readonly finish: string | null;
  readonly usage: Groq.CompletionUsage | null;
};

const PROMPT: MessageParam = { role: "user", content: "What is the weather, and what time is it?" };
const TOOLS = TOOL_CALLS.map(({ name }): Groq.Chat.ChatCompletionTool => ({
  type: "function",
  function: { name, description: TOOL_DESCRIPTIONS[name], parameters: { ...TOOL_PARAMETERS[name] } },
}));

/** The SDK never tries again by itself here. */
function openClient(stage: ClientStage, transport: Transport): Groq {
  return new Groq({
    apiKey: CALLER_KEY,
    baseURL: stage.baseUrl(transport),
    maxRetries: 0,
    timeout: 20_000,
    fetch: fetchOver(stage, transport),
  });
}

function paramsOf(dialect: FakeDialectId, scenario: Scenario, messages: MessageParam[] = [PROMPT]): Params {
  return { model: modelOf(dialect, scenario), messages };
}

async function askWhole(client: Groq, params: Params): Promise<Answer> {
  const { choices, usage } = await client.chat.completions.create(params);
  const [choice] = choices;
  if (choice === undefined) throw new Error("expected a choice");
  return { message: choice.message, finish: choice.finish_reason, usage: usage ?? null };
}

/** The SDK has no helper for streams: its users fold them so. */
async function askStreamed(client: Groq, params: Params): Promise<Answer> {
  const stream = await client.chat.completions.create({
    ...params,
    stream: true,
    // OpenAI's field, which Groq takes too, though its SDK's types do not name it.
    ...{ stream_options: { include_usage: true } },
  });
  let content = "";
  let reasoning = "";
  let finish: string | null = null;
  let usage: Groq.CompletionUsage | null = null;
  const details: unknown[] = [];
  const calls: Call[] = [];
  let extra: unknown;
  for await (const chunk of stream) {
    usage = (chunk as ChatCompletionChunk & { usage?: Groq.CompletionUsage | null }).usage ?? usage;
    const [choice] = chunk.choices;
    if (choice === undefined) continue;
    const delta = choice.delta as ChatCompletionChunk.Choice.Delta & Record<string, unknown>;
    content += delta.content ?? "";
    reasoning += delta.reasoning ?? "";
    if (Array.isArray(delta["reasoning_details"])) details.push(...(delta["reasoning_details"] as unknown[]));
    extra = delta["extra_content"] ?? extra;
    for (const { index, id, function: called, ...rest } of delta.tool_calls ?? []) {
      const call = (calls[index] ??= {
        ...rest,
        id: id ?? "",
        type: "function",
        function: { name: "", arguments: "" },
      });
      call.function.name += called?.name ?? "";
      call.function.arguments += called?.arguments ?? "";
      Object.assign(call, rest);
    }
    finish = choice.finish_reason ?? finish;
  }
  const message = {
    role: "assistant" as const,
    content: content === "" ? null : content,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(reasoning === "" ? {} : { reasoning }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(extra === undefined ? {} : { extra_content: extra }),
  };
  return { message, finish, usage };
}

const WAYS = [
  ["whole", askWhole],
  ["streamed", askStreamed],
] as const;

/** The turn that follows one with tool calls: the message as it came, and a result for each call. */
function withResults(message: Message): MessageParam[] {
  const results = (message.tool_calls ?? []).map(({ id, function: { name } }): MessageParam => ({
    role: "tool",
    tool_call_id: id,
    content: TOOL_RESULTS[name as ToolName],
  }));
  return [PROMPT, message, ...results];
}

const ERRORS: Readonly<Record<ErrorKind, readonly [new (...args: never[]) => Error, string | null]>> = {
  authentication: [Groq.AuthenticationError, "invalid_api_key"],
  permission: [Groq.PermissionDeniedError, null],
  "not-found": [Groq.NotFoundError, null],
  "rate-limit": [Groq.RateLimitError, "rate_limit_exceeded"],
  "context-window": [Groq.BadRequestError, "context_length_exceeded"],
  "content-policy": [Groq.BadRequestError, "content_policy_violation"],
  overloaded: [Groq.InternalServerError, "overloaded"],
  billing: [Groq.APIError, "insufficient_quota"],
  server: [Groq.InternalServerError, null],
};

for (const transport of TRANSPORTS) {
  describeClient(`groq-sdk over ${transport}`, (stage) => {
    for (const dialect of othersThan("openai-chat")) {
      test(`${dialect}: a plain completion`, async () => {
        const params = paramsOf(dialect, "plain");
        const completion = await openClient(stage(), transport).chat.completions.create(params);
        expect(completion).toMatchObject({
          object: "chat.completion",
          choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: PLAIN_TEXT } }],
          usage: { prompt_tokens: SMALL_USAGE.input, completion_tokens: SMALL_USAGE.output, total_tokens: 16 },
        });
      });

      test(`${dialect}: a stream, event by event`, async () => {
        const stream = await openClient(stage(), transport).chat.completions.create({
          ...paramsOf(dialect, "stream"),
          stream: true,
        });
        const chunks = await Array.fromAsync(stream);
        const deltas = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").filter((text) => text !== "");
        expect(deltas.length).toBeGreaterThan(1);
        expect(deltas.join("")).toBe(PLAIN_TEXT);
        expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(["stop"]);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const { message, finish } = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          expect(finish).toBe("tool_calls");
          const calls = (message.tool_calls ?? []).map(({ function: { name, arguments: given } }) => ({
            name,
            arguments: JSON.parse(given) as unknown,
          }));
          expect(calls).toEqual([...TOOL_CALLS]);
          const second = await ask(client, { ...paramsOf(dialect, "tools", withResults(message)), tools: TOOLS });
          expect(second.message.content).toBe(TOOL_ANSWER);
        });

        test(`${dialect}: JSON of a schema, ${way}`, async () => {
          const { message, finish } = await ask(openClient(stage(), transport), {
            ...paramsOf(dialect, "json-schema"),
            response_format: {
              type: "json_schema",
              json_schema: { name: "city_degrees", schema: { ...JSON_SCHEMA }, strict: true },
            },
          });
          expect(JSON.parse(message.content ?? "")).toEqual(JSON_ANSWER);
          expect(message.tool_calls ?? []).toEqual([]);
          expect(finish).toBe("stop");
        });

        test(`${dialect}: reasoning, which goes back unchanged on the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const effort = { reasoning_effort: "high" } as const;
          const { message } = await ask(client, { ...paramsOf(dialect, "reasoning"), ...effort });
          expect(message.content).toBe(REASONING_ANSWER);
          expect(message.reasoning).toBe(REASONING_TEXT);
          const messages: MessageParam[] = [PROMPT, message, { role: "user", content: "Go on." }];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning", messages), ...effort });
          expect(second.message.content).toBe(REASONING_KEPT);
        });

        test(`${dialect}: reasoning before parallel calls, which goes back with their results, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const settings = { reasoning_effort: "high", tools: TOOLS } as const;
          const { message } = await ask(client, { ...paramsOf(dialect, "reasoning-tools"), ...settings });
          const messages = withResults(message);
          const second = await ask(client, { ...paramsOf(dialect, "reasoning-tools", messages), ...settings });
          expect(second.message.content).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
        });

        test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
          const { usage } = await ask(openClient(stage(), transport), paramsOf(dialect, "usage"));
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

      test(`${dialect}: an image`, async () => {
        const content: Groq.Chat.ChatCompletionContentPart[] = [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: PNG_DATA_URL } },
        ];
        const { message } = await askWhole(
          openClient(stage(), transport),
          paramsOf(dialect, "image", [{ role: "user", content }]),
        );
        expect(message.content).toBe(IMAGE_TEXT);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const request = openClient(stage(), transport).chat.completions.create(paramsOf(dialect, `error-${kind}`));
          const error = (await failureOf(request)) as InstanceType<typeof Groq.APIError>;
          const { message, callerStatus } = errorFacts(dialect, kind);
          const [type, code] = ERRORS[kind];
          expect(error).toBeInstanceOf(type);
          expect(error.status).toBe(callerStatus);
          expect(error.error).toMatchObject({ error: { message, ...(code === null ? {} : { code }) } });
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
        expect(error).toBeInstanceOf(Groq.APIError);
        expect(error.message).toContain(MIDSTREAM_MESSAGE);
      });
    }

    for (const dialect of ["gemini", "bedrock-converse", "cohere", "ollama"] as const) {
      test(`${dialect}: embeddings`, async () => {
        const { data } = await openClient(stage(), transport).embeddings.create({
          model: modelOf(dialect, "embed"),
          input: [...EMBED_INPUTS],
        });
        expect(data.map(({ embedding }) => embedding)).toEqual(EMBED_VECTORS.map((vector) => [...vector]));
      });
    }
  });
}

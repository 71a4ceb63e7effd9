/** The official Anthropic SDK against providers of every other dialect. */
import { expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";
import {
  CALLER_KEY,
  COUNTED_TOKENS,
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
  PNG_BASE64,
  REASONING_ANSWER,
  REASONING_KEPT,
  REASONING_TEXT,
  RETRY_AFTER_SECONDS,
  type Scenario,
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
import {
  type ClientStage,
  COUNTING,
  describeClient,
  failureOf,
  fetchOver,
  type Transport,
  TRANSPORTS,
} from "./stage.ts";

const OTHERS = othersThan("anthropic-messages");
const PROMPT = "What is the weather, and what time is it?";
const MAX_TOKENS = 2_048;
const THINKING = { type: "enabled", budget_tokens: 1_024 } as const;

function openClient(stage: ClientStage, transport: Transport): Anthropic {
  return new Anthropic({
    apiKey: CALLER_KEY,
    baseURL: stage.baseUrl(transport),
    maxRetries: 0,
    timeout: 20_000,
    fetch: fetchOver(stage, transport),
  });
}

const TOOLS = (["get_weather", "get_time"] as const).map((name): Anthropic.Tool => ({
  name,
  description: TOOL_DESCRIPTIONS[name],
  input_schema: structuredClone(TOOL_PARAMETERS[name]) as unknown as Anthropic.Tool.InputSchema,
}));

/** How a turn is asked for: whole, or as a stream that the SDK folds. */
type Params = Anthropic.MessageCreateParamsNonStreaming;
const WAYS: readonly (readonly [
  name: string,
  ask: (client: Anthropic, params: Params) => Promise<Anthropic.Message>,
])[] = [
  ["whole", (client, params) => client.messages.create(params)],
  ["streamed", (client, params) => client.messages.stream(params).finalMessage()],
];

function paramsOf(dialect: FakeDialectId, scenario: Scenario, messages?: Anthropic.MessageParam[]): Params {
  return {
    model: modelOf(dialect, scenario),
    max_tokens: MAX_TOKENS,
    messages: messages ?? [{ role: "user", content: PROMPT }],
  };
}

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
}

function callsOf(message: Anthropic.Message): Anthropic.ToolUseBlock[] {
  return message.content.filter((block) => block.type === "tool_use");
}

/** The turn that follows one with tool calls: the answer as it came, and a result for each call. */
function withResults(first: Anthropic.Message): Anthropic.MessageParam[] {
  return [
    { role: "user", content: PROMPT },
    { role: "assistant", content: first.content },
    {
      role: "user",
      content: callsOf(first).map(({ id, name }) => ({
        type: "tool_result",
        tool_use_id: id,
        content: TOOL_RESULTS[name as ToolName],
      })),
    },
  ];
}

/** The SDK's class, and the type its users look at. */
const ERRORS: Readonly<Record<ErrorKind, readonly [new (...args: never[]) => Error, string]>> = {
  authentication: [Anthropic.AuthenticationError, "authentication_error"],
  permission: [Anthropic.PermissionDeniedError, "permission_error"],
  "not-found": [Anthropic.NotFoundError, "not_found_error"],
  "rate-limit": [Anthropic.RateLimitError, "rate_limit_error"],
  "context-window": [Anthropic.BadRequestError, "invalid_request_error"],
  "content-policy": [Anthropic.BadRequestError, "invalid_request_error"],
  overloaded: [Anthropic.InternalServerError, "overloaded_error"],
  billing: [Anthropic.APIError, "billing_error"],
  server: [Anthropic.InternalServerError, "api_error"],
};

for (const transport of TRANSPORTS) {
  describeClient(`@anthropic-ai/sdk over ${transport}`, (stage) => {
    for (const dialect of OTHERS) {
      test(`${dialect}: a plain message`, async () => {
        const request = openClient(stage(), transport).messages.create(paramsOf(dialect, "plain"));
        const { data: message, request_id } = await request.withResponse();
        expect(textOf(message)).toBe(PLAIN_TEXT);
        expect(message).toMatchObject({
          type: "message",
          role: "assistant",
          stop_reason: "end_turn",
          stop_sequence: null,
        });
        expect(message.id).not.toBe("");
        expect(request_id).toStartWith("req_");
      });

      test(`${dialect}: a stream, event by event`, async () => {
        const stream = openClient(stage(), transport).messages.stream(paramsOf(dialect, "stream"));
        const deltas: string[] = [];
        const types: string[] = [];
        stream.on("text", (delta) => deltas.push(delta));
        stream.on("streamEvent", ({ type }) => types.push(type));
        const message = await stream.finalMessage();
        expect(deltas.length).toBeGreaterThan(1);
        expect(deltas.join("")).toBe(PLAIN_TEXT);
        expect(textOf(message)).toBe(PLAIN_TEXT);
        expect(message.stop_reason).toBe("end_turn");
        expect([...new Set(types)]).toEqual([
          "message_start",
          "content_block_start",
          "content_block_delta",
          "content_block_stop",
          "message_delta",
          "message_stop",
        ]);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          expect(first.stop_reason).toBe("tool_use");
          const calls = callsOf(first);
          expect(calls.map(({ name, input }) => ({ name, arguments: input }))).toEqual([...TOOL_CALLS]);
          expect(new Set(calls.map(({ id }) => id)).size).toBe(TOOL_CALLS.length);
          const second = await ask(client, { ...paramsOf(dialect, "tools", withResults(first)), tools: TOOLS });
          expect(textOf(second)).toBe(TOOL_ANSWER);
          expect(second.stop_reason).toBe("end_turn");
        });

        test(`${dialect}: JSON of a schema, ${way}`, async () => {
          const message = await ask(openClient(stage(), transport), {
            ...paramsOf(dialect, "json-schema"),
            output_config: { format: { type: "json_schema", schema: JSON_SCHEMA } },
          });
          expect(JSON.parse(textOf(message))).toEqual(JSON_ANSWER);
          expect(message.content.map(({ type }) => type)).toEqual(["text"]);
          expect(message.stop_reason).toBe("end_turn");
        });

        test(`${dialect}: reasoning, whose signature goes back on the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "reasoning"), thinking: THINKING });
          const thoughts = first.content.filter((block) => block.type === "thinking");
          expect(thoughts.map(({ thinking }) => thinking).join("")).toBe(REASONING_TEXT);
          expect(textOf(first)).toBe(REASONING_ANSWER);
          const messages: Anthropic.MessageParam[] = [
            { role: "user", content: PROMPT },
            { role: "assistant", content: first.content },
            { role: "user", content: "Go on." },
          ];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning", messages), thinking: THINKING });
          expect(textOf(second)).toBe(REASONING_KEPT);
        });

        test(`${dialect}: reasoning before parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const params = { tools: TOOLS, thinking: THINKING };
          const first = await ask(client, { ...paramsOf(dialect, "reasoning-tools"), ...params });
          // What another provider signs a call with travels in a redacted block before it.
          const types = first.content.map(({ type }) => type).filter((type) => type !== "redacted_thinking");
          expect(types).toEqual(["thinking", "tool_use", "tool_use"]);
          const thoughts = first.content.filter((block) => block.type === "thinking");
          expect(thoughts.map(({ thinking }) => thinking).join("")).toStartWith(REASONING_TEXT);
          const second = await ask(client, { ...paramsOf(dialect, "reasoning-tools", withResults(first)), ...params });
          expect(textOf(second)).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
        });

        test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
          const { usage } = await ask(openClient(stage(), transport), paramsOf(dialect, "usage"));
          const cached = TELLS[dialect].cached ? USAGE.cached : 0;
          expect(usage.input_tokens).toBe(USAGE.input - cached);
          expect(usage.cache_read_input_tokens ?? 0).toBe(cached);
          expect(usage.output_tokens).toBe(USAGE.output);
          if (TELLS[dialect].reasoning) expect(usage.output_tokens_details?.thinking_tokens).toBe(USAGE.reasoning);
        });
      }

      test(`${dialect}: JSON of a schema, parsed by the SDK`, async () => {
        const message = await openClient(stage(), transport).messages.parse({
          ...paramsOf(dialect, "json-schema"),
          output_config: { format: zodOutputFormat(z.strictObject({ city: z.string(), degrees: z.int() })) },
        });
        expect(message.parsed_output).toEqual(JSON_ANSWER);
      });

      test(`${dialect}: an image`, async () => {
        const message = await openClient(stage(), transport).messages.create(
          paramsOf(dialect, "image", [
            {
              role: "user",
              content: [
                { type: "image", source: { type: "base64", media_type: "image/png", data: PNG_BASE64 } },
                { type: "text", text: "What is this?" },
              ],
            },
          ]),
        );
        expect(textOf(message)).toBe(IMAGE_TEXT);
      });

      test(`${dialect}: the SDK's own tool runner`, async () => {
        const runner = openClient(stage(), transport).beta.messages.toolRunner({
          model: modelOf(dialect, "tools"),
          max_tokens: MAX_TOKENS,
          messages: [{ role: "user", content: PROMPT }],
          tools: [
            betaZodTool({
              name: "get_weather",
              description: TOOL_DESCRIPTIONS.get_weather,
              inputSchema: z.strictObject({ city: z.string() }),
              run: () => TOOL_RESULTS.get_weather,
            }),
            betaZodTool({
              name: "get_time",
              description: TOOL_DESCRIPTIONS.get_time,
              inputSchema: z.strictObject({ zone: z.string() }),
              run: () => TOOL_RESULTS.get_time,
            }),
          ],
        });
        const message = await runner.runUntilDone();
        expect(message.content.at(-1)).toMatchObject({ type: "text", text: TOOL_ANSWER });
      });

      test(`${dialect}: tokens are counted`, async () => {
        const { model, messages } = paramsOf(dialect, "plain");
        const request = openClient(stage(), transport).messages.countTokens({ model, messages, tools: TOOLS });
        const { data: count, response } = await request.withResponse();
        const isCounted = COUNTING.includes(dialect);
        expect(response.headers.get("x-llmux-usage-source")).toBe(isCounted ? null : "estimated");
        if (isCounted) expect(count.input_tokens).toBe(COUNTED_TOKENS);
        else expect(count.input_tokens).toBeGreaterThan(0);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const [errorClass, type] = ERRORS[kind];
          const { callerStatus, message } = errorFacts(dialect, kind);
          const error = await failureOf(
            openClient(stage(), transport).messages.create(paramsOf(dialect, `error-${kind}`)),
          );
          expect(error).toBeInstanceOf(errorClass);
          if (!(error instanceof Anthropic.APIError)) throw error;
          expect(error).toMatchObject({ status: callerStatus, type, apiMessage: message });
          expect(error.requestID).toStartWith("req_");
          if (kind === "rate-limit") expect(error.headers?.get("retry-after")).toBe(String(RETRY_AFTER_SECONDS));
          if (kind === "context-window") expect(error.errorCode).toBe("context_window_exceeded");
          if (kind === "content-policy") expect(error.errorCode).toBe("content_policy");
        });
      }

      test(`${dialect}: an error before a stream's first event keeps its class`, async () => {
        const stream = openClient(stage(), transport).messages.stream(paramsOf(dialect, "error-rate-limit"));
        expect(await failureOf(stream.finalMessage())).toBeInstanceOf(Anthropic.RateLimitError);
      });

      test(`${dialect}: an error in mid-stream`, async () => {
        const stream = openClient(stage(), transport).messages.stream(paramsOf(dialect, "error-midstream"));
        let text = "";
        stream.on("text", (delta) => (text += delta));
        const error = await failureOf(stream.finalMessage());
        expect(error).toBeInstanceOf(Anthropic.APIError);
        expect(error.message).toContain(MIDSTREAM_MESSAGE);
        expect(text).toBe(MIDSTREAM_TEXT);
      });
    }
  });
}

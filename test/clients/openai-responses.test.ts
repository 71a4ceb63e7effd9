/** The official OpenAI SDK's responses against providers of every other dialect. */
import { expect, test } from "bun:test";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import {
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

type Response = OpenAI.Responses.Response;
type Item = OpenAI.Responses.ResponseInputItem;
type Params = OpenAI.Responses.ResponseCreateParamsNonStreaming;

const PROMPT: Item = { role: "user", content: "What is the weather, and what time is it?" };
const TOOLS = TOOL_CALLS.map(({ name }): OpenAI.Responses.FunctionTool => ({
  type: "function",
  name,
  description: TOOL_DESCRIPTIONS[name],
  parameters: { ...TOOL_PARAMETERS[name] },
  strict: true,
}));
const CityDegrees = z.object({ city: z.string(), degrees: z.number().int() });
const REASONING = {
  reasoning: { effort: "high", summary: "auto" },
  include: ["reasoning.encrypted_content"],
  store: false,
} satisfies Partial<Params>;

function paramsOf(dialect: FakeDialectId, scenario: Scenario, input: Item[] = [PROMPT]): Params {
  return { model: modelOf(dialect, scenario), input };
}

/** How a turn is asked for: whole, or as a stream that the SDK folds. */
const WAYS: readonly (readonly [name: string, ask: (client: OpenAI, params: Params) => Promise<Response>])[] = [
  ["whole", (client, params) => client.responses.create(params)],
  ["streamed", (client, params) => client.responses.stream({ ...params, stream: true }).finalResponse()],
];

function callsOf(response: Response): OpenAI.Responses.ResponseFunctionToolCall[] {
  return response.output.filter((item) => item.type === "function_call");
}

function resultsFor(response: Response): Item[] {
  return callsOf(response).map(({ call_id, name }): Item => ({
    type: "function_call_output",
    call_id,
    output: TOOL_RESULTS[name as ToolName],
  }));
}

function expectCalls(response: Response): void {
  const calls = callsOf(response);
  expect(calls.map(({ name, arguments: given }) => ({ name, arguments: JSON.parse(given) as unknown }))).toEqual([
    ...TOOL_CALLS,
  ]);
  expect(new Set(calls.map(({ call_id }) => call_id)).size).toBe(2);
}

/** The events of a text's life, in order, each type once. */
const TEXT_EVENTS = [
  "response.created",
  "response.in_progress",
  "response.output_item.added",
  "response.content_part.added",
  "response.output_text.delta",
  "response.output_text.done",
  "response.content_part.done",
  "response.output_item.done",
  "response.completed",
];

/** The SDK's class, and the code its users look at; null: any, the provider's own. */
const ERRORS: Readonly<Record<ErrorKind, readonly [new (...args: never[]) => Error, string | null]>> = {
  authentication: [OpenAI.AuthenticationError, "invalid_api_key"],
  permission: [OpenAI.PermissionDeniedError, null],
  "not-found": [OpenAI.NotFoundError, null],
  "rate-limit": [OpenAI.RateLimitError, "rate_limit_exceeded"],
  "context-window": [OpenAI.BadRequestError, "context_length_exceeded"],
  "content-policy": [OpenAI.BadRequestError, "content_policy_violation"],
  overloaded: [OpenAI.InternalServerError, null],
  billing: [OpenAI.APIError, "insufficient_quota"],
  server: [OpenAI.InternalServerError, null],
};

for (const transport of TRANSPORTS) {
  describeClient(`openai responses over ${transport}`, (stage) => {
    for (const dialect of othersThan("openai-responses")) {
      test(`${dialect}: a plain response`, async () => {
        const { data, request_id } = await openClient(stage(), transport)
          .responses.create({ ...paramsOf(dialect, "plain"), instructions: "Be brief." })
          .withResponse();
        expect(data).toMatchObject({
          object: "response",
          status: "completed",
          error: null,
          incomplete_details: null,
          instructions: "Be brief.",
          output: [{ type: "message", role: "assistant", status: "completed", content: [{ type: "output_text" }] }],
          usage: { input_tokens: SMALL_USAGE.input, output_tokens: SMALL_USAGE.output, total_tokens: 16 },
        });
        expect(data.output_text).toBe(PLAIN_TEXT);
        expect(data.id).toStartWith("resp_");
        expect(request_id).toStartWith("req_");
      });

      test(`${dialect}: a stream, event by event`, async () => {
        const stream = await openClient(stage(), transport).responses.create({
          ...paramsOf(dialect, "stream"),
          stream: true,
        });
        const events = await Array.fromAsync(stream);
        const deltas = events.flatMap((event) => (event.type === "response.output_text.delta" ? [event.delta] : []));
        expect(deltas.length).toBeGreaterThan(1);
        expect(deltas.join("")).toBe(PLAIN_TEXT);
        expect([...new Set(events.map(({ type }) => type))]).toEqual(TEXT_EVENTS as (typeof events)[number]["type"][]);
        expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
        const last = events.at(-1);
        expect(last?.type === "response.completed" ? last.response.usage?.total_tokens : null).toBe(16);
      });

      for (const [way, ask] of WAYS) {
        test(`${dialect}: a tool loop with parallel calls, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          expectCalls(first);
          const input = [PROMPT, ...first.output.map((item) => item as Item), ...resultsFor(first)];
          const second = await ask(client, { ...paramsOf(dialect, "tools", input), tools: TOOLS });
          expect(second.output_text).toBe(TOOL_ANSWER);
        });

        test(`${dialect}: a tool loop by previous_response_id, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "tools"), tools: TOOLS });
          const second = await ask(client, {
            ...paramsOf(dialect, "tools", resultsFor(first)),
            previous_response_id: first.id,
            tools: TOOLS,
          });
          expect(second.output_text).toBe(TOOL_ANSWER);
          expect(second.previous_response_id).toBe(first.id);
        });

        test(`${dialect}: reasoning, which goes back unchanged on the next turn, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const first = await ask(client, { ...paramsOf(dialect, "reasoning"), ...REASONING });
          const thoughts = first.output.filter((item) => item.type === "reasoning");
          expect(thoughts.flatMap(({ summary }) => summary.map(({ text }) => text)).join("")).toBe(REASONING_TEXT);
          expect(first.output_text).toBe(REASONING_ANSWER);
          const input: Item[] = [
            PROMPT,
            ...first.output.map((item) => item as Item),
            { role: "user", content: "Go on." },
          ];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning", input), ...REASONING });
          expect(second.output_text).toBe(REASONING_KEPT);
        });

        test(`${dialect}: reasoning before parallel calls, which goes back with their results, ${way}`, async () => {
          const client = openClient(stage(), transport);
          const settings = { ...REASONING, tools: TOOLS };
          const first = await ask(client, { ...paramsOf(dialect, "reasoning-tools"), ...settings });
          expectCalls(first);
          const input = [PROMPT, ...first.output.map((item) => item as Item), ...resultsFor(first)];
          const second = await ask(client, { ...paramsOf(dialect, "reasoning-tools", input), ...settings });
          expect(second.output_text).toBe(`${TOOL_ANSWER} ${REASONING_KEPT}`);
        });

        test(`${dialect}: usage with its sub-counts, ${way}`, async () => {
          const { usage } = await ask(openClient(stage(), transport), paramsOf(dialect, "usage"));
          expect(usage).toMatchObject({ input_tokens: USAGE.input, output_tokens: USAGE.output, total_tokens: 160 });
          const { cached, reasoning } = TELLS[dialect];
          expect(usage?.input_tokens_details.cached_tokens).toBe(cached ? USAGE.cached : 0);
          expect(usage?.output_tokens_details.reasoning_tokens).toBe(reasoning ? USAGE.reasoning : 0);
        });
      }

      test(`${dialect}: JSON of a zod schema, parsed`, async () => {
        const response = await openClient(stage(), transport).responses.parse({
          ...paramsOf(dialect, "json-schema"),
          text: { format: zodTextFormat(CityDegrees, "city_degrees") },
        });
        expect(response.output_parsed).toEqual(JSON_ANSWER);
        expect(callsOf(response as Response)).toEqual([]);
      });

      test(`${dialect}: JSON of a zod schema, streamed and parsed`, async () => {
        const response = await openClient(stage(), transport)
          .responses.stream({
            ...paramsOf(dialect, "json-schema"),
            stream: true,
            text: { format: zodTextFormat(CityDegrees, "city_degrees") },
          })
          .finalResponse();
        expect(response.output_parsed).toEqual(JSON_ANSWER);
      });

      test(`${dialect}: an image`, async () => {
        const content: OpenAI.Responses.ResponseInputContent[] = [
          { type: "input_text", text: "What is this?" },
          { type: "input_image", image_url: PNG_DATA_URL, detail: "auto" },
        ];
        const params = paramsOf(dialect, "image", [{ role: "user", content }]);
        const response = await openClient(stage(), transport).responses.create(params);
        expect(response.output_text).toBe(IMAGE_TEXT);
      });

      for (const kind of ERROR_KINDS) {
        test(`${dialect}: an error, ${kind}`, async () => {
          const request = openClient(stage(), transport).responses.create(paramsOf(dialect, `error-${kind}`));
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
        const stream = await openClient(stage(), transport).responses.create({
          ...paramsOf(dialect, "error-midstream"),
          stream: true,
        });
        let text = "";
        let said = "";
        let isCompleted = false;
        const failure = await (async () => {
          for await (const event of stream) {
            if (event.type === "response.output_text.delta") text += event.delta;
            if (event.type === "error") said += event.message;
            if (event.type === "response.failed") said += event.response.error?.message ?? "";
            if (event.type === "response.completed") isCompleted = true;
          }
        })().then(
          () => "",
          (error: unknown) => String(error),
        );
        expect(text).toBe(MIDSTREAM_TEXT);
        expect(said + failure).toContain(MIDSTREAM_MESSAGE);
        expect(isCompleted).toBe(false);
      });
    }

    for (const dialect of ["openai-chat", "cohere"] as const) {
      test(`${dialect}: a response that the gateway keeps can be read, listed and deleted`, async () => {
        const client = openClient(stage(), transport);
        const { id } = await client.responses.create(paramsOf(dialect, "plain"));
        const again = await client.responses.retrieve(id);
        expect(again.output_text).toBe(PLAIN_TEXT);
        const items = await Array.fromAsync(client.responses.inputItems.list(id));
        expect(items.length).toBe(1);
        await client.responses.delete(id);
        expect(await failureOf(client.responses.retrieve(id))).toBeInstanceOf(OpenAI.NotFoundError);
      });
    }
  });
}

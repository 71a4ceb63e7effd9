import type { AnswerContext, RequestContext, StreamReader } from "../../../src/dialect/dialect.ts";
import { bedrockConverse } from "../../../src/dialect/bedrock-converse/dialect.ts";
import { ENDPOINTS } from "../../../src/dialect/bedrock-converse/endpoints.ts";
import { AnswerFolder } from "../../../src/dialect/fold.ts";
import {
  type DialectId,
  type NeutralAnswer,
  type NeutralEvent,
  type NeutralMessage,
  type NeutralRequest,
  NO_SETTINGS,
  type Part,
} from "../../../src/dialect/neutral.ts";
import { type Quirks, Target } from "../../../src/dialect/target.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import {
  encodeEventHeaders,
  encodeEventMessage,
  EventStreamDecoder,
  textHeader,
} from "../../../src/lib/aws-event-stream.ts";

export const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
export const OLD_CLAUDE = "anthropic.claude-3-7-sonnet-20250219-v1:0";
export const NOVA_2 = "us.amazon.nova-2-lite-v1:0";
export const LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0";
export const GPT_OSS = "openai.gpt-oss-120b-1:0";

const QUIRKS: Quirks = {
  refuses: [],
  renames: {},
  reasoning: null,
  efforts: null,
  jsonSchema: null,
  maxOutputTokens: null,
  refusesContent: [],
  systemRole: null,
};

const { generate } = bedrockConverse;
const [converse] = ENDPOINTS;
if (converse === undefined) throw new Error("expected an endpoint");

export const ANSWER_CONTEXT: AnswerContext = {
  endpoint: converse,
  model: "example",
  requestId: "request-1",
  createdAt: 1_700_000_000,
  wantsStreamUsage: true,
  query: new URLSearchParams(),
  request: null,
};

export function contextOf(model = CLAUDE): RequestContext {
  return { endpoint: converse as AnswerContext["endpoint"], model, isStream: false, query: new URLSearchParams() };
}

export function read(body: JsonObject): NeutralRequest {
  return generate.readRequest(body, contextOf());
}

export function targetOf(model: string, quirks: Partial<Quirks> = {}, isDropping = false): Target {
  return new Target(model, { ...QUIRKS, ...quirks }, isDropping, (setting) => setting);
}

/** A request of another dialect, as Converse gets it. */
export function write(request: NeutralRequest, model = CLAUDE, target = targetOf(model)): JsonObject {
  return JSON.parse(JSON.stringify(generate.writeRequest(request, target).body)) as JsonObject;
}

export function foreign(messages: readonly NeutralMessage[], settings: Partial<NeutralRequest> = {}): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "openai-chat",
    model: "example",
    isStream: false,
    wantsStreamUsage: true,
    messages,
    tools: [],
    extra: null,
    ...settings,
  };
}

export function user(...parts: readonly (Part | string)[]): NeutralMessage {
  return { role: "user", parts: parts.map((part) => (typeof part === "string" ? { kind: "text", text: part } : part)) };
}

/** A request read and written again in its own dialect. */
export function roundTrip(body: JsonObject): JsonObject {
  return write(read(body));
}

export function answerOf(
  parts: readonly Part[],
  dialect: DialectId = "openai-chat",
  rest: Partial<NeutralAnswer> = {},
): NeutralAnswer {
  return {
    dialect,
    id: null,
    model: null,
    createdAt: null,
    choices: [
      { index: 0, parts, finish: { kind: "stop", native: null, stopSequence: null }, logprobs: null, extra: null },
    ],
    usage: null,
    serviceTier: null,
    extra: null,
    ...rest,
  };
}

// ---- Streams -------------------------------------------------------------------------------------------------------

/** One message of a stream, as Bedrock frames it. */
export function message(name: string, payload: JsonObject, type: "event" | "exception" = "event"): Uint8Array {
  return encodeEventMessage(
    encodeEventHeaders([
      [`:${type}-type`, { kind: "string", value: name }],
      [":content-type", { kind: "string", value: "application/json" }],
      [":message-type", { kind: "string", value: type }],
    ]),
    JSON.stringify(payload),
  );
}

/** A message whose payload is any text. */
export function rawMessage(name: string, payload: string): Uint8Array {
  return encodeEventMessage(
    encodeEventHeaders([
      [":event-type", { kind: "string", value: name }],
      [":message-type", { kind: "string", value: "event" }],
    ]),
    payload,
  );
}

export function delta(index: number, value: JsonObject): Uint8Array {
  return message("contentBlockDelta", { contentBlockIndex: index, delta: value, p: "abcdef" });
}

export function stop(index: number): Uint8Array {
  return message("contentBlockStop", { contentBlockIndex: index });
}

export const START = message("messageStart", { role: "assistant" });
export const USAGE = { inputTokens: 3, outputTokens: 5, totalTokens: 8 };
export const END = [
  message("messageStop", { stopReason: "end_turn" }),
  message("metadata", { usage: USAGE, metrics: { latencyMs: 12 } }),
];

/** Everything a reader says of these bytes. */
export function eventsOf(pieces: readonly Uint8Array[], reader: StreamReader = generate.openReader()): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const sink = (event: NeutralEvent): void => {
    events.push(event);
  };
  for (const piece of pieces) reader.push(piece, sink);
  reader.end(sink);
  return events;
}

export function fold(events: readonly NeutralEvent[]): AnswerFolder {
  const folder = new AnswerFolder("bedrock-converse");
  for (const event of events) folder.push(event);
  return folder;
}

/** What a writer says of these events: the names of its messages and their payloads. */
export function written(
  events: readonly NeutralEvent[],
  answerDialect: DialectId = "openai-chat",
): [string, JsonObject][] {
  const writer = generate.openWriter({ ...ANSWER_CONTEXT, answerDialect });
  const decoder = new EventStreamDecoder();
  const found: [string, JsonObject][] = [];
  for (const event of events) {
    decoder.push(writer.write(event) as Uint8Array, (headers, payload) => {
      const name = textHeader(headers, ":event-type") ?? textHeader(headers, ":exception-type") ?? "";
      found.push([name, JSON.parse(Buffer.from(payload).toString("utf8")) as JsonObject]);
    });
  }
  return found;
}

export { bedrockConverse, generate };

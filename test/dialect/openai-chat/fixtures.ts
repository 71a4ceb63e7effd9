import type { AnswerContext, Endpoint, RequestContext } from "../../../src/dialect/dialect.ts";
import { AnswerFolder } from "../../../src/dialect/fold.ts";
import {
  type DialectId,
  NO_SETTINGS,
  type NeutralAnswer,
  type NeutralChoice,
  type NeutralEvent,
  type NeutralRequest,
} from "../../../src/dialect/neutral.ts";
import { openaiChat } from "../../../src/dialect/openai-chat/dialect.ts";
import { Target } from "../../../src/dialect/target.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { Quirks } from "../../../src/exchange.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

const NO_QUIRKS: Quirks = {
  refuses: [],
  renames: {},
  reasoning: null,
  efforts: null,
  jsonSchema: null,
  maxOutputTokens: null,
  refusesContent: [],
  systemRole: null,
};

function endpointNamed(name: string): Endpoint {
  const found = openaiChat.endpoints.find((endpoint) => endpoint.name === name);
  if (found === undefined) throw new Error(`expected an endpoint ${name}`);
  return found;
}

export function requestContext(name = "chat.completions", isStream = false): RequestContext {
  return { endpoint: endpointNamed(name), model: "m", isStream, query: new URLSearchParams() };
}

export function answerContext(more: Partial<AnswerContext> = {}, name = "chat.completions"): AnswerContext {
  return {
    endpoint: endpointNamed(name),
    model: "asked",
    requestId: "req_0123",
    createdAt: 1_750_000_000,
    wantsStreamUsage: true,
    query: new URLSearchParams(),
    request: null,
    ...more,
  };
}

export function target(quirks: Partial<Quirks> = {}, isDropping = false): Target {
  return new Target("provider-model", { ...NO_QUIRKS, ...quirks }, isDropping, (name) => name);
}

export const ASK = { model: "m", messages: [{ role: "user", content: "Hi" }] } as const;

export function read(body: JsonObject, isStream = false): NeutralRequest {
  return openaiChat.generate.readRequest(body, requestContext("chat.completions", isStream));
}

/** A request as another dialect's reader would give it. */
export function foreign(more: Partial<NeutralRequest> = {}): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "anthropic-messages",
    model: "m",
    isStream: false,
    wantsStreamUsage: true,
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
    tools: [],
    extra: null,
    ...more,
  };
}

/** What is written for a provider, through JSON as it leaves. */
export function write(request: NeutralRequest, quirks: Partial<Quirks> = {}, isDropping = false): JsonObject {
  const { body } = openaiChat.generate.writeRequest(request, target(quirks, isDropping));
  return JSON.parse(JSON.stringify(body)) as JsonObject;
}

export function answer(more: Partial<NeutralAnswer> = {}, choice: Partial<NeutralChoice> = {}): NeutralAnswer {
  return {
    dialect: "anthropic-messages",
    id: "msg_1",
    model: "claude",
    createdAt: null,
    usage: null,
    serviceTier: null,
    extra: null,
    choices: [
      {
        index: 0,
        parts: [{ kind: "text", text: "Hello" }],
        finish: { kind: "stop", native: "end_turn", stopSequence: null },
        logprobs: null,
        extra: null,
        ...choice,
      },
    ],
    ...more,
  };
}

/** The text of a stream with one event for each object; strings stand as they are. */
export function sse(...events: readonly (object | string)[]): string {
  return events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join("");
}

export function chunk(delta: object, finish: string | null = null, more: object = {}): object {
  return { id: "c1", created: 7, model: "m", choices: [{ index: 0, delta, finish_reason: finish }], ...more };
}

/** Reads a stream cut into pieces of that many bytes. */
export function readStream(text: string, size = Number.POSITIVE_INFINITY): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const sink = (event: NeutralEvent): void => {
    events.push(event);
  };
  const reader = openaiChat.generate.openReader();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size)
    reader.push(bytes.subarray(at, Math.min(bytes.length, at + size)), sink);
  reader.end(sink);
  return events;
}

export function fold(events: readonly NeutralEvent[], dialect: DialectId = "openai-chat"): AnswerFolder {
  const folder = new AnswerFolder(dialect);
  for (const event of events) folder.push(event);
  return folder;
}

export function writeStream(events: readonly NeutralEvent[], context: AnswerContext = answerContext()): string {
  const writer = openaiChat.generate.openWriter(context);
  return events.map((event) => writer.write(event) as string).join("");
}

/** The objects in a written stream, and "[DONE]". */
export function eventsOf(text: string): unknown[] {
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("data: "))
    .map((event) => (event === "data: [DONE]" ? "[DONE]" : (JSON.parse(event.slice(6)) as unknown)));
}

/** What was thrown; fails where nothing or something else was. */
export function errorOf(run: () => unknown): GatewayError {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("expected a GatewayError, got none");
}

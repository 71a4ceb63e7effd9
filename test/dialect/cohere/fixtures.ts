/** What the tests of this dialect share: contexts, targets, and streams as events. */
import { cohere } from "../../../src/dialect/cohere/dialect.ts";
import type { AnswerContext, Endpoint, RequestContext } from "../../../src/dialect/dialect.ts";
import { type NeutralEvent, type NeutralRequest, NO_SETTINGS } from "../../../src/dialect/neutral.ts";
import { Target } from "../../../src/dialect/target.ts";
import type { Quirks } from "../../../src/exchange.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

export function endpointOf(name: string): Endpoint {
  const endpoint = cohere.endpoints.find((candidate) => candidate.name === name);
  if (endpoint === undefined) throw new Error(`expected an endpoint ${name}, got none`);
  return endpoint;
}

export function requestContext(name = "cohere.chat"): RequestContext {
  return { endpoint: endpointOf(name), model: "command-a", isStream: false, query: new URLSearchParams() };
}

export function answerContext(name = "cohere.chat"): AnswerContext {
  return {
    endpoint: endpointOf(name),
    model: "command-a",
    requestId: "req_1",
    createdAt: 1_700_000_000,
    wantsStreamUsage: true,
    query: new URLSearchParams(),
    request: null,
  };
}

export function makeTarget(quirks: Partial<Quirks> = {}, isDropping = false): Target {
  const all: Quirks = {
    refuses: [],
    renames: {},
    reasoning: null,
    efforts: null,
    jsonSchema: null,
    maxOutputTokens: null,
    refusesContent: [],
    systemRole: null,
    ...quirks,
  };
  return new Target("command-a", all, isDropping, (setting) => setting);
}

/** A request as another dialect's reader gives it. */
export function foreignRequest(parts: Partial<NeutralRequest> = {}): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "openai-chat",
    model: "command-a",
    isStream: false,
    wantsStreamUsage: true,
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hello" }] }],
    tools: [],
    extra: null,
    ...parts,
  };
}

export function readRequest(body: JsonObject): NeutralRequest {
  return cohere.generate.readRequest(body, requestContext());
}

/** A stream's bytes, cut every `step` bytes, as events. */
export function readStream(text: string, step = Number.MAX_SAFE_INTEGER): NeutralEvent[] {
  const reader = cohere.generate.openReader();
  const events: NeutralEvent[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step), (event) => events.push(event));
  }
  reader.end((event) => events.push(event));
  return events;
}

export function writeStream(events: readonly NeutralEvent[]): string {
  const writer = cohere.generate.openWriter(answerContext());
  return events.map((event) => writer.write(event)).join("");
}

/** The data of a stream's events. */
export function eventsOf(text: string): JsonObject[] {
  return text
    .split("\n\n")
    .filter((event) => event.includes("data: {"))
    .map((event) => JSON.parse(event.slice(event.indexOf("data: ") + "data: ".length)) as JsonObject);
}

export function sse(...events: readonly JsonObject[]): string {
  return events.map((event) => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

/** What the tests of this dialect share: targets, contexts, and streams read to their end. */
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import type { AnswerContext, Endpoint, RequestContext } from "../../../src/dialect/dialect.ts";
import { AnswerFolder } from "../../../src/dialect/fold.ts";
import {
  type NeutralAnswer,
  type NeutralEvent,
  type NeutralRequest,
  NO_SETTINGS,
} from "../../../src/dialect/neutral.ts";
import { Target } from "../../../src/dialect/target.ts";
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

export function targetWith(quirks: Partial<Quirks> = {}, isDropping = false): Target {
  return new Target("gemini-test", { ...NO_QUIRKS, ...quirks }, isDropping, (setting) => setting);
}

export function endpointOf(name: string): Endpoint {
  const endpoint = gemini.endpoints.find((candidate) => candidate.name === name);
  if (endpoint === undefined) throw new Error(`no endpoint ${name}`);
  return endpoint;
}

export function requestContext(name = "gemini.generate"): RequestContext {
  return { endpoint: endpointOf(name), model: "caller-model", isStream: false, query: new URLSearchParams() };
}

export function answerContext(query = "", name = "gemini.stream"): AnswerContext {
  return {
    endpoint: endpointOf(name),
    model: "caller-model",
    requestId: "req-1",
    createdAt: 1_700_000_000,
    wantsStreamUsage: true,
    query: new URLSearchParams(query),
    request: null,
  };
}

export function read(body: JsonObject): NeutralRequest {
  return gemini.generate.readRequest(body, requestContext());
}

/** JSON as a client reads it, whatever stands where. */
export type OnWire = ReturnType<typeof JSON.parse>;

export function onWire(body: JsonObject): OnWire {
  return JSON.parse(JSON.stringify(body));
}

export function write(request: Partial<NeutralRequest>, target = targetWith()): OnWire {
  return onWire(gemini.generate.writeRequest(neutral(request), target).body);
}

export function neutral(request: Partial<NeutralRequest>): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "openai-chat",
    model: "gemini-test",
    isStream: false,
    wantsStreamUsage: false,
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
    tools: [],
    extra: null,
    ...request,
  };
}

/** Every event of a stream cut into pieces of that size. */
export function eventsOf(text: string, size = text.length): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const reader = gemini.generate.openReader();
  const bytes = Buffer.from(text);
  const sink = (event: NeutralEvent): unknown => events.push(event);
  for (let at = 0; at < bytes.length; at += Math.max(1, size)) reader.push(bytes.subarray(at, at + size), sink);
  reader.end(sink);
  return events;
}

export function foldOf(events: readonly NeutralEvent[]): {
  readonly answer: NeutralAnswer;
  readonly isFinished: boolean;
} {
  const folder = new AnswerFolder("gemini");
  for (const event of events) folder.push(event);
  return { answer: folder.answer(), isFinished: folder.isFinished };
}

export function sse(...chunks: readonly unknown[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join("");
}

/** A chunk with these parts in candidate 0. */
export function chunkOf(parts: readonly unknown[], rest: object = {}): object {
  return {
    candidates: [{ content: { parts, role: "model" }, index: 0, ...rest }],
    modelVersion: "m-1",
    responseId: "r-1",
  };
}

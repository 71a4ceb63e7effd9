/** What the tests of this dialect share: contexts, targets, and streams as events. */
import type { AnswerContext, Endpoint, RequestContext } from "../../../src/dialect/dialect.ts";
import { type NeutralEvent, type NeutralRequest, NO_SETTINGS } from "../../../src/dialect/neutral.ts";
import { ollama } from "../../../src/dialect/ollama/dialect.ts";
import { Target } from "../../../src/dialect/target.ts";
import type { Quirks } from "../../../src/exchange.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

export function endpointOf(name: string): Endpoint {
  const endpoint = ollama.endpoints.find((candidate) => candidate.name === name);
  if (endpoint === undefined) throw new Error(`expected an endpoint ${name}, got none`);
  return endpoint;
}

export function requestContext(name = "ollama.chat"): RequestContext {
  return { endpoint: endpointOf(name), model: "qwen3", isStream: true, query: new URLSearchParams() };
}

export function answerContext(name = "ollama.chat"): AnswerContext {
  return {
    endpoint: endpointOf(name),
    model: "qwen3",
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
  return new Target("qwen3", all, isDropping, (setting) => setting);
}

/** A request as another dialect's reader gives it. */
export function foreignRequest(parts: Partial<NeutralRequest> = {}): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "openai-chat",
    model: "qwen3",
    isStream: false,
    wantsStreamUsage: true,
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hello" }] }],
    tools: [],
    extra: null,
    ...parts,
  };
}

export function readRequest(body: JsonObject, name = "ollama.chat"): NeutralRequest {
  return ollama.generate.readRequest(body, requestContext(name));
}

/** A stream's bytes, cut every `step` bytes, as events. */
export function readStream(text: string, step = Number.MAX_SAFE_INTEGER): NeutralEvent[] {
  const reader = ollama.generate.openReader();
  const events: NeutralEvent[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step), (event) => events.push(event));
  }
  reader.end((event) => events.push(event));
  return events;
}

export function writeStream(events: readonly NeutralEvent[], name = "ollama.chat"): string {
  const writer = ollama.generate.openWriter(answerContext(name));
  return events.map((event) => writer.write(event)).join("");
}

export function linesOf(text: string): JsonObject[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as JsonObject);
}

export function ndjson(...lines: readonly JsonObject[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** What the tests of this dialect share: short ways to read and write. */
import { anthropicMessages } from "../../../src/dialect/anthropic-messages/dialect.ts";
import type { AnswerContext, RequestContext, StreamReader } from "../../../src/dialect/dialect.ts";
import type { NeutralEvent, NeutralRequest } from "../../../src/dialect/neutral.ts";
import { NO_SETTINGS } from "../../../src/dialect/neutral.ts";
import { type Quirks, Target } from "../../../src/dialect/target.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

const [MESSAGES] = anthropicMessages.endpoints;
if (MESSAGES === undefined) throw new Error("the dialect has no endpoints");

export const REQUEST: RequestContext = {
  endpoint: MESSAGES,
  model: "claude-sonnet-4-5",
  isStream: false,
  query: new URLSearchParams(),
};

export const NO_QUIRKS: Quirks = {
  refuses: [],
  renames: {},
  reasoning: null,
  efforts: null,
  jsonSchema: null,
  maxOutputTokens: null,
  refusesContent: [],
  systemRole: null,
};

export const ANSWER: AnswerContext = {
  endpoint: MESSAGES,
  model: "claude-sonnet-4-5",
  requestId: "r1",
  createdAt: 0,
  wantsStreamUsage: true,
  query: new URLSearchParams(),
  request: null,
};

export function target(quirks: Partial<Quirks> = {}, isDropping = false): Target {
  return new Target("claude-sonnet-4-5", { ...NO_QUIRKS, ...quirks }, isDropping, (setting) => setting);
}

/** A request of another dialect: one user message unless it says otherwise. */
export function request(more: Partial<NeutralRequest> = {}): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "openai-chat",
    model: "any",
    isStream: false,
    wantsStreamUsage: false,
    messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
    tools: [],
    extra: null,
    ...more,
  };
}

export function write(more: Partial<NeutralRequest> = {}, quirks: Partial<Quirks> = {}): JsonObject {
  return anthropicMessages.generate.writeRequest(request(more), target(quirks)).body;
}

/** A request of this dialect, read and written again. */
export function rewrite(body: JsonObject): JsonObject {
  return anthropicMessages.generate.writeRequest(anthropicMessages.generate.readRequest(body, REQUEST), target()).body;
}

export function events(reader: StreamReader, pieces: readonly (string | Uint8Array)[]): NeutralEvent[] {
  const seen: NeutralEvent[] = [];
  const sink = (event: NeutralEvent): void => void seen.push(event);
  for (const piece of pieces) reader.push(typeof piece === "string" ? Buffer.from(piece) : piece, sink);
  reader.end(sink);
  return seen;
}

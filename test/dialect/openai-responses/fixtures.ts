/** What the tests of this folder share: contexts, targets, and both ends of a stream. */
import type { AnswerContext, RequestContext } from "../../../src/dialect/dialect.ts";
import type { Quirks } from "../../../src/exchange.ts";
import { AnswerFolder } from "../../../src/dialect/fold.ts";
import type { NeutralEvent, NeutralRequest } from "../../../src/dialect/neutral.ts";
import { openaiResponses } from "../../../src/dialect/openai-responses/dialect.ts";
import { Target } from "../../../src/dialect/target.ts";
import { asObject, type JsonObject } from "../../../src/lib/json.ts";

const [ENDPOINT] = openaiResponses.endpoints;
if (ENDPOINT === undefined) throw new Error("the dialect should have an endpoint");

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

export function requestContext(body: JsonObject): RequestContext {
  return {
    endpoint: ENDPOINT as NonNullable<typeof ENDPOINT>,
    model: String(body["model"] ?? "group"),
    isStream: body["stream"] === true,
    query: new URLSearchParams(),
  };
}

export function answerContext(request: NeutralRequest | null = null): AnswerContext {
  return {
    endpoint: ENDPOINT as NonNullable<typeof ENDPOINT>,
    model: "group",
    requestId: "req-1",
    createdAt: 1_700_000_000,
    wantsStreamUsage: true,
    query: new URLSearchParams(),
    request,
  };
}

export function read(body: JsonObject): NeutralRequest {
  return openaiResponses.generate.readRequest(body, requestContext(body));
}

export function target(quirks: Partial<Quirks> = {}, isDropping = false): Target {
  return new Target("model-at-provider", { ...NO_QUIRKS, ...quirks }, isDropping, (name) => name);
}

/** A request read and written again for a provider of the same API, as JSON says it. */
export function roundTrip(body: JsonObject): JsonObject {
  const { body: written } = openaiResponses.generate.writeRequest(read(body), target());
  return { ...(JSON.parse(JSON.stringify(written)) as JsonObject), model: body["model"] };
}

/** Events of a stream in the given cuts. */
export function readStream(pieces: readonly Uint8Array[]): readonly NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const reader = openaiResponses.generate.openReader();
  const sink = (event: NeutralEvent): void => void events.push(event);
  for (const piece of pieces) reader.push(piece, sink);
  reader.end(sink);
  return events;
}

export function readText(text: string): readonly NeutralEvent[] {
  return readStream([Buffer.from(text)]);
}

export function fold(events: readonly NeutralEvent[]): AnswerFolder {
  const folder = new AnswerFolder("openai-responses");
  for (const event of events) folder.push(event);
  return folder;
}

/** What goes out for events of a provider. */
export function writeStream(events: readonly NeutralEvent[], request: NeutralRequest | null = null): string {
  const writer = openaiResponses.generate.openWriter(answerContext(request));
  return events.map((event) => writer.write(event) as string).join("");
}

/** The data of every event of a stream; checks that each is named for its type. */
export function eventsOf(text: string): readonly JsonObject[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map((block) => {
      const [name, data] = block.split("\n");
      const event = asObject(JSON.parse((data ?? "").slice("data: ".length)));
      if (event === null || name !== `event: ${String(event["type"])}`) throw new Error(`not an event: ${block}`);
      return event;
    });
}

/** A stream as a provider sends it. */
export function stream(events: readonly JsonObject[]): string {
  return events
    .map(
      (event, index) =>
        `event: ${String(event["type"])}\ndata: ${JSON.stringify({ sequence_number: index, ...event })}\n\n`,
    )
    .join("");
}

/** Events of a whole neutral answer's parts, for a writer. */
export function started(extra: JsonObject | null = null): NeutralEvent {
  return { kind: "message-start", id: "id-1", model: "a-model", createdAt: 1_700_000_001, serviceTier: null, extra };
}

export const STOP: NeutralEvent = {
  kind: "finish",
  choice: 0,
  finish: { kind: "stop", native: null, stopSequence: null },
  extra: null,
};
export const END: NeutralEvent = { kind: "message-end", extra: null };

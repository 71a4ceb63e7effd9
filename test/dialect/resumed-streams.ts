/** Streams that break off and are continued: what both providers send, in every API's own words, and what the caller gets. */
import type { Dialect } from "../../src/dialect/dialect.ts";
import { DIALECTS } from "../../src/dialect/dialects.ts";
import { AnswerFolder } from "../../src/dialect/fold.ts";
import type { DialectId, NeutralAnswer, NeutralEvent } from "../../src/dialect/neutral.ts";
import { type StreamTranslation, translateRequest, type TranslatedRequest } from "../../src/dialect/translate.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { usageOf } from "../../src/lib/usage.ts";
import { answerContextOf, GENERATE_PATHS, NO_QUIRKS, requestContextOf } from "./corpus/apis.ts";

export const IDS = [...DIALECTS.keys()] as DialectId[];

export function dialect(id: DialectId): Dialect {
  return DIALECTS.get(id) as Dialect;
}

const ASK = "Tell me of the sea.";
const BODIES: Readonly<Record<DialectId, JsonObject>> = {
  "openai-chat": {
    model: "m",
    messages: [{ role: "user", content: ASK }],
    stream: true,
    stream_options: { include_usage: true },
  },
  "openai-responses": { model: "m", input: ASK, stream: true },
  "anthropic-messages": { model: "m", max_tokens: 1_000, messages: [{ role: "user", content: ASK }], stream: true },
  gemini: { contents: [{ role: "user", parts: [{ text: ASK }] }] },
  "bedrock-converse": { messages: [{ role: "user", content: [{ text: ASK }] }] },
  cohere: { model: "m", messages: [{ role: "user", content: ASK }], stream: true },
  ollama: { model: "m", messages: [{ role: "user", content: ASK }], stream: true },
};

export type Asking = {
  readonly from: DialectId;
  readonly to: DialectId;
  readonly continues?: string;
  /** Members beside those of the usual request; all of them where `isWhole`. */
  readonly body?: JsonObject;
  readonly isWhole?: boolean;
  /** Gemini callers without `alt=sse` get a JSON array. */
  readonly query?: string;
  readonly path?: string;
};

/** A caller's streamed request, translated. */
export function ask({ from, to, continues, body, isWhole, query = "alt=sse", path }: Asking): TranslatedRequest {
  const said = isWhole === true ? { ...body } : { ...BODIES[from], ...body };
  const context = requestContextOf(dialect(from), path ?? GENERATE_PATHS[from]("m", true), said, query);
  return translateRequest({
    from: dialect(from),
    to: dialect(to),
    operation: "generate",
    body: said,
    context,
    model: "m-there",
    quirks: NO_QUIRKS,
    dropParams: false,
    requestId: "req_0123456789abcdef0123456789abcdef",
    createdAt: 1_750_000_000,
    ...(continues === undefined ? {} : { continues }),
  });
}

/** A provider's events for an answer of that text. */
export function textEvents(pieces: readonly string[], input: number, output: number, model: string): NeutralEvent[] {
  return [
    { kind: "message-start", id: null, model, createdAt: 1_750_000_000, serviceTier: null, extra: null },
    // Anthropic's first event tells the input.
    { kind: "usage", usage: { ...usageOf({ inputTokens: input, outputTokens: 1 }), extra: null } },
    { kind: "part-start", choice: 0, part: 0, start: { kind: "text" } },
    ...pieces.map((text) => ({ kind: "text-delta", choice: 0, part: 0, text }) as const),
    { kind: "part-end", choice: 0, part: 0, extra: null },
    { kind: "finish", choice: 0, finish: { kind: "stop", native: null, stopSequence: null }, extra: null },
    { kind: "usage", usage: { ...usageOf({ inputTokens: input, outputTokens: output }), extra: null } },
    { kind: "message-end", extra: null },
  ];
}

/** The same as the API sends it: one piece of bytes for each event that has any. */
export function wire(to: DialectId, events: readonly NeutralEvent[]): Buffer[] {
  const context = answerContextOf({ dialect: dialect(to), path: GENERATE_PATHS[to]("m", true), model: "m-there" });
  // As for an answer of another API: then nothing is left out that a reader of that other API would have brought along.
  const foreign = to === "openai-chat" ? "anthropic-messages" : "openai-chat";
  const writer = dialect(to).generate.openWriter({ ...context, answerDialect: foreign });
  return events.map((event) => Buffer.from(writer.write(event) as string)).filter(({ length }) => length > 0);
}

/** A stream as text in the usual cut: two words a piece. */
export function textStream(to: DialectId, text: string, usage: readonly [input: number, output: number]): Buffer[] {
  const pieces = text.match(/(?:\S+\s*){1,2}|\s+/g) ?? [];
  return wire(to, textEvents(pieces, ...usage, `model-of-${to}`));
}

/** What the caller gets. */
export class CallerSide {
  readonly stream: StreamTranslation;
  readonly #pieces: Buffer[] = [];

  constructor(stream: StreamTranslation) {
    this.stream = stream;
  }

  feed(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.stream.push(piece);
      this.take();
    }
  }

  end(): void {
    this.stream.end();
    this.take();
  }

  take(): void {
    const piece = this.stream.take();
    if (piece !== null) this.#pieces.push(Buffer.from(piece as string));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

/** Reads a stream as a client of that API does. */
export function readStream(from: DialectId, bytes: Uint8Array): { answer: NeutralAnswer; folder: AnswerFolder } {
  const folder = new AnswerFolder(from);
  const reader = dialect(from).generate.openReader();
  const sink = (event: NeutralEvent): void => folder.push(event);
  reader.push(bytes, sink);
  reader.end(sink);
  return { answer: folder.answer(), folder };
}

/** All text of an answer. */
export function textOf({ choices }: NeutralAnswer): string {
  return choices
    .flatMap(({ parts }) => parts.map((part) => (part.kind === "text" ? part.text : `<${part.kind}>`)))
    .join("");
}

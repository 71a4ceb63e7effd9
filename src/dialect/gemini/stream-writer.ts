/** A caller's `streamGenerateContent`: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent */
import { GatewayError } from "../../errors.ts";
import { gatherText } from "../../lib/gather-text.ts";
import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { Citation, Finish, NeutralEvent, NeutralUsage, Opaque, PartStart } from "../neutral.ts";
import { writeGrounding } from "./citations.ts";
import { writeStatus } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { mimeTypeOf } from "./media.ts";
import { signatureText } from "./parts.ts";
import { writeTime } from "./write-answer.ts";
import { writeUsage } from "./usage.ts";
import { allSignatures, writeCall, writePart } from "./write-part.ts";

/** Arguments held until their call is whole, over all calls of a stream. */
const MAX_HELD_CHARS = 16 * 1024 * 1024;
/** Text kept to place citations in. */
const MAX_KEPT_CHARS = 256 * 1024;

/**
 * Members that a candidate and an answer have in this API. Events do not say which dialect they were read from, so only these are
 * put back from their `extra`.
 */
const CANDIDATE_EXTRA = [
  "finishMessage",
  "safetyRatings",
  "citationMetadata",
  "groundingMetadata",
  "groundingAttributions",
  "urlContextMetadata",
  "avgLogprobs",
  "tokenCount",
];
const ANSWER_EXTRA = ["promptFeedback", "modelStatus"];
/** What one choice may cite. */
const MAX_CITATIONS = 1_000;

type Call = { readonly start: Extract<PartStart, { kind: "tool-call" }>; arguments: string; signature: Opaque | null };

/** What is known of an open part; of text only what citations need. */
type OpenPart =
  | { readonly kind: "text" | "reasoning" | "audio" | "whole"; readonly format: string }
  | { readonly kind: "call"; readonly call: Call };

type ChoiceState = {
  readonly parts: Map<number, OpenPart>;
  /** With places in the whole text. */
  readonly citations: Citation[];
  /** The last piece of the open thought, which is held until it is known whether a signature stands on it; "" for none. */
  thought: string;
  /** All text of the choice: clients join its pieces, so that places are counted in all of it. */
  text: string;
  /** Where the open text part begins. */
  base: number;
  finish: { readonly finish: Finish; readonly extra: JsonObject | null } | null;
};

/**
 * Writes chunks as SSE, or as the elements of one JSON array where the caller did not ask for `alt=sse`. A function call goes out whole:
 * the API has no pieces of arguments outside Vertex. Finishes and usage go out together, in the last chunk.
 */
export class GeminiStreamWriter implements StreamWriter {
  readonly contentType: string;
  readonly #context: AnswerContext;
  readonly #isSse: boolean;
  readonly #choices: (ChoiceState | undefined)[] = [];
  #usage: NeutralUsage | null = null;
  /** `,"modelVersion":…,"responseId":…}`: the end of every chunk. */
  #tail = "}";
  #hasElement = false;
  #heldChars = 0;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#isSse = context.query.get("alt") === "sse";
    this.contentType = this.#isSse ? "text/event-stream" : "application/json; charset=UTF-8";
  }

  write(event: NeutralEvent): string {
    switch (event.kind) {
      case "message-start": {
        const model = event.model ?? this.#context.model;
        const id = event.id ?? this.#context.requestId;
        const time = timeOf(event);
        this.#tail = `,"modelVersion":${JSON.stringify(model)}${time === null ? "" : `,"createTime":${JSON.stringify(time)}`},"responseId":${JSON.stringify(id)}}`;
        return "";
      }
      case "text-delta":
        this.#keepText(event.choice, event.text);
        return this.#part(event.choice, `{"text":${JSON.stringify(event.text)}}`);
      case "reasoning-delta":
        return this.#think(event.choice, event.text);
      case "part-start":
        return this.#open(event.choice, event.part, event.start);
      case "tool-call-arguments-delta": {
        const open = this.#choice(event.choice).parts.get(event.part);
        if (open?.kind === "call") {
          this.#hold(event.text.length);
          open.call.arguments += event.text;
        }
        return "";
      }
      case "signature":
        return this.#sign(event.choice, event.part, event.slot, event.opaque);
      case "audio-delta":
        return this.#audio(event.choice, event.part, event.data, event.transcript);
      case "citation":
        this.#cite(event.choice, event.citation);
        return "";
      case "part-end":
        return this.#close(event.choice, event.part);
      case "logprobs": {
        const logprobs = JSON.stringify(writeLogprobs(event.tokens));
        return this.#frame(`{"candidates":[{"index":${event.choice},"logprobsResult":${logprobs}}]${this.#tail}`);
      }
      case "finish":
        this.#choice(event.choice).finish = { finish: event.finish, extra: event.extra };
        return "";
      case "usage":
        this.#usage = event.usage;
        return "";
      case "message-end":
        return this.#end(event.extra);
      case "error":
        return this.#thinkAloud() + this.#fail(JSON.stringify({ error: writeStatus(event.error) }));
      case "keep-alive":
        return "";
      default:
        return event satisfies never;
    }
  }

  /** What is still held of thoughts that an error cut off. */
  #thinkAloud(): string {
    return this.#choices.map((state, choice) => (state === undefined ? "" : this.#think(choice, ""))).join("");
  }

  #part(choice: number, part: string): string {
    const chunk = `{"candidates":[{"content":{"parts":[${part}],"role":"model"},"index":${choice}}]${this.#tail}`;
    return this.#isSse ? `data: ${chunk}\r\n\r\n` : this.#element(chunk);
  }

  #frame(chunk: string): string {
    return this.#isSse ? `data: ${chunk}\r\n\r\n` : this.#element(chunk);
  }

  #element(chunk: string): string {
    if (this.#hasElement) return `,\r\n${chunk}`;
    this.#hasElement = true;
    return `[${chunk}`;
  }

  #open(choice: number, part: number, start: PartStart): string {
    return this.#think(choice, "") + this.#start(choice, part, start);
  }

  #start(choice: number, part: number, start: PartStart): string {
    const state = this.#choice(choice);
    switch (start.kind) {
      case "tool-call":
        state.parts.set(part, { kind: "call", call: { start, arguments: "", signature: start.signature ?? null } });
        return "";
      case "whole": {
        state.parts.set(part, WHOLE);
        const written = writePart(start.part, false, allSignatures);
        return written === null ? "" : this.#part(choice, JSON.stringify(written));
      }
      case "text":
      case "refusal":
        state.base = state.text.length;
        state.parts.set(part, TEXT);
        return "";
      case "reasoning":
        state.parts.set(part, REASONING);
        return "";
      case "audio":
        state.parts.set(part, { kind: "audio", format: mimeTypeOf(start.format, "audio") });
        return "";
      default:
        return start satisfies never;
    }
  }

  #close(choice: number, part: number): string {
    const { parts } = this.#choice(choice);
    const open = parts.get(part);
    parts.delete(part);
    if (open?.kind === "reasoning") return this.#think(choice, "");
    if (open?.kind !== "call") return "";
    const { start, arguments: text, signature } = open.call;
    this.#heldChars -= text.length;
    const isOwn = asObject(start.extra?.["functionCall"]) !== null;
    const call = {
      kind: "tool-call" as const,
      id: start.id,
      name: start.name,
      arguments: text === "" ? "{}" : text,
      ...(start.extra === undefined ? {} : { extra: start.extra }),
    };
    const signed = signature === null ? undefined : signatureText(signature, "signature");
    return this.#part(choice, JSON.stringify(writeCall(call, isOwn, signed)));
  }

  /** The piece of a thought that was held goes out, and the next is held in its place ("" for none). */
  #think(choice: number, next: string): string {
    const state = this.#choice(choice);
    const { thought } = state;
    state.thought = next;
    return thought === "" ? "" : this.#part(choice, `{"text":${JSON.stringify(thought)},"thought":true}`);
  }

  /**
   * On the last piece of a thought: the Vercel AI SDK loses the signature of one without words. On a text, whose words are out already,
   * as a part of its own, as the API does it.
   */
  #sign(choice: number, part: number, slot: "signature" | "encrypted", opaque: Opaque): string {
    const open = this.#choice(choice).parts.get(part);
    if (open?.kind === "call") {
      open.call.signature = opaque;
      return "";
    }
    const signature = JSON.stringify(signatureText(opaque, slot));
    if (open?.kind !== "reasoning") return this.#part(choice, `{"text":"","thoughtSignature":${signature}}`);
    const state = this.#choice(choice);
    const text = JSON.stringify(state.thought);
    state.thought = "";
    return this.#part(choice, `{"text":${text},"thought":true,"thoughtSignature":${signature}}`);
  }

  #audio(choice: number, part: number, data: string, transcript: string): string {
    const open = this.#choice(choice).parts.get(part);
    const mimeType = open?.kind === "audio" ? open.format : "audio/wav";
    const audio = data === "" ? "" : this.#part(choice, JSON.stringify({ inlineData: { mimeType, data } }));
    return transcript === "" ? audio : audio + this.#part(choice, JSON.stringify({ text: transcript }));
  }

  #keepText(choice: number, text: string): void {
    const state = this.#choice(choice);
    if (state.text.length < MAX_KEPT_CHARS) state.text = gatherText(state.text, text);
  }

  #cite(choice: number, citation: Citation): void {
    const { citations, text, base } = this.#choice(choice);
    if (citations.length >= MAX_CITATIONS) return;
    const start = base + (citation.start ?? 0);
    const end = citation.end === null ? text.length : base + citation.end;
    citations.push({ ...citation, start: Math.min(start, text.length), end: Math.min(end, text.length) });
  }

  /** The last chunk: every choice's reason, and the usage. */
  #end(extra: JsonObject | null): string {
    const candidates: Json[] = [];
    for (const [index, state] of this.#choices.entries()) {
      const last = state?.finish ?? null;
      if (state === undefined || last === null) continue;
      const { finish, extra: kept } = last;
      candidates.push(this.#lastCandidate(index, state, finish, kept));
    }
    const own = pick(extra, ANSWER_EXTRA);
    const isBlocked = asObject(own["promptFeedback"])?.["blockReason"] !== undefined;
    const chunk: Record<string, Json> = isBlocked || candidates.length === 0 ? {} : { candidates };
    if (this.#usage !== null) chunk["usageMetadata"] = writeUsage(this.#usage, null);
    Object.assign(chunk, own);
    // The tail brings the closing brace.
    const json = JSON.stringify(chunk).slice(0, -1);
    const tail = json === "{" ? this.#tail.replace(",", "") : this.#tail;
    const out = this.#frame(json + tail);
    return this.#isSse ? out : `${out}\r\n]`;
  }

  #lastCandidate(index: number, state: ChoiceState, finish: Finish, kept: JsonObject | null): JsonObject {
    const own = pick(kept, CANDIDATE_EXTRA);
    const { text, citations } = state;
    const isGrounded = own["groundingMetadata"] !== undefined || own["citationMetadata"] !== undefined;
    const grounding = isGrounded ? null : writeGrounding([{ text, citations, partIndex: 0 }]);
    return {
      content: { parts: [{ text: "" }], role: "model" },
      finishReason: writeFinish(finish, false),
      index,
      ...(grounding === null ? {} : { groundingMetadata: grounding }),
      ...own,
    };
  }

  #fail(chunk: string): string {
    return this.#isSse ? this.#frame(chunk) : `${this.#frame(chunk)}\r\n]`;
  }

  #hold(chars: number): void {
    this.#heldChars += chars;
    if (this.#heldChars <= MAX_HELD_CHARS) return;
    throw new GatewayError(
      "upstream_error",
      `The provider sent tool arguments of more than ${MAX_HELD_CHARS} characters.`,
      { upstreamType: "protocol" },
    );
  }

  #choice(index: number): ChoiceState {
    return (this.#choices[index] ??= { parts: new Map(), citations: [], thought: "", text: "", base: 0, finish: null });
  }
}

/** As Google said it, or to the second. */
function timeOf({ createdAt, extra }: Extract<NeutralEvent, { kind: "message-start" }>): string | null {
  const own = extra?.["createTime"];
  if (typeof own === "string") return own;
  return createdAt === null ? null : writeTime(createdAt);
}

const TEXT: OpenPart = { kind: "text", format: "" };
const REASONING: OpenPart = { kind: "reasoning", format: "" };
const WHOLE: OpenPart = { kind: "whole", format: "" };

function pick(extra: JsonObject | null, names: readonly string[]): Record<string, Json> {
  const picked: Record<string, Json> = {};
  if (extra === null) return picked;
  for (const name of names) {
    const value = extra[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

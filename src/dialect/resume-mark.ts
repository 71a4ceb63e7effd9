import { encodeEventHeaders, encodeEventMessage } from "../lib/aws-event-stream.ts";
import type { DialectId, NeutralEvent } from "./neutral.ts";

/** A stream that several providers wrote is told so in this member of its last event. */
export const RESUMED_MEMBER = "llmux_resumed";
/** The same where streams have comments. */
export const RESUMED_COMMENT = "llmux-resumed";

const MAX_NAMES = 16;
const MAX_NAME_CHARS = 256;

/** Prelude of a binary message: two lengths and a checksum; a checksum ends it. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

const METADATA = encodeEventHeaders([
  [":event-type", { kind: "string", value: "metadata" }],
  [":content-type", { kind: "string", value: "application/json" }],
  [":message-type", { kind: "string", value: "event" }],
]);

/**
 * Says in a stream's end who went on with it: a comment right before its final events, or a member of its last event where streams
 * have no comments. Gemini's have none although they are server-sent events: Google's SDKs for Python take every line that is not
 * `data:` for JSON (google-genai, `_iter_response_stream`).
 */
export class ResumeMark {
  readonly #style: "comment" | "member" | "binary";
  readonly #names: string[] = [];
  #isSaid = false;

  constructor(contentType: string, dialect: DialectId) {
    if (contentType === "application/vnd.amazon.eventstream") this.#style = "binary";
    else if (contentType.startsWith("text/event-stream") && dialect !== "gemini") this.#style = "comment";
    else this.#style = "member";
  }

  /** Another provider has had a share in the answer. */
  add(name: string): void {
    // A model's name may be the caller's own, and a line of its making must not become an event.
    const clean = name.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?").slice(0, MAX_NAME_CHARS);
    if (this.#names.length < MAX_NAMES) this.#names.push(clean);
  }

  /** What an event was written as, with the mark where it is one of the last. */
  apply(kind: NeutralEvent["kind"], piece: string | Uint8Array): string | Uint8Array {
    if (this.#isSaid || this.#names.length === 0) return piece;
    const isLast = kind === "message-end" || kind === "error";
    if (!isLast && (kind !== "finish" || this.#style !== "comment")) return piece;
    this.#isSaid = true;
    if (typeof piece !== "string") return markMessage(piece, this.#member());
    return this.#style === "comment"
      ? `: ${RESUMED_COMMENT} ${this.#names.join(", ")}\n\n${piece}`
      : addMember(piece, this.#member());
  }

  #member(): string {
    return `"${RESUMED_MEMBER}":${JSON.stringify(this.#names)}`;
  }
}

/** Into the last object of a text that ends with it (and what frames it). */
function addMember(text: string, member: string): string {
  const end = text.lastIndexOf("}");
  if (end === -1) return text;
  const comma = text[end - 1] === "{" ? "" : ",";
  return `${text.slice(0, end)}${comma}${member}${text.slice(end)}`;
}

/** Into the last message of a binary stream; an answer without one gets a message that says only this. */
function markMessage(bytes: Uint8Array, member: string): Uint8Array {
  if (bytes.length === 0) return encodeEventMessage(METADATA, `{${member}}`);
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  for (let next = all.readUInt32BE(0); start + next < all.length; next = all.readUInt32BE(start)) start += next;
  const message = all.subarray(start);
  const headersEnd = PRELUDE_BYTES + message.readUInt32BE(4);
  const payload = message.toString("utf8", headersEnd, message.length - CHECKSUM_BYTES);
  const marked = encodeEventMessage(message.subarray(PRELUDE_BYTES, headersEnd), addMember(payload, member));
  return Buffer.concat([all.subarray(0, start), marked]);
}

/**
 * Finds the texts and the end in a caller's stream of any API, whatever stands around them: how many chunks of the mock's came
 * through, and when each was sent. Searches natively and decodes nothing: the harness must cost less than what it measures.
 */
import type { CallerApi } from "../call.ts";
import { STAMP_DIGITS, STAMP_SIGN } from "../payloads.ts";

type Marks = { readonly text: Buffer; readonly end: Buffer };

/** What stands before a delta's text, and in the last event. A text that is told again as a whole stands under another name. */
const MARKS: Readonly<Record<CallerApi, Marks>> = {
  chat: { text: Buffer.from(`"content":"${STAMP_SIGN}`), end: Buffer.from("data: [DONE]\n") },
  messages: { text: Buffer.from(`"text":"${STAMP_SIGN}`), end: Buffer.from("event: message_stop\n") },
  responses: { text: Buffer.from(`"delta":"${STAMP_SIGN}`), end: Buffer.from("event: response.completed\n") },
};

const LF = 0x0a;

export class StreamMarks {
  /** Deltas seen. */
  chunks = 0;
  hasEnd = false;
  readonly #marks: Marks;
  readonly #onChunk: ((stampMicros: number) => void) | null;
  /** A line that has not arrived whole. */
  #partial: Buffer | null = null;

  /** `onChunk`: told of each delta, with its stamp (0: not stamped). */
  constructor(api: CallerApi, onChunk: ((stampMicros: number) => void) | null) {
    this.#marks = MARKS[api];
    this.#onChunk = onChunk;
  }

  begin(): void {
    this.chunks = 0;
    this.hasEnd = false;
    this.#partial = null;
  }

  add(bytes: Buffer, from: number, to: number): void {
    if (this.#partial === null && bytes[to - 1] === LF) {
      this.#search(bytes, from, to);
      return;
    }
    const piece = bytes.subarray(from, to);
    const joined = this.#partial === null ? piece : Buffer.concat([this.#partial, piece]);
    const end = joined.lastIndexOf(LF) + 1;
    this.#search(joined, 0, end);
    this.#partial = end === joined.length ? null : Buffer.from(joined.subarray(end));
  }

  #search(bytes: Buffer, from: number, to: number): void {
    const { text, end } = this.#marks;
    let at = bytes.indexOf(text, from);
    while (at !== -1 && at < to) {
      at += text.length;
      this.chunks += 1;
      this.#onChunk?.(readStamp(bytes, at));
      // Mostly the piece's end is too near for another one.
      at = to - at < STAMP_DIGITS + text.length ? -1 : bytes.indexOf(text, at + STAMP_DIGITS);
    }
    const found = bytes.indexOf(end, from);
    if (found !== -1 && found < to) this.hasEnd = true;
  }
}

function readStamp(bytes: Buffer, at: number): number {
  let value = 0;
  for (let position = at; position < at + STAMP_DIGITS; position += 1)
    value = value * 10 + (bytes[position] ?? 0) - 0x30;
  return value;
}

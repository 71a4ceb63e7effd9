import { GatewayError } from "../errors.ts";

const LF = 10;
const CR = 13;
const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;
const bufferToString = Buffer.prototype.toString;

/**
 * Cuts server-sent events out of bytes in any cut: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 *
 * Lines end with LF, CR or CRLF, mixed as they come; a BOM at the start, comments and unknown fields are skipped; several data
 * lines are joined by LF. Unlike a browser's it also gives the last event when its empty line is missing: providers forget it,
 * and whether the answer is whole is not for the framing to say.
 */
export class SseParser {
  readonly #maxEventBytes: number;
  /** Bytes of a line that has not ended. */
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Whether the last byte seen was a CR, so that an LF right behind it ends nothing. */
  #isAfterCr = false;
  #isFirstLine = true;
  #type = "";
  #data = "";
  #hasData = false;

  constructor(maxEventBytes = DEFAULT_MAX_EVENT_BYTES) {
    this.#maxEventBytes = maxEventBytes;
  }

  /** Takes bytes and tells every event that is complete. Throws GatewayError `upstream_error` when one grows beyond the bound. */
  push(bytes: Uint8Array, onEvent: (type: string, data: string) => void): void {
    const last = lastLineEnd(bytes);
    if (last === -1) {
      this.#keep(bytes, 0);
      return;
    }
    // Everything up to the last line end is decoded at once: no character crosses a line end.
    let text: string;
    if (this.#pieces.length === 0) text = decode(bytes, last + 1);
    else {
      this.#pieces.push(bytes.subarray(0, last + 1));
      const joined = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#pendingBytes = 0;
      text = decode(joined, joined.length);
    }
    this.#readLines(text, onEvent);
    if (last + 1 < bytes.length) this.#keep(bytes, last + 1);
  }

  /** The body has ended: a last line without an end, and a last event without its empty line, count. */
  end(onEvent: (type: string, data: string) => void): void {
    if (this.#pieces.length > 0) {
      const joined = Buffer.concat(this.#pieces);
      this.#pieces = [];
      this.#pendingBytes = 0;
      this.#readLines(`${decode(joined, joined.length)}\n`, onEvent);
    }
    this.#dispatch(onEvent);
  }

  #keep(bytes: Uint8Array, from: number): void {
    this.#pendingBytes += bytes.length - from;
    this.#checkBound(this.#pendingBytes);
    // A copy: the caller's buffer is its own, and may be a slice of a large one.
    this.#pieces.push(Uint8Array.prototype.slice.call(bytes, from));
    // One byte at a time would make a list as long as the event.
    if (this.#pieces.length >= 512) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  #checkBound(size: number): void {
    if (size + this.#data.length <= this.#maxEventBytes) return;
    throw new GatewayError("upstream_error", `The provider sent an event of more than ${this.#maxEventBytes} bytes.`, {
      upstreamType: "protocol",
    });
  }

  #readLines(text: string, onEvent: (type: string, data: string) => void): void {
    let at = 0;
    if (this.#isAfterCr && text.charCodeAt(0) === LF) at = 1;
    const hasCr = text.includes("\r");
    this.#isAfterCr = hasCr && text.charCodeAt(text.length - 1) === CR;
    const { length } = text;
    while (at < length) {
      let end = text.indexOf("\n", at);
      let next = end + 1;
      if (end === -1) end = length;
      if (hasCr) {
        const cr = text.indexOf("\r", at);
        if (cr !== -1 && cr < end) {
          next = text.charCodeAt(cr + 1) === LF ? cr + 2 : cr + 1;
          end = cr;
        }
      }
      if (end === at) this.#dispatch(onEvent);
      else this.#readLine(text, at, end);
      this.#isFirstLine = false;
      at = next;
    }
  }

  #readLine(text: string, start: number, end: number): void {
    let from = start;
    if (this.#isFirstLine && text.charCodeAt(from) === 0xfeff) from++;
    if (text.startsWith("data", from)) {
      const value = valueOf(text, from + 4, end);
      if (value === null) return;
      this.#checkBound(value.length);
      this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
      this.#hasData = true;
    } else if (text.startsWith("event", from)) {
      this.#type = valueOf(text, from + 5, end) ?? this.#type;
    }
    // Comments, `id`, `retry` and unknown fields mean nothing here.
  }

  #dispatch(onEvent: (type: string, data: string) => void): void {
    const type = this.#type;
    const data = this.#data;
    const hasData = this.#hasData;
    this.#type = "";
    this.#data = "";
    this.#hasData = false;
    if (hasData) onEvent(type, data);
  }
}

/** The field's value, one leading space less; null when the name goes on (`dataset: …`). A name alone has the value "". */
function valueOf(text: string, at: number, end: number): string | null {
  if (at === end) return "";
  if (text.charCodeAt(at) !== 58) return null;
  const from = text.charCodeAt(at + 1) === 32 && at + 1 < end ? at + 2 : at + 1;
  return text.slice(from, end);
}

function lastLineEnd(bytes: Uint8Array): number {
  // Nearly always the last byte.
  let at = bytes.length - 1;
  while (at >= 0 && bytes[at] !== LF && bytes[at] !== CR) at--;
  return at;
}

function decode(bytes: Uint8Array, end: number): string {
  // Called on the bytes as they are: a Buffer around their memory costs ten times the decoding of a chunk.
  return bufferToString.call(bytes as Buffer, "utf8", 0, end);
}

import { GatewayError } from "../errors.ts";

const DEFAULT_MAX_ELEMENT_BYTES = 16 * 1024 * 1024;

const QUOTE = 34;
const COMMA = 44;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Where the bytes stand: before the array's bracket, between its elements, within one, or behind the array's end. */
type State = "before" | "between" | "element" | "after";

/**
 * Cuts the elements of one top-level JSON array out of bytes in any cut, each as soon as its last byte is there (Gemini streams
 * without `alt=sse`). It finds where elements end and leaves their grammar to `JSON.parse`; what is no array at all throws.
 */
export class JsonArrayParser {
  /** The closing bracket was seen. */
  isComplete = false;
  readonly #maxElementBytes: number;
  #state: State = "before";
  /** Open braces and brackets of the element. */
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** Whether the element is an object or an array, which ends with its own bracket. */
  #isNested = false;
  /** The element's bytes from earlier pushes. */
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(maxElementBytes = DEFAULT_MAX_ELEMENT_BYTES) {
    this.#maxElementBytes = maxElementBytes;
  }

  /** Takes bytes and tells the text of every element that is complete. Throws GatewayError `upstream_error`. */
  push(bytes: Uint8Array, onElement: (text: string) => void): void {
    let start = 0;
    for (let at = 0; at < bytes.length; at++) {
      const code = bytes[at] as number;
      if (this.#state === "element") {
        if (!this.#endsAt(code)) continue;
        // A bare value ends before the comma or bracket that follows it; an object or array with its own.
        const end = this.#isNested ? at + 1 : at;
        onElement(this.#take(bytes, start, end));
        this.#state = "between";
        if (this.#isNested) continue;
      }
      if (isSpace(code)) continue;
      if (this.#state === "between") {
        if (code === COMMA) continue;
        if (code === CLOSE_BRACKET) {
          this.#state = "after";
          this.isComplete = true;
          continue;
        }
        this.#begin(code);
        start = at;
      } else if (this.#state === "before" && code === OPEN_BRACKET) this.#state = "between";
      else throw unexpected(this.#state, code);
    }
    if (this.#state === "element") this.#keep(bytes, start);
  }

  /** Opens an element at its first byte. */
  #begin(code: number): void {
    this.#state = "element";
    this.#isNested = code === OPEN_BRACE || code === OPEN_BRACKET;
    this.#depth = this.#isNested ? 1 : 0;
    this.#isInString = code === QUOTE;
    this.#isEscaped = false;
  }

  /** Whether the element ends at this byte. */
  #endsAt(code: number): boolean {
    if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (code === BACKSLASH) this.#isEscaped = true;
      else if (code === QUOTE) this.#isInString = false;
      return false;
    }
    switch (code) {
      case QUOTE:
        this.#isInString = true;
        return false;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        this.#depth++;
        return false;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        return --this.#depth <= 0;
      case COMMA:
        return this.#depth === 0;
      default:
        return false;
    }
  }

  #take(bytes: Uint8Array, start: number, end: number): string {
    this.#checkBound(this.#pendingBytes + end - start);
    const last = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    if (this.#pieces.length === 0) return last.toString("utf8");
    this.#pieces.push(last);
    const text = Buffer.concat(this.#pieces).toString("utf8");
    this.#pieces = [];
    this.#pendingBytes = 0;
    return text;
  }

  #keep(bytes: Uint8Array, start: number): void {
    this.#pendingBytes += bytes.length - start;
    this.#checkBound(this.#pendingBytes);
    // A copy: the caller's buffer is its own.
    this.#pieces.push(Uint8Array.prototype.slice.call(bytes, start));
    // One byte at a time would make a list as long as the element.
    if (this.#pieces.length >= 512) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  #checkBound(size: number): void {
    if (size <= this.#maxElementBytes) return;
    throw new GatewayError(
      "upstream_error",
      `The provider sent an array element of more than ${this.#maxElementBytes} bytes.`,
      { upstreamType: "protocol" },
    );
  }
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

function unexpected(state: "before" | "after" | "element", code: number): GatewayError {
  const expected = state === "after" ? "nothing after the array's end" : "a JSON array";
  return new GatewayError("upstream_error", `Expected ${expected} from the provider, got byte ${code}.`, {
    upstreamType: "protocol",
  });
}

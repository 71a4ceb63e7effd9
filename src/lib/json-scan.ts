/** Where a top-level value stands in the bytes: [start, end). */
export type JsonSpan = { readonly start: number; readonly end: number };

export type JsonScan =
  | {
      readonly kind: "object";
      /** Every occurrence of each wanted key, in order: a duplicate key is two spans. */
      readonly spans: ReadonlyMap<string, readonly JsonSpan[]>;
      /** Index of the opening brace. */
      readonly open: number;
      readonly isEmpty: boolean;
    }
  | { readonly kind: "invalid"; readonly offset: number; readonly message: string };

const TEXT = new TextDecoder();

/**
 * Finds top-level members of a JSON object without building it, so that a body can be patched in place and every other byte
 * stays as it came. Checks the whole text against RFC 8259 on the way, iteratively: `maxDepth` bounds nesting. Never throws.
 */
export function scanJsonObject(bytes: Uint8Array, wanted: readonly string[], maxDepth: number): JsonScan {
  return new JsonScanner(bytes, wanted, maxDepth).scan();
}

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

class JsonScanner {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  readonly #spans = new Map<string, JsonSpan[]>();
  readonly #wantedBytes: readonly { key: string; length: number; first: number }[];
  #at = 0;
  #problem: { offset: number; message: string } | null = null;
  #hasEscape = false;

  constructor(bytes: Uint8Array, wanted: readonly string[], maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.#wantedBytes = wanted.map((key) => ({ key, length: key.length, first: key.charCodeAt(0) }));
  }

  scan(): JsonScan {
    this.#skipWhitespace();
    const open = this.#at;
    if (this.#bytes[this.#at] !== OPEN_BRACE) return this.#invalid("expected a JSON object");
    const isEmpty = this.#walk();
    if (this.#problem === null) {
      this.#skipWhitespace();
      if (this.#at < this.#bytes.length) this.#fail("expected the end of the body after the JSON object");
    }
    if (this.#problem !== null) return { kind: "invalid", ...(this.#problem as { offset: number; message: string }) };
    return { kind: "object", spans: this.#spans, open, isEmpty };
  }

  #invalid(message: string): JsonScan {
    return { kind: "invalid", offset: this.#at, message };
  }

  #fail(message: string): void {
    this.#problem ??= { offset: this.#at, message };
  }

  /** Walks the object at `#at` to its end; returns whether it is empty. */
  #walk(): boolean {
    const bytes = this.#bytes;
    // One entry for each open container: 1 for an object, 0 for an array.
    const stack: number[] = [1];
    let depth = 1;
    let isObject = true;
    let isFirst = true;
    let isEmpty = true;
    let key: string | null = null;
    let valueStart = 0;
    this.#at++;
    for (;;) {
      this.#skipWhitespace();
      const code = bytes[this.#at];
      if (code === undefined) {
        this.#fail("the JSON text ends too early");
        return isEmpty;
      }
      const isEnd = code === (isObject ? CLOSE_BRACE : CLOSE_BRACKET);
      if (isEnd) {
        this.#at++;
        depth--;
        stack.pop();
        if (depth === 0) return isEmpty;
        isObject = stack[depth - 1] === 1;
        isFirst = false;
        if (depth === 1 && key !== null) this.#note(key, valueStart);
        if (!this.#checkAfterValue(isObject)) return isEmpty;
        continue;
      }
      if (!isFirst) {
        if (code !== COMMA) {
          this.#fail("expected a comma");
          return isEmpty;
        }
        this.#at++;
        this.#skipWhitespace();
      }
      isFirst = false;
      if (depth === 1) isEmpty = false;
      if (isObject) {
        const keyStart = this.#at;
        if (bytes[this.#at] !== QUOTE) {
          this.#fail("expected a key in double quotes");
          return isEmpty;
        }
        if (!this.#skipString()) return isEmpty;
        if (depth === 1) key = this.#wantedKey(keyStart, this.#at);
        this.#skipWhitespace();
        if (bytes[this.#at] !== COLON) {
          this.#fail("expected a colon after the key");
          return isEmpty;
        }
        this.#at++;
        this.#skipWhitespace();
      }
      if (depth === 1) valueStart = this.#at;
      const first = bytes[this.#at];
      if (first === OPEN_BRACE || first === OPEN_BRACKET) {
        if (depth >= this.#maxDepth) {
          this.#fail(`expected at most ${this.#maxDepth} levels of nesting`);
          return isEmpty;
        }
        isObject = first === OPEN_BRACE;
        stack.push(isObject ? 1 : 0);
        depth++;
        isFirst = true;
        this.#at++;
        continue;
      }
      if (!this.#skipScalar(first)) return isEmpty;
      if (depth === 1 && key !== null) this.#note(key, valueStart);
      if (!this.#checkAfterValue(isObject)) return isEmpty;
    }
  }

  #checkAfterValue(isObject: boolean): boolean {
    this.#skipWhitespace();
    const code = this.#bytes[this.#at];
    if (code === COMMA || code === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return true;
    this.#fail(code === undefined ? "the JSON text ends too early" : "expected a comma or the end of the container");
    return false;
  }

  #note(key: string, start: number): void {
    const span = { start, end: this.#at };
    const spans = this.#spans.get(key);
    if (spans === undefined) this.#spans.set(key, [span]);
    else spans.push(span);
  }

  /** The wanted key that stands at [start, end), quotes included; a key may be written with escapes. */
  #wantedKey(start: number, end: number): string | null {
    if (this.#hasEscape) {
      const text = JSON.parse(TEXT.decode(this.#bytes.subarray(start, end))) as string;
      return this.#wantedBytes.some((candidate) => candidate.key === text) ? text : null;
    }
    const length = end - start - 2;
    const first = this.#bytes[start + 1];
    next: for (const candidate of this.#wantedBytes) {
      if (candidate.length !== length || candidate.first !== first) continue;
      for (let index = 1; index < length; index++) {
        if (this.#bytes[start + 1 + index] !== candidate.key.charCodeAt(index)) continue next;
      }
      return candidate.key;
    }
    return null;
  }

  #skipWhitespace(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (;;) {
      const code = bytes[at];
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) break;
      at++;
    }
    this.#at = at;
  }

  #skipString(): boolean {
    const bytes = this.#bytes;
    const length = bytes.length;
    let at = this.#at + 1;
    this.#hasEscape = false;
    while (at < length) {
      const code = bytes[at] as number;
      if (code === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (code === BACKSLASH) {
        this.#hasEscape = true;
        const escape = bytes[at + 1];
        if (escape === 117) {
          for (let digit = 2; digit < 6; digit++) {
            if (!isHex(bytes[at + digit])) return this.#failAt(at, "expected four hexadecimal digits after \\u");
          }
          at += 6;
        } else if (escape !== undefined && isEscape(escape)) at += 2;
        else return this.#failAt(at, "unknown escape in a string");
      } else if (code < 32) {
        return this.#failAt(at, "a string holds a control character");
      } else at++;
    }
    return this.#failAt(length, "the JSON text ends inside a string");
  }

  #skipScalar(first: number | undefined): boolean {
    if (first === QUOTE) return this.#skipString();
    if (first === 116) return this.#skipWord("true");
    if (first === 102) return this.#skipWord("false");
    if (first === 110) return this.#skipWord("null");
    return this.#skipNumber();
  }

  #skipWord(word: string): boolean {
    for (let index = 0; index < word.length; index++) {
      if (this.#bytes[this.#at + index] !== word.charCodeAt(index)) return this.#failAt(this.#at, `expected ${word}`);
    }
    this.#at += word.length;
    return true;
  }

  #skipNumber(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    if (bytes[at] === 45) at++;
    if (bytes[at] === 48) at++;
    else if (isDigit(bytes[at])) while (isDigit(bytes[at])) at++;
    else return this.#failAt(this.#at, "expected a JSON value");
    if (bytes[at] === 46) {
      at++;
      if (!isDigit(bytes[at])) return this.#failAt(at, "expected a digit after the decimal point");
      while (isDigit(bytes[at])) at++;
    }
    if (bytes[at] === 101 || bytes[at] === 69) {
      at++;
      if (bytes[at] === 43 || bytes[at] === 45) at++;
      if (!isDigit(bytes[at])) return this.#failAt(at, "expected a digit in the exponent");
      while (isDigit(bytes[at])) at++;
    }
    this.#at = at;
    return true;
  }

  #failAt(offset: number, message: string): false {
    this.#problem ??= { offset, message };
    return false;
  }
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 48 && code <= 57;
}

function isHex(code: number | undefined): boolean {
  return (
    code !== undefined && ((code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70))
  );
}

/** RFC 8259 section 7: " \ / b f n r t */
function isEscape(code: number): boolean {
  return (
    code === QUOTE ||
    code === BACKSLASH ||
    code === 47 ||
    code === 98 ||
    code === 102 ||
    code === 110 ||
    code === 114 ||
    code === 116
  );
}

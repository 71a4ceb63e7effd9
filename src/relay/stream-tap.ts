import type { StreamGrammar } from "../exchange.ts";

/** Overlap kept between two pieces that do not meet at a line's end: longer than any key and its first value byte. */
const CARRY_BYTES = 64;
/** A usage object is a few hundred bytes; what grows beyond this is not one. */
const MAX_USAGE_BYTES = 8 * 1024;
/** A reference into a larger buffer would keep all of it alive until the stream ends. */
const MAX_PINNED_BYTES = 4 * 1024;

const USAGE_KEY = Buffer.from('"usage"');
const OPENING = Buffer.from("{");
const ERROR_KEY = Buffer.from('"error"');
const DONE_MARK = Buffer.from("[DONE]");

const QUOTE = 34;
const OPEN_BRACE = 123;
/** Of `null`. */
const LETTER_N = 110;
/** Of `true`. */
const LETTER_T = 116;

/** A grammar's marks as bytes, made once. */
type Marks = {
  readonly finishKey: Buffer | null;
  readonly endMarks: readonly Buffer[];
  readonly hasDoneMark: boolean;
  /** null: usage stands behind the finish, in the same object. */
  readonly usageKey: Buffer | null;
  readonly errorMark: Buffer | null;
};

const NO_MARKS: Marks = { finishKey: null, endMarks: [], hasDoneMark: false, usageKey: USAGE_KEY, errorMark: null };
const marksOf = new WeakMap<StreamGrammar, Marks>();

function makeMarks(grammar: StreamGrammar): Marks {
  return {
    finishKey: grammar.finishKey === null ? null : Buffer.from(`"${grammar.finishKey}"`),
    endMarks: grammar.endMarks.map((mark) => Buffer.from(mark)),
    hasDoneMark: grammar.hasDoneMark,
    usageKey: grammar.usageKey === "" ? null : Buffer.from(`"${grammar.usageKey}"`),
    errorMark: grammar.errorMark === undefined ? null : Buffer.from(grammar.errorMark),
  };
}

/**
 * Looks at a stream as it passes and never holds it: has the answer finished, did an error event come, what is its usage.
 *
 * Inside a JSON string every quote is escaped, so a quoted key found in the bytes is a key and no model's text can forge it.
 * An ordinary piece is searched natively for one such key (about 40 ns for 200 bytes), the last ones for a few more; JSON is parsed once, at the end.
 */
export class StreamTap {
  /** The answer's end was seen. */
  isFinished = false;
  /** A non-null `error` member was seen. */
  hasError = false;
  readonly #marks: Marks;
  #finishesMissing: number;
  #carry: Buffer | null = null;
  /** The last usage object stands at [usageStart, usageEnd) of this. */
  #usage: Buffer | null = null;
  #usageStart = 0;
  #usageEnd = 0;
  #partialUsage: Buffer | null = null;
  #firstUsage: string | null = null;
  #last: Buffer | null = null;
  #lastStart = 0;
  #lastEnd = 0;

  /** `choices`: how many answers were asked for; each has a finish of its own. */
  constructor(grammar: StreamGrammar | null, choices = 1) {
    this.#finishesMissing = choices;
    let marks = grammar === null ? NO_MARKS : marksOf.get(grammar);
    if (marks === undefined) {
      marks = makeMarks(grammar as StreamGrammar);
      marksOf.set(grammar as StreamGrammar, marks);
    }
    this.#marks = marks;
  }

  /** The last usage object seen, as JSON text; null when there was none. */
  get usageJson(): string | null {
    return this.#usage === null ? null : this.#usage.toString("utf8", this.#usageStart, this.#usageEnd);
  }

  /** The first usage object where more than one came: Anthropic tells the input at the start and the output at the end. */
  get firstUsageJson(): string | null {
    return this.#firstUsage;
  }

  /** The stream has ended, well or not: what stands in its last buffer beside an ordinary chunk is still to be found. */
  finish(): void {
    const last = this.#last;
    if (last === null || this.isFinished) return;
    this.#last = null;
    this.#searchUsage(last, this.#lastStart, this.#lastEnd);
    if (!this.hasError) this.#searchError(last, this.#lastStart, this.#lastEnd);
  }

  /** Looks at payload [start, end); beyond `end` the buffer holds at most framing. */
  observe(bytes: Buffer, start: number, end: number): void {
    if (this.#partialUsage !== null) this.#continueUsage(bytes, start, end);
    const carry = this.#carry;
    if (carry === null) this.#search(bytes, start, end, start);
    else {
      const joined = Buffer.concat([carry, bytes.subarray(start, end)]);
      this.#search(joined, 0, joined.length, carry.length);
    }
    this.#keepCarry(bytes, start, end);
    this.#last = bytes.length <= MAX_PINNED_BYTES ? bytes : null;
    this.#lastStart = start;
    this.#lastEnd = end;
  }

  /**
   * `fresh`: from where on the bytes were not looked at before; a finish is counted once. An ordinary chunk holds the finish
   * key with a null: then there is neither usage nor an error in it worth a search before the answer has finished.
   */
  #search(bytes: Buffer, start: number, end: number, fresh: number): void {
    const { finishKey, hasDoneMark, endMarks } = this.#marks;
    let isOrdinary = false;
    if (!this.isFinished && finishKey !== null) {
      let at = bytes.indexOf(finishKey, start);
      while (at !== -1 && at < end) {
        isOrdinary = true;
        at += finishKey.length;
        const value = valueAfterKey(bytes, at, end);
        if (value >= fresh && isFinish(bytes[value]) && --this.#finishesMissing <= 0) {
          this.isFinished = true;
          if (this.#marks.usageKey === null) this.#takeRest(bytes, value, end);
        }
        // Mostly the chunk's end is too near for another one.
        at = end - at < finishKey.length ? -1 : bytes.indexOf(finishKey, at);
      }
    }
    if (isOrdinary && !this.isFinished) return;
    if (!this.isFinished) {
      for (const mark of endMarks) {
        const at = bytes.indexOf(mark, start);
        if (at !== -1 && at < end) this.isFinished = true;
      }
    }
    if (!this.isFinished && hasDoneMark) {
      for (let at = bytes.indexOf(DONE_MARK, start); at !== -1 && at < end; at = bytes.indexOf(DONE_MARK, at + 1)) {
        if (isData(bytes, start, at)) this.isFinished = true;
      }
    }
    this.#searchUsage(bytes, start, end);
    if (!this.hasError) this.#searchError(bytes, start, end);
  }

  #searchUsage(bytes: Buffer, start: number, end: number): void {
    const key = this.#marks.usageKey;
    if (key === null) return;
    for (let at = bytes.indexOf(key, start); at !== -1 && at < end; at = bytes.indexOf(key, at + key.length)) {
      const value = valueAfterKey(bytes, at + key.length, end);
      if (value !== -1 && bytes[value] === OPEN_BRACE) this.#takeUsage(bytes, value, end);
    }
  }

  /** Usage that stands beside the finish: what follows it, as an object of its own. */
  #takeRest(bytes: Buffer, finish: number, end: number): void {
    const comma = bytes.indexOf(44, finish);
    if (comma === -1 || comma >= end) return;
    const rest = Buffer.concat([OPENING, bytes.subarray(comma + 1, end)]);
    this.#takeUsage(rest, 0, rest.length);
  }

  #searchError(bytes: Buffer, start: number, end: number): void {
    for (let at = bytes.indexOf(ERROR_KEY, start); at !== -1 && at < end; at = bytes.indexOf(ERROR_KEY, at + 7)) {
      const value = valueAfterKey(bytes, at + ERROR_KEY.length, end);
      if (value !== -1 && bytes[value] !== LETTER_N) this.hasError = true;
    }
    const mark = this.#marks.errorMark;
    if (mark === null) return;
    const at = bytes.indexOf(mark, start);
    if (at !== -1 && at < end) this.hasError = true;
  }

  #takeUsage(bytes: Buffer, start: number, end: number): void {
    const close = endOfObject(bytes, start, end);
    if (close === -1) {
      if (end - start <= MAX_USAGE_BYTES) this.#partialUsage = Buffer.from(bytes.subarray(start, end));
      return;
    }
    this.#partialUsage = null;
    this.#keepFirst();
    const isPinned = bytes.length <= MAX_PINNED_BYTES;
    this.#usage = isPinned ? bytes : Buffer.from(bytes.subarray(start, close));
    this.#usageStart = isPinned ? start : 0;
    this.#usageEnd = isPinned ? close : close - start;
  }

  #continueUsage(bytes: Buffer, start: number, end: number): void {
    const partial = this.#partialUsage as Buffer;
    const room = MAX_USAGE_BYTES - partial.length;
    const joined = Buffer.concat([partial, bytes.subarray(start, Math.min(end, start + room))]);
    const close = endOfObject(joined, 0, joined.length);
    if (close !== -1) {
      this.#keepFirst();
      this.#usage = joined;
      this.#usageStart = 0;
      this.#usageEnd = close;
      this.#partialUsage = null;
    } else this.#partialUsage = joined.length >= MAX_USAGE_BYTES ? null : joined;
  }

  #keepFirst(): void {
    if (this.#usage !== null) this.#firstUsage ??= this.usageJson;
  }

  #keepCarry(bytes: Buffer, start: number, end: number): void {
    if (bytes[end - 1] === 10) {
      this.#carry = null;
      return;
    }
    const length = end - start;
    if (length >= CARRY_BYTES || this.#carry === null) {
      this.#carry = Buffer.from(bytes.subarray(Math.max(start, end - CARRY_BYTES), end));
      return;
    }
    const joined = Buffer.concat([this.#carry, bytes.subarray(start, end)]);
    this.#carry = joined.length > CARRY_BYTES ? joined.subarray(joined.length - CARRY_BYTES) : joined;
  }
}

/** Index of the value that follows a key: after white space, a colon, white space; -1 when it is not (yet) there. */
export function valueAfterKey(bytes: Buffer, from: number, end: number): number {
  let at = skipSpace(bytes, from, end);
  if (bytes[at] !== 58 || at >= end) return -1;
  at = skipSpace(bytes, at + 1, end);
  return at < end ? at : -1;
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9)) at++;
  return at;
}

/** A finish is a word (`"stop"`) or `true`; until then it is null, false or not there. */
function isFinish(first: number | undefined): boolean {
  return first === QUOTE || first === LETTER_T;
}

/** Whether what stands before `at` is `data:` with at most one space. */
function isData(bytes: Buffer, start: number, at: number): boolean {
  const end = bytes[at - 1] === 32 ? at - 1 : at;
  return end - 5 >= start && bytes.toString("latin1", end - 5, end) === "data:";
}

/** Index after the object that begins at `start`; -1 when it does not end before `end`. */
function endOfObject(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < end; at++) {
    const code = bytes[at];
    if (isInString) {
      if (code === 92) at++;
      else if (code === 34) isInString = false;
    } else if (code === 34) isInString = true;
    else if (code === 123) depth++;
    else if (code === 125 && --depth === 0) return at + 1;
  }
  return -1;
}

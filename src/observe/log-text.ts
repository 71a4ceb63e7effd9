/**
 * How text enters a log line: bounded, on one line, and harmless in a terminal. What callers and providers say can end
 * up in a log; a line feed would let them write lines of their own, an escape sequence would let them act on the
 * terminal of who reads it, a direction mark would let them show another text than is there.
 */

/** Longest text of one field, in UTF-16 units; more is cut and ends in "…". */
export const MAX_FIELD_LENGTH = 512;

/**
 * What JSON.stringify leaves as it is and must not stay: DEL and C1 (0x9b starts terminal sequences), line and
 * paragraph separators, direction marks. (It escapes C0 and half surrogates itself.)
 */
const LEFT_BY_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const ALL_LEFT_BY_JSON = new RegExp(LEFT_BY_JSON.source, "g");

/** Cuts what is too long. */
export function bound(text: string): string {
  return text.length <= MAX_FIELD_LENGTH ? text : `${text.slice(0, MAX_FIELD_LENGTH - 1)}…`;
}

/** JSON on one line that is safe to look at; the strings in it were bounded before. */
export function stringifySafely(value: unknown): string {
  const json = JSON.stringify(value);
  return LEFT_BY_JSON.test(json) ? json.replace(ALL_LEFT_BY_JSON, escapeCharacter) : json;
}

/** The text for people's eyes: bare when it is one plain word, quoted as in JSON otherwise. */
export function quoteIfNeeded(text: string): string {
  return /^[\w.:/@+*%-]+$/.test(text) && text.length <= MAX_FIELD_LENGTH ? text : stringifySafely(bound(text));
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What a field of an event may be. Objects are not: nobody knows what they carry. */
export type LogValue = string | number | boolean | null | undefined | Error | { toJSON(): string };
export type LogFields = Readonly<Record<string, LogValue>>;

/** A field's value as what JSON can say, bounded. */
export function plainValue(value: LogValue): string | number | boolean | null {
  switch (typeof value) {
    case "string":
      return bound(value);
    case "number":
    case "boolean":
      return value;
    case "undefined":
      return null;
    default:
      if (value === null) return null;
      if (value instanceof Error) return bound(describeError(value));
      // A log call must not throw, nor print an object, where types were cast away.
      return typeof value.toJSON === "function" ? bound(String(value.toJSON())) : `[${typeof value}]`;
  }
}

/** An error and what caused it, as one sentence: names, codes and messages, nothing else an error may carry. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let cause = error; cause instanceof Error && parts.length < 4; cause = cause.cause) {
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
    parts.push(cause.message.startsWith(code) ? cause.message : `${code}: ${cause.message}`);
  }
  if (parts.length === 0) return typeof error === "string" ? error : `a thrown ${typeof error}`;
  return parts.join("; because ");
}

/** ISO 8601 with milliseconds, as toISOString, made once a second instead of once a line. */
export class TimestampWriter {
  #second = Number.NaN;
  #prefix = "";

  write(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#prefix = new Date(second * 1000).toISOString().slice(0, 20);
      this.#second = second;
    }
    const milliseconds = Math.floor(wallMs - second * 1000);
    const zeros = milliseconds < 10 ? "00" : milliseconds < 100 ? "0" : "";
    return `${this.#prefix}${zeros}${milliseconds}Z`;
  }
}

/** Fields the gateway itself looks at or drops: recognised once, while parsing, so that later looks compare numbers. */
const KNOWN_FIELDS = [
  "accept-encoding",
  "api-key",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "retry-after",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-api-key",
  "x-goog-api-key",
  "x-llmux-debug",
  "x-llmux-fallbacks",
  "x-llmux-priority",
  "x-llmux-tags",
  "x-request-id",
] as const;

export type KnownField = (typeof KNOWN_FIELDS)[number];

const UNKNOWN = -1;
const NO_TOKENS: readonly string[] = [];
const MALFORMED_LENGTH = "the Content-Length is malformed";
/** 15 digits are an exact number, and a petabyte. */
const MAX_LENGTH_DIGITS = 15;
const IDS: ReadonlyMap<string, number> = new Map(KNOWN_FIELDS.map((name, id) => [name, id]));
/** Known names as bytes, by their length: few share one. */
const BY_LENGTH: { readonly id: number; readonly bytes: Uint8Array }[][] = [];
for (const [name, id] of IDS) (BY_LENGTH[name.length] ??= []).push({ id, bytes: new TextEncoder().encode(name) });

/** RFC 9110 section 5.6.2: what a field name or a method may be made of. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const TOKEN_BYTES = new Uint8Array(256);
for (let code = 33; code < 127; code++) if (TOKEN.test(String.fromCharCode(code))) TOKEN_BYTES[code] = 1;
/** RFC 9110 section 5.5: visible characters, obs-text, inner spaces and tabs; no control characters. */
const VALUE_BYTES = new Uint8Array(256);
for (let code = 32; code < 256; code++) if (code !== 127) VALUE_BYTES[code] = 1;
VALUE_BYTES[9] = 1;
/** ASCII letters to lower case, everything else as it is. */
const LOWER = new Uint8Array(256);
for (let code = 0; code < 256; code++) LOWER[code] = code >= 65 && code <= 90 ? code + 32 : code;

const COLON = 58;
const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

/** Says of a field whether it stays behind: by its number where it is a known one, by its name otherwise. */
export interface FieldFilter {
  /** By known field's number. */
  readonly isKnownDropped: Uint8Array;
  /** Lower-case names dropped besides; a name ending in `*` stands for all that begin so. */
  readonly dropped: readonly string[];
}

/** Makes a filter from lower-case names, known or not. */
export function makeFieldFilter(names: Iterable<string>): FieldFilter {
  const isKnownDropped = new Uint8Array(KNOWN_FIELDS.length);
  const dropped: string[] = [];
  for (const name of names) {
    const id = IDS.get(name);
    if (id !== undefined) isKnownDropped[id] = 1;
    else dropped.push(name);
    if (!name.endsWith("*")) continue;
    const prefix = name.slice(0, -1);
    for (const [known, knownId] of IDS) if (known.startsWith(prefix)) isKnownDropped[knownId] = 1;
  }
  return { isKnownDropped, dropped };
}

/**
 * The header fields of a message as they came: places in its bytes, nothing copied and nothing decoded until somebody asks.
 * What is passed on is copied as whole lines, so that order, letter case and obs-text stay.
 */
export class HeaderList {
  /** How many fields there are. */
  length = 0;
  readonly #bytes: Buffer;
  /** For each field: line start, name end, value start, value end, known number or -1. A line ends 2 after its successor. */
  readonly #places: number[] = [];
  #end = 0;
  /** One bit for each known field that is there: most questions are about fields that are not. */
  #known = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The first value of a field, by its lower-case name. */
  get(lowerName: string): string | null {
    const id = IDS.get(lowerName);
    if (id !== undefined && (this.#known & (1 << id)) === 0) return null;
    for (let field = 0; field < this.length; field++) {
      if (this.#is(field, lowerName, id)) return this.#value(field);
    }
    return null;
  }

  /** How often a field stands in the list. */
  count(lowerName: string): number {
    const id = IDS.get(lowerName);
    if (id !== undefined && (this.#known & (1 << id)) === 0) return 0;
    let count = 0;
    for (let field = 0; field < this.length; field++) if (this.#is(field, lowerName, id)) count++;
    return count;
  }

  /** Whether a comma-separated list field (all its lines together) holds a token; compared without case. */
  hasToken(lowerName: string, token: string): boolean {
    return this.tokens(lowerName).includes(token);
  }

  /** The elements of a comma-separated list field, all its lines together, in lower case. */
  tokens(lowerName: string): readonly string[] {
    const id = IDS.get(lowerName);
    if (id !== undefined && (this.#known & (1 << id)) === 0) return NO_TOKENS;
    const tokens: string[] = [];
    for (let field = 0; field < this.length; field++) {
      if (!this.#is(field, lowerName, id)) continue;
      for (const part of this.#value(field).split(",")) tokens.push(part.trim().toLowerCase());
    }
    return tokens;
  }

  /** Whether a field's first value begins with a text, compared without case; no string is made. */
  startsWith(field: KnownField, lowerPrefix: string): boolean {
    const id = IDS.get(field) as number;
    if ((this.#known & (1 << id)) === 0) return false;
    for (let index = 0; index < this.length; index++) {
      const place = index * 5;
      if (this.#places[place + 4] !== id) continue;
      const start = this.#places[place + 2] as number;
      const length = (this.#places[place + 3] as number) - start;
      return length >= lowerPrefix.length && isSameName(this.#bytes, start, lowerPrefix, lowerPrefix.length);
    }
    return false;
  }

  /**
   * The Content-Length as RFC 9110 section 8.6 writes it, digits only: tolerating anything else is where request smuggling
   * begins. null when there is none; a sentence when there are two, even equal ones, or one that is malformed.
   */
  readLength(): number | string | null {
    const count = this.count("content-length");
    if (count === 0) return null;
    if (count > 1) return `expected one Content-Length, got ${count}`;
    const id = IDS.get("content-length") as number;
    let field = 0;
    while (this.#places[field * 5 + 4] !== id) field++;
    const start = this.#places[field * 5 + 2] as number;
    const end = this.#places[field * 5 + 3] as number;
    let length = 0;
    for (let at = start; at < end; at++) {
      const digit = (this.#bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) return MALFORMED_LENGTH;
      length = length * 10 + digit;
    }
    return end === start || end - start > MAX_LENGTH_DIGITS ? MALFORMED_LENGTH : length;
  }

  /** All fields: lower-case name and value. */
  *[Symbol.iterator](): Iterator<[lowerName: string, value: string]> {
    for (let field = 0; field < this.length; field++) {
      const place = field * 5;
      const name = this.#bytes.toString("latin1", this.#places[place], this.#places[place + 1]);
      yield [name.toLowerCase(), this.#value(field)];
    }
  }

  /** How many bytes `copyTo` will write. Measuring first is cheaper than cutting a buffer to its size afterwards. */
  measure(filter: FieldFilter, alsoDropped: readonly string[] | null): number {
    let bytes = 0;
    for (let field = 0; field < this.length; field++) {
      if (!this.#isDropped(field, filter, alsoDropped))
        bytes += this.#lineEnd(field) - (this.#places[field * 5] as number);
    }
    return bytes;
  }

  /** Copies the lines the filter leaves, CRLF included; returns the index after the last byte written. */
  copyTo(target: Buffer, at: number, filter: FieldFilter, alsoDropped: readonly string[] | null): number {
    const bytes = this.#bytes;
    let written = at;
    let runStart = -1;
    for (let field = 0; field < this.length; field++) {
      const lineStart = this.#places[field * 5] as number;
      if (!this.#isDropped(field, filter, alsoDropped)) {
        if (runStart === -1) runStart = lineStart;
      } else if (runStart !== -1) {
        written += bytes.copy(target, written, runStart, lineStart);
        runStart = -1;
      }
    }
    if (runStart !== -1) written += bytes.copy(target, written, runStart, this.#end);
    return written;
  }

  #lineEnd(field: number): number {
    return field + 1 < this.length ? (this.#places[field * 5 + 5] as number) : this.#end;
  }

  #isDropped(field: number, filter: FieldFilter, alsoDropped: readonly string[] | null): boolean {
    const id = this.#places[field * 5 + 4] as number;
    if (id !== UNKNOWN ? filter.isKnownDropped[id] === 1 : this.#isAnyOf(field, filter.dropped)) return true;
    return alsoDropped !== null && this.#isAnyOf(field, alsoDropped);
  }

  /** From the parser: the block of field lines [from, to), `to` after the last line's CRLF. Returns what is wrong, or null. */
  parse(from: number, to: number, maxHeaders: number): FieldProblem | null {
    const bytes = this.#bytes;
    const places = this.#places;
    let at = from;
    while (at < to) {
      if (this.length >= maxHeaders) {
        return { isTooMany: true, message: `expected at most ${maxHeaders} header fields` };
      }
      const lineStart = at;
      while (TOKEN_BYTES[bytes[at] as number] === 1) at++;
      const nameEnd = at;
      if (bytes[at] !== COLON || nameEnd === lineStart) return describeName(bytes, lineStart, at);
      at++;
      while (bytes[at] === SPACE || bytes[at] === TAB) at++;
      const valueStart = at;
      while (VALUE_BYTES[bytes[at] as number] === 1) at++;
      if (bytes[at] !== CR || bytes[at + 1] !== LF) {
        return { isTooMany: false, message: "a header value holds a control character" };
      }
      let valueEnd = at;
      while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;
      at += 2;
      const known = findKnown(bytes, lineStart, nameEnd);
      if (known !== UNKNOWN) this.#known |= 1 << known;
      places.push(lineStart, nameEnd, valueStart, valueEnd, known);
      this.length++;
    }
    this.#end = to;
    return null;
  }

  #value(field: number): string {
    return this.#bytes.toString("latin1", this.#places[field * 5 + 2], this.#places[field * 5 + 3]);
  }

  #is(field: number, lowerName: string, id: number | undefined): boolean {
    if (id !== undefined) return this.#places[field * 5 + 4] === id;
    const start = this.#places[field * 5] as number;
    const end = this.#places[field * 5 + 1] as number;
    return end - start === lowerName.length && isSameName(this.#bytes, start, lowerName, lowerName.length);
  }

  #isAnyOf(field: number, names: readonly string[]): boolean {
    const start = this.#places[field * 5] as number;
    const length = (this.#places[field * 5 + 1] as number) - start;
    for (const name of names) {
      const last = name.length - 1;
      if (name.charCodeAt(last) === 42) {
        if (length >= last && isSameName(this.#bytes, start, name, last)) return true;
      } else if (length === name.length && isSameName(this.#bytes, start, name, length)) return true;
    }
    return false;
  }
}

/** Why a block of header fields was refused. */
export type FieldProblem = { readonly isTooMany: boolean; readonly message: string };

/** RFC 9112 section 5: no space before the colon, no obs-fold, no bare CR or LF, no control characters. */
function describeName(bytes: Buffer, lineStart: number, at: number): FieldProblem {
  const first = bytes[lineStart];
  if (first === SPACE || first === TAB) {
    return { isTooMany: false, message: "a header line begins with white space (obs-fold is not accepted)" };
  }
  if (bytes[at] === CR || bytes[at] === LF) return { isTooMany: false, message: "a header line has no colon" };
  return { isTooMany: false, message: "a header name holds a character that is not allowed" };
}

function findKnown(bytes: Buffer, start: number, end: number): number {
  const candidates = BY_LENGTH[end - start];
  if (candidates === undefined) return UNKNOWN;
  next: for (const candidate of candidates) {
    const name = candidate.bytes;
    for (let index = 0; index < name.length; index++) {
      if (LOWER[bytes[start + index] as number] !== name[index]) continue next;
    }
    return candidate.id;
  }
  return UNKNOWN;
}

function isSameName(bytes: Buffer, start: number, lowerName: string, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (LOWER[bytes[start + index] as number] !== lowerName.charCodeAt(index)) return false;
  }
  return true;
}

/** Header fields in the order they came, names kept as written and in lower case for look-ups. */
export class HeaderList {
  readonly names: string[] = [];
  readonly lowerNames: string[] = [];
  readonly values: string[] = [];

  get length(): number {
    return this.names.length;
  }

  add(name: string, lowerName: string, value: string): void {
    this.names.push(name);
    this.lowerNames.push(lowerName);
    this.values.push(value);
  }

  /** The first value of a field, by its lower-case name. */
  get(lowerName: string): string | null {
    const index = this.lowerNames.indexOf(lowerName);
    return index === -1 ? null : (this.values[index] as string);
  }

  /** How often a field stands in the list. */
  count(lowerName: string): number {
    let count = 0;
    for (const name of this.lowerNames) if (name === lowerName) count++;
    return count;
  }

  /** Whether a comma-separated list field (all its lines together) holds a token; compared without case. */
  hasToken(lowerName: string, token: string): boolean {
    for (let index = 0; index < this.lowerNames.length; index++) {
      if (this.lowerNames[index] !== lowerName) continue;
      const value = this.values[index] as string;
      if (value === token) return true;
      for (const part of value.split(",")) if (part.trim().toLowerCase() === token) return true;
    }
    return false;
  }
}

/** RFC 9110 section 5.6.2: what a field name or a method may be made of. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** RFC 9110 section 5.5: visible characters, obs-text, inner spaces and tabs; no control characters. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Why a block of header fields was refused. */
export type FieldProblem = { readonly isTooMany: boolean; readonly message: string };

/**
 * Parses field lines strictly (RFC 9112 section 5): no space before the colon, no obs-fold, no bare CR or LF, no control
 * characters. `lines` are without their CRLF. Returns what is wrong, or null.
 */
export function parseFieldLines(
  lines: readonly string[],
  from: number,
  maxHeaders: number,
  into: HeaderList,
): FieldProblem | null {
  if (lines.length - from > maxHeaders) {
    return { isTooMany: true, message: `expected at most ${maxHeaders} header fields, got ${lines.length - from}` };
  }
  for (let index = from; index < lines.length; index++) {
    const line = lines[index] as string;
    const colon = line.indexOf(":");
    if (colon === -1) return { isTooMany: false, message: "a header line has no colon" };
    const name = line.slice(0, colon);
    if (!TOKEN.test(name)) {
      const first = line.charCodeAt(0);
      const isFold = first === 32 || first === 9;
      return {
        isTooMany: false,
        message: isFold
          ? "a header line begins with white space (obs-fold is not accepted)"
          : "a header name holds a character that is not allowed",
      };
    }
    const value = trimOptionalWhitespace(line, colon + 1);
    if (!FIELD_VALUE.test(value)) {
      return { isTooMany: false, message: "a header value holds a control character" };
    }
    into.add(name, name.toLowerCase(), value);
  }
  return null;
}

/** RFC 9112 section 5.1: only spaces and tabs around a value are optional; String.trim would take more. */
function trimOptionalWhitespace(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isSpaceOrTab(line.charCodeAt(start))) start++;
  while (end > start && isSpaceOrTab(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isSpaceOrTab(code: number): boolean {
  return code === 32 || code === 9;
}

/**
 * One Content-Length as RFC 9110 section 8.6 writes it: digits only. A list ("5, 5") or a second line is refused by the
 * callers of this: tolerating it is where request smuggling begins. Returns null for anything else.
 */
export function parseContentLength(value: string): number | null {
  if (!/^[0-9]{1,15}$/.test(value)) return null;
  return Number(value);
}

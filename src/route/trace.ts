/** Why a candidate was left out, or what was decided, in few words. */
export type TraceLine =
  | { readonly kind: "left-out"; readonly deployment: string; readonly by: string; readonly why: string }
  | { readonly kind: "chosen"; readonly deployment: string; readonly by: string; readonly why: string }
  | { readonly kind: "failed"; readonly deployment: string; readonly why: string }
  | { readonly kind: "next"; readonly why: string };

/** Tells a routing decision to whoever asked for it: `llmux explain`, or a caller with the debug header. Bounded. */
export class Trace {
  readonly lines: TraceLine[] = [];
  static readonly MAX_LINES = 500;

  add(line: TraceLine): void {
    if (this.lines.length < Trace.MAX_LINES) this.lines.push(line);
  }
}

/** Of the 16 KiB that many clients allow all headers of an answer together. */
const MAX_HEADER_CHARS = 4_096;
const CUT_MARK = "; ...";

/** A trace as one line for a header: printable ASCII, at most 4 KiB, the end left out where it is longer. */
export function renderTrace({ lines }: Trace): string {
  let text = "";
  for (const line of lines) {
    const next = `${text === "" ? "" : "; "}${toAscii(describeLine(line))}`;
    if (text.length + next.length > MAX_HEADER_CHARS - CUT_MARK.length) return text + CUT_MARK;
    text += next;
  }
  return text;
}

/** One line of a trace in words. */
export function describeLine(line: TraceLine): string {
  switch (line.kind) {
    case "left-out":
      return `not ${line.deployment} (${line.by}: ${line.why})`;
    case "chosen":
      return `${line.deployment} (${line.by}: ${line.why})`;
    case "failed":
      return `${line.deployment} failed (${line.why})`;
    case "next":
      return line.why;
    default:
      return line satisfies never;
  }
}

/** Names and reasons may hold a caller's own text: nothing of it may end the header (RFC 9110 section 5.5). */
function toAscii(text: string): string {
  let plain = "";
  for (let at = 0; at < text.length && at < MAX_HEADER_CHARS; at++) {
    const code = text.charCodeAt(at);
    plain += code >= 0x20 && code <= 0x7e && code !== 0x3b ? text[at] : code === 0x3b ? "," : "?";
  }
  return plain;
}

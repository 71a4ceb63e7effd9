/** What is known of a multipart body so far. */
export type MultipartFinding =
  | { readonly kind: "pending" }
  /** The field's value stands at [start, end) of the whole body. */
  | { readonly kind: "found"; readonly model: string; readonly start: number; readonly end: number }
  /** The body ended and had no such field. */
  | { readonly kind: "absent" }
  | { readonly kind: "invalid"; readonly message: string };

const MAX_PART_HEAD_BYTES = 8 * 1024;
const MAX_MODEL_BYTES = 1024;
const MAX_PARTS = 1000;
const CRLF_CRLF = Buffer.from("\r\n\r\n");

type FinderState = "preamble" | "after-boundary" | "part-head" | "part-body" | "model-body" | "end" | "broken";

/**
 * Finds the `model` field of a multipart/form-data body (RFC 7578) as the body streams by: a file is searched for its end and
 * never kept. Goes on to the end of the body, because a second `model` field would let two readers see two models.
 *
 *   preamble => after-boundary => part-head => part-body | model-body => after-boundary … => end
 */
export class MultipartModelFinder {
  finding: MultipartFinding = { kind: "pending" };
  readonly #delimiter: Buffer;
  #state: FinderState = "preamble";
  /** Bytes not used yet, and where in the body they begin. */
  #window: Buffer;
  #windowStart: number;
  #parts = 0;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
    // The first delimiter has no line before it; a virtual CRLF makes it like the others.
    this.#window = Buffer.from("\r\n");
    this.#windowStart = -2;
  }

  /** Takes the next bytes of the body. */
  push(bytes: Buffer): void {
    if (this.#state === "end" || this.#state === "broken") return;
    this.#window = this.#window.length === 0 ? bytes : Buffer.concat([this.#window, bytes]);
    while (this.#step()) {
      // until it needs more bytes
    }
  }

  /** The body is complete. */
  finish(): void {
    if (this.#state !== "end" && this.#state !== "broken")
      this.#break("the multipart body ends before its last boundary");
    else if (this.finding.kind === "pending") this.finding = { kind: "absent" };
  }

  #step(): boolean {
    switch (this.#state) {
      case "preamble":
      case "part-body":
        return this.#skipToDelimiter();
      case "model-body":
        return this.#readModel();
      case "after-boundary":
        return this.#readAfterBoundary();
      case "part-head":
        return this.#readPartHead();
      case "end":
      case "broken":
        return false;
      default:
        this.#state satisfies never;
        return false;
    }
  }

  #skipToDelimiter(): boolean {
    const at = this.#window.indexOf(this.#delimiter);
    if (at === -1) {
      this.#use(Math.max(0, this.#window.length - this.#delimiter.length + 1));
      return false;
    }
    this.#use(at + this.#delimiter.length);
    this.#state = "after-boundary";
    return true;
  }

  #readAfterBoundary(): boolean {
    const window = this.#window;
    if (window.length < 2) return false;
    if (window[0] === 45 && window[1] === 45) {
      this.#state = "end";
      this.#window = Buffer.alloc(0);
      return false;
    }
    // RFC 2046: white space may follow the boundary before its line ends.
    let at = 0;
    while (at < window.length && (window[at] === 32 || window[at] === 9)) at++;
    if (at > 256) return this.#break("a boundary line is too long");
    if (window.length < at + 2) return false;
    if (window[at] !== 13 || window[at + 1] !== 10) {
      // The delimiter's text inside a file, not a delimiter.
      this.#state = "part-body";
      return true;
    }
    // The CRLF stays: a part without any header ends its head with it.
    this.#use(at);
    if (++this.#parts > MAX_PARTS) return this.#break(`expected at most ${MAX_PARTS} parts`);
    this.#state = "part-head";
    return true;
  }

  #readPartHead(): boolean {
    const end = this.#window.indexOf(CRLF_CRLF);
    if (end === -1 || end > MAX_PART_HEAD_BYTES) {
      if (this.#window.length > MAX_PART_HEAD_BYTES) return this.#break("a part's headers are too long");
      return false;
    }
    const head = this.#window.toString("latin1", 0, end);
    this.#use(end + 4);
    if (!isModelField(head)) {
      // The delimiter's CRLF may be the one that ended the head (an empty part).
      this.#unuseLineEnd();
      this.#state = "part-body";
      return true;
    }
    if (this.finding.kind === "found") return this.#break("expected one model field, got two");
    this.#state = "model-body";
    return true;
  }

  #readModel(): boolean {
    const at = this.#window.indexOf(this.#delimiter);
    if (at === -1) {
      if (this.#window.length > MAX_MODEL_BYTES + this.#delimiter.length)
        return this.#break("the model field is too long");
      return false;
    }
    if (at === 0) return this.#break("model should be a string that is not empty");
    if (at > MAX_MODEL_BYTES) return this.#break("the model field is too long");
    this.finding = {
      kind: "found",
      model: this.#window.toString("utf8", 0, at),
      start: this.#windowStart,
      end: this.#windowStart + at,
    };
    this.#use(at + this.#delimiter.length);
    this.#state = "after-boundary";
    return true;
  }

  #use(bytes: number): void {
    this.#windowStart += bytes;
    // A copy of what little is left, so that a file's last piece is not kept alive by it.
    const rest = this.#window.subarray(bytes);
    this.#window = rest.length < 256 ? Buffer.from(rest) : rest;
  }

  #unuseLineEnd(): void {
    this.#window = Buffer.concat([Buffer.from("\r\n"), this.#window]);
    this.#windowStart -= 2;
  }

  #break(message: string): false {
    this.#state = "broken";
    this.#window = Buffer.alloc(0);
    this.finding = { kind: "invalid", message };
    return false;
  }
}

/** The boundary of a multipart/form-data Content-Type (RFC 2046 section 5.1.1), or null. */
export function readBoundary(contentType: string | null): string | null {
  if (contentType === null || !/^multipart\/form-data\s*;/i.test(contentType)) return null;
  const match = /;\s*boundary=(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? null;
}

function isModelField(head: string): boolean {
  for (const line of head.split("\r\n")) {
    const match = /^content-disposition:\s*form-data\s*;(.*)$/i.exec(line);
    if (match === null) continue;
    const name = /(?:^|;)\s*name=(?:"([^"]*)"|([^\s;]+))/i.exec(match[1] as string);
    return (name?.[1] ?? name?.[2]) === "model" && !/(?:^|;)\s*filename\*?=/i.test(match[1] as string);
  }
  return false;
}

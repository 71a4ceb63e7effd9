import { GatewayError } from "../errors.ts";

const LF = 10;
const CR = 13;
const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024;
/** One byte at a time would make a list as long as the line. */
const MAX_PIECES = 512;

/**
 * Cuts lines out of bytes in any cut, for newline-delimited JSON: https://github.com/ndjson/ndjson-spec#3-specification
 *
 * A line ends with LF, or CR LF; empty lines are skipped, and so is a BOM at the start. No character crosses a line's end, so a
 * line is decoded whole.
 */
export class NdjsonParser {
  readonly #maxLineBytes: number;
  /** Bytes of a line that has not ended. */
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  #isFirstLine = true;

  constructor(maxLineBytes = DEFAULT_MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Takes bytes and tells every line that is complete. Throws GatewayError `upstream_error` when one grows beyond the bound. */
  push(bytes: Uint8Array, onLine: (line: string) => void): void {
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf(LF, at);
      if (end === -1) {
        this.#keep(bytes, at);
        return;
      }
      this.#checkBound(this.#pendingBytes + end - at);
      if (this.#pieces.length === 0) this.#tell(bytes, at, end, onLine);
      else {
        this.#pieces.push(bytes.subarray(at, end));
        this.#tellPending(onLine);
      }
      at = end + 1;
    }
  }

  /** The body has ended: a last line without its end counts. */
  end(onLine: (line: string) => void): void {
    if (this.#pieces.length > 0) this.#tellPending(onLine);
  }

  #tellPending(onLine: (line: string) => void): void {
    const line = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#pendingBytes = 0;
    this.#tell(line, 0, line.length, onLine);
  }

  #tell(bytes: Uint8Array, start: number, end: number, onLine: (line: string) => void): void {
    const last = end > start && bytes[end - 1] === CR ? end - 1 : end;
    let line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8", start, last);
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      if (line.charCodeAt(0) === 0xfeff) line = line.slice(1);
    }
    if (line !== "") onLine(line);
  }

  #keep(bytes: Uint8Array, from: number): void {
    this.#pendingBytes += bytes.length - from;
    this.#checkBound(this.#pendingBytes);
    // A copy: the caller's buffer is its own, and may be a slice of a large one.
    this.#pieces.push(Uint8Array.prototype.slice.call(bytes, from));
    if (this.#pieces.length >= MAX_PIECES) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  #checkBound(size: number): void {
    if (size <= this.#maxLineBytes) return;
    throw new GatewayError("upstream_error", `The provider sent a line of more than ${this.#maxLineBytes} bytes.`, {
      upstreamType: "protocol",
    });
  }
}

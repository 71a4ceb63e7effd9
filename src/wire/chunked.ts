import { HeaderList } from "../lib/header-list.ts";

const SIZE_START = 0;
const SIZE = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILER_START = 7;
const TRAILER = 8;
const TRAILER_LF = 9;
const END_LF = 10;
const DONE = 11;

const MAX_SIZE_DIGITS = 13; // 16^13 < 2^53: a size stays an exact number.
const MAX_EXTENSION_BYTES = 16 * 1024; // over the whole message: extensions mean nothing to us (CVE-2023-39326)
const MAX_TRAILER_BYTES = 8 * 1024;
const MAX_TRAILERS = 32;

/** One pair of arrays for all decoders: slices are read before anything else is decoded, and a stream need not hold its own. */
const sharedStarts: number[] = [];
const sharedEnds: number[] = [];

/** Where the payload lies in a buffer as it came from the wire; valid until the next buffer. */
export interface BodySlices {
  /** Payload: [starts[i], ends[i]) for i < count. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly count: number;
  /** Where the same payload stands as complete plain chunks, ready to be sent on: [rawStart, rawEnd); rawEnd is -1 where it does not. */
  readonly rawStart: number;
  readonly rawEnd: number;
}

/**
 * Walks chunked framing (RFC 9112 section 7.1) without copying: after `decode`, `starts`/`ends` say where the payload lies
 * in the bytes just given. Strict: hexadecimal size, CRLF only, extensions and trailers bounded and ignored.
 *
 *   size-start => size => (extension) => size-lf => data => data-cr => data-lf => size-start …
 *   size 0:                              size-lf => trailer-start => (trailer => trailer-lf =>) end-lf => done
 */
export class ChunkedDecoder implements BodySlices {
  /** Payload slices of the last `decode`, of whichever decoder: [starts[i], ends[i]) for i < count; read them at once. */
  readonly starts = sharedStarts;
  readonly ends = sharedEnds;
  count = 0;
  /**
   * Where the given bytes hold nothing but complete chunks without extensions from their first byte on: the end of the
   * last of them, so that [from, rawEnd) may be sent on as it is. -1 otherwise.
   */
  rawEnd = -1;
  /** Where the bytes given to the last `decode` begin. */
  rawStart = 0;
  /** What is wrong with the framing; decoding stops for good. */
  error: string | null = null;

  #state = SIZE_START;
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailer = "";

  /** Bytes that the current chunk has announced and that have not come. */
  get announcedBytes(): number {
    return this.#state === DATA || this.#state === SIZE_LF ? this.#size : 0;
  }

  get isDone(): boolean {
    return this.#state === DONE;
  }

  /** Decodes from `from`; returns the index after the last byte used (short of the end only when done or wrong). */
  decode(bytes: Buffer, from: number): number {
    this.count = 0;
    this.rawStart = from;
    this.rawEnd = -1;
    let isPlain = this.#state === SIZE_START; // an extension or a chunk begun earlier ends plainness for these bytes
    let at = from;
    const length = bytes.length;
    while (at < length) {
      switch (this.#state) {
        case DATA: {
          const end = this.#size > length - at ? length : at + this.#size;
          this.starts[this.count] = at;
          this.ends[this.count] = end;
          this.count++;
          this.#size -= end - at;
          at = end;
          if (this.#size === 0) this.#state = DATA_CR;
          break;
        }
        case SIZE_START:
        case SIZE: {
          const code = bytes[at] as number;
          const digit = hexValue(code);
          if (digit !== -1) {
            if (++this.#digits > MAX_SIZE_DIGITS) return this.#fail("the chunk size is too large", at);
            this.#size = this.#size * 16 + digit;
            this.#state = SIZE;
          } else if (this.#state === SIZE_START) {
            return this.#fail("expected a hexadecimal chunk size", at);
          } else if (code === 13) {
            this.#state = SIZE_LF;
          } else if (code === 59) {
            this.#state = EXTENSION;
            isPlain = false;
            this.rawEnd = -1;
          } else {
            return this.#fail("expected CRLF after the chunk size", at);
          }
          at++;
          break;
        }
        case EXTENSION: {
          const code = bytes[at] as number;
          if (code === 13) this.#state = SIZE_LF;
          else if ((code < 32 && code !== 9) || code === 127) {
            return this.#fail("a chunk extension holds a control character", at);
          } else if (++this.#extensionBytes > MAX_EXTENSION_BYTES) {
            return this.#fail("the chunk extensions are too long", at);
          }
          at++;
          break;
        }
        case SIZE_LF:
          if (bytes[at] !== 10) return this.#fail("expected LF after the chunk size", at);
          at++;
          this.#digits = 0;
          this.#state = this.#size === 0 ? TRAILER_START : DATA;
          break;
        case DATA_CR:
          if (bytes[at] !== 13) return this.#fail("expected CRLF after the chunk's data", at);
          at++;
          this.#state = DATA_LF;
          break;
        case DATA_LF:
          if (bytes[at] !== 10) return this.#fail("expected CRLF after the chunk's data", at);
          at++;
          this.#state = SIZE_START;
          if (isPlain) this.rawEnd = at;
          break;
        case TRAILER_START:
          isPlain = false;
          if (bytes[at] === 13) this.#state = END_LF;
          else {
            this.#state = TRAILER;
            continue;
          }
          at++;
          break;
        case TRAILER: {
          const code = bytes[at] as number;
          if (code === 13) this.#state = TRAILER_LF;
          else if (code === 10) return this.#fail("expected CRLF in the trailer, got a bare LF", at);
          else {
            this.#trailer += String.fromCharCode(code);
            if (this.#trailer.length > MAX_TRAILER_BYTES) return this.#fail("the trailer is too long", at);
          }
          at++;
          break;
        }
        case TRAILER_LF:
          if (bytes[at] !== 10) return this.#fail("expected CRLF in the trailer", at);
          this.#trailer += "\r\n";
          at++;
          this.#state = TRAILER_START;
          break;
        case END_LF: {
          if (bytes[at] !== 10) return this.#fail("expected CRLF at the end of the chunked body", at);
          at++;
          this.#state = DONE;
          const problem = this.#judgeTrailer();
          if (problem !== null) return this.#fail(problem, at);
          return at;
        }
        default:
          return at;
      }
    }
    // A chunk that goes on in the next bytes cannot be sent on as it is: its header would promise what may never come.
    if (this.#state !== SIZE_START) {
      const isBetweenChunks = this.#state === SIZE || this.#state === SIZE_LF || this.#state >= TRAILER_START;
      if (!isBetweenChunks) this.rawEnd = -1;
    }
    return at;
  }

  #fail(message: string, at: number): number {
    this.error = message;
    this.#state = DONE;
    return at;
  }

  /** Trailers are checked like headers and then forgotten (RFC 9110 section 6.5.1: merging them is the sender's risk). */
  #judgeTrailer(): string | null {
    if (this.#trailer === "") return null;
    const block = Buffer.from(this.#trailer, "latin1");
    this.#trailer = "";
    const trailers = new HeaderList(block);
    const problem = trailers.parse(0, block.length, MAX_TRAILERS);
    if (problem !== null) return problem.message;
    // RFC 9110 section 6.5.1: fields that frame a message do not belong here.
    for (const name of ["content-length", "transfer-encoding"]) {
      if (trailers.count(name) > 0) return `the trailer holds ${name}`;
    }
    return null;
  }
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

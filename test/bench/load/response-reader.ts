/**
 * Reads HTTP/1.1 answers off a socket as the load generator needs it: no copies, and every deviation is a fault.
 * The decoded body is shown as ranges of the received buffers.
 */

import { findContentLength } from "../content-length.ts";

export type ResponseSink = {
  onHead(status: number): void;
  onBody(bytes: Buffer, from: number, to: number): void;
  onEnd(): void;
  /** The answer is not HTTP as it should be; the connection is of no more use. */
  onFault(message: string): void;
};

type State =
  | { readonly kind: "head" }
  | { readonly kind: "length"; left: number }
  | { readonly kind: "chunk-size" }
  | { readonly kind: "chunk"; left: number }
  | { readonly kind: "chunk-end"; left: number }
  | { readonly kind: "last-line"; left: number }
  | { readonly kind: "broken" };

const HEAD: State = { kind: "head" };
const CHUNK_SIZE: State = { kind: "chunk-size" };
const BROKEN: State = { kind: "broken" };
const CR = 0x0d;
const LF = 0x0a;
const MAX_HEAD_BYTES = 16 * 1024;

export class ResponseReader {
  readonly #sink: ResponseSink;
  #state: State = HEAD;
  /** Bytes of a head or of a chunk's size line that has not arrived whole. */
  #partial: Buffer | null = null;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether an answer has begun and not ended. */
  get isMidAnswer(): boolean {
    return this.#state.kind !== "head" || this.#partial !== null;
  }

  read(data: Buffer): void {
    const bytes = this.#partial === null ? data : Buffer.concat([this.#partial, data]);
    this.#partial = null;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next === -1) {
        this.#partial = Buffer.from(bytes.subarray(at));
        if (this.#partial.length > MAX_HEAD_BYTES) this.#fail("a head or chunk line is longer than 16 KiB");
        return;
      }
      if (this.#state.kind === "broken") return;
      at = next;
    }
  }

  /** Reads one element at `at`: the position after it, or -1 while it is incomplete. */
  #step(bytes: Buffer, at: number): number {
    const state = this.#state;
    switch (state.kind) {
      case "head":
        return this.#readHead(bytes, at);
      case "length":
      case "chunk": {
        const end = Math.min(bytes.length, at + state.left);
        this.#sink.onBody(bytes, at, end);
        state.left -= end - at;
        if (state.left === 0) {
          if (state.kind === "chunk") this.#state = { kind: "chunk-end", left: 2 };
          else this.#finish();
        }
        return end;
      }
      case "chunk-size":
        return this.#readChunkSize(bytes, at);
      case "chunk-end":
      case "last-line": {
        if (bytes[at] !== (state.left === 2 ? CR : LF)) return this.#fail("expected CRLF after a chunk");
        state.left -= 1;
        if (state.left === 0) {
          if (state.kind === "chunk-end") this.#state = CHUNK_SIZE;
          else this.#finish();
        }
        return at + 1;
      }
      case "broken":
        return bytes.length;
    }
    state satisfies never;
  }

  #readHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) return -1;
    const status = (bytes[at + 9] ?? 0) * 100 + (bytes[at + 10] ?? 0) * 10 + (bytes[at + 11] ?? 0) - 0x30 * 111;
    const left = findContentLength(bytes, at, end);
    if (left !== null) {
      this.#state = { kind: "length", left };
      this.#sink.onHead(status);
      if (left === 0) this.#finish();
    } else if (/\r\ntransfer-encoding: *chunked/i.test(bytes.toString("latin1", at, end))) {
      this.#state = CHUNK_SIZE;
      this.#sink.onHead(status);
    } else {
      return this.#fail(`expected content-length or chunked, got status ${status} without either`);
    }
    return end + 4;
  }

  #readChunkSize(bytes: Buffer, at: number): number {
    let size = 0;
    for (let position = at; position < bytes.length; position += 1) {
      const byte = bytes[position] ?? 0;
      if (byte === LF) {
        this.#state = size === 0 ? { kind: "last-line", left: 2 } : { kind: "chunk", left: size };
        return position + 1;
      }
      if (byte === CR) continue;
      const digit = byte < 0x3a ? byte - 0x30 : (byte | 0x20) - 0x57;
      if (digit < 0 || digit > 15) return this.#fail(`expected a hexadecimal chunk size, got byte ${byte}`);
      size = size * 16 + digit;
    }
    return -1;
  }

  #finish(): void {
    this.#state = HEAD;
    this.#sink.onEnd();
  }

  #fail(message: string): number {
    this.#state = BROKEN;
    this.#sink.onFault(message);
    return 0;
  }
}

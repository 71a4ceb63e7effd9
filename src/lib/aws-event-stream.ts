/**
 * `application/vnd.amazon.eventstream`, the binary framing of AWS streams, both ways:
 * https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html and
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 *
 *   total length u32 | headers length u32 | CRC32 of these 8 | headers | payload | CRC32 of all before
 *
 * Both checksums are checked before a byte of a message is believed. A message that lies whole in what came is read in place; only
 * one that is cut is copied, and never more of it than its own length.
 */
import { GatewayError } from "../errors.ts";

const PRELUDE_BYTES = 12;
/** Prelude and the message's own checksum. */
const OVERHEAD_BYTES = 16;
/** Both bounds as in Smithy's specification, but for the payload, which it lets grow to 24 MiB. */
const MAX_HEADERS_BYTES = 128 * 1024;
const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Most messages are a few hundred bytes. */
const FIRST_PENDING_BYTES = 1024;
const MAX_KEPT_BYTES = 16 * 1024;

/** A header's value, with its type on the wire. */
export type EventHeader =
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "byte" | "short" | "integer"; readonly value: number }
  | { readonly kind: "long"; readonly value: bigint }
  | { readonly kind: "binary"; readonly value: Uint8Array }
  | { readonly kind: "string"; readonly value: string }
  /** Milliseconds since 1970. */
  | { readonly kind: "timestamp"; readonly valueMs: number }
  | { readonly kind: "uuid"; readonly value: string };
export type EventHeaders = ReadonlyMap<string, EventHeader>;

/** A header that is text; null for none, or one of another type. */
export function textHeader(headers: EventHeaders, name: string): string | null {
  const header = headers.get(name);
  return header?.kind === "string" ? header.value : null;
}

/** Called for each message; the payload is a view that is only good until it returns. */
export type OnEventMessage = (headers: EventHeaders, payload: Uint8Array) => void;

/** Reads messages out of bytes in any cut. */
export class EventStreamDecoder {
  readonly #maxMessageBytes: number;
  /** The message that has begun, as far as it has come. */
  #pending = new Uint8Array(0);
  #pendingBytes = 0;
  /** The last message's headers: those of one stream hardly differ. */
  #headerBytes: Uint8Array = new Uint8Array(0);
  #headers: EventHeaders = new Map();

  /** `maxMessageBytes`: longer ones are refused as soon as their prelude says so. */
  constructor(maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Whether the bytes end inside a message. */
  get isMidMessage(): boolean {
    return this.#pendingBytes > 0;
  }

  /** Takes bytes and tells every complete message. Throws GatewayError `upstream_error` for what is no event stream, or beyond the bounds. */
  push(bytes: Uint8Array, onMessage: OnEventMessage): void {
    let at = 0;
    while (this.#pendingBytes > 0 && at < bytes.length) at = this.#fill(bytes, at, onMessage);
    while (bytes.length - at >= PRELUDE_BYTES) {
      const total = this.#checkPrelude(bytes, at);
      if (bytes.length - at < total) break;
      this.#read(bytes, at, total, onMessage);
      at += total;
    }
    if (at < bytes.length) this.#keep(bytes, at, bytes.length);
  }

  /** Adds to the pending message what belongs to it; returns where the next one begins. */
  #fill(bytes: Uint8Array, from: number, onMessage: OnEventMessage): number {
    const had = this.#pendingBytes;
    const wanted = had < PRELUDE_BYTES ? PRELUDE_BYTES : readUint32(this.#pending, 0);
    const to = Math.min(bytes.length, from + wanted - had);
    this.#keep(bytes, from, to);
    if (this.#pendingBytes < wanted) return to;
    if (had < PRELUDE_BYTES) {
      this.#checkPrelude(this.#pending, 0);
      return to;
    }
    const message = this.#pending;
    this.#pendingBytes = 0;
    if (message.length > MAX_KEPT_BYTES) this.#pending = new Uint8Array(0);
    this.#read(message, 0, wanted, onMessage);
    return to;
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.#pendingBytes + to - from;
    if (needed > this.#pending.length) {
      const grown = new Uint8Array(Math.max(FIRST_PENDING_BYTES, needed, this.#pending.length * 2));
      grown.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = grown;
    }
    this.#pending.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#pendingBytes);
    this.#pendingBytes = needed;
  }

  /** The message's length. */
  #checkPrelude(bytes: Uint8Array, at: number): number {
    const total = readUint32(bytes, at);
    const headersLength = readUint32(bytes, at + 4);
    if (Bun.hash.crc32(bytes.subarray(at, at + 8)) !== readUint32(bytes, at + 8)) {
      throw protocolError("the checksum of a message's prelude does not match");
    }
    if (headersLength > MAX_HEADERS_BYTES) {
      throw protocolError(`a message has ${headersLength} bytes of headers, more than ${MAX_HEADERS_BYTES}`);
    }
    if (total > this.#maxMessageBytes) {
      throw protocolError(`a message has ${total} bytes, more than ${this.#maxMessageBytes}`);
    }
    if (total < OVERHEAD_BYTES + headersLength) {
      throw protocolError(`a message of ${total} bytes cannot hold ${headersLength} bytes of headers`);
    }
    return total;
  }

  #read(bytes: Uint8Array, at: number, total: number, onMessage: OnEventMessage): void {
    const end = at + total - 4;
    if (Bun.hash.crc32(bytes.subarray(at, end)) !== readUint32(bytes, end)) {
      throw protocolError("the checksum of a message does not match");
    }
    const payloadAt = at + PRELUDE_BYTES + readUint32(bytes, at + 4);
    onMessage(this.#readHeaders(bytes, at + PRELUDE_BYTES, payloadAt), bytes.subarray(payloadAt, end));
  }

  #readHeaders(bytes: Uint8Array, from: number, to: number): EventHeaders {
    const last = this.#headerBytes;
    let same = last.length === to - from;
    for (let index = 0; same && index < last.length; index++) same = last[index] === bytes[from + index];
    if (same) return this.#headers;
    this.#headerBytes = bytes.slice(from, to);
    this.#headers = readHeaders(this.#headerBytes);
    return this.#headers;
  }
}

/** Why a stream cannot be read further. */
function protocolError(what: string): GatewayError {
  return new GatewayError("upstream_error", `The provider's event stream is broken: ${what}.`, {
    upstreamType: "protocol",
  });
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

function readHeaders(bytes: Uint8Array): EventHeaders {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = new Map<string, EventHeader>();
  let at = 0;
  /** The start of the next `length` bytes. */
  const take = (length: number): number => {
    const start = at;
    at += length;
    if (at > view.length) throw protocolError("a header reaches beyond its message's headers");
    return start;
  };
  while (at < view.length) {
    const nameLength = view.readUInt8(take(1));
    if (nameLength === 0) throw protocolError("a header has no name");
    const nameAt = take(nameLength);
    const name = view.toString("utf8", nameAt, nameAt + nameLength);
    const type = view.readUInt8(take(1));
    headers.set(name, readValue(view, type, take));
  }
  return headers;
}

function readValue(view: Buffer, type: number, take: (length: number) => number): EventHeader {
  switch (type) {
    case 0:
      return { kind: "boolean", value: true };
    case 1:
      return { kind: "boolean", value: false };
    case 2:
      return { kind: "byte", value: view.readInt8(take(1)) };
    case 3:
      return { kind: "short", value: view.readInt16BE(take(2)) };
    case 4:
      return { kind: "integer", value: view.readInt32BE(take(4)) };
    case 5:
      return { kind: "long", value: view.readBigInt64BE(take(8)) };
    case 6:
    case 7: {
      const length = view.readUInt16BE(take(2));
      const start = take(length);
      return type === 7
        ? { kind: "string", value: view.toString("utf8", start, start + length) }
        : { kind: "binary", value: Uint8Array.prototype.slice.call(view, start, start + length) };
    }
    case 8:
      return { kind: "timestamp", valueMs: Number(view.readBigInt64BE(take(8))) };
    case 9: {
      const start = take(16);
      const hex = view.toString("hex", start, start + 16);
      return { kind: "uuid", value: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") };
    }
    default:
      throw protocolError(`a header has the unknown type ${type}`);
  }
}

/** Headers as they stand on the wire, to be made once for many messages. Throws RangeError for what cannot be a header. */
export function encodeEventHeaders(headers: Iterable<readonly [name: string, value: EventHeader]>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [name, header] of headers) {
    const encoded = Buffer.from(name, "utf8");
    if (encoded.length === 0 || encoded.length > 255) {
      throw new RangeError(`a header's name should have 1 to 255 bytes, got ${encoded.length}`);
    }
    parts.push(Uint8Array.of(encoded.length), encoded, encodeValue(header));
  }
  const all = Buffer.concat(parts);
  if (all.length > MAX_HEADERS_BYTES) {
    throw new RangeError(`headers should have at most ${MAX_HEADERS_BYTES} bytes, got ${all.length}`);
  }
  return all;
}

function encodeValue(header: EventHeader): Uint8Array {
  switch (header.kind) {
    case "boolean":
      return Uint8Array.of(header.value ? 0 : 1);
    case "byte": {
      const bytes = Buffer.from([2, 0]);
      bytes.writeInt8(header.value, 1);
      return bytes;
    }
    case "short": {
      const bytes = Buffer.from([3, 0, 0]);
      bytes.writeInt16BE(header.value, 1);
      return bytes;
    }
    case "integer": {
      const bytes = Buffer.from([4, 0, 0, 0, 0]);
      bytes.writeInt32BE(header.value, 1);
      return bytes;
    }
    case "long":
      return encodeLong(5, header.value);
    case "binary":
      return encodeSized(6, header.value);
    case "string":
      return encodeSized(7, Buffer.from(header.value, "utf8"));
    case "timestamp":
      return encodeLong(8, BigInt(header.valueMs));
    case "uuid": {
      const bytes = Buffer.from(header.value.replaceAll("-", ""), "hex");
      if (bytes.length !== 16) throw new RangeError(`a header's uuid should have 16 bytes, got ${bytes.length}`);
      return Buffer.concat([Uint8Array.of(9), bytes]);
    }
    default:
      return header satisfies never;
  }
}

function encodeLong(type: number, value: bigint): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = type;
  bytes.writeBigInt64BE(value, 1);
  return bytes;
}

function encodeSized(type: number, value: Uint8Array): Uint8Array {
  if (value.length > 0xffff)
    throw new RangeError(`a header's value should have at most 65535 bytes, got ${value.length}`);
  const bytes = Buffer.alloc(3 + value.length);
  bytes[0] = type;
  bytes.writeUInt16BE(value.length, 1);
  bytes.set(value, 3);
  return bytes;
}

/** One message of headers made by `encodeEventHeaders` and a payload (text as UTF-8). */
export function encodeEventMessage(headers: Uint8Array, payload: Uint8Array | string): Uint8Array {
  const payloadLength = typeof payload === "string" ? Buffer.byteLength(payload, "utf8") : payload.length;
  const total = OVERHEAD_BYTES + headers.length + payloadLength;
  const message = Buffer.allocUnsafe(total);
  message.writeUInt32BE(total, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(Bun.hash.crc32(message.subarray(0, 8)), 8);
  message.set(headers, PRELUDE_BYTES);
  if (typeof payload === "string") message.write(payload, PRELUDE_BYTES + headers.length, "utf8");
  else message.set(payload, PRELUDE_BYTES + headers.length);
  message.writeUInt32BE(Bun.hash.crc32(message.subarray(0, total - 4)), total - 4);
  return message;
}

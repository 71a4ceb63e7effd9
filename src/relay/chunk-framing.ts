import type { BodySlices } from "../wire/chunked.ts";

/** What ends a chunked body (RFC 9112 section 7.1). */
export const LAST_CHUNK = Buffer.from("0\r\n\r\n");

const CR = 13;
const LF = 10;

/** [start, end) of the bytes as one chunk. */
export function frameChunk(bytes: Buffer, start: number, end: number): Buffer {
  const size = (end - start).toString(16);
  const chunk = Buffer.allocUnsafe(size.length + end - start + 4);
  let at = chunk.write(size, 0, "latin1");
  chunk[at++] = CR;
  chunk[at++] = LF;
  at += bytes.copy(chunk, at, start, end);
  chunk[at++] = CR;
  chunk[at] = LF;
  return chunk;
}

/** Room for the size line of a lent chunk: four digits and CRLF. */
const SIZE_BYTES = 6;
/**
 * Small texts are framed here, one after the other. It is lent: whoever writes from it copies what the socket does not take,
 * as `CallerConnection` does with the rest of a buffer of which it is the smaller half.
 */
const LENT = Buffer.allocUnsafeSlow(64 * 1024);
/** A character is three bytes at most: such a chunk takes less than half of the buffer. */
const MAX_LENT_CHARS = 10_000;
const HEX = Buffer.from("0123456789abcdef");

/** Where a chunk is written to. */
type ChunkSink = { write(bytes: Buffer, from: number, to: number): void };

/** Writes a text as one chunk: a stream's small ones without a buffer of their own, which would cost as much as all the rest of it. */
export function writeText(text: string, to: ChunkSink): void {
  if (text.length > MAX_LENT_CHARS) {
    const chunk = frameText(text);
    to.write(chunk, 0, chunk.length);
    return;
  }
  const bytes = LENT.write(text, SIZE_BYTES, "utf8");
  let start = SIZE_BYTES;
  LENT[--start] = LF;
  LENT[--start] = CR;
  let size = bytes;
  do {
    LENT[--start] = HEX[size & 15] as number;
    size >>= 4;
  } while (size > 0);
  const end = SIZE_BYTES + bytes;
  LENT[end] = CR;
  LENT[end + 1] = LF;
  to.write(LENT, start, end + 2);
}

function frameText(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const size = bytes.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + bytes + 4);
  let at = chunk.write(size, 0, "latin1");
  chunk[at++] = CR;
  chunk[at++] = LF;
  at += chunk.write(text, at, "utf8");
  chunk[at++] = CR;
  chunk[at] = LF;
  return chunk;
}

/** All of some bytes as one chunk. */
export function frameBytes(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return frameChunk(buffer, 0, buffer.length);
}

/** The payload of all slices in one buffer of its own. */
export function joinSlices(bytes: Buffer, slices: BodySlices): Buffer {
  let length = 0;
  for (let index = 0; index < slices.count; index++) {
    length += (slices.ends[index] as number) - (slices.starts[index] as number);
  }
  const joined = Buffer.allocUnsafe(length);
  let at = 0;
  for (let index = 0; index < slices.count; index++) {
    at += bytes.copy(joined, at, slices.starts[index], slices.ends[index]);
  }
  return joined;
}

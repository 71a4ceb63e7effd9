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

/** A text as one chunk. */
export function frameText(text: string): Buffer {
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

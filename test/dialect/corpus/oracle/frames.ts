/** Whole bodies cut into events, plainly: no buffering, no bounds, nothing shared with the product's own readers. */
import { crc32 } from "node:zlib";
import type { JsonObject } from "../../../../src/lib/json.ts";
import type { WireEvent } from "./oracle.ts";

/** Server-sent events, each with JSON as its data; `[DONE]` and events without data are left out. */
export function readSseFrames(body: Buffer): WireEvent[] {
  const events: WireEvent[] = [];
  for (const { type, data } of readSseTexts(body)) {
    if (data === "" || data === "[DONE]") continue;
    events.push({ type, data: parse(data) });
  }
  return events;
}

/** By the letter of https://html.spec.whatwg.org/multipage/server-sent-events.html, with a last event that lacks its empty line. */
export function readSseTexts(body: Buffer): { type: string; data: string }[] {
  const events: { type: string; data: string }[] = [];
  let type = "";
  let data: string[] = [];
  const lines = body
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/);
  for (const line of [...lines, ""]) {
    if (line === "") {
      if (data.length > 0) events.push({ type, data: data.join("\n") });
      type = "";
      data = [];
      continue;
    }
    const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "event") type = value;
    if (field === "data") data.push(value);
  }
  return events;
}

/** Newline-delimited JSON (Ollama). */
export function readNdjsonFrames(body: Buffer): WireEvent[] {
  return body
    .toString("utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => ({ type: "", data: parse(line) }));
}

/** One JSON array (Gemini without `alt=sse`). */
export function readJsonArrayFrames(body: Buffer): WireEvent[] {
  return (JSON.parse(body.toString("utf8")) as JsonObject[]).map((data) => ({ type: "", data }));
}

/** https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream: binary frames with two CRCs. */
export function readEventStreamFrames(body: Buffer): WireEvent[] {
  const events: WireEvent[] = [];
  for (let at = 0; at < body.length;) {
    const total = body.readUInt32BE(at);
    const headerBytes = body.readUInt32BE(at + 4);
    const frame = body.subarray(at, at + total);
    if (frame.length !== total) throw new Error(`expected a frame of ${total} bytes at ${at}, got ${frame.length}`);
    if (crc32(frame.subarray(0, 8)) !== frame.readUInt32BE(8)) throw new Error(`bad prelude CRC at ${at}`);
    if (crc32(frame.subarray(0, total - 4)) !== frame.readUInt32BE(total - 4))
      throw new Error(`bad frame CRC at ${at}`);
    const headers = readHeaders(frame.subarray(12, 12 + headerBytes));
    const type = headers.get(":event-type") ?? headers.get(":exception-type") ?? "";
    const payload = frame.toString("utf8", 12 + headerBytes, total - 4);
    events.push({ type, data: payload === "" ? {} : parse(payload) });
    at += total;
  }
  return events;
}

/** Headers of string values; other types do not occur in these APIs. */
function readHeaders(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const nameLength = bytes.readUInt8(at);
    const name = bytes.toString("utf8", at + 1, at + 1 + nameLength);
    at += 1 + nameLength;
    const type = bytes.readUInt8(at);
    if (type !== 7) throw new Error(`expected a header of type 7 (string), got ${type}`);
    const length = bytes.readUInt16BE(at + 1);
    headers.set(name, bytes.toString("utf8", at + 3, at + 3 + length));
    at += 3 + length;
  }
  return headers;
}

/** Bytes of a frame, for streams that tests write by themselves. */
export function writeEventStreamFrame(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(value));
      return Buffer.concat([
        Buffer.from([Buffer.byteLength(name)]),
        Buffer.from(name),
        Buffer.from([7]),
        length,
        Buffer.from(value),
      ]);
    }),
  );
  const body = Buffer.from(payload);
  const frame = Buffer.alloc(16 + head.length + body.length);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(head.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  head.copy(frame, 12);
  body.copy(frame, 12 + head.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, frame.length - 4)), frame.length - 4);
  return frame;
}

function parse(json: string): JsonObject {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`expected a JSON object as an event, got ${json.slice(0, 60)}`);
  }
  return value as JsonObject;
}

/** Synthetic: AWS event streams that are broken, hostile or merely long. */
import { describe, expect, test } from "bun:test";
import { EventStreamDecoder, textHeader } from "../../../src/lib/aws-event-stream.ts";
import { writeEventStreamFrame } from "../corpus/oracle/frames.ts";

const HEADERS = { ":event-type": "contentBlockDelta", ":content-type": "application/json", ":message-type": "event" };

function frame(payload: string): Buffer {
  return writeEventStreamFrame(HEADERS, payload);
}

function decode(chunks: readonly Uint8Array[], maxMessageBytes?: number): { type: string | null; payload: string }[] {
  const messages: { type: string | null; payload: string }[] = [];
  const decoder = new EventStreamDecoder(maxMessageBytes);
  for (const chunk of chunks) {
    decoder.push(chunk, (headers, payload) => {
      messages.push({ type: textHeader(headers, ":event-type"), payload: Buffer.from(payload).toString("utf8") });
    });
  }
  return messages;
}

/** A frame that says of itself what is not so. */
function damaged(at: number, payload = '{"a":1}'): Buffer {
  const bytes = Buffer.from(frame(payload));
  bytes[at] = (bytes[at] as number) ^ 0xff;
  return bytes;
}

describe("an event stream", () => {
  test("reads the same however it is cut in two, and byte by byte", () => {
    const bytes = Buffer.concat([frame('{"text":"天 ☂"}'), frame(""), frame('{"text":"b"}')]);
    const expected = decode([bytes]);
    expect(expected.map(({ payload }) => payload)).toEqual(['{"text":"天 ☂"}', "", '{"text":"b"}']);
    expect(expected[0]?.type).toBe("contentBlockDelta");
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(decode([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
    }
    expect(decode(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  test("with any one byte changed is refused, or waits for more and tells nothing", () => {
    const { length } = frame('{"a":1}');
    for (let at = 0; at < length; at += 1) {
      let told: unknown[] = [];
      try {
        told = decode([damaged(at)]);
      } catch (error) {
        expect(String(error)).toMatch(/CRC|checksum|event stream|message|bytes|header/i);
      }
      expect(told).toEqual([]);
    }
  });

  test("whose prelude announces more than the bound is refused before it comes", () => {
    const bytes = frame("x".repeat(5000));
    expect(() => decode([bytes.subarray(0, 12)], 4096)).toThrow(/4096|bytes/);
  });

  test("whose prelude announces 4 GB is refused before it comes", () => {
    const prelude = Buffer.alloc(12);
    prelude.writeUInt32BE(0xffff_ffff, 0);
    prelude.writeUInt32BE(0xffff_fff0, 4);
    prelude.writeUInt32BE(Bun.hash.crc32(prelude.subarray(0, 8)), 8);
    expect(() => decode([prelude])).toThrow();
  });

  test("whose headers are said to be longer than the message is refused", () => {
    const prelude = Buffer.alloc(64);
    prelude.writeUInt32BE(64, 0);
    prelude.writeUInt32BE(60, 4);
    prelude.writeUInt32BE(Bun.hash.crc32(prelude.subarray(0, 8)), 8);
    prelude.writeUInt32BE(Bun.hash.crc32(prelude.subarray(0, 60)), 60);
    expect(() => decode([prelude])).toThrow();
  });

  test("that is no event stream at all is refused", () => {
    expect(() => decode([Buffer.from("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>")])).toThrow();
  });

  test("may carry 10 MB in one message", () => {
    const bytes = frame("y".repeat(10 * 1024 * 1024));
    const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
      bytes.subarray(index * 65_536, (index + 1) * 65_536),
    );
    expect(decode(chunks)[0]?.payload.length).toBe(10 * 1024 * 1024);
  });
});

import { describe, expect, test } from "bun:test";
import { ChunkedDecoder } from "../../src/wire/chunked.ts";

function decodeWhole(text: string, split: number[] = []): { payload: string; error: string | null; isDone: boolean } {
  const bytes = Buffer.from(text, "latin1");
  const decoder = new ChunkedDecoder();
  let payload = "";
  let from = 0;
  for (const to of [...split, bytes.length]) {
    const piece = bytes.subarray(from, to);
    decoder.decode(piece, 0);
    for (let index = 0; index < decoder.count; index++) {
      payload += piece.toString("latin1", decoder.starts[index], decoder.ends[index]);
    }
    from = to;
  }
  return { payload, error: decoder.error, isDone: decoder.isDone && decoder.error === null };
}

describe("ChunkedDecoder", () => {
  test("gives the payload and stops at the end, wherever the bytes are split", () => {
    const text = "5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: 1\r\n\r\n";
    for (let at = 0; at <= text.length; at++) {
      expect(decodeWhole(text, [at])).toEqual({
        payload: "helloabcdefghijklmnopqrstuvwxyz",
        error: null,
        isDone: true,
      });
    }
  });

  test("uses nothing past the end", () => {
    const decoder = new ChunkedDecoder();
    const bytes = Buffer.from("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1");
    expect(decoder.decode(bytes, 0)).toBe(11);
  });

  test("tells which bytes are complete plain chunks", () => {
    const raw = (text: string, before = ""): string | null => {
      const decoder = new ChunkedDecoder();
      if (before !== "") decoder.decode(Buffer.from(before), 0);
      const bytes = Buffer.from(text);
      decoder.decode(bytes, 0);
      return decoder.rawEnd === -1 ? null : bytes.toString("latin1", decoder.rawStart, decoder.rawEnd);
    };
    expect(raw("1\r\na\r\n2\r\nbc\r\n")).toBe("1\r\na\r\n2\r\nbc\r\n");
    expect(raw("1\r\na\r\n0\r\n\r\n")).toBe("1\r\na\r\n");
    expect(raw("1\r\na\r\n2\r\nb")).toBeNull();
    expect(raw("1\r\na\r\n2\r\nbc")).toBeNull();
    expect(raw("1\r\na\r\n2\r\nbc\r")).toBeNull();
    expect(raw("1\r\na\r\n1;q\r\nb\r\n")).toBeNull();
    expect(raw("1;q\r\nb\r\n1\r\na\r\n")).toBeNull();
    expect(raw("1\r\na\r\n2")).toBe("1\r\na\r\n");
    expect(raw("\r\nbc\r\n", "2")).toBeNull();
  });

  test.each([
    ["g\r\n", "hexadecimal"],
    ["\r\n", "hexadecimal"],
    ["-1\r\n", "hexadecimal"],
    ["0x5\r\nhello\r\n", "CRLF"],
    ["5 \r\nhello\r\n", "CRLF"],
    ["5\nhello\n", "CRLF"],
    ["5\r\nhelloX\r\n", "CRLF"],
    ["5\r\nhello\n", "CRLF"],
    ["ffffffffffffffff\r\n", "too large"],
    ["5;a\x00b\r\n", "control"],
    [`5;${"a".repeat(20_000)}\r\n`, "too long"],
    ["0\r\nbad trailer\r\n\r\n", "not allowed"],
    ["0\r\nx: 1\n\r\n", "bare LF"],
    [`0\r\nx: ${"a".repeat(9_000)}\r\n\r\n`, "too long"],
  ])("refuses %j", (text, why) => {
    expect(decodeWhole(text).error).toContain(why);
  });
});

import { expect, test } from "bun:test";
import { ResponseReader } from "./response-reader.ts";

type Seen = { statuses: number[]; bodies: string[]; faults: string[] };

function readInPieces(text: string, pieceBytes: number): Seen {
  const seen: Seen = { statuses: [], bodies: [], faults: [] };
  let body = "";
  const reader = new ResponseReader({
    onHead: (status) => seen.statuses.push(status),
    onBody: (bytes, from, to) => {
      body += bytes.toString("latin1", from, to);
    },
    onEnd: () => {
      seen.bodies.push(body);
      body = "";
    },
    onFault: (message) => seen.faults.push(message),
  });
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.read(Buffer.from(bytes.subarray(at, at + pieceBytes)));
  return seen;
}

const TWO_ANSWERS =
  "HTTP/1.1 200 OK\r\nX-Strength: 7\r\nContent-Length: 5\r\n\r\nhello" +
  "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\nA\r\n0123456789\r\n0\r\n\r\n";

for (const pieceBytes of [1, 3, 17, 10_000]) {
  test(`two answers on one connection are read alike in pieces of ${pieceBytes} bytes`, () => {
    expect(readInPieces(TWO_ANSWERS, pieceBytes)).toEqual({
      statuses: [200, 503],
      bodies: ["hello", "busy0123456789"],
      faults: [],
    });
  });
}

test("a body without a length is a fault, because its end could not be told from a broken connection", () => {
  const seen = readInPieces("HTTP/1.1 200 OK\r\n\r\nhello", 10_000);
  expect(seen.faults).toEqual(["expected content-length or chunked, got status 200 without either"]);
});

test("a chunk size that is not hexadecimal is a fault", () => {
  const seen = readInPieces("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\n", 10_000);
  expect(seen.faults).toHaveLength(1);
});

import { expect, test } from "bun:test";
import { CONTENT_EVENT, DONE_EVENT } from "../payloads.ts";
import { StreamMarks } from "./stream-marks.ts";

function look(pieces: readonly Buffer[]): { chunks: number; hasEnd: boolean; stamps: number[] } {
  const stamps: number[] = [];
  const marks = new StreamMarks("chat", (stamp) => stamps.push(stamp));
  marks.begin();
  for (const piece of pieces) marks.add(piece, 0, piece.length);
  return { chunks: marks.chunks, hasEnd: marks.hasEnd, stamps };
}

const STAMPED = Buffer.from(CONTENT_EVENT.toString().replace("@0000000000000000", "@1763660000123456"));

test("texts, their stamps and the end are found wherever the stream is cut", () => {
  const whole = Buffer.concat([CONTENT_EVENT, STAMPED, DONE_EVENT]);
  const expected = { chunks: 2, hasEnd: true, stamps: [0, 1763660000123456] };
  for (let cut = 0; cut <= whole.length; cut += 1) {
    expect(look([whole.subarray(0, cut), whole.subarray(cut)].filter(({ length }) => length > 0))).toEqual(expected);
  }
  const bytes = Array.from({ length: whole.length }, (_, at) => whole.subarray(at, at + 1));
  expect(look(bytes)).toEqual(expected);
});

test("a stream without its end has none, and the range's end is respected", () => {
  expect(look([CONTENT_EVENT])).toEqual({ chunks: 1, hasEnd: false, stamps: [0] });
  const marks = new StreamMarks("chat", null);
  marks.begin();
  const bytes = Buffer.concat([CONTENT_EVENT, STAMPED, DONE_EVENT]);
  marks.add(bytes, 0, CONTENT_EVENT.length);
  expect({ chunks: marks.chunks, hasEnd: marks.hasEnd }).toEqual({ chunks: 1, hasEnd: false });
});

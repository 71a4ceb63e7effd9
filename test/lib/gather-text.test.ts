import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { gatherText } from "../../src/lib/gather-text.ts";

/** A string of its own, as a parser makes it for each token. */
function makeToken(number: number): string {
  return (JSON.parse(`["w${(number * 7919).toString(36)} "]`) as [string])[0];
}

test("the text is the pieces, one after the other", () => {
  let text = "";
  let expected = "";
  for (let length = 0; length < 400; length++) {
    const piece = "äx€😀"[length % 5]?.repeat(length) ?? "";
    text = gatherText(text, piece);
    expected += piece;
  }
  expect(text).toBe(expected);
});

test("a long text of small pieces takes little more than its length", () => {
  const texts: string[] = [];
  const before = measureHeap();
  for (let count = 0; count < 50; count++) {
    let text = "";
    for (let token = 0; token < 4000; token++) text = gatherText(text, makeToken(count * 4000 + token));
    texts.push(text);
  }
  const chars = texts.reduce((sum, { length }) => sum + length, 0);
  // Joined plainly it is more than six times their length.
  expect(measureHeap() - before).toBeLessThan(2 * chars);
});

function measureHeap(): number {
  Bun.gc(true);
  return heapStats().heapSize;
}

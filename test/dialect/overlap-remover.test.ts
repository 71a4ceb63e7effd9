/** What a continuation repeats is taken out to the letter, and nothing else; however it is cut, and never with more held than there is text. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { OverlapRemover } from "../../src/dialect/overlap-remover.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };

/** What of the pieces goes out, and the most that was held at any time. */
function join(text: string, pieces: readonly string[]): { readonly text: string; readonly mostHeld: number } {
  const remover = new OverlapRemover(text);
  let out = "";
  let read = 0;
  let mostHeld = 0;
  let isThrough = false;
  for (const piece of pieces) {
    read += piece.length;
    const given = remover.push(piece);
    out += given;
    isThrough ||= given !== "";
    if (!isThrough) mostHeld = Math.max(mostHeld, read);
  }
  return { text: text + out + remover.end(), mostHeld };
}

/** Cut at these places, wherever they are: within surrogate pairs too. */
function cut(text: string, places: readonly number[]): string[] {
  const sorted = [0, ...places.map((place) => place % (text.length + 1)), text.length].toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, index) => text.slice(sorted[index], end));
}

const places = fc.array(fc.nat(10_000), { maxLength: 12 });

/** Words that are all different, so that no repetition is meant. */
const STEMS = ["alpha", "the", "Straße", "日本語", "w", "naïve", "🚀launch", "x_y", "É"];
const distinctText = fc
  .array(fc.tuple(fc.constantFrom(...STEMS), fc.constantFrom(" ", ", ", ".\n", " 🎉 ", "\n\n- ")), {
    minLength: 2,
    maxLength: 60,
  })
  .map((words) => words.map(([stem, gap], index) => `${stem}${index}q${gap}`).join(""));

describe("a continuation that repeats", () => {
  test("nothing is left as it is, wherever the text broke", () => {
    fc.assert(
      fc.property(distinctText, fc.nat(), places, (whole, at, cuts) => {
        const broken = 1 + (at % (whole.length - 1));
        expect(join(whole.slice(0, broken), cut(whole.slice(broken), cuts)).text).toBe(whole);
      }),
      RUNS,
    );
  });

  test("eight characters or more loses them, wherever it begins", () => {
    fc.assert(
      fc.property(distinctText, fc.nat(), fc.nat(900), places, (whole, at, more, cuts) => {
        const broken = 1 + (at % (whole.length - 1));
        const begin = Math.max(0, broken - 8 - more);
        const { text, mostHeld } = join(whole.slice(0, broken), cut(whole.slice(begin), cuts));
        expect(text).toBe(whole);
        // Held until the repetition is over, and for the piece that shows it.
        const longest = Math.max(...cut(whole.slice(begin), cuts).map((piece) => piece.length), 0);
        expect(mostHeld).toBeLessThanOrEqual(broken - begin + longest);
      }),
      RUNS,
    );
  });

  test("the broken word loses its beginning, however short it is", () => {
    fc.assert(
      fc.property(distinctText, fc.nat(), places, (whole, at, cuts) => {
        const words = [...whole.matchAll(/[\p{L}\p{N}_]{2,}/gu)];
        const word = words[at % words.length] as RegExpExecArray;
        const broken = word.index + 1 + (at % (word[0].length - 1));
        expect(join(whole.slice(0, broken), cut(whole.slice(word.index), cuts)).text).toBe(whole);
      }),
      RUNS,
    );
  });

  test("everything loses all of it, however long", () => {
    const whole = Array.from({ length: 20_000 }, (_, index) => `word${index}`).join(" ");
    const { text } = join(whole.slice(0, 100_000), cut(whole, [1, 5, 700, 90_000, 100_001]));
    expect(text === whole).toBe(true);
  });

  test("characters of anything, to the letter: the longest end that may be a repetition", () => {
    const letters = fc.string({
      unit: fc.constantFrom("a", "b", " ", "\n", "0", ",", "\ud83d", "\ude00"),
      maxLength: 40,
    });
    fc.assert(
      fc.property(letters, letters, places, (text, next, cuts) => {
        const joined = join(text, cut(next, cuts)).text;
        expect(joined.startsWith(text)).toBe(true);
        const rest = joined.slice(text.length);
        // What went out is what came, less something of its beginning; how it is cut makes no difference.
        expect(next.endsWith(rest)).toBe(true);
        expect(join(text, [next]).text).toBe(joined);
        const gone = next.slice(0, next.length - rest.length);
        expect(text.endsWith(gone.replace(/^\s+/, "")) || text.endsWith(gone)).toBe(true);
      }),
      RUNS,
    );
  });
});

describe("what counts as repeated", () => {
  for (const [what, text, next, whole] of [
    ["a letter that happens to be the same is not", "hel", "lo", "hello"],
    ["a space that happens to be the same is not", "one ", " two", "one  two"],
    ["the last word is, begun again", "I see a", "a dog", "I see a dog"],
    ["the last line is, begun again", "1. one\n2. ", "2. two", "1. one\n2. two"],
    ["a line's indentation is, with its word", "if x:\n    retu", "    return 1", "if x:\n    return 1"],
    ["signs alone are not", "|---|---", "|---|\n", "|---|---|---|\n"],
    [
      "a long line of signs is not either",
      "a table:\n|----------|",
      "|----------|\n",
      "a table:\n|----------||----------|\n",
    ],
    ["all of it is", "Sure! ", "Sure! Here", "Sure! Here"],
    [
      "a sentence behind white space is",
      "It is the capital of",
      "\n\nthe capital of France",
      "It is the capital of France",
    ],
    [
      "a sentence behind an ellipsis is",
      "It is the capital of",
      "… the capital of France",
      "It is the capital of France",
    ],
    [
      "a sentence behind three dots is",
      "It is the capital of",
      "...the capital of France",
      "It is the capital of France",
    ],
    ["white space before what is new is not", "one", "\n\ntwo", "one\n\ntwo"],
    ["an ellipsis before what is new is not", "one", "… two", "one… two"],
    ["two dots are no ellipsis", "It is the capital of", "..the capital of", "It is the capital of..the capital of"],
    ["half a character waits for its other half", "go \ud83d", "\ud83d\ude80!", "go 🚀!"],
    ["half a character takes its other half", "go \ud83d", "\ude80!", "go 🚀!"],
    ["an open code block's opening is", "```python\nx = 1\ny", "```python\n = 2", "```python\nx = 1\ny = 2"],
    ["and so is the line behind it", "```python\nx = 1\nyear", "```python\nyear = 2", "```python\nx = 1\nyear = 2"],
    ["a code block of another language is not", "```python\nx", "```js\ny", "```python\nx```js\ny"],
    ["a closed code block's opening is not", "```js\nx\n```\n", "```js\ny", "```js\nx\n```\n```js\ny"],
    ["the end of a code block is not", "```\nx\n", "```\nbye", "```\nx\n```\nbye"],
    ["an opening that is only begun is", "Look:\n```pyth", "```python\nx", "Look:\n```python\nx"],
  ] as const) {
    test(what, () => {
      expect(join(text, [next]).text).toBe(whole);
      expect(
        join(
          text,
          [...next].flatMap((character) => [...character]),
        ).text,
      ).toBe(whole);
      expect(join(text, next.split("")).text).toBe(whole);
    });
  }

  test("what never agrees goes out at once", () => {
    const remover = new OverlapRemover("Once upon a time");
    expect(remover.push("X")).toBe("X");
    expect(remover.push(" marks")).toBe(" marks");
    expect(remover.end()).toBe("");
  });

  test("a continuation that ends within what it repeats adds what it said", () => {
    const remover = new OverlapRemover("one two three");
    expect(remover.push("two thr")).toBe("");
    expect(remover.end()).toBe("two thr");
  });

  test("a text of one character over and over is joined too, with what it repeats at most taken out", () => {
    const { text } = join("a".repeat(256 * 1024), cut("a".repeat(2_000), [1, 2, 3, 500, 501, 1_999]));
    expect(text.length - 256 * 1024).toBeWithin(0, 2_001);
  });
});

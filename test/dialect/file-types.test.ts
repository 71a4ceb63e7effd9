import { expect, test } from "bun:test";
import { mediaTypeOfName, nameOfFile } from "../../src/dialect/file-types.ts";

test("a name's or an address's ending says the type", () => {
  const names = ["a.PDF", "https://example.com/x/b.jpeg?size=1.5#c.txt", "c.md"];
  expect(names.map(mediaTypeOfName)).toEqual(["application/pdf", "image/jpeg", "text/markdown"]);
  expect(["plain", "a.unheard-of", "a.constructor", ""].map(mediaTypeOfName)).toEqual([null, null, null, null]);
});

test("a type gives a name with an ending", () => {
  const types = ["application/pdf", "image/jpeg", "audio/mpeg", "application/zip", "application/vnd.x-y", ""];
  expect(types.map(nameOfFile)).toEqual(["file.pdf", "file.jpg", "file.mp3", "file.zip", "file.bin", "file.bin"]);
});

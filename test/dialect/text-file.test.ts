import { expect, test } from "bun:test";
import { plainText, textOfFile } from "../../src/dialect/text-file.ts";

test("a text goes into a file and out of it again", () => {
  const source = plainText("Grüße\n");
  expect(source).toEqual({ kind: "data", mediaType: "text/plain", data: "R3LDvMOfZQo=" });
  expect(textOfFile({ kind: "file", source })).toBe("Grüße\n");
});

test("its name and what is said of it stand before it, where there are any", () => {
  const source = plainText("body");
  expect(textOfFile({ kind: "file", source, name: "a.txt", context: "From today." })).toBe(
    "a.txt\nFrom today.\n\nbody",
  );
  expect(textOfFile({ kind: "file", source, name: "" })).toBe("body");
});

test("a file that is elsewhere has no words here", () => {
  const source = { kind: "url", url: "https://example.com/a.txt", mediaType: "text/plain" } as const;
  expect(textOfFile({ kind: "file", source, name: "a.txt" })).toBe("");
});

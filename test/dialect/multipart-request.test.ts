import { describe, expect, test } from "bun:test";
import { MultipartModelFinder, readBoundary } from "../../src/dialect/multipart-request.ts";

const BOUNDARY = "----b0undary";
const part = (head: string, body: string): string => `--${BOUNDARY}\r\n${head}\r\n\r\n${body}\r\n`;
const field = (name: string, body: string): string => part(`Content-Disposition: form-data; name="${name}"`, body);
const END = `--${BOUNDARY}--\r\n`;
const FILE = part(
  'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: x/y',
  "\r\n--no\r\n\x00--",
);

function find(body: string, size: number) {
  const finder = new MultipartModelFinder(BOUNDARY);
  const bytes = Buffer.from(body, "latin1");
  for (let at = 0; at < bytes.length; at += size) finder.push(bytes.subarray(at, at + size));
  finder.finish();
  return finder.finding;
}

describe("MultipartModelFinder", () => {
  test("finds the field before, after and between files, wherever the bytes are split", () => {
    for (const body of [
      field("model", "whisper-1") + FILE + END,
      FILE + field("model", "whisper-1") + END,
      FILE + field("language", "model") + field("model", "whisper-1") + FILE + END,
      `preamble\r\n${field("model", "whisper-1")}${END}epilogue`,
    ]) {
      for (const size of [1, 2, 3, 7, 64, 10_000]) {
        const finding = find(body, size);
        if (finding.kind !== "found") throw new Error(`${finding.kind} at ${size} in ${body}`);
        expect(finding.model).toBe("whisper-1");
        expect(Buffer.from(body, "latin1").toString("latin1", finding.start, finding.end)).toBe("whisper-1");
      }
    }
  });

  test("knows when the field is absent, or is a file of that name, or only looks like one", () => {
    expect(find(FILE + END, 5)).toEqual({ kind: "absent" });
    expect(find(part('Content-Disposition: form-data; name="model"; filename="m"', "x") + END, 5).kind).toBe("absent");
    expect(find(part('Content-Disposition: form-data; name="x"; y="name=model"', "x") + END, 5).kind).toBe("absent");
    expect(find(field("xmodel", "a") + END, 5).kind).toBe("absent");
  });

  test.each([
    ["two model fields", field("model", "a") + field("model", "b") + END, "two"],
    ["a body that ends too early", field("model", "a") + FILE, "last boundary"],
    ["an empty model", field("model", "") + END, "not empty"],
    ["a model that is too long", field("model", "m".repeat(5_000)) + END, "too long"],
    ["part headers without end", `--${BOUNDARY}\r\nX: ${"a".repeat(10_000)}`, "too long"],
    ["more parts than anybody needs", field("a", "b").repeat(1_001) + END, "1000 parts"],
  ])("refuses %s", (_what, body, why) => {
    for (const size of [1, 100, 100_000]) {
      const finding = find(body, size);
      expect(finding.kind === "invalid" && finding.message).toContain(why);
    }
  });

  test("keeps no file: its window stays small however large the part", () => {
    const finder = new MultipartModelFinder(BOUNDARY);
    finder.push(Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`));
    for (let index = 0; index < 200; index++) finder.push(Buffer.alloc(64 * 1024, index));
    finder.push(Buffer.from(`\r\n${field("model", "m")}${END}`));
    expect(finder.finding).toMatchObject({ kind: "found", model: "m" });
  });
});

describe("readBoundary", () => {
  test("takes quoted and bare boundaries of form-data alone", () => {
    expect(readBoundary("multipart/form-data; boundary=abc")).toBe("abc");
    expect(readBoundary('Multipart/Form-Data; charset=utf-8; boundary="a b"')).toBe("a b");
    expect(readBoundary("multipart/mixed; boundary=abc")).toBeNull();
    expect(readBoundary("multipart/form-data")).toBeNull();
    expect(readBoundary(null)).toBeNull();
  });
});

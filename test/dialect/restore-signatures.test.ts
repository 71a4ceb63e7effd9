import { describe, expect, test } from "bun:test";
import type { Opaque, Part } from "../../src/dialect/neutral.ts";
import { carriedForToolUse, restoreSignatures } from "../../src/dialect/restore-signatures.ts";

const GOOGLE: Opaque = { owner: "google", data: "c2ln" };
const TEXT: Part = { kind: "text", text: "Hello." };
const CALL: Part = { kind: "tool-call", id: "c", name: "look", arguments: "{}" };

describe("signatures that travel in reasoning blocks of their own", () => {
  test("go back to the text before and to the tool call behind", () => {
    const parts: Part[] = [
      TEXT,
      { kind: "reasoning", text: "", signature: GOOGLE },
      { kind: "reasoning", text: "", encrypted: GOOGLE },
      CALL,
    ];
    expect(restoreSignatures(parts)).toEqual([
      { ...TEXT, signature: GOOGLE },
      { ...CALL, signature: GOOGLE },
    ] as Part[]);
  });

  test("leave real reasoning, and blocks of others, as they are", () => {
    const parts: Part[] = [
      TEXT,
      { kind: "reasoning", text: "Hm.", signature: GOOGLE },
      { kind: "reasoning", text: "", encrypted: { owner: "anthropic", data: "x" } },
      CALL,
    ];
    expect(restoreSignatures(parts)).toBe(parts);
    for (const part of parts) expect(carriedForToolUse(part)).toBeNull();
  });
});

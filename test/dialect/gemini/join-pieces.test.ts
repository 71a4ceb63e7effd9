import { describe, expect, test } from "bun:test";
import { joinPieces } from "../../../src/dialect/gemini/join-pieces.ts";
import { signatureText } from "../../../src/dialect/gemini/parts.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { read } from "./setup.ts";

const SIGNATURE = { owner: "anthropic", data: "proof" } as const;
const SIGNED = signatureText(SIGNATURE, "signature");

function model(...parts: JsonObject[]): JsonObject {
  return { role: "model", parts };
}

function joined(...contents: JsonObject[]): readonly (readonly [string, readonly object[]])[] {
  const request = read({ contents: [{ role: "user", parts: [{ text: "Hi" }] }, ...contents] });
  return joinPieces(request).messages.map(({ role, parts }) => [role, parts]);
}

describe("a turn that came as a stream and goes back in its pieces", () => {
  test("is one message, with thoughts and texts put together", () => {
    const turns = joined(
      model({ text: "Let me ", thought: true }),
      model({ text: "think.", thought: true, thoughtSignature: SIGNED }),
      model({ text: "It " }, { text: "is." }),
      model({ functionCall: { id: "a", name: "f", args: {} } }),
      model({ text: "" }, { functionCall: { id: "b", name: "g", args: {} } }),
    );
    expect(turns).toHaveLength(2);
    expect(turns[1]).toMatchObject([
      "assistant",
      [
        { kind: "reasoning", text: "Let me think.", signature: SIGNATURE },
        { kind: "text", text: "It is." },
        { kind: "tool-call", id: "a" },
        { kind: "text", text: "" },
        { kind: "tool-call", id: "b" },
      ],
    ]);
  });

  test("takes a signature from a last piece without words", () => {
    const turns = joined(
      model({ text: "hm", thought: true }, { text: "", thought: true, thoughtSignature: SIGNED }, { text: "Yes." }),
    );
    expect(turns[1]?.[1]).toEqual([
      { kind: "reasoning", text: "hm", signature: SIGNATURE },
      { kind: "text", text: "Yes." },
    ]);
  });

  test("keeps what is signed apart from what follows", () => {
    const turns = joined(
      model({ text: "one", thought: true, thoughtSignature: SIGNED }, { text: "two", thought: true }),
      model({ text: "a", thoughtSignature: "c2ln" }, { text: "b" }),
    );
    expect(turns[1]?.[1].map((part) => ("text" in part ? part.text : null))).toEqual(["one", "two", "a", "b"]);
  });
});

test("a request whose turns are whole is the same request", () => {
  const request = read({ contents: [{ role: "user", parts: [{ text: "a" }, { text: "b" }] }, model({ text: "c" })] });
  expect(joinPieces(request)).toBe(request);
});

import { describe, expect, test } from "bun:test";
import type { NeutralEvent } from "../../src/dialect/neutral.ts";
import { JSON_TOOL, JsonToolUnwrapper, jsonToolOf } from "../../src/dialect/json-tool.ts";

describe("JSON through a tool", () => {
  test("the tool takes what the answer is to be, and says what it is for", () => {
    const schema = { type: "object", properties: { a: { type: "number" } } };
    const described = { kind: "json-schema", name: "n", description: "A number.", schema, isStrict: true } as const;
    expect(jsonToolOf(described)).toEqual({
      kind: "function",
      name: JSON_TOOL,
      description: "A number.",
      parameters: schema,
      isStrict: null,
    });
    expect(jsonToolOf({ ...described, description: null }).description).toContain("final answer");
    expect(jsonToolOf({ kind: "json" }).parameters).toEqual({ type: "object" });
  });

  test("in a stream its call is text, and the answer ends as one of text does", () => {
    const seen: NeutralEvent[] = [];
    const unwrapper = new JsonToolUnwrapper(JSON_TOOL, (event) => seen.push(event));
    const at = { choice: 0, part: 0 };
    unwrapper.push({ kind: "part-start", ...at, start: { kind: "tool-call", id: "c", name: JSON_TOOL } });
    unwrapper.push({ kind: "tool-call-arguments-delta", ...at, text: '{"a":1}' });
    unwrapper.push({ kind: "part-end", ...at, extra: null });
    const finish = { kind: "tool-calls", native: "tool_calls", stopSequence: null } as const;
    unwrapper.push({ kind: "finish", choice: 0, finish, extra: null });
    expect(seen).toEqual([
      { kind: "part-start", ...at, start: { kind: "text" } },
      { kind: "text-delta", ...at, text: '{"a":1}' },
      { kind: "part-end", ...at, extra: null },
      { kind: "finish", choice: 0, finish: { kind: "stop", native: null, stopSequence: null }, extra: null },
    ]);
  });
});

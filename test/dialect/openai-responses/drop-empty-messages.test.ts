import { expect, test } from "bun:test";
import { dropEmptyMessages } from "../../../src/dialect/openai-responses/drop-empty-messages.ts";
import { read } from "./fixtures.ts";

test("a message of the model's that holds nothing is gone, what stands around it stays", () => {
  const request = read({
    model: "m",
    input: [
      { role: "user", content: "x" },
      { type: "message", role: "assistant", content: [] },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "1" },
      { type: "message", role: "assistant", content: [] },
      { role: "user", content: "y" },
    ],
  });
  const kinds = dropEmptyMessages(request).messages.map(({ role, parts }) => [role, ...parts.map(({ kind }) => kind)]);
  expect(kinds).toEqual([
    ["user", "text"],
    ["assistant", "tool-call"],
    ["tool", "tool-result"],
    ["user", "text"],
  ]);
});

test("a request without one is the same request", () => {
  const request = read({ model: "m", input: [{ role: "assistant", content: [{ type: "output_text", text: "x" }] }] });
  expect(dropEmptyMessages(request)).toBe(request);
});

import { expect, test } from "bun:test";
import { invalidType, invalidValue, missingParameter } from "../../src/dialect/openai-invalid.ts";

test("says what was expected and what came, in OpenAI's words, and names the member", () => {
  const came = [1, 1.5, "x", true, null, undefined, [], {}].map((value) => invalidType("n", "a list", value).message);
  expect(came.map((message) => /but got (.*) instead\.$/.exec(message)?.[1])).toEqual([
    "an integer",
    "a decimal number",
    "a string",
    "a boolean",
    "null",
    "nothing",
    "an array",
    "an object",
  ]);
  expect(invalidValue("role", "tool", ["user"]).message).toBe("Invalid value: 'tool'. Supported values are: 'user'.");
  expect(invalidValue("role", "tool", ["a", "b", "c"]).message).toEndWith("'a', 'b', and 'c'.");
  const missing = missingParameter("messages.0.role");
  expect([missing.code, missing.options.param, missing.options.detail]).toEqual([
    "invalid_request",
    "messages.0.role",
    "missing_required_parameter",
  ]);
  expect(missing.message).toBe("Missing required parameter: 'messages.0.role'.");
});

import { describe, expect, test } from "bun:test";
import { openaiResponses } from "../../../src/dialect/openai-responses/dialect.ts";
import { answerContext, requestContext, target } from "./fixtures.ts";

const codec = openaiResponses.countTokens;
if (codec === null) throw new Error("the dialect should count tokens");

describe("counting input tokens", () => {
  test("only what is counted is sent", () => {
    const body = { model: "m", input: "hi", max_output_tokens: 20, store: true, stream: true, instructions: "x" };
    const request = codec.readRequest(body, requestContext(body));
    expect(codec.writeRequest(request, target())).toEqual({
      model: "model-at-provider",
      input: "hi",
      instructions: "x",
    });
  });

  test("the answer is the API's", () => {
    const count = codec.readAnswer({ object: "response.input_tokens", input_tokens: 7 });
    expect(count.inputTokens).toBe(7);
    expect(codec.writeAnswer(count, answerContext())).toEqual({ object: "response.input_tokens", input_tokens: 7 });
    expect(() => codec.readAnswer({ tokens: 7 })).toThrow("input_tokens");
  });
});

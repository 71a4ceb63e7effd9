import { describe, expect, test } from "bun:test";
import { cohere } from "../../../src/dialect/cohere/dialect.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { FinishKind } from "../../../src/dialect/neutral.ts";
import { answerContext } from "./fixtures.ts";

const ANSWER = {
  id: "a1",
  message: {
    role: "assistant",
    tool_plan: "I will look.",
    content: [
      { type: "thinking", thinking: "Hm." },
      { type: "text", text: "Grüße 😀 Ann" },
    ],
    tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"a":1}' } }],
    citations: [
      {
        start: 8,
        end: 11,
        text: "Ann",
        sources: [{ type: "document", id: "d", document: { id: "d" } }],
        type: "TEXT_CONTENT",
        content_index: 1,
      },
    ],
    later: { new: true },
  },
  finish_reason: "TOOL_CALL",
  usage: {
    billed_units: { input_tokens: 3, output_tokens: 5, search_units: 1 },
    tokens: { input_tokens: 90, output_tokens: 12, image_tokens: 259, reasoning_tokens: 0 },
    cached_tokens: 0,
  },
  logprobs: [{ text: "Grüße", token_ids: [1, 2], logprobs: [-0.1, -0.2] }],
  prompt: "<|START|>",
};

describe("an answer of Cohere's", () => {
  test("is written back as it was, with members nobody has heard of", () => {
    expect(cohere.generate.writeAnswer(cohere.generate.readAnswer(ANSWER), answerContext())).toEqual(ANSWER);
  });

  test("counts the tokens of images beside those of text", () => {
    const { usage } = cohere.generate.readAnswer(ANSWER);
    expect(usage).toMatchObject({ inputTokens: 349, outputTokens: 12, cachedTokens: 0, reasoningTokens: 0 });
    expect(cohere.readUsage(JSON.stringify(ANSWER.usage))).toEqual(usage);
    expect(cohere.readUsage("nonsense")).toBeNull();
  });

  test("counts what was billed where nothing else is said", () => {
    const { usage } = cohere.generate.readAnswer({ ...ANSWER, usage: { billed_units: ANSWER.usage.billed_units } });
    expect(usage).toMatchObject({ inputTokens: 3, outputTokens: 5 });
  });

  test("places citations by code points", () => {
    expect(cohere.generate.readAnswer(ANSWER).choices[0]?.parts[1]).toMatchObject({
      citations: [{ start: 9, end: 12, documentId: "d" }],
    });
  });

  test.each<[string, FinishKind]>([
    ["COMPLETE", "stop"],
    ["STOP_SEQUENCE", "stop-sequence"],
    ["MAX_TOKENS", "length"],
    ["TOOL_CALL", "tool-calls"],
    ["ERROR", "error"],
    ["TIMEOUT", "error"],
    ["ERROR_TOXIC", "content-filter"],
    ["NEW_WORD", "other"],
  ])("that ended with %s is %s", (reason, kind) => {
    const answer = cohere.generate.readAnswer({ ...ANSWER, finish_reason: reason });
    expect(answer.choices[0]?.finish?.kind).toBe(kind);
  });

  test("that holds no message is none", () => {
    expect(() => cohere.generate.readAnswer({ message: "not found" })).toThrow(GatewayError);
  });
});

describe("an error of Cohere's", () => {
  const read = (status: number, message: string) =>
    cohere.errors.read(status, { id: "x", message }, "", (name) => (name === "retry-after" ? "7" : null));

  test.each([
    [400, "invalid request: temperature must be between 0 and 1.0 inclusive.", "invalid_request", 400],
    [400, "too many tokens: total number of tokens in the prompt cannot exceed 4081", "context_window_exceeded", 400],
    [400, "too many tokens: max tokens must be less than or equal to 4096", "invalid_request", 400],
    [401, "invalid api token", "unauthorized", 401],
    [402, "Please add or update your payment method", "budget_exceeded", 402],
    [404, "model 'x' not found, make sure the correct model ID was used", "not_found", 404],
    [422, "unprocessable", "invalid_request", 422],
    [429, "You are past the per minute request limit", "rate_limited", 429],
    [498, "invalid token", "unauthorized", 401],
    [499, "request cancelled", "upstream_error", 502],
    [503, "busy", "overloaded", 503],
    [504, "late", "upstream_timeout", 504],
  ])("with status %p and %p is %s", (status, message, code, shown) => {
    expect(read(status, message)).toMatchObject({ code, status: shown, message, retryAfterSeconds: 7 });
  });

  test("names the model that was not found", () => {
    expect(read(404, "model 'x' not found, make sure").detail).toBe("model_not_found");
  });

  test("is read where it is no JSON, and in OpenAI's form", () => {
    const none = () => null;
    expect(cohere.errors.read(502, null, "<html>", none)).toMatchObject({ code: "upstream_error", message: "<html>" });
    expect(cohere.errors.read(500, null, "", none).message).toContain("500");
    expect(cohere.errors.read(400, { error: { message: "no" } }, "{}", none).message).toBe("no");
    expect(cohere.errors.read(400, { detail: "no" }, "{}", none).message).toBe("no");
  });

  test("is written as the real API does", () => {
    const { body, contentType } = cohere.errors.write(read(404, "gone"), "req_1");
    expect(contentType).toBe("application/json");
    expect(JSON.parse(body)).toEqual({ id: "req_1", message: "gone", source: "provider" });
  });
});

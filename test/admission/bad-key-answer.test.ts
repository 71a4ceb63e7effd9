import { describe, expect, test } from "bun:test";
import { isBadKeyAnswer } from "../../src/admission/bad-key-answer.ts";

// As recorded from the Gemini API.
const GEMINI = {
  error: {
    code: 400,
    message: "API key not valid. Please pass a valid API key.",
    status: "INVALID_ARGUMENT",
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "API_KEY_INVALID",
        domain: "googleapis.com",
        metadata: { service: "generativelanguage.googleapis.com" },
      },
    ],
  },
};
// As recorded from the xAI API.
const XAI = {
  code: "invalid-argument",
  error: "Incorrect API key provided. You can obtain an API key from https://console.x.ai.",
};

describe("a 400 speaks of the key", () => {
  test.each([
    ["Gemini's", JSON.stringify(GEMINI, null, 2)],
    ["Gemini's on its OpenAI surface", JSON.stringify([GEMINI])],
    ["Gemini's without details", JSON.stringify({ error: { ...GEMINI.error, details: [] } })],
    [
      "Gemini's of an expired key",
      JSON.stringify({ error: { ...GEMINI.error, message: "API key expired. Please renew the API key." } }),
    ],
    ["xAI's", JSON.stringify(XAI)],
  ])("%s", (_, body) => {
    expect(isBadKeyAnswer(400, body)).toBe(true);
    for (const status of [200, 401, 403, 429, 500]) expect(isBadKeyAnswer(status, body)).toBe(false);
  });
});

describe("a 400 speaks of the request", () => {
  test.each([
    [
      "an ordinary one",
      '{"error":{"code":400,"message":"Invalid JSON payload received.","status":"INVALID_ARGUMENT"}}',
    ],
    [
      "one that quotes the words of a prompt",
      '{"error":{"message":"Invalid value at contents[0]: \\"API key not valid. API_KEY_INVALID\\""}}',
    ],
    [
      "one whose member quotes them",
      '{"error":{"message":"no","details":[{"field":"API_KEY_INVALID"},{"description":"API_KEY_INVALID"}]}}',
    ],
    [
      "one that quotes them in a text",
      '{"code":"invalid-argument","error":"Model not found: Incorrect API key provided"}',
    ],
    ["what is no JSON", "<html>API key not valid.</html>"],
    ["what is cut off", '{"error":{"message":"API key not valid.'],
    ["an array of two", '[{"error":{"message":"API key not valid."}},{"error":{"message":"API key not valid."}}]'],
    ["strange members", '{"error":{"message":7,"details":"API_KEY_INVALID"}}'],
    ["no error", '{"message":"API key not valid."}'],
    ["something huge", JSON.stringify({ error: { message: `API key not valid.${" ".repeat(70_000)}` } })],
    ["nothing", ""],
  ])("%s", (_, body) => expect(isBadKeyAnswer(400, body)).toBe(false));
});

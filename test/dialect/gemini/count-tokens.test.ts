import { describe, expect, test } from "bun:test";
import type { CountCodec } from "../../../src/dialect/dialect.ts";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, neutral, requestContext, targetWith } from "./setup.ts";

const count = gemini.countTokens as CountCodec;
const contents = [{ role: "user", parts: [{ text: "Hi" }] }];

describe("counting tokens", () => {
  test("reads bare contents, a whole request, and Vertex's form to the same", () => {
    const systemInstruction = { parts: [{ text: "Be brief." }] };
    const bodies: JsonObject[] = [
      { contents, systemInstruction },
      { generateContentRequest: { model: "models/x", contents, systemInstruction } },
      { generate_content_request: { contents, system_instruction: systemInstruction } },
    ];
    for (const body of bodies) {
      expect(count.readRequest(body, requestContext("gemini.count")).messages.map(({ role }) => role)).toEqual([
        "system",
        "user",
      ]);
    }
  });

  test("writes what the API counts", () => {
    expect(count.writeRequest(neutral({}), targetWith())).toEqual({ contents });
    const tools = [{ kind: "function", name: "f", description: null, parameters: null, isStrict: null }] as const;
    const declarations = [{ functionDeclarations: [{ name: "f" }] }];
    expect(count.writeRequest(neutral({ tools }), targetWith())).toEqual({
      generateContentRequest: { model: "models/gemini-test", contents, tools: declarations },
    });
    const vertex = targetWith({ renames: { generateContentRequest: "" } });
    expect(count.writeRequest(neutral({ tools, safetySettings: [] }), vertex)).toEqual({
      contents,
      tools: declarations,
    });
  });

  test("answers with its own extra fields only", () => {
    const body = {
      totalTokens: 5,
      cachedContentTokenCount: 2,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 5 }],
    };
    expect(count.writeAnswer(count.readAnswer(body), answerContext())).toEqual(body);
    const foreign = { inputTokens: 7, cachedTokens: null, extra: { context_management: {} } };
    expect(count.writeAnswer(foreign, answerContext())).toEqual({ totalTokens: 7 });
    expect(() => count.readAnswer({ input_tokens: 1 })).toThrow("no totalTokens");
  });
});

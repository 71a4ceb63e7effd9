import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { read, targetWith } from "./setup.ts";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";

const HI = [{ role: "user", parts: [{ text: "Hi" }] }];

function errorOf(body: JsonObject): GatewayError {
  try {
    read(body);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("expected a GatewayError");
}

/** Read and written back in the same dialect. */
function again(body: JsonObject): JsonObject {
  return gemini.generate.writeRequest(read(body), targetWith()).body;
}

describe("reading a Gemini request", () => {
  test("takes both spellings of every field, and leaves the caller's own keys alone", () => {
    const request = read({
      system_instruction: { parts: [{ text: "Be brief." }] },
      contents: [
        {
          role: "user",
          parts: [
            { inline_data: { mime_type: "image/png", data: "AAAA" } },
            { file_data: { file_uri: "gs://bucket/a.pdf", mime_type: "application/pdf" } },
          ],
        },
        { role: "model", parts: [{ function_call: { name: "f", args: { snake_key: 1 } }, thought_signature: "c2ln" }] },
        { role: "user", parts: [{ function_response: { name: "f", response: { snake_key: 2 } } }] },
      ],
      generation_config: { max_output_tokens: "12", thinking_config: { thinking_budget: 0, include_thoughts: false } },
      safety_settings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
      tool_config: { function_calling_config: { mode: "ANY", allowed_function_names: ["f"] } },
      tools: [{ function_declarations: [{ name: "f", parameters_json_schema: { type: "object" } }] }],
    });
    expect(request.messages[0]).toEqual({ role: "system", parts: [{ kind: "text", text: "Be brief." }] });
    expect(request.messages[1]?.parts).toEqual([
      { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" } },
      { kind: "file", source: { kind: "url", url: "gs://bucket/a.pdf", mediaType: "application/pdf" } },
    ]);
    expect(request.messages[2]?.parts[0]).toMatchObject({
      kind: "tool-call",
      id: "call_1",
      arguments: '{"snake_key":1}',
      signature: { owner: "google", data: "c2ln" },
    });
    expect(request.messages[3]).toMatchObject({
      role: "tool",
      parts: [{ kind: "tool-result", callId: "call_1", content: [{ kind: "text", text: '{"snake_key":2}' }] }],
    });
    expect(request.maxTokens).toBe(12);
    expect(request.reasoning).toEqual({
      effort: null,
      budgetTokens: 0,
      isEnabled: false,
      isAdaptive: null,
      show: "none",
    });
    expect(request.toolChoice).toEqual({ kind: "tool", name: "f" });
    expect(request.safetySettings).toHaveLength(1);
    expect(request.extra).toBeNull();
  });

  test("takes one element where the API's field is a list, as Google's parser does", () => {
    const request = read({ contents: { parts: { text: "Hi" } }, tools: { functionDeclarations: { name: "f" } } });
    expect(request.messages).toEqual([{ role: "user", parts: [{ kind: "text", text: "Hi" }], extra: { role: null } }]);
    expect(request.tools).toMatchObject([{ kind: "function", name: "f", parameters: null }]);
  });

  test("matches results without ids to calls of their name in order", () => {
    const call = (name: string, id?: string) => ({
      functionCall: { name, args: {}, ...(id === undefined ? {} : { id }) },
    });
    const result = (name: string, id?: string) => ({
      functionResponse: { name, response: {}, ...(id === undefined ? {} : { id }) },
    });
    const { messages } = read({
      contents: [
        { role: "model", parts: [call("a"), call("b"), call("a"), call("a", "own")] },
        { role: "user", parts: [result("a"), result("b"), result("a", "own"), result("a"), result("never")] },
      ],
    });
    const calls = messages[0]?.parts.map((part) => part.kind === "tool-call" && part.id);
    const results = messages[1]?.parts.map((part) => part.kind === "tool-result" && part.callId);
    expect(calls).toEqual(["call_1", "call_2", "call_3", "own"]);
    expect(results).toEqual(["call_1", "call_2", "own", "call_3", "call_5"]);
  });

  test("splits results from other parts of a turn, and joins them again when writing back", () => {
    const body = {
      contents: [
        { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] },
        {
          role: "user",
          parts: [{ functionResponse: { name: "f", response: { result: "x" } } }, { text: "and?" }],
        },
        { role: "user", parts: [{ text: "well?" }] },
      ],
    };
    expect(read(body).messages.map(({ role }) => role)).toEqual(["assistant", "tool", "user", "user"]);
    expect(again(body)).toEqual(body);
  });

  test("keeps what only this API knows, so that writing back gives an equal request", () => {
    const body = {
      systemInstruction: { role: "user", parts: [{ text: "a" }, { text: "b" }] },
      contents: [
        { parts: [{ fileData: { fileUri: "https://youtu.be/x" }, videoMetadata: { fps: 0.2 } }] },
        {
          role: "model",
          parts: [
            { text: "hmm", thought: true, thoughtSignature: "c2ln" },
            { executableCode: { language: "PYTHON", code: "print(1)" } },
            { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
            { text: "1", thought: false, thoughtSignature: "c2ln" },
            { functionCall: { id: "x", name: "f" } },
          ],
        },
        {
          role: "user",
          parts: [
            {
              functionResponse: {
                id: "x",
                name: "f",
                response: { error: "no" },
                parts: [{ inlineData: { mimeType: "image/png", data: "AAAA", displayName: "a.png" } }],
                scheduling: "SILENT",
              },
            },
          ],
        },
      ],
      tools: [
        {
          functionDeclarations: [
            {
              name: "f",
              description: "d",
              parameters: { type: "OBJECT", properties: { a: { type: "STRING" } } },
              behavior: "BLOCKING",
            },
          ],
        },
        { codeExecution: {} },
        { googleSearch: { timeRangeFilter: { startTime: "2025-01-01T00:00:00Z" } } },
      ],
      toolConfig: { functionCallingConfig: { mode: "VALIDATED" }, retrievalConfig: { languageCode: "de" } },
      generationConfig: {
        stopSequences: ["x"],
        candidateCount: 2,
        responseMimeType: "application/json",
        responseSchema: { type: "OBJECT", nullable: true, properties: { n: { type: "INTEGER" } } },
        responseModalities: ["TEXT", "IMAGE"],
        speechConfig: { multiSpeakerVoiceConfig: { speakerVoiceConfigs: [] } },
        mediaResolution: "MEDIA_RESOLUTION_LOW",
        thinkingConfig: { thinkingLevel: "HIGH" },
        imageConfig: { aspectRatio: "1:1" },
      },
      safetySettings: [{ category: "c", threshold: "t" }],
      cachedContent: "cachedContents/x",
      labels: { some_label: "v" },
      serviceTier: "flex",
    };
    expect(again(body)).toEqual(body);
  });

  test("reads another provider's signature out of the field it was wrapped into", () => {
    const wrapped = (text: string) => Buffer.from(`llmux.${text}`).toString("base64");
    const data = Buffer.from("encrypted:secret").toString("base64url");
    const signed = Buffer.from("proof").toString("base64url");
    const { messages } = read({
      contents: [
        {
          role: "model",
          parts: [
            { text: "", thought: true, thoughtSignature: wrapped(`openai.${data}`) },
            { text: "so", thought: true, thoughtSignature: wrapped(`anthropic.${signed}`) },
          ],
        },
      ],
    });
    expect(messages[0]?.parts).toEqual([
      { kind: "reasoning", text: "", encrypted: { owner: "openai", data: "secret" } },
      { kind: "reasoning", text: "so", signature: { owner: "anthropic", data: "proof" } },
    ]);
  });

  test("says a prebuilt voice by its name, JSON output by its schema", () => {
    const request = read({
      contents: HI,
      generationConfig: {
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
        responseMimeType: "application/json",
        responseJsonSchema: { title: "My Answer!", type: "object" },
      },
    });
    expect(request.audio).toEqual({ voice: "Kore", format: null });
    expect(request.responseFormat).toMatchObject({ kind: "json-schema", name: "My_Answer_" });
    expect(read({ contents: HI, generationConfig: { responseMimeType: "application/json" } }).responseFormat).toEqual({
      kind: "json",
    });
  });

  test.each([
    ["AUTO", undefined, { kind: "auto" }],
    ["ANY", undefined, { kind: "required" }],
    ["ANY", ["a", "b"], { kind: "allowed", names: ["a", "b"], isRequired: true }],
    ["VALIDATED", ["a"], { kind: "allowed", names: ["a"], isRequired: false }],
    ["NONE", undefined, { kind: "none" }],
    ["MODE_UNSPECIFIED", undefined, null],
  ])("reads the calling mode %p with names %p", (mode, allowedFunctionNames, choice) => {
    const functionCallingConfig = { mode, ...(allowedFunctionNames === undefined ? {} : { allowedFunctionNames }) };
    expect(read({ contents: HI, toolConfig: { functionCallingConfig } }).toolChoice).toEqual(choice as never);
  });

  test.each([
    [{}, "contents"],
    [{ contents: [] }, "contents"],
    [{ contents: [{ role: "system", parts: [{ text: "x" }] }] }, "contents[0].role"],
    [{ contents: [{ parts: [{}] }] }, "contents[0].parts[0]"],
    [{ contents: [{ parts: [1] }] }, "contents[0].parts[0]"],
    [{ contents: [{ parts: [{ functionCall: {} }] }] }, "contents[0].parts[0].function_call.name"],
    [{ contents: HI, generationConfig: { temperature: "hot" } }, "generation_config.temperature"],
    [
      { contents: HI, generationConfig: { thinkingConfig: { thinkingLevel: "HUGE" } } },
      "generation_config.thinking_config.thinking_level",
    ],
    [
      { contents: HI, tools: [{ functionDeclarations: [{ description: "x" }] }] },
      "tools[0].function_declarations[0].name",
    ],
    [
      { contents: HI, toolConfig: { functionCallingConfig: { mode: "MAYBE" } } },
      "tool_config.function_calling_config.mode",
    ],
  ])("refuses %j and names the field", (body, param) => {
    const error = errorOf(body as JsonObject);
    expect(error.code).toBe("invalid_request");
    expect(error.options.param).toBe(param);
  });

  test("is not misled by field names that every object has", () => {
    const request = read(
      JSON.parse('{"contents":[{"parts":[{"text":"Hi"}]}],"generationConfig":{"constructor":1,"toString":2}}'),
    );
    expect(Object.keys(request.extra ?? {})).toEqual(["generationConfig.constructor", "generationConfig.toString"]);
  });
});

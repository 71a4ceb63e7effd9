import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import type { NeutralAnswer } from "../../../src/dialect/neutral.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerContext, type OnWire, onWire } from "./setup.ts";

const { readAnswer, writeAnswer } = gemini.generate;

function candidate(parts: readonly unknown[], rest: object = {}): JsonObject {
  return { content: { parts, role: "model" }, finishReason: "STOP", index: 0, ...rest } as JsonObject;
}

function again(body: JsonObject): JsonObject {
  return writeAnswer(readAnswer(body), answerContext());
}

function fromElsewhere(answer: Partial<NeutralAnswer>): OnWire {
  const whole: NeutralAnswer = {
    dialect: "openai-chat",
    id: "chatcmpl-1",
    model: "gpt-x",
    createdAt: 1_700_000_000,
    choices: [],
    usage: null,
    serviceTier: "default",
    extra: { system_fingerprint: "fp" },
    ...answer,
  };
  return onWire(writeAnswer(whole, answerContext()));
}

describe("a whole Gemini answer", () => {
  test("is equal when written back, odd shapes included", () => {
    const bodies: JsonObject[] = [
      {
        candidates: [
          candidate([
            { text: "hm", thought: true },
            { text: "Hi", thoughtSignature: "c2ln" },
            { functionCall: { name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" },
            { functionCall: { id: "x", name: "g" } },
            { executableCode: { language: "PYTHON", code: "1" } },
            { inlineData: { mimeType: "image/png", data: "AAAA" }, thoughtSignature: "c2ln" },
            { inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: "AAAA" } },
          ]),
          candidate([{ text: "other" }], { index: 1, finishReason: "MAX_TOKENS", avgLogprobs: -0.1 }),
        ],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8, trafficType: "ON_DEMAND" },
        modelVersion: "m-1",
        createTime: "2026-01-02T03:04:05.678901Z",
        responseId: "r-1",
      },
      {
        candidates: [
          { finishReason: "SAFETY", safetyRatings: [{ category: "c", probability: "HIGH", blocked: true }] },
        ],
      },
      { candidates: [{ content: { role: "model" }, finishReason: "MAX_TOKENS", index: 0 }] },
      { candidates: [{ content: {}, finishReason: "NEW_WORD", index: 0 }] },
      {
        promptFeedback: { blockReason: "SAFETY" },
        usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
        modelVersion: "m",
      },
    ];
    for (const body of bodies) expect(again(body)).toEqual(body);
  });

  test("gives calls without ids one each, and says that it stopped for them", () => {
    const call = { functionCall: { name: "f", args: {} } };
    const [choice] = readAnswer({ candidates: [candidate([call, call])] }).choices;
    const ids = choice?.parts.map((part) => part.kind === "tool-call" && part.id) ?? [];
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{24}$/);
    expect(choice?.finish).toEqual({ kind: "tool-calls", native: "STOP", stopSequence: null });
  });

  test.each([
    ["STOP", "stop"],
    ["MAX_TOKENS", "length"],
    ["SAFETY", "content-filter"],
    ["RECITATION", "content-filter"],
    ["LANGUAGE", "content-filter"],
    ["BLOCKLIST", "content-filter"],
    ["PROHIBITED_CONTENT", "content-filter"],
    ["SPII", "content-filter"],
    ["MODEL_ARMOR", "content-filter"],
    ["IMAGE_SAFETY", "content-filter"],
    ["MALFORMED_FUNCTION_CALL", "error"],
    ["UNEXPECTED_TOOL_CALL", "error"],
    ["OTHER", "other"],
    ["constructor", "other"],
  ])("reads the finish reason %p as %p", (finishReason, kind) => {
    expect(readAnswer({ candidates: [candidate([], { finishReason })] }).choices[0]?.finish?.kind).toBe(kind as never);
  });

  test("reads a blocked prompt as filtered", () => {
    const { choices } = readAnswer({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" } });
    expect(choices).toMatchObject([
      { index: 0, parts: [], finish: { kind: "content-filter", native: "PROHIBITED_CONTENT" } },
    ]);
  });

  test("counts thoughts to the output and tools' results to the input", () => {
    const usage = gemini.readUsage(
      JSON.stringify({
        promptTokenCount: 10,
        candidatesTokenCount: 5,
        thoughtsTokenCount: 7,
        toolUsePromptTokenCount: 3,
        cachedContentTokenCount: 4,
        totalTokenCount: 25,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 8 },
          { modality: "AUDIO", tokenCount: 2 },
        ],
        candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 5 }],
      }),
    );
    expect(usage).toMatchObject({
      inputTokens: 13,
      outputTokens: 12,
      cachedTokens: 4,
      reasoningTokens: 7,
      toolInputTokens: 3,
      audioInputTokens: 2,
      audioOutputTokens: 5,
    });
    expect(gemini.readUsage("not JSON")).toBeNull();
  });

  test("places citations by bytes of the text, and by the segment's own words where the bytes are wrong", () => {
    const text = "Größe: 5 m. Ende.";
    const segment = {
      startIndex: Buffer.byteLength("Größe: "),
      endIndex: Buffer.byteLength("Größe: 5 m."),
      text: "5 m.",
    };
    const [choice] = readAnswer({
      candidates: [
        candidate([{ text: "thinking", thought: true }, { text }], {
          groundingMetadata: {
            groundingChunks: [
              { web: { uri: "https://example.com/a", title: "A" } },
              { retrievedContext: { title: "B", text: "source" } },
              { web: { uri: "https://example.com/c" } },
              { unknown: {} },
            ],
            groundingSupports: [
              { segment, groundingChunkIndices: [0, 7] },
              { segment: { endIndex: 999, text: "Ende." }, groundingChunkIndices: [1] },
            ],
          },
          citationMetadata: { citations: [{}, { endIndex: 6, uri: "https://example.com/d" }] },
        }),
      ],
    }).choices;
    const part = choice?.parts[1];
    const citations = part?.kind === "text" ? (part.citations ?? []) : [];
    expect(citations.map(({ url, title, citedText, start, end }) => [url, title, citedText, start, end])).toEqual([
      ["https://example.com/a", "A", null, 7, 11],
      [null, "B", "source", 12, 17],
      ["https://example.com/c", null, null, null, null],
      ["https://example.com/d", null, null, 0, 4],
    ]);
  });

  test("throws for what is no answer at all", () => {
    expect(() => readAnswer({ choices: [] })).toThrow("no GenerateContentResponse");
  });

  test("is written from another API's answer with ids, grounding, logprobs and foreign signatures", () => {
    const body = fromElsewhere({
      choices: [
        {
          index: 0,
          parts: [
            { kind: "reasoning", text: "", encrypted: { owner: "openai", data: "secret" } },
            {
              kind: "text",
              text: "Größe: 5 m.",
              citations: [
                {
                  url: "https://example.com/a",
                  title: "A",
                  documentIndex: null,
                  documentId: null,
                  citedText: null,
                  start: 7,
                  end: 11,
                  sourceStart: null,
                  sourceEnd: null,
                  sourceUnit: null,
                  extra: null,
                },
              ],
              extra: { annotations: 1 },
            },
            { kind: "tool-call", id: "call_9", name: "f", arguments: '{"a":1}' },
          ],
          finish: { kind: "tool-calls", native: "tool_calls", stopSequence: null },
          logprobs: [{ token: "a", logprob: -0.5, bytes: null, top: [{ token: "b", logprob: -1, bytes: null }] }],
          extra: { content_filter_results: {} },
        },
      ],
      usage: { ...usageOf({ inputTokens: 10, outputTokens: 5, reasoningTokens: 2, cachedTokens: 0 }), extra: { x: 1 } },
    });
    const first = body["candidates"][0];
    expect(first.content.parts[0]).toMatchObject({ text: "", thought: true });
    expect(Buffer.from(first.content.parts[0].thoughtSignature, "base64").toString()).toStartWith("llmux.openai.");
    expect(first.content.parts[2]).toEqual({ functionCall: { id: "call_9", name: "f", args: { a: 1 } } });
    expect(first.finishReason).toBe("STOP");
    expect(first.groundingMetadata).toEqual({
      groundingChunks: [{ web: { uri: "https://example.com/a", title: "A" } }],
      groundingSupports: [
        { segment: { partIndex: 1, startIndex: 9, endIndex: 13, text: "5 m." }, groundingChunkIndices: [0] },
      ],
    });
    expect(first.logprobsResult).toEqual({
      chosenCandidates: [{ token: "a", logProbability: -0.5 }],
      topCandidates: [{ candidates: [{ token: "b", logProbability: -1 }] }],
    });
    expect(body["usageMetadata"]).toEqual({
      promptTokenCount: 10,
      candidatesTokenCount: 3,
      totalTokenCount: 15,
      thoughtsTokenCount: 2,
    });
    expect(body).toMatchObject({ modelVersion: "gpt-x", responseId: "chatcmpl-1", createTime: "2023-11-14T22:13:20Z" });
    expect(JSON.stringify(body)).not.toMatch(/fingerprint|annotations|content_filter/);
  });

  test.each([
    ["stop-sequence", "STOP"],
    ["length", "MAX_TOKENS"],
    ["context-window", "MAX_TOKENS"],
    ["content-filter", "SAFETY"],
    ["refusal", "SAFETY"],
    ["pause", "STOP"],
    ["error", "OTHER"],
  ] as const)("says another API's end %p as %p", (kind, reason) => {
    const finish = { kind, native: "word", stopSequence: null };
    const body = fromElsewhere({ choices: [{ index: 0, parts: [], finish, logprobs: null, extra: null }] });
    expect(body["candidates"][0].finishReason).toBe(reason);
  });
});

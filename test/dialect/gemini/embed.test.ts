import { describe, expect, test } from "bun:test";
import type { EmbedCodec } from "../../../src/dialect/dialect.ts";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import type { EmbedRequest } from "../../../src/dialect/neutral.ts";
import { answerContext, requestContext, targetWith } from "./setup.ts";

const embed = gemini.embed as EmbedCodec;

const NEUTRAL: EmbedRequest = {
  dialect: "cohere",
  model: "m",
  inputs: ["a", "b"],
  isSingle: false,
  dimensions: 64,
  encodings: ["float"],
  purpose: "search_document",
  title: null,
  truncate: null,
  user: null,
  extra: null,
};

describe("embedding", () => {
  test("reads one content and a batch, in both spellings", () => {
    const content = { parts: [{ text: "a" }] };
    expect(
      embed.readRequest({ content, task_type: "RETRIEVAL_QUERY", output_dimensionality: 8 }, requestContext()),
    ).toMatchObject({
      inputs: ["a"],
      isSingle: true,
      purpose: "search_query",
      dimensions: 8,
    });
    const media = { parts: [{ text: "a" }, { inlineData: { mimeType: "image/png", data: "AAAA" } }] };
    expect(embed.readRequest({ requests: [{ content }, { content: media }] }, requestContext())).toMatchObject({
      inputs: ["a", [{ kind: "text" }, { kind: "image" }]],
      isSingle: false,
      purpose: null,
    });
  });

  test("refuses what cannot be said once for all inputs", () => {
    const content = { parts: [{ text: "a" }] };
    const requests = [{ content, taskType: "CLUSTERING" }, { content }];
    expect(() => embed.readRequest({ requests }, requestContext())).toThrow("should be the same");
    expect(() => embed.readRequest({}, requestContext())).toThrow("contents is not specified");
    expect(() => embed.readRequest({ requests: [] }, requestContext())).toThrow("requests is not specified");
  });

  test("writes a batch, or the one content that Vertex takes", () => {
    const part = (text: string) => ({
      content: { parts: [{ text }] },
      taskType: "RETRIEVAL_DOCUMENT",
      outputDimensionality: 64,
    });
    const model = "models/gemini-test";
    expect(embed.writeRequest(NEUTRAL, targetWith())).toEqual({
      requests: [
        { model, ...part("a") },
        { model, ...part("b") },
      ],
    });
    const vertex = targetWith({ renames: { requests: "" } });
    const { content, ...embedContentConfig } = part("a");
    expect(embed.writeRequest({ ...NEUTRAL, inputs: ["a"] }, vertex)).toEqual({ content, embedContentConfig });
    expect(() => embed.writeRequest(NEUTRAL, vertex)).toThrow("one input at a time, got 2");
  });

  test("refuses token ids, other numbers and unknown purposes", () => {
    expect(() => embed.writeRequest({ ...NEUTRAL, inputs: [[1, 2]] }, targetWith())).toThrow("token ids");
    expect(() => embed.writeRequest({ ...NEUTRAL, encodings: ["int8"] }, targetWith())).toThrow("encoding_format");
    expect(() => embed.writeRequest({ ...NEUTRAL, purpose: "poetry" }, targetWith())).toThrow("purpose");
    expect(
      embed.writeRequest({ ...NEUTRAL, encodings: ["base64"], purpose: "image" }, targetWith()),
    ).not.toHaveProperty("requests.0.taskType");
  });

  test("answers in the form that was asked for, also from base64", () => {
    const answer = embed.readAnswer({ embeddings: [{ values: [1, 2] }], usageMetadata: { promptTokenCount: 3 } });
    expect(answer.vectors).toEqual([{ float: [1, 2] }]);
    expect(answer.usage).toMatchObject({ inputTokens: 3 });
    const single = { ...NEUTRAL, inputs: ["a"], isSingle: true };
    const usageMetadata = { promptTokenCount: 3 };
    expect(embed.writeAnswer(answer, single, answerContext("", "gemini.embed"))).toEqual({
      embedding: { values: [1, 2] },
      usageMetadata,
    });
    const base64 = Buffer.from(new Float32Array([0.5, -1]).buffer).toString("base64");
    const foreign = { ...answer, dialect: "openai-chat", vectors: [{ base64 }], usage: null } as const;
    expect(embed.writeAnswer(foreign, NEUTRAL, answerContext("", "gemini.batch-embed"))).toEqual({
      embeddings: [{ values: [0.5, -1] }],
    });
    expect(() => embed.readAnswer({ data: [] })).toThrow("no embeddings");
  });
});

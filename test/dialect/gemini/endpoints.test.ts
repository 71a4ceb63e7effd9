import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import { renderGeminiModel, renderGeminiModelList } from "../../../src/dialect/gemini/models.ts";
import provider from "../../../src/provider/gemini.ts";
import { endpointOf } from "./setup.ts";

describe("Gemini's endpoints", () => {
  test("are all there under both versions, each with a name of its own", () => {
    const names = gemini.endpoints.map(({ name }) => name);
    expect(new Set(names).size).toBe(10);
    for (const verb of [
      "generateContent",
      "streamGenerateContent",
      "countTokens",
      "embedContent",
      "batchEmbedContents",
    ]) {
      for (const version of ["v1beta", "v1"]) {
        expect(gemini.endpoints.some(({ path }) => path === `/${version}/models/{model}:${verb}`)).toBe(true);
      }
    }
  });

  test("stream by their path, upstream as SSE", () => {
    expect(endpointOf("gemini.stream")).toMatchObject({
      isStreamPath: true,
      upstreamPath: "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    });
    expect(endpointOf("gemini.generate").isStreamPath).toBe(false);
    // The first endpoint of an operation is the one that requests are written for.
    expect(gemini.endpoints.find(({ operation }) => operation === "embed")?.name).toBe("gemini.batch-embed");
  });

  test("list models in Gemini's form", () => {
    expect(JSON.parse(renderGeminiModelList(["a", "local/b"]))).toMatchObject({
      models: [{ name: "models/a" }, { name: "models/local/b", displayName: "local/b" }],
    });
    expect(JSON.parse(renderGeminiModel("a")).supportedGenerationMethods).toContain("generateContent");
  });
});

describe("the provider file of AI Studio", () => {
  test.each([
    ["gemini-3-pro-preview", "level"],
    ["gemini-3.1-pro-preview", "level"],
    ["gemini-3.5-flash", "level"],
    ["gemini-2.5-flash-lite", "budget"],
    ["gemini-2.0-flash", "none"],
    ["gemini-1.5-pro", "none"],
    ["gemini-flash-latest", undefined],
    ["gemma-3-27b-it", undefined],
  ])("knows how %s is told to think", (model, reasoning) => {
    const surface = provider.surfaces.find(({ models }) => models === undefined || models.test(model));
    expect(surface?.quirks?.reasoning).toBe(reasoning as never);
  });
});

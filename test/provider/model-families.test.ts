import { describe, expect, test } from "bun:test";
import type { Quirks } from "../../src/exchange.ts";
import { MODEL_FAMILIES } from "../../src/provider/model-families.ts";

/** What the families say of a model in a dialect: the first that says something wins, refusals add up. */
function known(dialect: string, model: string): Partial<Quirks> {
  let quirks: Partial<Quirks> = {};
  const refuses: string[] = [];
  for (const family of MODEL_FAMILIES) {
    if (!family.dialects.includes(dialect) || !family.models.test(model)) continue;
    quirks = { ...family.quirks, ...quirks };
    refuses.push(...(family.quirks.refuses ?? []));
  }
  return { ...quirks, refuses };
}

const FULL = ["low", "medium", "high", "xhigh", "max"];
const SAMPLING = ["temperature", "topP", "topK"];
const BOTH = ["temperature+topP"];

describe("Claude", () => {
  const cases: readonly (readonly [string, Partial<Quirks>])[] = [
    ["claude-3-haiku-20240307", { reasoning: "none", maxOutputTokens: 4_096, jsonSchema: "tool", refuses: [] }],
    ["anthropic.claude-v2:1", { reasoning: "none", maxOutputTokens: 4_096, jsonSchema: "tool" }],
    ["claude-3-5-sonnet-v2@20241022", { reasoning: "none", maxOutputTokens: 8_192, jsonSchema: "tool" }],
    ["anthropic/claude-3.5-haiku", { reasoning: "none", maxOutputTokens: 8_192, jsonSchema: "tool" }],
    ["claude-3-7-sonnet-20250219", { reasoning: "budget", maxOutputTokens: 64_000, jsonSchema: "tool", refuses: [] }],
    ["anthropic/claude-3.7-sonnet", { reasoning: "budget", maxOutputTokens: 64_000, jsonSchema: "tool" }],
    ["claude-sonnet-4@20250514", { reasoning: "budget", maxOutputTokens: 64_000, jsonSchema: "tool", refuses: [] }],
    [
      "us.anthropic.claude-sonnet-4-20250514-v1:0",
      { reasoning: "budget", maxOutputTokens: 64_000, jsonSchema: "tool" },
    ],
    ["claude-opus-4-0", { reasoning: "budget", maxOutputTokens: 32_000, jsonSchema: "tool", refuses: [] }],
    ["claude-opus-4-20250514", { reasoning: "budget", maxOutputTokens: 32_000, jsonSchema: "tool", refuses: [] }],
    ["claude-opus-4-1-20250805", { reasoning: "budget", maxOutputTokens: 32_000, jsonSchema: "tool", refuses: BOTH }],
    ["claude-sonnet-4-5-20250929", { reasoning: "budget", maxOutputTokens: 64_000, refuses: BOTH }],
    ["anthropic/claude-haiku-4.5", { reasoning: "budget", maxOutputTokens: 64_000, refuses: BOTH }],
    ["claude-opus-4-5@20251101", { reasoning: "budget", maxOutputTokens: 64_000, refuses: BOTH }],
    ["us.anthropic.claude-opus-4-6-v1", { reasoning: "adaptive", maxOutputTokens: 128_000, refuses: BOTH }],
    ["claude-sonnet-4-6", { reasoning: "adaptive", efforts: ["none", "low", "medium", "high", "max"], refuses: BOTH }],
    [
      "claude-opus-4-7",
      { reasoning: "adaptive", efforts: ["none", ...FULL], maxOutputTokens: 128_000, refuses: SAMPLING },
    ],
    ["anthropic/claude-4.7-opus", { reasoning: "adaptive", maxOutputTokens: 128_000, refuses: SAMPLING }],
    ["us.anthropic.claude-opus-4-8", { reasoning: "adaptive", systemRole: "system", refuses: SAMPLING }],
    ["claude-opus-5", { reasoning: "adaptive", efforts: ["none", ...FULL], systemRole: "system", refuses: SAMPLING }],
    ["claude-sonnet-5", { reasoning: "adaptive", efforts: ["none", ...FULL], systemRole: "system", refuses: SAMPLING }],
    ["claude-haiku-5-5", { reasoning: "adaptive", efforts: ["none", ...FULL], refuses: SAMPLING }],
    ["claude-sonnet-5-5", { reasoning: "adaptive", efforts: FULL, refuses: SAMPLING }],
    ["claude-opus-5-5", { reasoning: "adaptive", efforts: FULL, refuses: [...SAMPLING, "forcedToolChoice"] }],
    ["claude-fable-5", { reasoning: "adaptive", efforts: FULL, refuses: SAMPLING }],
    [
      "anthropic.claude-fable-5-1",
      { reasoning: "adaptive", efforts: FULL, refuses: [...SAMPLING, "forcedToolChoice"] },
    ],
  ];
  test.each(cases)("%s", (model, expected) => {
    expect(known("anthropic-messages", model)).toMatchObject(expected);
  });

  test("models from 4.5 on have structured outputs of their own", () => {
    for (const model of ["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5-20251101", "claude-opus-5"]) {
      expect(known("anthropic-messages", model).jsonSchema).toBeUndefined();
    }
  });

  test("only models that know them get system messages in mid-conversation", () => {
    expect(known("anthropic-messages", "claude-opus-4-7").systemRole).toBeUndefined();
    expect(known("openai-chat", "claude-opus-5").systemRole).toBeUndefined();
  });
});

describe("OpenAI", () => {
  const sampling = [
    "temperature",
    "topP",
    "presencePenalty",
    "frequencyPenalty",
    "logprobs",
    "topLogprobs",
    "logitBias",
  ];
  const cases: readonly (readonly [string, Partial<Quirks>])[] = [
    ["gpt-4o", { refuses: [] }],
    ["gpt-4.1-mini", { refuses: [] }],
    [
      "o1",
      { efforts: ["low", "medium", "high"], systemRole: "developer", refuses: [...sampling, "parallelToolCalls"] },
    ],
    ["openai/o4-mini", { efforts: ["low", "medium", "high"], refuses: [...sampling, "parallelToolCalls"] }],
    [
      "gpt-5",
      { efforts: ["minimal", "low", "medium", "high"], systemRole: "developer", refuses: [...sampling, "stop"] },
    ],
    ["gpt-5-nano-2025-08-07", { efforts: ["minimal", "low", "medium", "high"], refuses: [...sampling, "stop"] }],
    ["gpt-5-pro", { efforts: ["high"], refuses: [...sampling, "stop"] }],
    ["gpt-5-chat-latest", { reasoning: "none", refuses: [] }],
    ["gpt-5.1", { efforts: ["none", "low", "medium", "high"], systemRole: "developer", refuses: [] }],
    ["gpt-5.1-codex-max", { efforts: ["low", "medium", "high", "xhigh"], refuses: [...sampling, "stop"] }],
    ["gpt-5.2-chat-latest", { efforts: ["medium"], refuses: [...sampling, "stop"] }],
    ["gpt-5.2-pro", { efforts: ["medium", "high", "xhigh"], refuses: [...sampling, "stop"] }],
    ["gpt-5.4-mini", { efforts: ["none", "low", "medium", "high", "xhigh"], refuses: [] }],
    ["gpt-5.6-terra", { efforts: ["none", ...FULL], refuses: [...sampling, "stop"] }],
    ["gpt-6-astra", { efforts: FULL, refuses: [...sampling, "stop"] }],
    ["openai/gpt-oss-120b", { efforts: ["low", "medium", "high"], refuses: [] }],
  ];
  test.each(cases)("%s", (model, expected) => {
    expect(known("openai-chat", model)).toMatchObject(expected);
  });
});

test("Gemini takes a budget up to 2.5 and a level from 3 on", () => {
  expect(known("gemini", "gemini-2.5-flash")).toMatchObject({ reasoning: "budget" });
  expect(known("gemini", "gemini-2.5-pro").efforts).not.toContain("none");
  expect(known("gemini", "gemini-3-pro-preview")).toMatchObject({ reasoning: "level", efforts: ["low", "high"] });
  expect(known("gemini", "gemini-3.1-pro-preview").efforts).toEqual(["low", "medium", "high"]);
  expect(known("gemini", "gemini-3.1-flash-lite").efforts).toEqual(["minimal", "low", "medium", "high"]);
  expect(known("gemini", "gemini-3-flash-preview").efforts).toEqual(["minimal", "low", "medium", "high"]);
  expect(known("gemini", "gemini-2.0-flash")).toMatchObject({ reasoning: "none" });
});

test("Bedrock's families say what Converse does not do for them", () => {
  expect(known("bedrock-converse", "amazon.titan-text-express-v1").refuses).toContain("system");
  expect(known("bedrock-converse", "us.amazon.nova-lite-v1:0").refuses).toEqual([]);
  expect(known("bedrock-converse", "us.meta.llama3-3-70b-instruct-v1:0").refuses).toEqual(["stop", "toolChoice"]);
  expect(known("bedrock-converse", "meta.llama3-8b-instruct-v1:0").refuses).toContain("tools");
  expect(known("bedrock-converse", "us.deepseek.r1-v1:0").refuses).toContain("tools");
  expect(known("bedrock-converse", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")).toMatchObject({
    reasoning: "budget",
  });
});

test("every family names the page it comes from", () => {
  for (const { source, models } of MODEL_FAMILIES) {
    expect(source).toStartWith("https://");
    // A pattern that remembers where it stopped would answer differently the second time.
    expect(models.flags).toBe("");
  }
});

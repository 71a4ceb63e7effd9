import { describe, expect, test } from "bun:test";
import { gemini } from "../../../src/dialect/gemini/dialect.ts";
import type { NeutralMessage, NeutralTool, ReasoningSettings, ToolChoice } from "../../../src/dialect/neutral.ts";
import { neutral, targetWith, write } from "./setup.ts";

const WEATHER: NeutralTool = {
  kind: "function",
  name: "get_weather",
  description: null,
  parameters: { type: "object", properties: { city: { type: "string" } }, $defs: {}, additionalProperties: false },
  isStrict: null,
};
const NO_REASONING: ReasoningSettings = {
  effort: null,
  budgetTokens: null,
  isEnabled: null,
  isAdaptive: null,
  show: null,
};

const LOOP: readonly NeutralMessage[] = [
  { role: "system", parts: [{ kind: "text", text: "Be brief." }] },
  { role: "user", parts: [{ kind: "text", text: "NYC and LA?" }] },
  { role: "assistant", parts: [{ kind: "tool-call", id: "c1", name: "get_weather", arguments: '{"city":"NYC"}' }] },
  { role: "assistant", parts: [{ kind: "tool-call", id: "c2", name: "get_weather", arguments: '{"city":"LA"}' }] },
  { role: "tool", parts: [{ kind: "tool-result", callId: "c1", content: [{ kind: "text", text: "sunny" }] }] },
  {
    role: "tool",
    parts: [{ kind: "tool-result", callId: "c2", isError: true, content: [{ kind: "text", text: "no such city" }] }],
  },
  { role: "developer", parts: [{ kind: "text", text: "Use Celsius." }] },
];

describe("writing a Gemini request", () => {
  test("joins a turn's calls and its results, and hoists all instructions", () => {
    expect(write({ messages: LOOP, tools: [WEATHER] }, targetWith({ reasoning: "budget" }))).toEqual({
      systemInstruction: { parts: [{ text: "Be brief." }, { text: "Use Celsius." }] },
      contents: [
        { role: "user", parts: [{ text: "NYC and LA?" }] },
        {
          role: "model",
          parts: [
            { functionCall: { id: "c1", name: "get_weather", args: { city: "NYC" } } },
            { functionCall: { id: "c2", name: "get_weather", args: { city: "LA" } } },
          ],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { id: "c1", name: "get_weather", response: { output: "sunny" } } },
            { functionResponse: { id: "c2", name: "get_weather", response: { error: "no such city" } } },
          ],
        },
      ],
      tools: [{ functionDeclarations: [{ name: "get_weather", parametersJsonSchema: WEATHER.parameters }] }],
    });
  });

  test("tells Gemini 3 of calls that have no signature, and shows it only Google's own", () => {
    const call = { kind: "tool-call", id: "c", name: "f", arguments: "{}" } as const;
    const signatures = (data: string, owner: "google" | "anthropic") =>
      write({
        messages: [
          { role: "user", parts: [{ kind: "text", text: "x" }] },
          {
            role: "assistant",
            parts: [
              { ...call, signature: { owner, data } },
              { ...call, id: "d" },
            ],
          },
        ],
      })["contents"][1].parts.map((part: Record<string, unknown>) => part["thoughtSignature"]);
    expect(signatures("c2ln", "google")).toEqual(["c2ln", undefined]);
    expect(signatures("c2ln", "anthropic")).toEqual(["skip_thought_signature_validator", undefined]);
  });

  test("leaves out another provider's encrypted reasoning and keeps its words", () => {
    const { contents } = write({
      messages: [
        { role: "user", parts: [{ kind: "text", text: "x" }] },
        {
          role: "assistant",
          parts: [
            { kind: "reasoning", text: "", encrypted: { owner: "openai", data: "e" } },
            { kind: "reasoning", text: "so", signature: { owner: "anthropic", data: "s" } },
            { kind: "text", text: "" },
            { kind: "refusal", text: "No." },
          ],
        },
      ],
    });
    expect(contents[1].parts).toEqual([{ text: "so", thought: true }, { text: "No." }]);
  });

  test("makes a result's response an object, whatever the tool gave", () => {
    const responseOf = (text: string, isError = false) =>
      write({
        messages: [
          { role: "tool", parts: [{ kind: "tool-result", callId: "c", isError, content: [{ kind: "text", text }] }] },
        ],
      })["contents"][0].parts[0].functionResponse.response;
    expect(responseOf('{"t":20}')).toEqual({ t: 20 });
    expect(responseOf('["a"]')).toEqual({ output: ["a"] });
    expect(responseOf("[a")).toEqual({ output: "[a" });
    expect(responseOf("{a")).toEqual({ output: "{a" });
    expect(responseOf("42")).toEqual({ output: "42" });
    expect(responseOf('{"t":20}', true)).toEqual({ error: '{"t":20}' });
    expect(responseOf('{"error":"e"}', true)).toEqual({ error: "e" });
  });

  test("puts a result's media within it for Gemini 3, beside it for others", () => {
    const image = { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" } } as const;
    const messages: NeutralMessage[] = [
      { role: "tool", parts: [{ kind: "tool-result", callId: "c", content: [{ kind: "text", text: "see" }, image] }] },
    ];
    const media = { inlineData: { mimeType: "image/png", data: "AAAA" } };
    const result = { id: "c", name: "c", response: { output: "see" } };
    expect(write({ messages }, targetWith({ reasoning: "level" }))["contents"][0].parts).toEqual([
      { functionResponse: { ...result, parts: [media] } },
    ]);
    expect(write({ messages }, targetWith({ reasoning: "budget" }))["contents"][0].parts).toEqual([
      { functionResponse: result },
      media,
    ]);
  });

  test("lets a conversation with broken arguments go on", () => {
    const { contents } = write({
      messages: [{ role: "assistant", parts: [{ kind: "tool-call", id: "c", name: "f", arguments: '{"a":' }] }],
    });
    expect(contents[0].parts[0].functionCall.args).toEqual({ input: '{"a":' });
  });

  test("makes instructions alone the first turn", () => {
    const messages: NeutralMessage[] = [{ role: "system", parts: [{ kind: "text", text: "Tell a joke." }] }];
    expect(write({ messages })).toEqual({ contents: [{ role: "user", parts: [{ text: "Tell a joke." }] }] });
  });

  test("guesses a URL's type where nobody says it, and refuses files that others hold", () => {
    const image = (url: string) => ({ kind: "image", source: { kind: "url", url, mediaType: null } }) as const;
    const { contents } = write({
      messages: [{ role: "user", parts: [image("https://example.com/a.PNG?x=1"), image("https://example.com/a")] }],
    });
    expect(contents[0].parts).toEqual([
      { fileData: { fileUri: "https://example.com/a.PNG?x=1", mimeType: "image/png" } },
      { fileData: { fileUri: "https://example.com/a" } },
    ]);
    const held = { kind: "file", source: { kind: "file-id", id: "file-abc", mediaType: null } } as const;
    expect(() => write({ messages: [{ role: "user", parts: [held] }] })).toThrow("Gemini does not hold this file");
  });

  const MODES: readonly [ToolChoice, object][] = [
    [{ kind: "auto" }, { mode: "AUTO" }],
    [{ kind: "none" }, { mode: "NONE" }],
    [{ kind: "required" }, { mode: "ANY" }],
    [
      { kind: "tool", name: "f" },
      { mode: "ANY", allowedFunctionNames: ["f"] },
    ],
    [
      { kind: "allowed", names: ["f", "g"], isRequired: true },
      { mode: "ANY", allowedFunctionNames: ["f", "g"] },
    ],
    [
      { kind: "allowed", names: ["f"], isRequired: false },
      { mode: "VALIDATED", allowedFunctionNames: ["f"] },
    ],
  ];
  test.each(MODES)("writes the tool choice %j", (toolChoice, config) => {
    expect(write({ toolChoice, tools: [WEATHER] })["toolConfig"]).toEqual({ functionCallingConfig: config });
  });

  const THINKING: readonly [Partial<ReasoningSettings>, "level" | "budget" | null, object | undefined][] = [
    [{ effort: "medium" }, "level", { thinkingLevel: "MEDIUM", includeThoughts: true }],
    [{ effort: "max" }, "level", { thinkingLevel: "HIGH", includeThoughts: true }],
    [{ effort: "none" }, "level", { thinkingLevel: "MINIMAL" }],
    [{ budgetTokens: 0, isEnabled: false }, "level", { thinkingLevel: "MINIMAL" }],
    [{ effort: "medium" }, "budget", { thinkingBudget: 8192, includeThoughts: true }],
    [{ effort: "max" }, "budget", { thinkingBudget: 24576, includeThoughts: true }],
    [{ isEnabled: false }, "budget", { thinkingBudget: 0 }],
    [{ isAdaptive: true }, "budget", { thinkingBudget: -1, includeThoughts: true }],
    [{ budgetTokens: 2000, show: "none" }, "budget", { thinkingBudget: 2000, includeThoughts: false }],
    [{ effort: "low" }, null, { thinkingLevel: "LOW", includeThoughts: true }],
    [{ budgetTokens: 2000 }, null, { thinkingBudget: 2000, includeThoughts: true }],
  ];
  test.each(THINKING)("asks for reasoning %j in the style %p", (reasoning, style, thinkingConfig) => {
    const body = write({ reasoning: { ...NO_REASONING, ...reasoning } }, targetWith({ reasoning: style }));
    expect(body["generationConfig"]?.thinkingConfig).toEqual(thinkingConfig);
  });

  test("refuses reasoning for a model that has none, but not to go without", () => {
    const target = targetWith({ reasoning: "none" });
    expect(() => write({ reasoning: { ...NO_REASONING, effort: "high" } }, target)).toThrow("does not reason");
    expect(write({ reasoning: { ...NO_REASONING, effort: "none" } }, target)["generationConfig"]).toBeUndefined();
  });

  test("takes a level that the model knows", () => {
    const target = targetWith({ reasoning: "level", efforts: ["low", "high"] });
    const body = write({ reasoning: { ...NO_REASONING, effort: "medium" } }, target);
    expect(body["generationConfig"].thinkingConfig.thinkingLevel).toBe("LOW");
  });

  test("writes JSON of a schema in the field for JSON Schema", () => {
    const schema = { type: "object", properties: { a: { $ref: "#/$defs/A" } }, $defs: { A: { type: "string" } } };
    const format = { kind: "json-schema", name: "answer", description: "d", schema, isStrict: true } as const;
    expect(write({ responseFormat: format })["generationConfig"]).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: { ...schema, title: "answer", description: "d" },
    });
    expect(write({ responseFormat: format }, targetWith({ jsonSchema: "json-object" }))["generationConfig"]).toEqual({
      responseMimeType: "application/json",
    });
  });

  test("asks for JSON through a tool where functions exclude the field", () => {
    const format = {
      kind: "json-schema",
      name: "answer",
      description: null,
      schema: { type: "object" },
      isStrict: true,
    } as const;
    const request = neutral({ responseFormat: format, tools: [WEATHER] });
    const { body, jsonTool } = gemini.generate.writeRequest(request, targetWith({ reasoning: "budget" }));
    expect(jsonTool).toBe("json_output");
    expect(body["toolConfig"]).toEqual({ functionCallingConfig: { mode: "ANY" } });
    expect(body["generationConfig"]).toBeUndefined();
    const alone = gemini.generate.writeRequest(neutral({ responseFormat: format }), targetWith({ jsonSchema: "tool" }));
    expect(alone.body["toolConfig"]).toEqual({
      functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["json_output"] },
    });
    expect(gemini.generate.writeRequest(request, targetWith({ reasoning: "level" })).jsonTool).toBeNull();
  });

  test("refuses values out of bounds, or clamps and names them", () => {
    const beyond = { temperature: 3, choices: 9, stop: ["1", "2", "3", "4", "5", "6"] };
    for (const [name, value] of Object.entries(beyond)) expect(() => write({ [name]: value })).toThrow(name);
    const target = targetWith({}, true);
    expect(write(beyond, target)["generationConfig"]).toEqual({
      temperature: 2,
      candidateCount: 8,
      stopSequences: ["1", "2", "3", "4", "5"],
    });
    expect(target.dropped).toEqual(["temperature", "stop", "choices"]);
  });

  test("keeps seeds within 32 bits", () => {
    expect(write({ seed: 2 ** 40 + 7 })["generationConfig"]).toEqual({ seed: 7 });
  });

  test("says tiers in Gemini's words", () => {
    expect(write({ serviceTier: "default" })["serviceTier"]).toBe("standard");
    expect(write({ serviceTier: "auto" })["serviceTier"]).toBeUndefined();
    const target = targetWith();
    expect(write({ serviceTier: "scale" }, target)["serviceTier"]).toBeUndefined();
    expect(target.dropped).toEqual(["serviceTier"]);
  });

  test("searches the web, and refuses bounds that Google Search does not know", () => {
    const search = {
      kind: "web-search",
      maxUses: 3,
      allowedDomains: null,
      blockedDomains: null,
      country: null,
      city: null,
      contextSize: null,
    } as const;
    const target = targetWith();
    expect(write({ tools: [search] }, target)["tools"]).toEqual([{ googleSearch: {} }]);
    expect(target.dropped).toEqual(["tools.web_search.max_uses"]);
    expect(() => write({ tools: [{ ...search, allowedDomains: ["example.com"] }] })).toThrow("allowed_domains");
  });

  test("never looks at what another dialect kept for itself", () => {
    const body = write({
      extra: { store: true },
      messages: [
        { role: "user", extra: { role: "x" }, parts: [{ kind: "text", text: "Hi", extra: { annotations: [] } }] },
      ],
      tools: [{ ...WEATHER, extra: { defer_loading: true } }],
    });
    expect(JSON.stringify(body)).not.toMatch(/store|annotations|defer|"x"/);
  });
});

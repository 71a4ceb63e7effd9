import { describe, expect, test } from "bun:test";
import type { Part } from "../../../src/dialect/neutral.ts";
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import { ASK, errorOf, read, write } from "./fixtures.ts";

function partsOf(content: Json): readonly Part[] {
  return read({ model: "m", messages: [{ role: "user", content }] }).messages[0]?.parts ?? [];
}

describe("a chat request", () => {
  test("is refused in the API's words, with the member at fault", () => {
    const cases: readonly (readonly [body: JsonObject, param: string, detail: string])[] = [
      [{ model: "m" }, "messages", "missing_required_parameter"],
      [{ model: "m", messages: [] }, "messages", "empty_array"],
      [{ model: "m", messages: "Hi" }, "messages", "invalid_type"],
      [{ model: "m", messages: [{ content: "Hi" }] }, "messages[0].role", "missing_required_parameter"],
      [{ model: "m", messages: [{ role: "king", content: "Hi" }] }, "messages[0].role", "invalid_value"],
      [{ model: "m", messages: [{ role: "user" }] }, "messages[0].content", "missing_required_parameter"],
      [{ model: "m", messages: [{ role: "user", content: 3 }] }, "messages[0].content", "invalid_type"],
      [
        { model: "m", messages: [{ role: "user", content: [{ type: "text" }] }] },
        "messages[0].content[0].text",
        "missing_required_parameter",
      ],
      [{ ...ASK, temperature: "hot" }, "temperature", "invalid_type"],
      [{ ...ASK, stop: [1] }, "stop[0]", "invalid_type"],
      [{ ...ASK, tool_choice: "maybe" }, "tool_choice", "invalid_value"],
      [{ ...ASK, reasoning_effort: "huge" }, "reasoning_effort", "invalid_value"],
      [{ ...ASK, tools: [{ type: "function", function: {} }] }, "tools[0].function.name", "missing_required_parameter"],
      [{ ...ASK, response_format: { type: "json_schema" } }, "response_format.json_schema", "invalid_type"],
    ];
    for (const [body, param, detail] of cases) {
      const error = errorOf(() => read(body));
      expect([error.code, error.options.param, error.options.detail]).toEqual(["invalid_request", param, detail]);
    }
  });

  test("gives content of every kind", () => {
    expect(partsOf("Hi")).toEqual([{ kind: "text", text: "Hi" }]);
    expect(partsOf([{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "low" } }])).toEqual([
      { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" }, detail: "low" },
    ]);
    expect(partsOf([{ type: "image_url", image_url: { url: "https://example.com/a.png" } }])).toEqual([
      { kind: "image", source: { kind: "url", url: "https://example.com/a.png", mediaType: null } },
    ]);
    expect(partsOf([{ type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } }])).toEqual([
      { kind: "audio", source: { kind: "data", mediaType: "audio/mpeg", data: "AAAA" } },
    ]);
    expect(
      partsOf([{ type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } }]),
    ).toEqual([{ kind: "file", source: { kind: "data", mediaType: "application/pdf", data: "AAAA" }, name: "a.pdf" }]);
    expect(partsOf([{ type: "file", file: { file_id: "file-1" } }])).toEqual([
      { kind: "file", source: { kind: "file-id", id: "file-1", mediaType: null } },
    ]);
    expect(partsOf([{ type: "video_url", video_url: { url: "https://example.com/a.mp4" } }])).toEqual([
      { kind: "video", source: { kind: "url", url: "https://example.com/a.mp4", mediaType: null } },
    ]);
    expect(partsOf([{ type: "text", text: "Hi", cache_control: { type: "ephemeral", ttl: "1h" } }])).toEqual([
      { kind: "text", text: "Hi", cache: { ttl: "1h" } },
    ]);
    expect(partsOf([{ type: "hologram", value: 1 }])).toEqual([
      { kind: "native", dialect: "openai-chat", value: { type: "hologram", value: 1 } },
    ]);
  });

  test("keeps a turn with tools, legacy functions included", () => {
    const modern = read({
      model: "m",
      messages: [
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "a", content: "1" },
        { role: "assistant", tool_calls: [{ id: "b", type: "custom", custom: { name: "g", input: "x" } }] },
        { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "2" }] },
      ],
    });
    expect(modern.messages.map(({ role, parts }) => [role, parts[0]])).toEqual([
      ["assistant", { kind: "tool-call", id: "a", name: "f", arguments: "{}" }],
      ["tool", { kind: "tool-result", callId: "a", content: [{ kind: "text", text: "1" }] }],
      ["assistant", { kind: "tool-call", id: "b", name: "g", arguments: "x", isCustom: true }],
      ["tool", { kind: "tool-result", callId: "b", content: [{ kind: "text", text: "2" }], isCustom: true }],
    ]);
    const legacy = read({
      model: "m",
      messages: [
        { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
        { role: "assistant", content: null, function_call: { name: "g", arguments: "{}" } },
        { role: "function", name: "g", content: "2" },
        { role: "function", name: "f", content: "1" },
      ],
    });
    expect(legacy.messages.map(({ parts }) => (parts[0] as { callId?: string; id?: string }).callId ?? null)).toEqual([
      null,
      null,
      "call_2",
      "call_1",
    ]);
    expect(errorOf(() => read({ model: "m", messages: [{ role: "tool", content: "1" }] })).options.param).toBe(
      "messages[0].role",
    );
  });

  test("says how much to reason, in each server's way", () => {
    const NOTHING = { effort: null, budgetTokens: null, isEnabled: null, isAdaptive: null, show: null };
    const cases: readonly (readonly [body: JsonObject, settings: object])[] = [
      [{ reasoning_effort: "low" }, { effort: "low" }],
      [{ reasoning: { max_tokens: 2000, exclude: true } }, { budgetTokens: 2000, show: "none" }],
      [{ reasoning: { enabled: true, effort: "high" } }, { isEnabled: true, effort: "high" }],
      [{ thinking: { type: "disabled" } }, { isEnabled: false }],
      [{ thinking: { type: "enabled", budget_tokens: 5 } }, { isEnabled: true, budgetTokens: 5 }],
      [
        { enable_thinking: true, thinking_budget: 9 },
        { isEnabled: true, budgetTokens: 9 },
      ],
      [{ chat_template_kwargs: { enable_thinking: false } }, { isEnabled: false }],
    ];
    for (const [body, settings] of cases) {
      const request = read({ ...ASK, ...body });
      expect({ ...request.reasoning }).toMatchObject({ ...NOTHING, ...settings });
      expect(request.extra).toBeNull();
      expect(write(request)).toEqual({ ...ASK, ...body, model: "provider-model" });
    }
    const more = read({ ...ASK, thinking: { type: "enabled", clear_thinking: false } });
    expect(more.extra).toEqual({ thinking: { clear_thinking: false } });
  });

  test("reads every form of tool_choice and says it again", () => {
    const cases: readonly (readonly [said: Json, choice: object])[] = [
      ["auto", { kind: "auto" }],
      ["none", { kind: "none" }],
      ["required", { kind: "required" }],
      ["any", { kind: "required" }],
      [
        { type: "function", function: { name: "f" } },
        { kind: "tool", name: "f" },
      ],
      [
        { type: "custom", custom: { name: "f" } },
        { kind: "tool", name: "f" },
      ],
      [
        { type: "tool", name: "f" },
        { kind: "tool", name: "f" },
      ],
      [
        {
          type: "allowed_tools",
          allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "f" } }] },
        },
        { kind: "allowed", names: ["f"], isRequired: true },
      ],
    ];
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
    for (const [said, choice] of cases) {
      const request = read({ ...ASK, tools, tool_choice: said });
      expect({ ...request.toolChoice }).toMatchObject(choice);
      expect(write(request)["tool_choice"]).toEqual(said);
    }
  });

  test("is written back as it was said, whatever it said in two ways or not at all", () => {
    const bodies: readonly JsonObject[] = [
      { ...ASK, max_tokens: 5, stop: "x", n: 1, tools: [], logit_bias: {}, user: null },
      { ...ASK, max_completion_tokens: 5, stop: ["x"], safety_identifier: "u" },
      { ...ASK, max_tokens: 5, max_completion_tokens: 5, seed: 1, logprobs: true, top_logprobs: 2 },
      { ...ASK, functions: [{ name: "f", parameters: {} }], function_call: { name: "f" } },
      { ...ASK, response_format: { type: "json_schema", json_schema: { name: "a", schema: {}, strict: null } } },
      { ...ASK, response_format: { type: "grammar", value: "root" } },
      { ...ASK, prediction: { type: "content", content: [{ type: "text", text: "x" }] } },
      { ...ASK, modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } },
      { ...ASK, provider: { order: ["a"] }, cache_control: { type: "ephemeral" } },
      {
        ...ASK,
        web_search_options: {
          search_context_size: "low",
          user_location: { type: "approximate", approximate: { country: "NL", region: "UT" } },
        },
      },
      {
        ...ASK,
        tools: [
          {
            type: "function",
            function: { name: "f", description: null, strict: true },
            cache_control: { type: "ephemeral" },
          },
          { type: "custom", custom: { name: "g", format: { type: "text" } } },
          { type: "openrouter:web_search", parameters: { max_uses: 1, excluded_domains: ["example.com"] } },
          { type: "browser_search" },
        ],
      },
      {
        model: "m",
        messages: [
          { role: "developer", content: [{ type: "text", text: "Be brief." }] },
          {
            role: "user",
            name: "ann",
            content: [
              { type: "text", text: "a" },
              { type: "text", text: "b" },
            ],
          },
          {
            role: "assistant",
            content: "",
            reasoning: "r",
            reasoning_details: [{ type: "reasoning.text", text: "r", signature: "s", format: "x", index: 0 }],
          },
          { role: "assistant", content: null, refusal: "no", tool_calls: null },
          {
            role: "assistant",
            content: [
              {
                type: "thinking",
                thinking: [
                  { type: "text", text: "a" },
                  { type: "text", text: "b" },
                ],
              },
            ],
            prefix: false,
          },
          { role: "assistant", audio: { id: "audio_1" } },
        ],
      },
    ];
    for (const body of bodies) expect(write(read(body))).toEqual({ ...body, model: "provider-model" });
  });

  test("gives stream options that it did not ask for only where they were asked for", () => {
    expect(write(read({ ...ASK, stream: true }, true))["stream_options"]).toBeUndefined();
    const asked = read(
      { ...ASK, stream: true, stream_options: { include_usage: true, include_obfuscation: false } },
      true,
    );
    expect(asked.wantsStreamUsage).toBe(true);
    expect(write(asked)["stream_options"]).toEqual({ include_usage: true, include_obfuscation: false });
  });
});

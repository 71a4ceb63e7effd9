import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialect/anthropic-messages/dialect.ts";
import type { NeutralMessage, NeutralTool, Part, ReasoningSettings } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { request, target, write } from "./codec.ts";

const TOOL: NeutralTool = {
  kind: "function",
  name: "f",
  description: "does",
  parameters: { type: "object", properties: {} },
  isStrict: true,
};
const REASONING: ReasoningSettings = {
  effort: null,
  budgetTokens: null,
  isEnabled: null,
  isAdaptive: null,
  show: null,
};

function say(role: NeutralMessage["role"], ...parts: (string | Part)[]): NeutralMessage {
  return { role, parts: parts.map((part) => (typeof part === "string" ? { kind: "text", text: part } : part)) };
}

describe("messages", () => {
  test("system messages at the start become the system prompt", () => {
    const body = write({ messages: [say("system", "A"), say("developer", "B"), say("user", "Hi")] });
    expect(body["system"]).toEqual([
      { type: "text", text: "A" },
      { type: "text", text: "B" },
    ]);
    expect(body["messages"]).toEqual([{ role: "user", content: "Hi" }]);
  });

  test("a conversation of instructions alone is said by the user", () => {
    const body = write({ messages: [say("system", "Sing.")] });
    expect(body).not.toHaveProperty("system");
    expect(body["messages"]).toEqual([{ role: "user", content: "Sing." }]);
  });

  test("roles alternate, and empty texts are left out", () => {
    const body = write({
      messages: [say("user", "a", ""), say("user", "b"), say("assistant", ""), say("assistant", "c"), say("user", "d")],
    });
    expect(body["messages"]).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      { role: "assistant", content: "c" },
      { role: "user", content: "d" },
    ]);
  });

  test("results of several tool messages stand in one user message, before its text", () => {
    const result = (callId: string): Part => ({
      kind: "tool-result",
      callId,
      content: [{ kind: "text", text: callId }],
    });
    const call = (id: string): Part => ({ kind: "tool-call", id, name: "f", arguments: "" });
    const body = write({
      messages: [
        say("user", "Hi"),
        say("assistant", call("a"), call("b")),
        say("tool", result("a")),
        say("user", "and"),
        say("tool", result("b")),
      ],
    });
    expect((body["messages"] as JsonObject[])[2]).toEqual({
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "a", content: "a" },
        { type: "tool_result", tool_use_id: "b", content: "b" },
        { type: "text", text: "and" },
      ],
    });
  });

  test("ids are said in letters the API takes, the same for a call and its result", () => {
    const body = write({
      messages: [
        say("user", "Hi"),
        say("assistant", { kind: "tool-call", id: "call:1/é", name: "f", arguments: '{"a":1}' }),
        say("tool", { kind: "tool-result", callId: "call:1/é", content: [], isError: true }),
      ],
    });
    const [, assistant, user] = body["messages"] as JsonObject[];
    expect(assistant?.["content"]).toEqual([{ type: "tool_use", id: "call_1__", name: "f", input: { a: 1 } }]);
    expect(user?.["content"]).toEqual([{ type: "tool_result", tool_use_id: "call_1__", is_error: true }]);
  });

  test("an input that is no object stands in one", () => {
    const body = write({
      messages: [say("user", "Hi"), say("assistant", { kind: "tool-call", id: "a", name: "f", arguments: '{"a":' })],
    });
    expect(JSON.stringify(body["messages"])).toContain(JSON.stringify({ input: '{"a":' }));
  });

  test("instructions in mid-conversation end the user's turn, where the model knows them", () => {
    const messages = [
      say("user", "a"),
      say("assistant", "b"),
      say("system", "be brief"),
      say("user", "c"),
      say("assistant", "d "),
    ];
    expect(write({ messages }, { systemRole: "system" })["messages"]).toEqual([
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      { role: "user", content: "c" },
      { role: "system", content: "be brief" },
      { role: "assistant", content: "d" },
    ]);
    expect(write({ messages })["messages"]).toEqual([
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      {
        role: "user",
        content: [
          { type: "text", text: "be brief" },
          { type: "text", text: "c" },
        ],
      },
      // "final assistant content cannot end with trailing whitespace"
      { role: "assistant", content: "d" },
    ]);
  });

  test("reasoning goes back only with Anthropic's own proof", () => {
    const body = write({
      messages: [
        say("user", "Hi"),
        say(
          "assistant",
          { kind: "reasoning", text: "x", signature: { owner: "google", data: "s" } },
          { kind: "reasoning", text: "y" },
          { kind: "reasoning", text: "z", signature: { owner: "anthropic", data: "s" } },
          { kind: "reasoning", text: "", encrypted: { owner: "anthropic", data: "e" } },
          { kind: "reasoning", text: "", encrypted: { owner: "openai", data: "e" } },
          "ok",
        ),
      ],
    });
    expect((body["messages"] as JsonObject[])[1]?.["content"]).toEqual([
      { type: "thinking", thinking: "z", signature: "s" },
      { type: "redacted_thinking", data: "e" },
      { type: "text", text: "ok" },
    ]);
  });

  test("images and documents, in results too", () => {
    const image: Part = { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AA==" } };
    const text: Part = { kind: "file", name: "a.csv", source: { kind: "data", mediaType: "text/csv", data: "MSwy" } };
    const body = write({
      messages: [
        say("user", image, text, {
          kind: "image",
          source: { kind: "url", url: "https://example.com/a", mediaType: null },
        }),
        say("assistant", { kind: "tool-call", id: "a", name: "f", arguments: "{}" }),
        say("tool", { kind: "tool-result", callId: "a", content: [image] }),
      ],
    });
    expect(body["messages"]).toEqual([
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "1,2" }, title: "a.csv" },
          { type: "image", source: { type: "url", url: "https://example.com/a" } },
        ],
      },
      { role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: {} }] },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "a",
            content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } }],
          },
        ],
      },
    ]);
  });

  test("a document the API cannot read is refused by name", () => {
    const part: Part = { kind: "file", source: { kind: "data", mediaType: "application/msword", data: "AA==" } };
    expect(() => write({ messages: [say("user", part, "Hi")] })).toThrow("application/msword");
  });
});

describe("settings", () => {
  test("max_tokens is the model's most, or 4,096, where the caller gave none", () => {
    expect(write()["max_tokens"]).toBe(4_096);
    expect(write({}, { maxOutputTokens: 64_000 })["max_tokens"]).toBe(64_000);
    expect(write({ maxTokens: 5 }, { maxOutputTokens: 64_000 })["max_tokens"]).toBe(5);
  });

  test("temperature is at most 1", () => {
    expect(() => write({ temperature: 1.5 })).toThrow("temperature");
    const dropping = target({}, true);
    const { body } = anthropicMessages.generate.writeRequest(request({ temperature: 1.5 }), dropping);
    expect(body["temperature"]).toBe(1);
    expect(dropping.dropped).toEqual(["temperature"]);
  });

  test("models that take one sampler get temperature", () => {
    const quirks = { refuses: ["temperature+topP"] };
    expect(() => write({ temperature: 0.5, topP: 0.5 }, quirks)).toThrow("topP");
    expect(write({ temperature: 0.5, topP: 1 }, quirks)).not.toHaveProperty("top_p");
    expect(write({ temperature: 1, topP: 0.5 }, quirks)).toMatchObject({ top_p: 0.5 });
    expect(write({ temperature: 0.5, topP: 0.5 })).toMatchObject({ temperature: 0.5, top_p: 0.5 });
  });

  test("a stop sequence of white space alone is refused", () => {
    expect(() => write({ stop: ["\n", "END"] })).toThrow("stop");
    expect(write({ stop: ["END"] })["stop_sequences"]).toEqual(["END"]);
  });

  test("service tiers", () => {
    expect(write({ serviceTier: "auto" })["service_tier"]).toBe("auto");
    expect(write({ serviceTier: "priority" })["service_tier"]).toBe("auto");
    expect(write({ serviceTier: "default" })["service_tier"]).toBe("standard_only");
    const wanted = target();
    expect(anthropicMessages.generate.writeRequest(request({ serviceTier: "flex" }), wanted).body).not.toHaveProperty(
      "service_tier",
    );
    expect(wanted.dropped).toEqual(["serviceTier"]);
  });

  test("user and cache", () => {
    expect(write({ user: "u", cache: { ttl: "1h" } })).toMatchObject({
      metadata: { user_id: "u" },
      cache_control: { type: "ephemeral", ttl: "1h" },
    });
  });
});

describe("tools", () => {
  test("each form of tool_choice", () => {
    const choice = (more: Parameters<typeof write>[0], quirks = {}) =>
      write({ tools: [TOOL], ...more }, quirks)["tool_choice"];
    expect(choice({})).toBeUndefined();
    expect(choice({ toolChoice: { kind: "auto" } })).toEqual({ type: "auto" });
    expect(choice({ toolChoice: { kind: "none" }, parallelToolCalls: false })).toEqual({ type: "none" });
    expect(choice({ toolChoice: { kind: "required" } })).toEqual({ type: "any" });
    expect(choice({ toolChoice: { kind: "tool", name: "f" }, parallelToolCalls: false })).toEqual({
      type: "tool",
      name: "f",
      disable_parallel_tool_use: true,
    });
    expect(choice({ parallelToolCalls: false })).toEqual({ type: "auto", disable_parallel_tool_use: true });
    expect(choice({ parallelToolCalls: true })).toBeUndefined();
    expect(() => choice({ toolChoice: { kind: "required" } }, { refuses: ["forcedToolChoice"] })).toThrow("toolChoice");
    expect(write({ toolChoice: { kind: "required" } })).not.toHaveProperty("tool_choice");
  });

  test("of a list of allowed tools only those are offered", () => {
    const body = write({
      tools: [TOOL, { ...TOOL, name: "g" }],
      toolChoice: { kind: "allowed", names: ["g"], isRequired: true },
    });
    expect((body["tools"] as JsonObject[]).map(({ name }) => name)).toEqual(["g"]);
    expect(body["tool_choice"]).toEqual({ type: "any" });
  });

  test("schemas are objects, and strict only where the model knows it", () => {
    const body = write({
      tools: [
        { ...TOOL, parameters: null },
        { ...TOOL, parameters: { properties: {} } },
      ],
    });
    expect(body["tools"]).toEqual([
      { name: "f", description: "does", input_schema: { type: "object", properties: {} }, strict: true },
      { name: "f", description: "does", input_schema: { type: "object", properties: {} }, strict: true },
    ]);
    expect((write({ tools: [TOOL] }, { jsonSchema: "tool" })["tools"] as JsonObject[])[0]).not.toHaveProperty("strict");
  });

  test("web search", () => {
    const body = write({
      tools: [
        {
          kind: "web-search",
          maxUses: 3,
          allowedDomains: ["example.com"],
          blockedDomains: null,
          country: "CH",
          city: null,
          contextSize: null,
        },
      ],
    });
    expect(body["tools"]).toEqual([
      {
        type: "web_search_20250305",
        name: "web_search",
        max_uses: 3,
        allowed_domains: ["example.com"],
        user_location: { type: "approximate", country: "CH" },
      },
    ]);
  });
});

describe("JSON", () => {
  const schema = {
    type: "object",
    properties: { n: { type: "integer", minimum: 1, description: "count" }, tags: { type: "array", maxItems: 2 } },
  };
  const responseFormat = { kind: "json-schema", name: "x", description: null, schema, isStrict: true } as const;

  test("a schema goes into output_config, its refused constraints into words", () => {
    expect(write({ responseFormat })["output_config"]).toEqual({
      format: {
        type: "json_schema",
        schema: {
          type: "object",
          properties: {
            n: { type: "integer", description: "count\n\n{minimum: 1}" },
            tags: { type: "array", description: "{maxItems: 2}" },
          },
          additionalProperties: false,
        },
      },
    });
  });

  test("or through a tool, for models without structured outputs", () => {
    const written = anthropicMessages.generate.writeRequest(
      request({ responseFormat }),
      target({ jsonSchema: "tool" }),
    );
    expect(written.jsonTool).toBe("json_output");
    expect(written.body["tool_choice"]).toEqual({ type: "tool", name: "json_output" });
    expect((written.body["tools"] as JsonObject[])[0]).toMatchObject({ name: "json_output", input_schema: schema });
    expect(written.body).not.toHaveProperty("output_config");
    const beside = anthropicMessages.generate.writeRequest(
      request({ responseFormat, tools: [TOOL] }),
      target({ jsonSchema: "tool" }),
    );
    expect(beside.body["tool_choice"]).toEqual({ type: "any" });
  });

  test("JSON without a schema always goes through the tool", () => {
    const written = anthropicMessages.generate.writeRequest(request({ responseFormat: { kind: "json" } }), target());
    expect(written.jsonTool).toBe("json_output");
    expect((written.body["tools"] as JsonObject[])[0]).toMatchObject({ input_schema: { type: "object" } });
  });
});

describe("reasoning", () => {
  const effort = (word: ReasoningSettings["effort"]) => ({ ...REASONING, effort: word });

  test("as a budget, always below max_tokens", () => {
    expect(write({ reasoning: effort("low"), maxTokens: 8_000 })["thinking"]).toEqual({
      type: "enabled",
      budget_tokens: 1_024,
    });
    const bounded = write({ reasoning: effort("high"), maxTokens: 2_000 });
    expect((bounded["thinking"] as JsonObject)["budget_tokens"]).toBe(1_600);
    const unbounded = write({ reasoning: { ...REASONING, budgetTokens: 9_000 } });
    expect((unbounded["thinking"] as JsonObject)["budget_tokens"]).toBeLessThan(unbounded["max_tokens"] as number);
    expect(() => write({ reasoning: effort("low"), maxTokens: 500 })).toThrow("max_tokens (500)");
    expect(write({ reasoning: effort("none") })).not.toHaveProperty("thinking");
  });

  test("as adaptive thinking with an effort", () => {
    const adaptive = { reasoning: "adaptive", efforts: ["none", "low", "high"] } as const;
    expect(write({ reasoning: { ...effort("medium"), show: "auto" } }, adaptive)).toMatchObject({
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "low" },
    });
    expect(write({ reasoning: { ...REASONING, budgetTokens: 20_000 } }, adaptive)["output_config"]).toEqual({
      effort: "high",
    });
    expect(write({ reasoning: effort("none") }, adaptive)["thinking"]).toEqual({ type: "disabled" });
    const always = { reasoning: "adaptive", efforts: ["low", "high"] } as const;
    expect(write({ reasoning: effort("none") }, always)).toMatchObject({
      thinking: { type: "adaptive" },
      output_config: { effort: "low" },
    });
    expect(write({ reasoning: { ...REASONING, isEnabled: true } }, adaptive)).not.toHaveProperty("output_config");
  });

  test("as an effort alone, or not at all", () => {
    const alone = write({ reasoning: effort("high") }, { reasoning: "effort-only" });
    expect(alone["output_config"]).toEqual({ effort: "high" });
    expect(alone).not.toHaveProperty("thinking");
    expect(() => write({ reasoning: effort("high") }, { reasoning: "none" })).toThrow("does not reason");
    expect(write({ reasoning: effort("none") }, { reasoning: "none" })).not.toHaveProperty("thinking");
  });

  test("a budget gives way to a forced tool call, and bounds the samplers", () => {
    const forced = target();
    const { body } = anthropicMessages.generate.writeRequest(
      request({ tools: [TOOL], toolChoice: { kind: "required" }, reasoning: effort("low"), maxTokens: 4_000 }),
      forced,
    );
    expect(body).not.toHaveProperty("thinking");
    expect(forced.dropped).toEqual(["reasoning"]);
    expect(() => write({ reasoning: effort("low"), maxTokens: 4_000, temperature: 0 })).toThrow("temperature");
    expect(() => write({ reasoning: effort("low"), maxTokens: 4_000, topK: 5 })).toThrow("topK");
  });

  test("a tool loop whose turn did not begin with thinking goes on without", () => {
    const messages = [
      say("user", "Hi"),
      say("assistant", { kind: "tool-call", id: "a", name: "f", arguments: "{}" }),
      say("tool", { kind: "tool-result", callId: "a", content: [] }),
    ];
    expect(write({ messages, reasoning: effort("low"), maxTokens: 4_000 })).not.toHaveProperty("thinking");
    expect(write({ messages, reasoning: effort("low") }, { reasoning: "adaptive" })["thinking"]).toEqual({
      type: "adaptive",
    });
  });
});

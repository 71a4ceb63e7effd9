import { describe, expect, test } from "bun:test";
import type { NeutralMessage, NeutralTool, Part, ReasoningSettings } from "../../../src/dialect/neutral.ts";
import { openaiChat } from "../../../src/dialect/openai-chat/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { ASK, errorOf, foreign, read, target, write } from "./fixtures.ts";

const REASONING: ReasoningSettings = {
  effort: null,
  budgetTokens: null,
  isEnabled: null,
  isAdaptive: null,
  show: null,
};
const FUNCTION: NeutralTool = {
  kind: "function",
  name: "f",
  description: null,
  parameters: { type: "object" },
  isStrict: null,
};

function messagesOf(
  messages: readonly NeutralMessage[],
  quirks: Parameters<typeof write>[1] = {},
): readonly JsonObject[] {
  return write(foreign({ messages }), quirks)["messages"] as readonly JsonObject[];
}

function assistant(...parts: readonly Part[]): NeutralMessage {
  return { role: "assistant", parts };
}

describe("a request for a provider", () => {
  test("has the provider's model and its names of members", () => {
    expect(write(foreign({ maxTokens: 5 }))).toMatchObject({ model: "provider-model", max_completion_tokens: 5 });
    const renamed = write(foreign({ maxTokens: 5 }), { renames: { max_completion_tokens: "max_tokens" } });
    expect(renamed["max_tokens"]).toBe(5);
    expect(renamed["max_completion_tokens"]).toBeUndefined();
    expect(write(read({ ...ASK, max_tokens: 5 }), { renames: { max_tokens: "max_completion_tokens" } })).toMatchObject({
      max_completion_tokens: 5,
    });
  });

  test("asks for usage in a stream", () => {
    expect(write(foreign({ isStream: true }))["stream_options"]).toEqual({ include_usage: true });
    expect(write(foreign({ isStream: true, wantsStreamUsage: false }))["stream_options"]).toBeUndefined();
    expect(write(foreign())["stream"]).toBeUndefined();
  });

  test("calls instructions what the model wants them called", () => {
    const messages: NeutralMessage[] = [{ role: "developer", parts: [{ kind: "text", text: "Be brief." }] }];
    expect(messagesOf(messages)[0]?.["role"]).toBe("system");
    expect(messagesOf(messages, { systemRole: "developer" })[0]?.["role"]).toBe("developer");
    expect(write(read({ model: "m", messages: [{ role: "developer", content: "x" }] }))["messages"]).toEqual([
      { role: "developer", content: "x" },
    ]);
  });

  test("asks for reasoning in the provider's way", () => {
    const effort = { ...REASONING, effort: "high" } as const;
    const budget = { ...REASONING, budgetTokens: 2_000 };
    const off = { ...REASONING, isEnabled: false };
    const cases: readonly (readonly [
      settings: ReasoningSettings,
      quirks: Parameters<typeof write>[1],
      body: object,
    ])[] = [
      [effort, {}, { reasoning_effort: "high" }],
      [{ ...effort, effort: "max" }, {}, { reasoning_effort: "xhigh" }],
      [effort, { efforts: ["low", "medium"] }, { reasoning_effort: "medium" }],
      [budget, {}, { reasoning_effort: "low" }],
      [off, {}, {}],
      [off, { efforts: ["none", "low"] }, { reasoning_effort: "none" }],
      [off, { efforts: ["minimal", "low"] }, { reasoning_effort: "minimal" }],
      [effort, { reasoning: "reasoning-object" }, { reasoning: { effort: "high" } }],
      [budget, { reasoning: "reasoning-object" }, { reasoning: { max_tokens: 2_000 } }],
      [off, { reasoning: "reasoning-object" }, { reasoning: { enabled: false } }],
      [effort, { reasoning: "thinking-type" }, { thinking: { type: "enabled" } }],
      [
        effort,
        { reasoning: "thinking-type", efforts: ["high"] },
        { thinking: { type: "enabled" }, reasoning_effort: "high" },
      ],
      [off, { reasoning: "thinking-type" }, { thinking: { type: "disabled" } }],
      [budget, { reasoning: "enable-thinking" }, { enable_thinking: true, thinking_budget: 2_000 }],
      [off, { reasoning: "enable-thinking" }, { enable_thinking: false }],
      [effort, { reasoning: "chat-template" }, { chat_template_kwargs: { enable_thinking: true } }],
      [off, { reasoning: "none" }, {}],
    ];
    for (const [reasoning, quirks, body] of cases) {
      const { model: _m, messages: _s, ...written } = write(foreign({ reasoning }), quirks);
      expect(written).toEqual(body as typeof written);
    }
    const refused = errorOf(() => write(foreign({ reasoning: effort }), { reasoning: "none" }));
    expect([refused.code, refused.options.param]).toEqual(["invalid_request", "reasoning"]);
  });

  test("asks for JSON of a schema by its field, in words, or through a tool", () => {
    const responseFormat = {
      kind: "json-schema",
      name: "a",
      description: null,
      schema: { type: "object" },
      isStrict: true,
    } as const;
    expect(write(foreign({ responseFormat }))["response_format"]).toEqual({
      type: "json_schema",
      json_schema: { name: "a", schema: { type: "object" }, strict: true },
    });
    const told = write(foreign({ responseFormat }), { jsonSchema: "json-object" });
    expect(told["response_format"]).toEqual({ type: "json_object" });
    expect(JSON.stringify(told["messages"])).toContain('{\\"type\\":\\"object\\"}');
    const alone = openaiChat.generate.writeRequest(foreign({ responseFormat }), target({ jsonSchema: "tool" }));
    expect(alone.jsonTool).toBe("json_output");
    expect(alone.body["tool_choice"]).toEqual({ type: "function", function: { name: "json_output" } });
    const among = openaiChat.generate.writeRequest(
      foreign({ responseFormat, tools: [FUNCTION] }),
      target({ jsonSchema: "tool" }),
    );
    expect(among.body["tool_choice"]).toBe("required");
    expect((among.body["tools"] as readonly JsonObject[]).length).toBe(2);
  });

  test("carries what a tool or a model made as an image into a user message behind the turn's results", () => {
    const image: Part = { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" } };
    const messages = messagesOf([
      assistant(
        { kind: "tool-call", id: "a", name: "f", arguments: "{}" },
        { kind: "tool-call", id: "b", name: "f", arguments: "{}" },
      ),
      { role: "tool", parts: [{ kind: "tool-result", callId: "a", content: [image] }] },
      { role: "tool", parts: [{ kind: "tool-result", callId: "b", content: [{ kind: "text", text: "2" }] }] },
      { role: "user", parts: [{ kind: "text", text: "And?" }] },
    ]);
    expect(messages.map(({ role }) => role)).toEqual(["assistant", "tool", "tool", "user", "user"]);
    expect(messages[0]?.["content"]).toBeNull();
    expect(typeof messages[1]?.["content"]).toBe("string");
    expect(messages[3]?.["content"]).toContainEqual({
      type: "image_url",
      image_url: { url: "data:image/png;base64,AAAA" },
    });
    expect(messagesOf([assistant(image)]).map(({ role }) => role)).toEqual(["assistant", "user"]);
  });

  test("tells a provider of its own reasoning only, and in its own way", () => {
    const message = assistant(
      { kind: "reasoning", text: "hm", signature: { owner: "anthropic", data: "sig" } },
      {
        kind: "reasoning",
        text: "so",
        signature: { owner: "openai-chat", data: '{"type":"reasoning.text","signature":"own"}' },
      },
      { kind: "text", text: "Hi" },
      { kind: "tool-call", id: "a", name: "f", arguments: "{}", signature: { owner: "google", data: "g" } },
    );
    const written = (reasoning: "reasoning-object" | "thinking-type" | "effort") => {
      const [first] = messagesOf([message], { reasoning });
      expect(JSON.stringify(first)).not.toContain("extra_content");
      return first;
    };
    expect(written("effort")?.["reasoning_content"]).toBeUndefined();
    expect(written("thinking-type")?.["reasoning_content"]).toBe("hm\n\nso");
    const details = written("reasoning-object");
    expect(details?.["reasoning"]).toBe("hm\n\nso");
    expect(details?.["reasoning_details"]).toEqual([
      { type: "reasoning.text", format: "unknown", index: 0, text: "hm" },
      { type: "reasoning.text", signature: "own", text: "so" },
    ]);
  });

  test("has cache hints only where they are known to be taken; elsewhere they are named", () => {
    const messages: NeutralMessage[] = [{ role: "user", parts: [{ kind: "text", text: "Hi", cache: { ttl: "1h" } }] }];
    const plain = target();
    const { body } = openaiChat.generate.writeRequest(foreign({ messages }), plain);
    expect(body["messages"]).toEqual([{ role: "user", content: "Hi" }]);
    expect(plain.dropped).toEqual(["cache_control"]);
    expect(messagesOf(messages, { reasoning: "reasoning-object" })[0]?.["content"]).toEqual([
      { type: "text", text: "Hi", cache_control: { type: "ephemeral", ttl: "1h" } },
    ]);
  });

  test("says a text file as text, others as data with a name", () => {
    const data = Buffer.from("a,b").toString("base64");
    const file = (mediaType: string, name?: string): NeutralMessage => ({
      role: "user",
      parts: [{ kind: "file", source: { kind: "data", mediaType, data }, ...(name === undefined ? {} : { name }) }],
    });
    expect(messagesOf([file("text/csv", "t.csv")])[0]?.["content"]).toEqual([{ type: "text", text: "t.csv\n\na,b" }]);
    expect(messagesOf([file("application/pdf")])[0]?.["content"]).toEqual([
      { type: "file", file: { filename: "file.pdf", file_data: `data:application/pdf;base64,${data}` } },
    ]);
  });

  test("asks for a web search, and refuses what the search cannot be told", () => {
    const search: NeutralTool = {
      kind: "web-search",
      maxUses: null,
      allowedDomains: null,
      blockedDomains: null,
      country: "NL",
      city: null,
      contextSize: "low",
    };
    expect(write(foreign({ tools: [search] }))["web_search_options"]).toEqual({
      search_context_size: "low",
      user_location: { type: "approximate", approximate: { country: "NL" } },
    });
    const limited = { ...search, allowedDomains: ["example.com"] };
    expect(errorOf(() => write(foreign({ tools: [limited] }))).options.param).toBe("allowed_domains");
    expect(write(foreign({ tools: [limited] }), {}, true)["web_search_options"]).toBeDefined();
  });
});

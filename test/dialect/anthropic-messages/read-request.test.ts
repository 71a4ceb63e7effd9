import { expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialect/anthropic-messages/dialect.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { REQUEST, rewrite } from "./codec.ts";

const SMALL: JsonObject = { model: "m", max_tokens: 10, messages: [{ role: "user", content: "Hi" }] };

function read(more: JsonObject) {
  return anthropicMessages.generate.readRequest({ ...SMALL, ...more }, REQUEST);
}

function refusal(body: JsonObject): string {
  try {
    anthropicMessages.generate.readRequest(body, REQUEST);
  } catch (error) {
    if (error instanceof GatewayError && error.code === "invalid_request") return error.message;
    throw error;
  }
  return "accepted";
}

test("refuses what is no request, in the API's own words", () => {
  const { max_tokens: _, ...unbounded } = SMALL;
  expect(refusal(unbounded)).toBe("max_tokens: Field required");
  expect(refusal({ ...SMALL, messages: undefined })).toBe("messages: Field required");
  expect(refusal({ ...SMALL, messages: [] })).toBe("messages: at least one message is required");
  expect(refusal({ ...SMALL, messages: [{ role: "tool", content: "x" }] })).toStartWith("messages.0.role: ");
  expect(refusal({ ...SMALL, messages: [{ role: "user" }] })).toBe("messages.0.content: Field required");
  expect(refusal({ ...SMALL, messages: [{ role: "user", content: [{ type: "text" }] }] })).toBe(
    "messages.0.content.0.text.text: Field required",
  );
  expect(refusal({ ...SMALL, temperature: "hot" })).toBe("temperature: Input should be a valid number");
  expect(refusal({ ...SMALL, tools: [{ name: "f" }] })).toBe("tools.0.custom.input_schema: Field required");
  expect(refusal({ ...SMALL, tool_choice: { type: "some" } })).toStartWith("tool_choice: ");
  expect(refusal({ ...SMALL, tool_choice: { type: "tool" } })).toBe("tool_choice.tool.name: Field required");
  expect(refusal({ ...SMALL, thinking: { type: "enabled" } })).toBe("thinking.enabled.budget_tokens: Field required");
  expect(refusal({ ...SMALL, stop_sequences: [1] })).toBe("stop_sequences.0: Input should be a valid string");
});

test("reads settings into the neutral words", () => {
  const settings = read({
    temperature: 0.5,
    top_p: 0.9,
    top_k: 5,
    stop_sequences: ["END"],
    metadata: { user_id: "u1" },
    service_tier: "standard_only",
    cache_control: { type: "ephemeral", ttl: "1h" },
    thinking: { type: "adaptive", display: "omitted" },
    output_config: { effort: "xhigh", format: { type: "json_schema", schema: { type: "object" } } },
    stream: true,
  });
  expect(settings).toMatchObject({
    maxTokens: 10,
    temperature: 0.5,
    topP: 0.9,
    topK: 5,
    stop: ["END"],
    user: "u1",
    serviceTier: "default",
    cache: { ttl: "1h" },
    reasoning: { effort: "xhigh", isAdaptive: true, isEnabled: true, budgetTokens: null, show: "none" },
    responseFormat: { kind: "json-schema", schema: { type: "object" } },
    isStream: true,
    wantsStreamUsage: true,
    extra: null,
  });
});

test("reads every form of tool_choice", () => {
  const choice = (tool_choice: JsonObject) => {
    const { toolChoice, parallelToolCalls } = read({ tool_choice });
    return { toolChoice, parallelToolCalls };
  };
  expect(choice({ type: "auto", disable_parallel_tool_use: true })).toEqual({
    toolChoice: { kind: "auto" },
    parallelToolCalls: false,
  });
  expect(choice({ type: "any" })).toEqual({ toolChoice: { kind: "required" }, parallelToolCalls: null });
  expect(choice({ type: "none" })).toEqual({ toolChoice: { kind: "none" }, parallelToolCalls: null });
  expect(choice({ type: "tool", name: "f" })).toEqual({
    toolChoice: { kind: "tool", name: "f" },
    parallelToolCalls: null,
  });
});

test("puts tool results into messages of their own, in order", () => {
  const { messages } = read({
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: { a: 1 } }] },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t1", content: "ok", is_error: true },
          { type: "text", text: "go on" },
        ],
      },
    ],
  });
  expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
  expect(messages[1]?.parts).toEqual([{ kind: "tool-call", id: "t1", name: "f", arguments: '{"a":1}' }]);
  expect(messages[2]?.parts).toEqual([
    { kind: "tool-result", callId: "t1", content: [{ kind: "text", text: "ok" }], isError: true },
  ]);
});

test("reads documents of every source, and keeps what has no word", () => {
  const { messages } = read({
    messages: [
      {
        role: "user",
        content: [
          {
            type: "document",
            title: "T",
            context: "C",
            citations: { enabled: true },
            source: { type: "text", media_type: "text/plain", data: "grün" },
          },
          { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AA==" } },
          { type: "document", source: { type: "url", url: "https://example.com/a.pdf" } },
          { type: "document", source: { type: "file", file_id: "file_1" } },
          { type: "document", source: { type: "content", content: [{ type: "text", text: "one" }] } },
          {
            type: "search_result",
            source: "https://example.com",
            title: "S",
            content: [{ type: "text", text: "two" }],
          },
        ],
      },
    ],
  });
  const parts = messages[0]?.parts ?? [];
  expect(parts[0]).toEqual({
    kind: "file",
    name: "T",
    context: "C",
    isCited: true,
    source: { kind: "data", mediaType: "text/plain", data: Buffer.from("grün").toString("base64") },
  });
  expect(parts.map((part) => (part.kind === "file" ? part.source.kind : part.kind))).toEqual([
    "data",
    "data",
    "url",
    "file-id",
    "data",
    "data",
  ]);
});

test("gives back signatures of other providers to the parts they belong to", () => {
  const { messages } = read({
    messages: [
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "llmux.google.c2ln" },
          { type: "text", text: "Hello" },
          { type: "thinking", thinking: "", signature: "llmux.google.dGV4dA" },
          { type: "redacted_thinking", data: "llmux.google.Y2FsbA" },
          { type: "tool_use", id: "t1", name: "f", input: {} },
          { type: "redacted_thinking", data: "llmux.openai.ZW5j" },
          { type: "thinking", thinking: "own", signature: "proof" },
        ],
      },
    ],
  });
  expect(messages[1]?.parts).toEqual([
    { kind: "reasoning", text: "hm", signature: { owner: "google", data: "sig" } },
    { kind: "text", text: "Hello", signature: { owner: "google", data: "text" } },
    { kind: "tool-call", id: "t1", name: "f", arguments: "{}", signature: { owner: "google", data: "call" } },
    { kind: "reasoning", text: "", encrypted: { owner: "openai", data: "enc" } },
    { kind: "reasoning", text: "own", signature: { owner: "anthropic", data: "proof" } },
  ]);
});

test("a request written back in the same dialect is the same", () => {
  const body: JsonObject = {
    model: "claude-sonnet-4-5",
    max_tokens: 2000,
    stream: true,
    system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral", ttl: "5m" } }],
    messages: [
      { role: "user", content: [{ type: "text", text: "one block" }] },
      { role: "assistant", content: [{ type: "thinking", thinking: "hm", signature: "proof" }] },
      { role: "user", content: "a string" },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: "x" }] }] },
      { role: "system", content: "from now on" },
      {
        role: "assistant",
        content: [
          { type: "server_tool_use", id: "s1", name: "web_search", input: { query: "q" } },
          { type: "web_search_tool_result", tool_use_id: "s1", content: [] },
          {
            type: "text",
            text: "cited",
            citations: [
              { type: "web_search_result_location", cited_text: "c", url: "u", title: null, encrypted_index: "e" },
            ],
          },
        ],
      },
    ],
    tools: [
      { type: "custom", name: "f", input_schema: { type: "object" }, strict: false, eager_input_streaming: true },
      {
        type: "web_search_20260209",
        name: "web_search",
        max_uses: 2,
        user_location: { type: "approximate", city: "Bern", timezone: "Europe/Zurich" },
      },
      { type: "bash_20250124", name: "bash" },
    ],
    tool_choice: { type: "auto", disable_parallel_tool_use: false },
    thinking: { type: "enabled", budget_tokens: 1024, display: "summarized" },
    output_config: { effort: "low", task_budget: { type: "tokens", total: 1 } },
    output_format: { type: "json_schema", schema: { type: "object" } },
    metadata: { user_id: "u" },
    service_tier: "standard_only",
    cache_control: { type: "ephemeral" },
    container: "c1",
    context_management: { edits: [] },
  };
  expect(rewrite(body)).toEqual(body);
});

test("a conversation the provider would keep is refused by the code that the SDK's tool runner goes on from", () => {
  const body = { model: "m", max_tokens: 8, messages: [{ role: "user", content: "x" }] };
  for (const thread of [{ type: "create" }, { type: "continue", previous_message_id: "msg_1" }]) {
    expect(() => anthropicMessages.generate.readRequest({ ...body, thread }, REQUEST)).toThrow(
      expect.objectContaining({
        code: "invalid_request",
        options: { param: "thread", detail: "thread_unsupported_request" },
      }),
    );
  }
  expect(anthropicMessages.generate.readRequest({ ...body, thread: null }, REQUEST).messages).toHaveLength(1);
});

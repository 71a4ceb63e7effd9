import { expect, test } from "bun:test";
import { anthropicMessages } from "../../../src/dialect/anthropic-messages/dialect.ts";
import { renderModel, renderModelList } from "../../../src/dialect/anthropic-messages/models.ts";
import type { NeutralAnswer, Part } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { ANSWER, REQUEST, target } from "./codec.ts";

const { generate } = anthropicMessages;

function answer(parts: readonly Part[], more: Partial<NeutralAnswer> = {}): NeutralAnswer {
  return {
    dialect: "openai-chat",
    id: null,
    model: null,
    createdAt: null,
    choices: [{ index: 0, parts, finish: null, logprobs: null, extra: { foreign: true } }],
    usage: null,
    serviceTier: null,
    extra: { system_fingerprint: "x" },
    ...more,
  };
}

test("usage means everything read, and comes back as it was", () => {
  const body: JsonObject = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5",
    content: [{ type: "text", text: "Hi", citations: null }],
    stop_reason: "end_turn",
    stop_sequence: null,
    stop_details: null,
    container: null,
    usage: {
      input_tokens: 10,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 3 },
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 },
      service_tier: "standard",
      inference_geo: "us",
    },
  };
  const read = generate.readAnswer(body);
  expect(read.usage).toMatchObject({
    inputTokens: 140,
    outputTokens: 7,
    cachedTokens: 100,
    cacheWriteTokens: 30,
    cacheWrite1hTokens: 20,
    reasoningTokens: 3,
    webSearches: 2,
  });
  expect(read.serviceTier).toBe("default");
  expect(generate.writeAnswer(read, ANSWER)).toEqual(body);
});

test("every kind of citation is read, and comes back as it was", () => {
  const citations: JsonObject[] = [
    {
      type: "char_location",
      cited_text: "a",
      document_index: 0,
      document_title: "T",
      start_char_index: 1,
      end_char_index: 2,
      file_id: null,
    },
    {
      type: "page_location",
      cited_text: "a",
      document_index: 1,
      document_title: null,
      start_page_number: 1,
      end_page_number: 2,
    },
    {
      type: "content_block_location",
      cited_text: "a",
      document_index: 1,
      document_title: null,
      start_block_index: 0,
      end_block_index: 1,
    },
    {
      type: "web_search_result_location",
      cited_text: "a",
      url: "https://example.com",
      title: "E",
      encrypted_index: "x",
    },
    {
      type: "search_result_location",
      cited_text: "a",
      source: "s",
      title: "S",
      search_result_index: 0,
      start_block_index: 0,
      end_block_index: 1,
    },
    { type: "some_later_location", cited_text: "a", place: 1 },
  ];
  const body = { content: [{ type: "text", text: "Hi", citations }], stop_reason: "end_turn" };
  const read = generate.readAnswer(body);
  const [part] = read.choices[0]?.parts ?? [];
  expect(part?.kind === "text" && part.citations?.map(({ sourceUnit }) => sourceUnit)).toEqual([
    "char",
    "page",
    "block",
    null,
    "block",
    null,
  ]);
  expect(generate.writeAnswer(read, ANSWER)["content"]).toEqual(body.content);
});

test("stop reasons, known and new", () => {
  const finish = (stop_reason: string) => generate.readAnswer({ content: [], stop_reason }).choices[0]?.finish?.kind;
  expect(
    [
      "end_turn",
      "max_tokens",
      "stop_sequence",
      "tool_use",
      "pause_turn",
      "refusal",
      "model_context_window_exceeded",
      "later",
    ].map(finish),
  ).toEqual(["stop", "length", "stop-sequence", "tool-calls", "pause", "refusal", "context-window", "other"]);
});

test("another provider's answer has the API's own form, and nothing of its extra", () => {
  const written = generate.writeAnswer(
    answer(
      [
        { kind: "reasoning", text: "hm", signature: { owner: "google", data: "sig" } },
        { kind: "text", text: "Hello", signature: { owner: "google", data: "text" }, extra: { annotations: [] } },
        { kind: "tool-call", id: "c1", name: "f", arguments: '{"a":1}', signature: { owner: "google", data: "call" } },
        { kind: "refusal", text: "No." },
      ],
      {
        usage: { ...usageOf({ inputTokens: 10, outputTokens: 2, cachedTokens: 4 }), extra: { foo: 1 } },
        serviceTier: "default",
      },
    ),
    ANSWER,
  );
  expect(written).toEqual({
    id: "msg_r1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5",
    content: [
      { type: "thinking", thinking: "hm", signature: "llmux.google.c2ln" },
      { type: "text", text: "Hello" },
      { type: "thinking", thinking: "", signature: "llmux.google.dGV4dA" },
      { type: "redacted_thinking", data: "llmux.google.Y2FsbA" },
      { type: "tool_use", id: "c1", name: "f", input: { a: 1 } },
      { type: "text", text: "No." },
    ],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: 6,
      output_tokens: 2,
      cache_read_input_tokens: 4,
      cache_creation_input_tokens: 0,
      service_tier: "standard",
    },
  });
});

test("what is no answer is the provider's error", () => {
  expect(() => generate.readAnswer({ error: "x" })).toThrow("content blocks");
});

test("token counts both ways", () => {
  const { countTokens } = anthropicMessages;
  if (countTokens === null) throw new Error("the dialect counts no tokens");
  const body: JsonObject = { model: "claude-sonnet-4-5", system: "S", messages: [{ role: "user", content: "Hi" }] };
  const read = countTokens.readRequest(body, REQUEST);
  expect(countTokens.writeRequest(read, target())).toEqual(body);
  expect(countTokens.readAnswer({ input_tokens: 3 })).toEqual({ inputTokens: 3, cachedTokens: null, extra: null });
  expect(countTokens.writeAnswer({ inputTokens: 3, cachedTokens: null, extra: null }, ANSWER)).toEqual({
    input_tokens: 3,
  });
  expect(() => countTokens.readAnswer({})).toThrow("input_tokens");
});

test("models in pages", () => {
  const at = Date.UTC(2026, 0, 2);
  const page = (query: string) => JSON.parse(renderModelList(["a", "b", "c"], at, new URLSearchParams(query)));
  expect(page("")).toMatchObject({ has_more: false, first_id: "a", last_id: "c" });
  expect(page("limit=2")).toMatchObject({ has_more: true, first_id: "a", last_id: "b" });
  expect(page("limit=2&after_id=b")).toMatchObject({ has_more: false, first_id: "c", last_id: "c" });
  expect(page("limit=1&before_id=c")).toMatchObject({ has_more: true, first_id: "b", last_id: "b" });
  expect(page("limit=nonsense").data).toHaveLength(3);
  expect(JSON.parse(renderModel("a", at))).toEqual({
    type: "model",
    id: "a",
    display_name: "a",
    created_at: "2026-01-02T00:00:00.000Z",
  });
});

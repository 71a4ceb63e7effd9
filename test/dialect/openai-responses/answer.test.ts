import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import type { Citation, NeutralAnswer, Part } from "../../../src/dialect/neutral.ts";
import { openaiResponses } from "../../../src/dialect/openai-responses/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { usageOf } from "../../../src/lib/usage.ts";
import { answerContext, read } from "./fixtures.ts";

const { readAnswer, writeAnswer } = openaiResponses.generate;

const RESPONSE: JsonObject = {
  id: "resp_1",
  object: "response",
  created_at: 1_700_000_000,
  status: "completed",
  error: null,
  incomplete_details: null,
  model: "a-model",
  output: [],
  service_tier: "default",
  metadata: {},
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 3 },
    total_tokens: 15,
  },
};

const MESSAGE: JsonObject = {
  type: "message",
  id: "msg_1",
  status: "completed",
  role: "assistant",
  phase: "final_answer",
  content: [
    {
      type: "output_text",
      text: "ab",
      annotations: [
        { type: "url_citation", url: "https://example.com", title: "T", start_index: 0, end_index: 1 },
        { type: "file_citation", file_id: "file-1", filename: "f.pdf", index: 2 },
        {
          type: "container_file_citation",
          container_id: "c",
          file_id: "f",
          filename: "n",
          start_index: 0,
          end_index: 2,
        },
        { type: "file_path", file_id: "file-2", index: 1 },
        { type: "later_kind", some: "thing" },
      ],
      logprobs: [
        { token: "a", logprob: -0.5, bytes: [97], top_logprobs: [{ token: "x", logprob: -1, bytes: [120] }] },
        { token: "b", logprob: -0.25, bytes: [98], top_logprobs: [] },
      ],
    },
    { type: "refusal", refusal: "not that" },
    {
      type: "output_text",
      text: "c",
      annotations: [],
      logprobs: [{ token: "c", logprob: -2, bytes: [99], top_logprobs: [] }],
    },
  ],
};

function back(response: JsonObject): unknown {
  return JSON.parse(JSON.stringify(writeAnswer(readAnswer(response), answerContext())));
}

function foreign(parts: readonly Part[], more: Partial<NeutralAnswer> = {}, kind = "stop" as const): NeutralAnswer {
  return {
    dialect: "anthropic-messages",
    id: "msg_x",
    model: "claude",
    createdAt: null,
    choices: [{ index: 0, parts, finish: { kind, native: null, stopSequence: null }, logprobs: null, extra: null }],
    usage: null,
    serviceTier: null,
    extra: { foreign: true },
    ...more,
  };
}

describe("a whole response", () => {
  test("comes back as it was, whatever its items", () => {
    const response = {
      ...RESPONSE,
      output: [
        {
          type: "reasoning",
          id: "rs_1",
          summary: [{ type: "summary_text", text: "s" }],
          encrypted_content: "gAAA",
          status: null,
        },
        {
          type: "reasoning",
          id: "rs_2",
          summary: [{ type: "summary_text", text: "s" }],
          content: [{ type: "reasoning_text", text: "r" }],
        },
        { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
        MESSAGE,
        {
          type: "message",
          id: "msg_2",
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "again" }],
        },
        {
          type: "image_generation_call",
          id: "ig_1",
          status: "completed",
          result: "AAAA",
          output_format: "webp",
          size: "1x1",
        },
        { type: "function_call", id: "fc_1", call_id: "c1", name: "f", arguments: '{"a":1}', status: "completed" },
        { type: "custom_tool_call", id: "ctc_1", call_id: "c2", name: "g", input: "free", status: "completed" },
      ],
    };
    expect(back(response)).toEqual(response);
  });

  test("is text, calls, reasoning, citations and log-probabilities to others", () => {
    const answer = readAnswer({
      ...RESPONSE,
      output: [MESSAGE, { type: "function_call", call_id: "c", name: "f", arguments: "" }],
    });
    const [choice] = answer.choices;
    expect(choice?.parts.map((part) => [part.kind, "text" in part ? part.text : null])).toEqual([
      ["text", "ab"],
      ["refusal", "not that"],
      ["text", "c"],
      ["tool-call", null],
    ]);
    expect(choice?.logprobs?.map(({ token }) => token)).toEqual(["a", "b", "c"]);
    expect(choice?.parts[0]).toMatchObject({
      citations: [
        { url: "https://example.com", start: 0, end: 1 },
        { documentId: "file-1", title: "f.pdf" },
        {},
        {},
        {},
      ],
    });
    expect(choice?.parts[3]).toMatchObject({ arguments: "{}" });
    expect(choice?.finish?.kind).toBe("tool-calls");
    expect(answer.usage).toMatchObject({
      inputTokens: 10,
      cachedTokens: 4,
      cacheWriteTokens: 2,
      outputTokens: 5,
      reasoningTokens: 3,
      extra: null,
    });
  });

  test.each([
    ["completed", null, "stop"],
    ["complete", null, "stop"],
    ["incomplete", { reason: "max_output_tokens" }, "length"],
    ["incomplete", { reason: "content_filter" }, "content-filter"],
    ["cancelled", null, "other"],
  ])("status %s with %j ends as %s", (status, details, kind) => {
    expect(readAnswer({ ...RESPONSE, status, incomplete_details: details }).choices[0]?.finish?.kind).toBe(
      kind as never,
    );
  });

  test("one that is still in the background has no end, and keeps its status", () => {
    const response = { ...RESPONSE, status: "queued", usage: null };
    expect(readAnswer(response).choices[0]?.finish).toBeNull();
    expect(back(response)).toEqual(response);
  });

  test("one that failed is an error with the code of its own", () => {
    const failed = { ...RESPONSE, status: "failed", error: { code: "rate_limit_exceeded", message: "too fast" } };
    try {
      readAnswer(failed);
      throw new Error("expected an error");
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError);
      expect(error).toMatchObject({ code: "rate_limited", status: 429, message: "too fast" });
    }
  });

  test("what is none is an error", () => {
    expect(() => readAnswer({ choices: [] })).toThrow("output list");
    expect(() => readAnswer({ error: { message: "boom" } })).toThrow("boom");
  });

  test("missing and odd members are nothing", () => {
    const answer = readAnswer({
      output: [null, "x", { type: "message", content: [{ type: "output_text" }] }],
      usage: "none",
    });
    expect(answer).toMatchObject({ id: null, model: null, usage: null });
    expect(answer.choices[0]?.parts).toMatchObject([{ kind: "text", text: "" }]);
  });

  test("unknown counts come back, and the sum where it is another", () => {
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0, text_tokens: 9 },
      output_tokens: 5,
      output_tokens_details: {},
      total_tokens: 99,
      cost_in_usd_ticks: 7,
    };
    expect((back({ ...RESPONSE, usage }) as JsonObject)["usage"]).toEqual(usage);
  });
});

describe("an answer of another API", () => {
  test("is a response with the request's settings and ids of its own", () => {
    const request = read({
      model: "m",
      input: "hi",
      instructions: "be kind",
      temperature: 0.3,
      tools: [{ type: "function", name: "f", parameters: { type: "object" } }],
      tool_choice: "required",
      metadata: { k: "v" },
      previous_response_id: "resp_0",
    });
    const usage = {
      ...usageOf({ inputTokens: 3, outputTokens: 4, cachedTokens: 1, reasoningTokens: 2 }),
      extra: { other: 1 },
    };
    const response = writeAnswer(
      foreign(
        [
          { kind: "text", text: "one" },
          { kind: "text", text: "two" },
          { kind: "tool-call", id: "toolu_1", name: "f", arguments: "{}" },
          { kind: "text", text: "three" },
        ],
        { usage },
      ),
      answerContext(request),
    );
    expect(response).toMatchObject({
      object: "response",
      created_at: 1_700_000_000,
      status: "completed",
      model: "claude",
      instructions: "be kind",
      temperature: 0.3,
      top_p: 1,
      tool_choice: "required",
      tools: [{ type: "function", name: "f", description: null, strict: null }],
      metadata: { k: "v" },
      previous_response_id: "resp_0",
      usage: {
        input_tokens: 3,
        input_tokens_details: { cached_tokens: 1, cache_write_tokens: 0 },
        output_tokens: 4,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 7,
      },
    });
    expect(response).not.toHaveProperty("foreign");
    expect(response["id"]).toMatch(/^resp_[0-9a-f]{40}$/);
    const output = response["output"] as JsonObject[];
    expect(output.map(({ type, content }) => [type, Array.isArray(content) ? content.length : null])).toEqual([
      ["message", 2],
      ["function_call", null],
      ["message", 1],
    ]);
    expect(new Set(output.map(({ id }) => id)).size).toBe(3);
  });

  test("two requests of the same id get responses of their own", () => {
    const ids = [1, 2].map(() => writeAnswer(foreign([]), answerContext())["id"]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test.each([
    ["length", "incomplete", { reason: "max_output_tokens" }, "incomplete"],
    ["content-filter", "incomplete", { reason: "content_filter" }, "incomplete"],
    ["tool-calls", "completed", null, "completed"],
  ])("an end by %s is status %s", (kind, status, details, messageStatus) => {
    const response = writeAnswer(foreign([{ kind: "text", text: "x" }], {}, kind as "stop"), answerContext());
    expect(response).toMatchObject({ status, incomplete_details: details });
    expect(response["output"]).toMatchObject([{ status: messageStatus }]);
  });

  test("citations say where they apply, pages and documents", () => {
    const none: Citation = {
      url: null,
      title: null,
      documentIndex: null,
      documentId: null,
      citedText: null,
      start: null,
      end: null,
      sourceStart: null,
      sourceEnd: null,
      sourceUnit: null,
      extra: { type: "char_location" },
    };
    const citations = [
      { ...none, url: "https://example.com" },
      { ...none, documentIndex: 1, title: "Report", citedText: "x" },
    ];
    const response = writeAnswer(foreign([{ kind: "text", text: "four", citations }]), answerContext());
    expect(response["output"]).toMatchObject([
      {
        content: [
          {
            annotations: [
              {
                type: "url_citation",
                url: "https://example.com",
                title: "https://example.com",
                start_index: 0,
                end_index: 4,
              },
              { type: "file_citation", file_id: "document_1", filename: "Report", index: 4 },
            ],
          },
        ],
      },
    ]);
  });

  test("images are items, spoken words are text, and what has no place is left out", () => {
    const response = writeAnswer(
      foreign([
        { kind: "image", source: { kind: "data", mediaType: "image/webp", data: "AAAA" } },
        { kind: "audio", source: { kind: "data", mediaType: "wav", data: "BBBB" }, transcript: "said" },
        { kind: "native", dialect: "anthropic-messages", value: { type: "server_tool_use" } },
      ]),
      answerContext(),
    );
    expect(response["output"]).toMatchObject([
      { type: "image_generation_call", result: "AAAA", output_format: "webp", status: "completed" },
      { type: "message", content: [{ type: "output_text", text: "said" }] },
    ]);
  });
});

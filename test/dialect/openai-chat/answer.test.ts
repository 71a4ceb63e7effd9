import { describe, expect, test } from "bun:test";
import type { FinishKind, NeutralAnswer, Part } from "../../../src/dialect/neutral.ts";
import { openaiChat } from "../../../src/dialect/openai-chat/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answer, answerContext, ASK, errorOf, read } from "./fixtures.ts";

const { readAnswer, writeAnswer } = openaiChat.generate;

function whole(message: JsonObject, choice: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return {
    id: "c1",
    object: "chat.completion",
    created: 7,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop", ...choice }],
    ...more,
  };
}

function partsOf(message: JsonObject): readonly Part[] {
  return readAnswer(whole(message)).choices[0]?.parts ?? [];
}

function messageOf(given: NeutralAnswer): JsonObject {
  const [choice] = writeAnswer(given, answerContext())["choices"] as readonly JsonObject[];
  return choice?.["message"] as JsonObject;
}

describe("an answer", () => {
  test("with an error in it, or without choices, is none", () => {
    const filtered = errorOf(() => readAnswer({ error: { code: "content_filter", message: "no", status: 400 } }));
    expect([filtered.code, filtered.status, filtered.options.upstreamType]).toEqual([
      "content_policy",
      400,
      "error_in_200",
    ]);
    const failed = errorOf(() => readAnswer({ error: { code: 502, message: "Provider returned error" } }));
    expect([failed.code, failed.status]).toEqual(["upstream_error", 502]);
    expect(errorOf(() => readAnswer({ choices: [], error: "x" })).message).toBe("x");
    expect(errorOf(() => readAnswer({ ok: true })).code).toBe("upstream_error");
  });

  test("is read wherever providers put what it says, and written back equal", () => {
    const messages: readonly (readonly [message: JsonObject, parts: readonly object[]])[] = [
      [{ content: "Hi" }, [{ kind: "text", text: "Hi" }]],
      [{ content: null, refusal: "no" }, [{ kind: "refusal", text: "no" }]],
      [
        { content: "Hi", reasoning: "hm" },
        [
          { kind: "reasoning", text: "hm" },
          { kind: "text", text: "Hi" },
        ],
      ],
      [
        { content: "Hi", reasoning_content: "hm" },
        [
          { kind: "reasoning", text: "hm" },
          { kind: "text", text: "Hi" },
        ],
      ],
      [
        {
          content: [
            {
              type: "thinking",
              thinking: [
                { type: "text", text: "h" },
                { type: "text", text: "m" },
              ],
              closed: true,
            },
            { type: "text", text: "Hi" },
          ],
        },
        [
          { kind: "reasoning", text: "hm", extra: { closed: true } },
          { kind: "text", text: "Hi" },
        ],
      ],
      [
        { content: null, tool_calls: [{ id: "a", function: { name: "f", arguments: { x: 1 } } }] },
        [{ kind: "tool-call", id: "a", name: "f", arguments: '{"x":1}' }],
      ],
      [
        { content: null, tool_calls: [{ id: "a", type: "custom", custom: { name: "f", input: "x" } }] },
        [{ kind: "tool-call", id: "a", name: "f", arguments: "x", isCustom: true }],
      ],
      [
        { content: null, audio: { id: "audio_1", data: "AAAA", transcript: "beep", expires_at: 9 } },
        [
          {
            kind: "audio",
            source: { kind: "data", mediaType: "audio/wav", data: "AAAA" },
            transcript: "beep",
            id: "audio_1",
            expiresAt: 9,
          },
        ],
      ],
      [
        { content: "", images: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" }, index: 0 }] },
        [{ kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" }, extra: { index: 0 } }],
      ],
      [
        {
          content: "See it.",
          annotations: [
            { type: "file", file: { name: "a" } },
            {
              type: "url_citation",
              url_citation: { url: "https://example.com", title: "E", start_index: 0, end_index: 3 },
            },
          ],
        },
        [
          {
            kind: "text",
            text: "See it.",
            citations: [expect.objectContaining({ url: "https://example.com", start: 0, end: 3 })],
          },
        ],
      ],
    ];
    for (const [message, parts] of messages) {
      const body = whole(message);
      const given = readAnswer(body);
      expect(given.choices[0]?.parts.map((part) => JSON.parse(JSON.stringify(part)) as object)).toEqual(
        parts as object[],
      );
      expect(JSON.parse(JSON.stringify(writeAnswer(given, answerContext())))).toEqual(body);
    }
  });

  test("keeps what it does not understand, and what says nothing", () => {
    const body = whole(
      {
        content: "",
        refusal: null,
        tool_calls: [],
        padding: "x",
        audio: { data: "", id: "" },
        function_call: { name: "", arguments: "" },
      },
      { logprobs: null, native_finish_reason: "STOP", content_filter_results: {} },
      {
        system_fingerprint: null,
        service_tier: null,
        provider: "P",
        usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, cost: 0.1 },
      },
    );
    const given = readAnswer(body);
    expect(given.choices[0]?.parts).toEqual([]);
    expect(given.usage).toMatchObject({ inputTokens: 1, outputTokens: 2, extra: { cost: 0.1 } });
    expect(writeAnswer(given, answerContext())).toEqual(body);
    const bare: JsonObject = { choices: [{ message: { content: "Hi" } }] };
    expect(writeAnswer(readAnswer(bare), answerContext())).toEqual(bare);
  });

  test("gives the signatures of reasoning back as they came, wherever they belong", () => {
    const message: JsonObject = {
      content: null,
      reasoning: "sum",
      reasoning_details: [
        { type: "reasoning.summary", summary: "sum", format: "openai-responses-v1", index: 0 },
        { type: "reasoning.encrypted", data: "e1", id: "rs_1", format: "openai-responses-v1", index: 1 },
        { type: "reasoning.encrypted", data: "e2", id: "call_a", format: "google-gemini-v1", index: 2 },
      ],
      tool_calls: [{ id: "call_a", type: "function", function: { name: "f", arguments: "{}" } }],
    };
    const [reasoning, call] = partsOf(message);
    expect(reasoning).toMatchObject({
      kind: "reasoning",
      text: "sum",
      isSummary: true,
      id: "rs_1",
      encrypted: { owner: "openai-chat" },
    });
    expect(call).toMatchObject({ kind: "tool-call", signature: { owner: "openai-chat" } });
    expect(messageOf(readAnswer(whole(message)))).toEqual({ role: "assistant", ...message });
  });

  test("of another dialect carries its signatures, which come back as its own on the next turn", () => {
    const parts: Part[] = [
      { kind: "reasoning", text: "hm", signature: { owner: "anthropic", data: "sig" } },
      { kind: "reasoning", text: "", encrypted: { owner: "anthropic", data: "redacted" } },
      { kind: "text", text: "Hi" },
      { kind: "tool-call", id: "a", name: "f", arguments: "{}", signature: { owner: "google", data: "thought" } },
    ];
    const message = messageOf(
      answer({}, { parts, finish: { kind: "tool-calls", native: "tool_use", stopSequence: null } }),
    );
    expect(message).toMatchObject({ role: "assistant", content: "Hi", refusal: null, reasoning_content: "hm" });
    expect(JSON.stringify(message)).toContain('"extra_content":{"google":{"thought_signature":"thought"}}');
    const back = read({ model: "m", messages: [{ ...message }] }).messages[0]?.parts;
    expect(
      back?.map((part) => ("signature" in part ? part.signature : "encrypted" in part ? part.encrypted : null)),
    ).toEqual([
      { owner: "anthropic", data: "sig" },
      { owner: "anthropic", data: "redacted" },
      null,
      { owner: "google", data: "thought" },
    ]);
  });

  test("ends in OpenAI's words, whatever ended it", () => {
    const words: Readonly<Record<FinishKind, string>> = {
      stop: "stop",
      "stop-sequence": "stop",
      length: "length",
      "context-window": "length",
      "tool-calls": "tool_calls",
      "content-filter": "content_filter",
      refusal: "content_filter",
      pause: "stop",
      error: "error",
      other: "stop",
    };
    for (const [kind, word] of Object.entries(words)) {
      const given = answer({}, { finish: { kind: kind as FinishKind, native: "theirs", stopSequence: null } });
      expect(writeAnswer(given, answerContext())["choices"]).toMatchObject([{ finish_reason: word }]);
    }
    const kinds: readonly (readonly [reason: string | null, more: JsonObject, kind: FinishKind | undefined])[] = [
      ["eos", {}, "stop"],
      ["model_length", {}, "context-window"],
      ["sensitive", {}, "content-filter"],
      ["insufficient_system_resource", {}, "error"],
      ["something", {}, "other"],
      [null, {}, undefined],
      ["stop", { stop_reason: "END" }, "stop-sequence"],
    ];
    for (const [reason, more, kind] of kinds) {
      const given = readAnswer(whole({ content: "Hi" }, { finish_reason: reason, ...more }));
      expect(given.choices[0]?.finish?.kind).toBe(kind as FinishKind);
    }
    const forced = whole({ tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }] });
    expect(readAnswer(forced).choices[0]?.finish).toEqual({ kind: "tool-calls", native: "stop", stopSequence: null });
  });

  test("of another dialect has all that OpenAI's has", () => {
    const given = answer({
      extra: { theirs: 1 },
      usage: {
        inputTokens: 10,
        outputTokens: 5,
        cachedTokens: 4,
        cacheWriteTokens: 3,
        cacheWrite1hTokens: 1,
        reasoningTokens: 2,
        audioInputTokens: null,
        audioOutputTokens: null,
        acceptedPredictionTokens: null,
        rejectedPredictionTokens: null,
        toolInputTokens: null,
        webSearches: 1,
        extra: { theirs: 1 },
      },
    });
    const written = writeAnswer(given, answerContext());
    expect(written).toEqual({
      id: "msg_1",
      object: "chat.completion",
      created: 1_750_000_000,
      model: "claude",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 2 },
        cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 1 },
        server_tool_use_details: { web_search_requests: 1 },
      },
    });
    expect(readAnswer(written).usage).toMatchObject({
      inputTokens: 10,
      outputTokens: 5,
      cachedTokens: 4,
      cacheWriteTokens: 3,
      cacheWrite1hTokens: 1,
      reasoningTokens: 2,
      webSearches: 1,
    });
    expect(writeAnswer(answer({ id: null, model: null }), answerContext())).toMatchObject({
      id: "chatcmpl-0123",
      model: "asked",
    });
  });

  test("to a caller of functions has its call in the form of functions", () => {
    const request = read({ ...ASK, functions: [{ name: "f" }] });
    const parts: Part[] = [{ kind: "tool-call", id: "a", name: "f", arguments: "{}" }];
    const given = answer({}, { parts, finish: { kind: "tool-calls", native: "tool_use", stopSequence: null } });
    expect(writeAnswer(given, answerContext({ request }))["choices"]).toMatchObject([
      { message: { function_call: { name: "f", arguments: "{}" } }, finish_reason: "function_call" },
    ]);
  });

  test("places citations in the one text that a message has", () => {
    const citation = {
      url: "https://example.com",
      title: null,
      documentIndex: null,
      documentId: null,
      citedText: "quoted",
      start: 0,
      end: 2,
      sourceStart: null,
      sourceEnd: null,
      sourceUnit: null,
      extra: { theirs: 1 },
    };
    const parts: Part[] = [
      { kind: "text", text: "abc" },
      { kind: "text", text: "de", citations: [citation] },
    ];
    expect(messageOf(answer({}, { parts }))["annotations"]).toEqual([
      {
        type: "url_citation",
        url_citation: { url: "https://example.com", title: "", start_index: 3, end_index: 5, content: "quoted" },
      },
    ]);
  });
});

describe("usage", () => {
  test("is found in every provider's words", () => {
    const cases: readonly (readonly [usage: JsonObject, counts: object])[] = [
      [{ prompt_tokens: 5, completion_tokens: 2, prompt_cache_hit_tokens: 3 }, { cachedTokens: 3 }],
      [{ prompt_tokens: 5, completion_tokens: 2, cached_tokens: 3 }, { cachedTokens: 3 }],
      [
        { prompt_tokens: 5, completion_tokens: 2, cache_read_input_tokens: 3, cache_creation_input_tokens: 1 },
        { cachedTokens: 3, cacheWriteTokens: 1 },
      ],
      // xAI: reasoning beside the completion
      [
        {
          prompt_tokens: 5,
          completion_tokens: 2,
          total_tokens: 11,
          completion_tokens_details: { reasoning_tokens: 4 },
        },
        { outputTokens: 6, reasoningTokens: 4 },
      ],
      // Mistral: audio beside the prompt
      [
        { prompt_tokens: 5, completion_tokens: 2, total_tokens: 17, prompt_tokens_details: { audio_tokens: 10 } },
        { inputTokens: 15 },
      ],
      [
        {
          prompt_tokens: 5,
          completion_tokens: 6,
          total_tokens: 11,
          completion_tokens_details: { reasoning_tokens: 4 },
        },
        { outputTokens: 6 },
      ],
      [
        { input_tokens: 5, output_tokens: 2, input_token_details: { audio_tokens: 5 } },
        { inputTokens: 5, audioInputTokens: 5 },
      ],
      [{ prompt_tokens: 5, completion_tokens: 2, num_search_queries: 3 }, { webSearches: 3 }],
    ];
    for (const [usage, counts] of cases) expect(openaiChat.readUsage(JSON.stringify(usage))).toMatchObject(counts);
    expect(openaiChat.readUsage("{}")).toBeNull();
    expect(openaiChat.readUsage("nonsense")).toBeNull();
  });
});

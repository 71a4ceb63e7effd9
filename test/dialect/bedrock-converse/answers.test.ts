import { describe, expect, test } from "bun:test";
import { readRedacted, writeRedacted } from "../../../src/dialect/bedrock-converse/reasoning-block.ts";
import type { Finish, NeutralAnswer, Part } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { ANSWER_CONTEXT, answerOf, bedrockConverse, generate } from "./fixtures.ts";

function body(content: readonly JsonObject[], rest: JsonObject = {}): JsonObject {
  return { output: { message: { role: "assistant", content } }, stopReason: "end_turn", ...rest };
}

function write(answer: NeutralAnswer): JsonObject {
  return JSON.parse(JSON.stringify(generate.writeAnswer(answer, ANSWER_CONTEXT))) as JsonObject;
}

function contentOf(parts: readonly Part[]): unknown {
  return (write(answerOf(parts))["output"] as unknown as { message: { content: unknown } }).message.content;
}

describe("Converse answers", () => {
  test("everything an answer says comes back as it was said", () => {
    const answer = body(
      [
        { reasoningContent: { reasoningText: { text: "Hm", signature: "c2ln" } } },
        { reasoningContent: { redactedContent: Buffer.from("EtkECg==").toString("base64") } },
        { text: "Look", type: "text" },
        {
          citationsContent: {
            content: [{ text: "cited" }],
            citations: [
              {
                title: "t",
                sourceContent: [{ text: "s" }],
                location: { documentPage: { documentIndex: 0, start: 1, end: 2 } },
              },
              {
                source: "https://example.com",
                location: { searchResultLocation: { searchResultIndex: 0, start: 0, end: 1 } },
              },
              { location: { web: { url: "https://example.com/a", domain: "example.com" } } },
              { location: { future: { x: 1 } } },
            ],
          },
        },
        { citationsContent: { content: [{ text: "a" }, { text: "b" }], citations: [] } },
        { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } },
        { toolUse: { toolUseId: "t", name: "n", input: { a: 1 } } },
        { toolResult: { toolUseId: "s", content: [{ json: {} }], type: "nova_code_interpreter_result" } },
      ],
      {
        usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, serverToolUsage: {} },
        metrics: { latencyMs: 5 },
        trace: { guardrail: { actionReason: "none" } },
        additionalModelResponseFields: { stop_sequence: null },
        performanceConfig: { latency: "standard" },
        serviceTier: { type: "flex" },
      },
    );
    expect(write(generate.readAnswer(answer))).toEqual(answer);
    const bare = { output: {}, stopReason: "guardrail_intervened" };
    expect(write(generate.readAnswer(bare))).toEqual(bare);
  });

  test("what holds neither an output nor a stop reason is no answer", () => {
    expect(() => generate.readAnswer({ message: "sorry" })).toThrow("should hold an output");
  });

  test("each stop reason has its meaning, and each meaning a stop reason", () => {
    const kindOf = (stopReason: string) => generate.readAnswer(body([], { stopReason })).choices[0]?.finish?.kind;
    expect(
      [
        "end_turn",
        "tool_use",
        "max_tokens",
        "stop_sequence",
        "guardrail_intervened",
        "content_filtered",
        "model_context_window_exceeded",
        "malformed_tool_use",
        "malformed_model_output",
        "new_reason",
      ].map(kindOf),
    ).toEqual([
      "stop",
      "tool-calls",
      "length",
      "stop-sequence",
      "content-filter",
      "content-filter",
      "context-window",
      "error",
      "error",
      "other",
    ]);
    const reasonOf = (finish: Finish) =>
      write({ ...answerOf([]), choices: [{ index: 0, parts: [], finish, logprobs: null, extra: null }] })["stopReason"];
    expect(reasonOf({ kind: "refusal", native: "refusal", stopSequence: null })).toBe("content_filtered");
    expect(reasonOf({ kind: "stop", native: "STOP", stopSequence: null })).toBe("end_turn");
    expect(reasonOf({ kind: "length", native: "max_tokens", stopSequence: null })).toBe("max_tokens");
  });

  test("the stop sequence is the one that Claude names", () => {
    const finishOf = (fields: JsonObject) =>
      generate.readAnswer(body([], { stopReason: "stop_sequence", additionalModelResponseFields: fields })).choices[0]
        ?.finish;
    expect(finishOf({ stop_sequence: "END" })?.stopSequence).toBe("END");
    expect(finishOf({ delta: { stop_sequence: "END" } })?.stopSequence).toBe("END");
  });

  test("usage counts what was cached as read, and by how long it is kept", () => {
    const usage: JsonObject = {
      inputTokens: 10,
      outputTokens: 5,
      totalTokens: 165,
      cacheReadInputTokens: 100,
      cacheWriteInputTokens: 50,
      cacheDetails: [
        { ttl: "1h", inputTokens: 20 },
        { ttl: "5m", inputTokens: 30 },
      ],
    };
    const read = generate.readAnswer(body([], { usage })).usage;
    expect(read).toMatchObject({
      inputTokens: 160,
      outputTokens: 5,
      cachedTokens: 100,
      cacheWriteTokens: 50,
      cacheWrite1hTokens: 20,
    });
    expect(bedrockConverse.readUsage(JSON.stringify(usage))).toEqual(read);
    expect(bedrockConverse.readUsage("{}")).toBeNull();
    expect(bedrockConverse.readUsage("no json")).toBeNull();
    expect(write({ ...answerOf([]), usage: { ...(read as NonNullable<typeof read>), extra: null } })["usage"]).toEqual(
      usage,
    );
    // A total of another meaning, and one that is not there, come back so.
    for (const odd of [
      { inputTokens: 1, outputTokens: 2, totalTokens: 99 },
      { inputTokens: 1, outputTokens: 2 },
    ]) {
      expect(write(generate.readAnswer(body([], { usage: odd })))["usage"]).toEqual(odd);
    }
  });

  test("encrypted reasoning is the text that Anthropic's own API says, whatever its bytes", () => {
    const wire = Buffer.from("EtkECkgIBw==").toString("base64");
    expect(readRedacted(wire)).toEqual({ owner: "anthropic", data: "EtkECkgIBw==" });
    for (const base64 of [wire, "AAECAw==", Buffer.from("bytes:x").toString("base64"), "not base64!"]) {
      expect(writeRedacted(readRedacted(base64))).toBe(base64);
    }
    const foreign = { owner: "openai", data: "gAAAA-b_" } as const;
    expect(readRedacted(writeRedacted(foreign))).toEqual(foreign);
  });

  test("proof of another provider goes out marked, and comes back to its place", () => {
    const parts: readonly Part[] = [
      { kind: "reasoning", text: "summary", encrypted: { owner: "openai", data: "gAAA" } },
      { kind: "reasoning", text: "", encrypted: { owner: "openai", data: "gBBB" } },
      { kind: "text", text: "words", signature: { owner: "google", data: "Cu0B" } },
      { kind: "tool-call", id: "a", name: "n", arguments: "{}", signature: { owner: "google", data: "Cv0B" } },
    ];
    const content = contentOf(parts) as JsonObject[];
    const { messages } = generate.readRequest(
      { messages: [{ role: "assistant", content }] },
      { endpoint: ANSWER_CONTEXT.endpoint, model: "m", isStream: false, query: new URLSearchParams() },
    );
    expect(messages[0]?.parts).toEqual([...parts]);
  });

  test("what has no block of its own is said in words or left out", () => {
    expect(
      contentOf([
        { kind: "refusal", text: "No." },
        { kind: "audio", source: { kind: "data", mediaType: "wav", data: "" }, transcript: "Spoken" },
        { kind: "native", dialect: "anthropic-messages", value: { type: "server_tool_use" } },
        { kind: "text", text: "plain", citations: [] },
      ]),
    ).toEqual([{ text: "No." }, { text: "Spoken" }, { text: "plain" }]);
  });

  test("citations of other APIs have a location where they name a place", () => {
    const none = { url: null, title: null, documentIndex: null, documentId: null, citedText: null, start: 0, end: 5 };
    const place = { sourceStart: null, sourceEnd: null, sourceUnit: null, extra: { type: "x" } };
    expect(
      contentOf([
        {
          kind: "text",
          text: "cited",
          citations: [
            { ...none, ...place, url: "https://example.com", title: "Page" },
            { ...none, ...place, documentIndex: 1, sourceUnit: "char", sourceStart: 2, sourceEnd: 4, citedText: "ab" },
          ],
        },
      ]),
    ).toEqual([
      {
        citationsContent: {
          content: [{ text: "cited" }],
          citations: [
            { title: "Page", location: { web: { url: "https://example.com" } } },
            { sourceContent: [{ text: "ab" }], location: { documentChar: { documentIndex: 1, start: 2, end: 4 } } },
          ],
        },
      },
    ]);
  });
});

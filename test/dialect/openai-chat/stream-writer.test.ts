import { describe, expect, test } from "bun:test";
import { unfoldAnswer } from "../../../src/dialect/fold.ts";
import type { NeutralAnswer, NeutralEvent, Part } from "../../../src/dialect/neutral.ts";
import { answer, answerContext, ASK, chunk, eventsOf, fold, read, readStream, sse, writeStream } from "./fixtures.ts";

const FOREIGN = answerContext({ answerDialect: "anthropic-messages" });

function eventsOfAnswer(given: NeutralAnswer): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  unfoldAnswer(given, (event) => {
    events.push(event);
  });
  return events;
}

const CALL: Part = { kind: "tool-call", id: "a", name: "f", arguments: '{"x":1}' };

function withParts(...parts: Part[]): NeutralAnswer {
  return answer({ usage: null }, { parts });
}

describe("a chat stream for a caller", () => {
  test("has the chunks that OpenAI's has", () => {
    const given = withParts({ kind: "text", text: 'say "hi"\n' }, CALL);
    expect(eventsOf(writeStream(eventsOfAnswer(given), FOREIGN))).toEqual([
      { ...HEAD, choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] },
      { ...HEAD, choices: [{ index: 0, delta: { content: 'say "hi"\n' }, finish_reason: null }] },
      {
        ...HEAD,
        choices: [
          {
            index: 0,
            delta: { tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] },
            finish_reason: null,
          },
        ],
      },
      {
        ...HEAD,
        choices: [
          { index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] }, finish_reason: null },
        ],
      },
      { ...HEAD, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      "[DONE]",
    ]);
  });

  test("has usage for those who asked for it", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
    const events = readStream(sse(chunk({ content: "x" }), chunk({}, "stop", { usage }), "[DONE]"));
    expect(eventsOf(writeStream(events)).at(-2)).toMatchObject({ choices: [], usage });
    const without = writeStream(events, answerContext({ wantsStreamUsage: false }));
    expect(without).not.toContain('"usage"');
    expect(without.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("read again says the same, whatever it holds", () => {
    const parts: Part[] = [
      { kind: "reasoning", text: "hm", signature: { owner: "anthropic", data: "sig" } },
      { kind: "reasoning", text: "", encrypted: { owner: "anthropic", data: "redacted" } },
      { kind: "text", text: "Hello" },
      { kind: "refusal", text: "no" },
      { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" } },
      { ...CALL, signature: { owner: "google", data: "thought" } },
      { kind: "tool-call", id: "b", name: "g", arguments: "SELECT", isCustom: true },
    ];
    const written = writeStream(eventsOfAnswer(withParts(...parts)), FOREIGN);
    expect(fold(readStream(written)).answer().choices[0]?.parts).toEqual(parts);
  });

  test("tells the whole of a signed text in one detail, so that it can be sent back", () => {
    const given = withParts({ kind: "reasoning", text: "hm", signature: { owner: "anthropic", data: "sig" } });
    expect(writeStream(eventsOfAnswer(given), FOREIGN)).toContain(
      '"reasoning_details":[{"type":"reasoning.text","signature":"llmux.anthropic.c2ln","format":"anthropic-claude-v1","text":"hm","index":0}]',
    );
  });

  test("keeps what only this dialect understands for answers of this dialect", () => {
    const stream = sse(
      chunk({ role: "assistant", content: "x", channel: "final" }, null, { provider: "P", system_fingerprint: "fp" }),
      chunk({ reasoning: "hm" }),
      {
        id: "c1",
        choices: [{ index: 0, delta: {}, finish_reason: "eos", native_finish_reason: "EOS" }],
        timings: { n: 1 },
      },
      "[DONE]",
    );
    const own = writeStream(readStream(stream));
    for (const text of [
      '"provider":"P"',
      '"channel":"final"',
      '"reasoning":"hm"',
      '"finish_reason":"eos"',
      '"native_finish_reason":"EOS"',
      '"timings":{"n":1}',
    ]) {
      expect(own).toContain(text);
    }
    const other = writeStream(readStream(stream), answerContext({ answerDialect: "gemini" }));
    for (const text of ['"provider"', '"channel"', '"native_finish_reason"', '"timings"'])
      expect(other).not.toContain(text);
    expect(other).toContain('"finish_reason":"stop"');
  });

  test("introduces every choice with its role", () => {
    const piece = (index: number): object => ({
      id: "c1",
      choices: [{ index, delta: { content: "x" }, finish_reason: "stop" }],
    });
    const written = eventsOf(writeStream(readStream(sse(piece(0), piece(1), "[DONE]"))));
    expect(written).toContainEqual(
      expect.objectContaining({
        choices: [{ index: 1, delta: { role: "assistant", content: "" }, finish_reason: null }],
      }),
    );
  });

  test("ends an error without an end", () => {
    const events = readStream(sse(chunk({ content: "x" }), { error: { message: "broke", code: 502 } }));
    const written = eventsOf(writeStream(events));
    expect(written.at(-1)).toMatchObject({ error: { message: "broke", type: "server_error" } });
    expect(written).not.toContain("[DONE]");
  });

  test("to a caller of functions has one call, as a function call", () => {
    const request = read({ ...ASK, functions: [{ name: "f" }] });
    const given = answer(
      {},
      { parts: [CALL, { ...CALL, id: "b" }], finish: { kind: "tool-calls", native: null, stopSequence: null } },
    );
    const written = writeStream(eventsOfAnswer(given), { ...FOREIGN, request });
    const deltas = eventsOf(written).flatMap((event) =>
      typeof event === "object" ? (event as { choices: { delta: { function_call?: object } }[] }).choices : [],
    );
    expect(deltas.map(({ delta }) => delta.function_call).filter((one) => one !== undefined)).toEqual([
      { name: "f", arguments: "" },
      { arguments: '{"x":1}' },
    ]);
    expect(written).toContain('"finish_reason":"function_call"');
  });
});

const HEAD = { id: "msg_1", object: "chat.completion.chunk", created: 1_750_000_000, model: "claude" };

import { describe, expect, test } from "bun:test";
import { CHAT_STREAM } from "../../src/dialect/openai-chat/stream-grammar.ts";
import { RESPONSES_STREAM } from "../../src/dialect/openai-responses/stream-grammar.ts";
import { StreamTap } from "../../src/relay/stream-tap.ts";
import { UsageWithholder } from "../../src/relay/usage-withholder.ts";

const CHUNK = (finish: string, extra = ""): string =>
  `data: {"id":"c","choices":[{"index":0,"delta":{"content":"say \\"usage\\":{} and [DONE]"},"finish_reason":${finish}}]${extra}}\n\n`;
const USAGE = 'data: {"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"d":{"x":1}}}\n\n';
const DONE = "data: [DONE]\n\n";

function tapOver(text: string, sizes: (index: number) => number, grammar = CHAT_STREAM): StreamTap {
  const bytes = Buffer.from(text);
  const tap = new StreamTap(grammar);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const end = Math.min(bytes.length, at + sizes(index));
    // A buffer of its own with framing after the payload, as the relay gives it.
    const piece = Buffer.from(`${bytes.toString("latin1", at, end)}\r\n`, "latin1");
    tap.observe(piece, 0, piece.length - 2);
    at = end;
  }
  return tap;
}

describe("StreamTap", () => {
  test("sees finish and usage wherever the bytes are split", () => {
    const text = CHUNK("null") + CHUNK('"stop"') + USAGE + DONE;
    for (let size = 1; size <= text.length; size++) {
      const tap = tapOver(text, () => size);
      expect([size, tap.isFinished, tap.hasError]).toEqual([size, true, false]);
      expect(tap.usageJson).toBe('{"prompt_tokens":3,"completion_tokens":5,"d":{"x":1}}');
    }
  });

  test("is not deceived by what a model writes", () => {
    const tap = tapOver(CHUNK("null"), () => 7);
    expect(tap.isFinished).toBe(false);
    expect(tap.usageJson).toBeNull();
  });

  test("takes [DONE] only at the beginning of a data line", () => {
    expect(
      tapOver('data: {"choices":[{"delta":{"content":"[DONE]"},"finish_reason":null}]}\n\n', () => 9).isFinished,
    ).toBe(false);
    expect(tapOver("data:[DONE]\n\n", () => 3).isFinished).toBe(true);
  });

  test("sees an error member, but not a null one", () => {
    expect(tapOver('data: {"error":{"message":"x"}}\n\n', () => 5).hasError).toBe(true);
    expect(tapOver('data: {"error" : null}\n\n', () => 5).hasError).toBe(false);
  });

  test("keeps the last of several usage objects and forgets one that never ends", () => {
    const repeated = CHUNK("null", ',"usage":{"prompt_tokens":1}') + CHUNK('"stop"', ',"usage":{"prompt_tokens":2}');
    expect(tapOver(repeated, () => 50).usageJson).toBe('{"prompt_tokens":2}');
    const endless = `data: {"usage":{"x":"${"y".repeat(20_000)}`;
    expect(tapOver(endless, () => 1_000).usageJson).toBeNull();
  });

  test("knows the last event of Responses", () => {
    const text =
      'event: response.completed\ndata: {"type":"response.completed","response":{"error":null,"usage":{"input_tokens":1}}}\n\n';
    for (const size of [1, 13, 64, 1_000]) {
      const tap = tapOver(text, () => size, RESPONSES_STREAM);
      expect([tap.isFinished, tap.hasError, tap.usageJson]).toEqual([true, false, '{"input_tokens":1}']);
    }
  });
});

describe("UsageWithholder", () => {
  test("takes out the usage event alone, wherever the bytes are split", () => {
    const text = CHUNK('"stop"') + USAGE + DONE;
    for (const lineEnd of ["\n", "\r\n"]) {
      const bytes = Buffer.from(text.replaceAll("\n", lineEnd));
      for (let size = 1; size <= bytes.length; size++) {
        const withholder = new UsageWithholder(CHAT_STREAM.isUsageOnlyEvent);
        const passed: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) passed.push(withholder.filter(bytes.subarray(at, at + size)));
        passed.push(withholder.release());
        expect(Buffer.concat(passed).toString()).toBe((CHUNK('"stop"') + DONE).replaceAll("\n", lineEnd));
      }
    }
  });

  test("lets pass what is not an event of usage alone", () => {
    const pass = (text: string): string => {
      const withholder = new UsageWithholder(CHAT_STREAM.isUsageOnlyEvent);
      return withholder.filter(Buffer.from(text)).toString() + withholder.release().toString();
    };
    for (const text of [
      'data: {"choices":[],"prompt_filter_results":[],"usage":null}\n\n',
      'data: {"choices":[{"index":0}],"usage":{"prompt_tokens":1}}\n\n',
      'data: {"usage" broken\n\n',
      `: ${"x".repeat(40_000)}`,
    ]) {
      expect(pass(text)).toBe(text);
    }
  });
});

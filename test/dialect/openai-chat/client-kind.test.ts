/** What SDKs of other makers than OpenAI are told differently, and bring back. */
import { describe, expect, test } from "bun:test";
import type { RequestContext } from "../../../src/dialect/dialect.ts";
import type { NeutralEvent, NeutralRequest, Part } from "../../../src/dialect/neutral.ts";
import { openaiChat } from "../../../src/dialect/openai-chat/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answer, answerContext, ASK, requestContext } from "./fixtures.ts";

const { readRequest, writeAnswer, openWriter } = openaiChat.generate;

const SIGNATURE = { owner: "anthropic", data: "EqQBsigned==" } as const;
const GOOGLE = { owner: "google", data: "CiQBthought==" } as const;

function read(body: JsonObject = ASK, more: Partial<RequestContext> = {}): NeutralRequest {
  return readRequest(body, { ...requestContext(), userAgent: "mistral-client-typescript/2.7.0", ...more });
}

function messageOf(parts: readonly Part[], request: NeutralRequest = read()): JsonObject {
  const written = writeAnswer(answer({}, { parts }), answerContext({ request, answerDialect: "anthropic-messages" }));
  return (written["choices"] as unknown as readonly { readonly message: JsonObject }[])[0]?.message ?? {};
}

/** The deltas of a stream's first choice. */
function deltasOf(events: readonly NeutralEvent[], request: NeutralRequest = read()): JsonObject[] {
  const writer = openWriter(answerContext({ request, answerDialect: "anthropic-messages" }));
  const text = events.map((event) => writer.write(event)).join("");
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("data: {"))
    .map((block) => JSON.parse(block.slice(6)) as { choices: { delta: JsonObject }[] })
    .flatMap(({ choices }) => choices.map(({ delta }) => delta));
}

const START: NeutralEvent = {
  kind: "message-start",
  id: "msg_1",
  model: "claude",
  createdAt: 1,
  serviceTier: null,
  extra: null,
};
const at = { choice: 0, part: 0 } as const;
const end = (part: number): NeutralEvent => ({ kind: "part-end", choice: 0, part, extra: null });

describe("to Mistral's SDK", () => {
  test("reasoning goes out as content, with a signature it brings back", () => {
    const parts: readonly Part[] = [
      { kind: "reasoning", text: "Hm.", signature: SIGNATURE },
      { kind: "text", text: "Hello" },
    ];
    const message = messageOf(parts);
    expect(message).toMatchObject({
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "Hm." }] },
        { type: "text", text: "Hello" },
      ],
    });
    expect(message).not.toHaveProperty("reasoning_content");
    expect(message).not.toHaveProperty("reasoning_details");
    const again = read({ ...ASK, messages: [...ASK.messages, message] });
    expect(again.messages[1]?.parts).toMatchObject([
      { kind: "reasoning", text: "Hm.", signature: SIGNATURE },
      { kind: "text", text: "Hello" },
    ]);
  });

  test("an encrypted block of OpenAI's comes back as one", () => {
    const encrypted = { owner: "openai", data: "gAAAA" } as const;
    const message = messageOf([{ kind: "reasoning", text: "Hm.", isSummary: true, encrypted }]);
    expect(read({ ...ASK, messages: [...ASK.messages, message] }).messages[1]?.parts).toMatchObject([
      { kind: "reasoning", text: "Hm.", encrypted },
    ]);
  });

  test("Gemini's signatures find their call or text again", () => {
    const call = { kind: "tool-call", id: "call_1", name: "look", arguments: "{}" } as const;
    const text = { kind: "text", text: "Hello" } as const;
    const cases: readonly (readonly Part[])[] = [
      [{ ...text, signature: GOOGLE }],
      [{ ...call, signature: GOOGLE }, call],
    ];
    for (const parts of cases) {
      const message = messageOf(parts);
      const again = read({ ...ASK, messages: [...ASK.messages, message] });
      expect(again.messages[1]?.parts.map((part) => ("signature" in part ? part.signature : undefined))).toEqual(
        parts.map((part) => ("signature" in part ? part.signature : undefined)),
      );
    }
  });

  test("a signature of Mistral's own stays what it is", () => {
    const content = [{ type: "thinking", thinking: [{ type: "text", text: "Hm." }], signature: "own" }];
    const [part] =
      read({ ...ASK, messages: [...ASK.messages, { role: "assistant", content }] }).messages[1]?.parts ?? [];
    expect(part).toMatchObject({ kind: "reasoning", text: "Hm.", extra: { signature: "own" } });
    expect(part).not.toHaveProperty("signature");
  });

  test("a streamed call goes out whole, and interleaved ones each on its own", () => {
    const start = (part: number, name: string): NeutralEvent => ({
      kind: "part-start",
      choice: 0,
      part,
      start: { kind: "tool-call", id: `call_${part}`, name },
    });
    const piece = (part: number, text: string): NeutralEvent => ({
      kind: "tool-call-arguments-delta",
      choice: 0,
      part,
      text,
    });
    const events = [
      START,
      start(0, "a"),
      piece(0, '{"x"'),
      start(1, "b"),
      piece(1, ""),
      piece(0, ":1}"),
      end(0),
      end(1),
    ];
    expect(deltasOf(events).flatMap(({ tool_calls }) => tool_calls ?? [])).toEqual([
      { index: 0, id: "call_0", type: "function", function: { name: "a", arguments: '{"x":1}' } },
      { index: 1, id: "call_1", type: "function", function: { name: "b", arguments: "{}" } },
    ]);
  });

  test("streamed reasoning is content, and its signature a chunk of its own", () => {
    const events: readonly NeutralEvent[] = [
      START,
      { kind: "part-start", ...at, start: { kind: "reasoning" } },
      { kind: "reasoning-delta", ...at, text: "Hm" },
      { kind: "reasoning-delta", ...at, text: "." },
      { kind: "signature", ...at, slot: "signature", opaque: SIGNATURE },
      end(0),
      { kind: "part-start", choice: 0, part: 1, start: { kind: "text" } },
      { kind: "text-delta", choice: 0, part: 1, text: "Hello" },
      end(1),
    ];
    expect(deltasOf(events).slice(1)).toEqual([
      { content: [{ type: "thinking", thinking: [{ type: "text", text: "Hm" }] }] },
      { content: [{ type: "thinking", thinking: [{ type: "text", text: "." }] }] },
      { content: [{ type: "thinking", thinking: [], signature: expect.stringMatching(/^llmux\.anthropic\./) }] },
      { content: "Hello" },
    ]);
  });

  test("a call that never ends is refused before it fills the memory", () => {
    const writer = openWriter(answerContext({ request: read(), answerDialect: "anthropic-messages" }));
    writer.write(START);
    writer.write({ kind: "part-start", ...at, start: { kind: "tool-call", id: "call_1", name: "a" } });
    const text = "x".repeat(1024 * 1024);
    expect(() => {
      for (let count = 0; count < 9; count++) writer.write({ kind: "tool-call-arguments-delta", ...at, text });
    }).toThrow("longer than can be put together");
  });

  test("usage is told unasked, and its seed has another name", () => {
    expect(read().wantsStreamUsage).toBe(true);
    const { seed, extra } = read({ ...ASK, random_seed: 7 });
    expect({ seed, extra }).toEqual({ seed: 7, extra: null });
  });
});

test("Groq's SDK finds reasoning where it looks for it", () => {
  const request = read(ASK, { userAgent: "Groq/JS 1.6.0" });
  expect(messageOf([{ kind: "reasoning", text: "Hm." }], request)).toMatchObject({ reasoning: "Hm." });
  const events: readonly NeutralEvent[] = [
    START,
    { kind: "part-start", ...at, start: { kind: "reasoning" } },
    { kind: "reasoning-delta", ...at, text: "Hm." },
    end(0),
  ];
  expect(deltasOf(events, request).at(-1)).toEqual({ reasoning: "Hm." });
  const again = read({ ...ASK, messages: [...ASK.messages, { role: "assistant", content: "Hi", reasoning: "Hm." }] });
  expect(again.messages[1]?.parts[0]).toMatchObject({ kind: "reasoning", text: "Hm." });
});

test("any other SDK is told what it knows", () => {
  const request = read(ASK, { userAgent: "OpenAI/JS 7.55.0" });
  expect(request.wantsStreamUsage).toBe(false);
  const message = messageOf([{ kind: "reasoning", text: "Hm.", signature: SIGNATURE }], request);
  expect(message).toMatchObject({ reasoning_content: "Hm." });
  expect(message["content"]).toBe("");
});

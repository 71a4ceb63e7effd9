/** Synthetic: streams that a filter touches. Azure's annotations before and in the answer, Gemini's blocked prompt and blocked answer. */
import { describe, expect, test } from "bun:test";
import type { DialectId, NeutralEvent } from "../../../src/dialect/neutral.ts";
import { answerContextOf, GENERATE_PATHS } from "../corpus/apis.ts";
import { readAll, streamFactsOf, writeAll } from "../corpus/check-stream.ts";
import { SUBJECTS, type Subject } from "../corpus/dialects.ts";
import { encodeEvents } from "../corpus/encode-events.ts";
import { checkEventOrder } from "../corpus/event-order.ts";
import { factsOfEvents } from "../corpus/neutral-facts.ts";

const SAFE = { hate: { filtered: false, severity: "safe" }, violence: { filtered: false, severity: "safe" } };
const CHUNK = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_750_000_000, model: "gpt-4o" };

/** https://learn.microsoft.com/azure/ai-services/openai/concepts/content-streaming */
const AZURE = encodeEvents(
  [
    // The first chunk is about the prompt alone: no choice, no id, no model.
    {
      choices: [],
      created: 0,
      id: "",
      model: "",
      object: "",
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }],
    },
    {
      ...CHUNK,
      choices: [{ index: 0, delta: { role: "assistant", content: "", refusal: null }, finish_reason: null }],
    },
    {
      ...CHUNK,
      choices: [{ index: 0, delta: { content: "Hello" }, finish_reason: null, content_filter_results: SAFE }],
    },
    {
      ...CHUNK,
      choices: [{ index: 0, delta: { content: " there" }, finish_reason: null, content_filter_results: SAFE }],
    },
    // With the asynchronous filter annotations come in chunks of their own, without a delta.
    {
      id: "",
      object: "",
      created: 0,
      model: "",
      choices: [
        {
          index: 0,
          finish_reason: null,
          content_filter_results: SAFE,
          content_filter_offsets: { check_offset: 44, start_offset: 44, end_offset: 55 },
        },
      ],
    },
    { ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: "content_filter", content_filter_results: SAFE }] },
    { ...CHUNK, choices: [], usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 } },
  ],
  "openai-chat",
);

const GEMINI_USAGE = { promptTokenCount: 4, totalTokenCount: 4 };
const GEMINI_BLOCKED_ANSWER = encodeEvents(
  [
    {
      candidates: [{ index: 0, content: { role: "model", parts: [{ text: "I will" }] } }],
      responseId: "1",
      modelVersion: "m",
    },
    {
      candidates: [
        {
          index: 0,
          finishReason: "SAFETY",
          safetyRatings: [{ category: "HARM_CATEGORY_DANGEROUS_CONTENT", probability: "HIGH", blocked: true }],
        },
      ],
      usageMetadata: GEMINI_USAGE,
      responseId: "1",
      modelVersion: "m",
    },
  ],
  "gemini",
);
const GEMINI_BLOCKED_PROMPT = encodeEvents(
  [
    {
      promptFeedback: { blockReason: "PROHIBITED_CONTENT" },
      usageMetadata: GEMINI_USAGE,
      responseId: "1",
      modelVersion: "m",
    },
  ],
  "gemini",
);

function carry(events: readonly NeutralEvent[], from: DialectId, { dialect, oracle }: Subject) {
  const written = writeAll(
    dialect,
    answerContextOf({ dialect, path: GENERATE_PATHS[dialect.id]("m", true), from }),
    events,
  );
  return { said: streamFactsOf(oracle, oracle.readFrames(written)), back: readAll(dialect, [written]) };
}

const CASES = [
  ["openai-chat", "Azure's annotations before and in the answer", AZURE, "Hello there"],
  ["gemini", "Gemini's blocked answer", GEMINI_BLOCKED_ANSWER, "I will"],
  ["gemini", "Gemini's blocked prompt", GEMINI_BLOCKED_PROMPT, ""],
] as const;

describe.each(CASES.filter(([id]) => SUBJECTS.has(id)))("a stream of %s: %s", (id, _name, bytes, text) => {
  const { dialect } = SUBJECTS.get(id) as Subject;
  const events = readAll(dialect, [bytes]);

  test("is a whole answer that a filter ended", () => {
    expect(checkEventOrder(events)).toEqual([]);
    expect(events.at(-1)?.kind).toBe("message-end");
    expect(factsOfEvents(events).choices[0]?.text).toBe(text);
    expect(factsOfEvents(events).choices[0]?.finish).toBe("content-filter");
    expect(factsOfEvents(events).usage?.inputTokens).toBe(4);
  });

  test("reads the same byte by byte", () => {
    expect(
      readAll(
        dialect,
        Array.from(bytes, (byte) => Buffer.from([byte])),
      ),
    ).toEqual(events);
  });

  test.each([...SUBJECTS.keys()])("is carried into %s", (to) => {
    const { said, back } = carry(events, id, SUBJECTS.get(to) as Subject);
    expect(said.choices[0]?.text ?? "").toBe(text);
    expect(back.at(-1)?.kind).toBe("message-end");
    // APIs without a word for it come as near as they can, never with an ordinary end.
    const finish = factsOfEvents(back).choices[0]?.finish ?? "";
    expect(["content-filter", "refusal", "error", "other"]).toContain(finish);
    expect(checkEventOrder(back)).toEqual([]);
  });
});

describe("Azure's first chunk", () => {
  test.skipIf(!SUBJECTS.has("openai-chat"))("does not hide the answer's id and model", () => {
    const start = readAll((SUBJECTS.get("openai-chat") as Subject).dialect, [AZURE])[0];
    if (start?.kind !== "message-start") throw new Error(`expected message-start first, got ${start?.kind}`);
    expect(start.id === "" || start.model === "").toBe(false);
  });
});

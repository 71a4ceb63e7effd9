import { describe, expect, test } from "bun:test";
import { unfoldAnswer } from "../../../src/dialect/fold.ts";
import type { NeutralEvent, NeutralRequest } from "../../../src/dialect/neutral.ts";
import { openaiChat } from "../../../src/dialect/openai-chat/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import {
  answer,
  answerContext,
  errorOf,
  eventsOf,
  fold,
  readStream,
  requestContext,
  sse,
  write,
  writeStream,
} from "./fixtures.ts";

function read(body: JsonObject): NeutralRequest {
  return openaiChat.generate.readRequest({ model: "m", ...body }, requestContext("completions"));
}

const CONTEXT = answerContext({ answerDialect: "anthropic-messages" }, "completions");

describe("legacy completions", () => {
  test("ask a chat with the prompt as one user message", () => {
    for (const prompt of ["Once", ["Once"]]) {
      expect(write(read({ prompt, max_tokens: 5, stop: "x", logprobs: 2, echo: false, best_of: 1 }))).toEqual({
        model: "provider-model",
        messages: [{ role: "user", content: "Once" }],
        max_completion_tokens: 5,
        stop: ["x"],
        logprobs: true,
        top_logprobs: 2,
      });
    }
    expect(read({ prompt: "" }).messages).toEqual([{ role: "user", parts: [{ kind: "text", text: "" }] }]);
  });

  test("refuse what no chat can be asked", () => {
    expect(errorOf(() => read({})).options.param).toBe("prompt");
    for (const prompt of [
      ["a", "b"],
      [1, 2],
      [[1], [2]],
    ]) {
      const error = errorOf(() => write(read({ prompt }), {}, true));
      expect([error.code, error.options.param]).toEqual(["invalid_request", "prompt"]);
    }
    for (const more of [{ echo: true }, { best_of: 3 }, { suffix: "x" }]) {
      expect(errorOf(() => write(read({ prompt: "a", ...more }))).options.param).toBe(Object.keys(more)[0] as string);
      expect(write(read({ prompt: "a", ...more }), {}, true)["messages"]).toBeDefined();
    }
  });

  test("are answered with text and nothing else", () => {
    const logprobs = [
      { token: "He", logprob: -1, bytes: null, top: [{ token: "Ha", logprob: -2, bytes: null }] },
      { token: "llo", logprob: -3, bytes: null, top: [] },
    ];
    const given = answer(
      {},
      {
        logprobs,
        parts: [
          { kind: "reasoning", text: "hm" },
          { kind: "text", text: "Hello" },
        ],
      },
    );
    expect(openaiChat.generate.writeAnswer(given, CONTEXT)).toMatchObject({
      object: "text_completion",
      choices: [
        {
          text: "Hello",
          index: 0,
          finish_reason: "stop",
          logprobs: {
            tokens: ["He", "llo"],
            token_logprobs: [-1, -3],
            top_logprobs: [{ Ha: -2 }, {}],
            text_offset: [0, 2],
          },
        },
      ],
    });
    const body = {
      id: "cmpl-1",
      object: "text_completion",
      created: 1,
      model: "m",
      choices: [{ text: "Hi", index: 0, logprobs: null, finish_reason: "length" }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    };
    expect(
      openaiChat.generate.writeAnswer(openaiChat.generate.readAnswer(body), answerContext({}, "completions")),
    ).toEqual(body);
  });

  test("stream text, and read again say the same", () => {
    const events: NeutralEvent[] = [];
    unfoldAnswer(
      answer(
        {},
        {
          parts: [
            { kind: "reasoning", text: "hm" },
            { kind: "text", text: "Hello" },
          ],
        },
      ),
      (event) => {
        events.push(event);
      },
    );
    const written = writeStream(events, CONTEXT);
    expect(eventsOf(written)).toEqual([
      expect.objectContaining({
        object: "text_completion",
        choices: [{ text: "Hello", index: 0, logprobs: null, finish_reason: null }],
      }),
      expect.objectContaining({ choices: [{ text: "", index: 0, logprobs: null, finish_reason: "stop" }] }),
      "[DONE]",
    ]);
    expect(fold(readStream(written)).answer().choices[0]).toMatchObject({
      parts: [{ kind: "text", text: "Hello" }],
      finish: { kind: "stop" },
    });
    const broken = writeStream(readStream(sse({ error: { message: "broke" } })), CONTEXT);
    expect(eventsOf(broken)).toMatchObject([{ error: { message: "broke" } }]);
  });
});

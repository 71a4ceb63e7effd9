/** Streams that begin too slowly, and streams that break off: what is tried elsewhere, what is continued, and what is only told. */
import { describe, expect, test } from "bun:test";
import { chatStream, chatStreamEvents, EVENT_STREAM, eventStream } from "../instruments/answers.ts";
import { answers } from "../instruments/fleet.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Script, Step } from "../instruments/script.ts";
import {
  attemptsOf,
  type Entry,
  IN_ORDER,
  isWell,
  NO_BREAKER,
  QUICK_BACKOFF,
  RouteStage,
  type StageOptions,
} from "./stage.ts";

function routed(model: Entry, more: StageOptions = {}): StageOptions {
  const common = { ...IN_ORDER, breaker: NO_BREAKER, retry: { backoff: QUICK_BACKOFF } };
  return { members: ["a", "b"], ...more, model: { ...common, ...model } };
}

/** A stream with a pause before every event. */
function slowly(ms: number, events: readonly string[], ending: readonly Step[] = [{ kind: "last-chunk" }]): Script {
  const headers = [
    ["content-type", EVENT_STREAM],
    ["transfer-encoding", "chunked"],
  ] as const;
  return [
    { kind: "head", status: 200, headers },
    ...events.flatMap((data): Step[] => [
      { kind: "pause", ms },
      { kind: "chunk", data },
    ]),
    ...ending,
  ];
}

/** The text of a chat stream, as far as it came. */
function textOf(received: string): string {
  return [...received.matchAll(/^data: (\{.*\})$/gm)]
    .map(([, json]) => {
      const event = JSON.parse(json ?? "{}") as { choices?: { delta?: { content?: string } }[] };
      return event.choices?.[0]?.delta?.content ?? "";
    })
    .join("");
}

describe("a stream that begins too slowly", () => {
  const guard = { slow_answer: { min_chars_per_second: 200, within: "500ms" } };
  const words = Array.from({ length: 40 }, (_, index) => `w${index} `);

  test("is tried elsewhere, and nothing of it is seen", async () => {
    await RouteStage.with(routed(guard), async (stage) => {
      stage.member("a").behave(answers(() => slowly(150, chatStreamEvents({ model: "slow", chunks: words }))));
      stage.member("b").behave(answers(() => chatStream({ model: "fast", chunks: words })));
      const answer = await stage.answer({ stream: true });
      expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 2]);
      expect(answer.text).not.toContain("slow");
      expect(textOf(answer.text)).toBe(words.join(""));
      await stage.member("a").waitUntilLetGo();
    });
  });

  test("that is fast enough goes to the caller whole, byte for byte", async () => {
    await RouteStage.with(routed(guard), async (stage) => {
      const events = chatStreamEvents({ chunks: ["x".repeat(150), ...words] });
      stage.member("a").behave(answers(() => slowly(5, events)));
      const answer = await stage.answer({ stream: true });
      expect(answer.text).toBe(events.join(""));
      expect(stage.asked).toEqual([1, 0]);
    });
  });

  test("that is short and ends in time is not slow", async () => {
    await RouteStage.with(routed(guard), async (stage) => {
      const events = chatStreamEvents({ chunks: ["Yes."] });
      stage.member("a").behave(answers(() => eventStream(events)));
      const answer = await stage.answer({ stream: true });
      expect(answer.text).toBe(events.join(""));
      expect(stage.asked).toEqual([1, 0]);
    });
  });
});

describe("a plain text that breaks off", () => {
  const BEGUN = ["One two ", "three "];
  const broken = (chunks: readonly string[] = BEGUN): Script =>
    eventStream(chatStreamEvents({ model: "a", chunks, finish: false, done: false }), { ending: [{ kind: "fin" }] });
  const asksOf = (request: UpstreamRequest): string => request.message.text;

  test("is an honest error by default", async () => {
    await RouteStage.with(routed({}), async (stage) => {
      stage.member("a").behave(answers(() => broken()));
      const caller = await stage.ask({ stream: true });
      expect(await caller.waitForEnd()).toBe("fin");
      const text = caller.messages[0]?.text ?? "";
      expect(textOf(text)).toBe(BEGUN.join(""));
      expect(text).toMatch(/data: \{"error":\{[^\n]*\}\}\n\n$/);
      expect(stage.asked).toEqual([1, 0]);
    });
  });

  test("is continued elsewhere with `resume: text`, the overlap removed, and said to be so", async () => {
    await RouteStage.with(routed({ resume: "text" }), async (stage) => {
      stage.member("a").behave(answers(() => broken()));
      stage.member("b").behave(answers(() => chatStream({ model: "b", chunks: ["two three ", "four ", "five."] })));
      const caller = await stage.ask({ stream: true });
      const answer = await caller.readAnswer();
      expect(textOf(answer.text)).toBe("One two three four five.");
      expect(answer.text).toEndWith("data: [DONE]\n\n");
      // What was said so far went along.
      expect(asksOf(stage.member("b").upstream.lastRequest)).toContain("One two three");
      // Never silently: the end says that two have written it.
      expect(answer.text).toContain("resumed");
      expect(stage.asked).toEqual([1, 1]);
    });
  });

  test("that nobody can continue is an honest error all the same", async () => {
    await RouteStage.with(routed({ resume: "text" }), async (stage) => {
      for (const member of stage.fleet.members) member.behave(answers(() => broken()));
      const caller = await stage.ask({ stream: true });
      expect(await caller.waitForEnd()).toBe("fin");
      expect(caller.answers).toEqual([]);
      expect(caller.received.toString()).not.toContain("[DONE]");
    });
  });

  test("with a tool call in it is not continued: two models' halves of JSON are none", async () => {
    await RouteStage.with(routed({ resume: "text" }), async (stage) => {
      const call = { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: '{"a":' } };
      const event = {
        id: "c",
        object: "chat.completion.chunk",
        created: 1,
        model: "a",
        choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }],
      };
      const events = [`data: ${JSON.stringify(event)}\n\n`];
      stage.member("a").behave(answers(() => eventStream(events, { ending: [{ kind: "fin" }] })));
      const caller = await stage.ask({ stream: true });
      expect(await caller.waitForEnd()).toBe("fin");
      expect(caller.answers).toEqual([]);
      expect(stage.asked).toEqual([1, 0]);
    });
  });
});

/** The guard of slow beginnings, beyond `slow-and-broken.test.ts`: what it holds back, what it lets through, and where it ends. */
import { describe, expect, test } from "bun:test";
import { chatCompletion, chatStream, chatStreamEvents, EVENT_STREAM } from "../instruments/answers.ts";
import { answers } from "../instruments/fleet.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import type { Script, Step } from "../instruments/script.ts";
import { makeGate, until } from "../instruments/until.ts";
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

/** Far more than a loaded machine needs for a stream that is there at once; never reached by one that stands still. */
const GUARD = { min_chars_per_second: 100, within: "2s" };
const WANTED_CHARS = 200;

const guarded = (model: Entry = {}, more: StageOptions = {}): StageOptions => ({
  members: ["a", "b"],
  ...more,
  model: { ...IN_ORDER, breaker: NO_BREAKER, retry: { backoff: QUICK_BACKOFF }, slow_answer: GUARD, ...model },
});

/** Some events, then nothing until the gate opens, then the rest. */
function standingStill(events: readonly string[], first: number, gate: Promise<void>): Script {
  const chunks = events.map((data): Step => ({ kind: "chunk", data }));
  return [
    {
      kind: "head",
      status: 200,
      headers: [
        ["content-type", EVENT_STREAM],
        ["transfer-encoding", "chunked"],
      ],
    },
    ...chunks.slice(0, first),
    { kind: "wait", until: gate },
    ...chunks.slice(first),
    { kind: "last-chunk" },
  ];
}

const modelsIn = ({ text }: HttpMessage): Set<string> =>
  new Set([...text.matchAll(/"model":"([^"]*)"/g)].map(([, model]) => model ?? ""));

describe("a stream that stands still after it has begun", () => {
  test("is given up while too little of it is there, and answered elsewhere, nothing mixed", async () => {
    await RouteStage.with(guarded(), async (stage) => {
      const events = chatStreamEvents({ model: "a", chunks: ["short ", "and ", "x".repeat(500)] });
      stage.member("a").behave(answers(() => standingStill(events, 3, makeGate().opened)));
      stage.member("b").behave(answers(() => chatStream({ model: "b" })));
      const answer = await stage.answer({ stream: true });
      expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 2]);
      expect(modelsIn(answer)).toEqual(new Set(["b"]));
      await stage.member("a").waitUntilLetGo();
    });
  });

  test("reaches the caller as soon as enough of it is there, before its time is over", async () => {
    await RouteStage.with(
      guarded({ slow_answer: { ...GUARD, within: "60s", min_chars_per_second: 4 } }),
      async (stage) => {
        const gate = makeGate();
        const events = chatStreamEvents({
          model: "a",
          chunks: ["x".repeat(WANTED_CHARS), "y".repeat(WANTED_CHARS), "end"],
        });
        stage.member("a").behave(answers(() => standingStill(events, 3, gate.opened)));
        const caller = await stage.ask({ stream: true });
        // The provider waits for the gate, the guard would wait for a minute: what comes, comes because it is enough.
        await caller.readUntil("yyy");
        gate.open();
        const answer = await caller.readAnswer();
        expect(answer.text).toBe(events.join(""));
        expect(stage.asked).toEqual([1, 0]);
      },
    );
  });

  test("is held back until then: not a byte of it, not even the head", async () => {
    await RouteStage.with(guarded({ slow_answer: { ...GUARD, within: "60s" } }), async (stage) => {
      const gate = makeGate();
      const events = chatStreamEvents({ model: "a", chunks: ["short ", "x".repeat(7_000)] });
      const script = standingStill(events, 2, gate.opened);
      let isSent = false;
      stage
        .member("a")
        .behave(
          answers(() => [...script.slice(0, 3), { kind: "call", run: () => (isSent = true) }, ...script.slice(3)]),
        );
      const caller = await stage.ask({ stream: true });
      await until("its beginning to be sent", () => isSent);
      await Bun.sleep(200);
      expect(caller.received.length).toBe(0);
      gate.open();
      expect((await caller.readAnswer()).text).toBe(events.join(""));
    });
  });

  test("at every deployment ends as an error, in no more time than their number", async () => {
    await RouteStage.with(guarded({ retries: 1, slow_answer: { ...GUARD, within: "300ms" } }), async (stage) => {
      const events = chatStreamEvents({ chunks: ["a", "b"] });
      for (const member of stage.fleet.members) {
        member.behave(answers(() => standingStill(events, 2, makeGate().opened)));
      }
      const answer = await stage.answer({ stream: true });
      expect([answer.status, attemptsOf(answer)]).toEqual([504, 2]);
      expect(answer.text).toContain("characters");
      expect(stage.asked).toEqual([1, 1]);
    });
  });
});

describe("what the guard leaves alone", () => {
  test("a plain answer that takes its time", async () => {
    await RouteStage.with(guarded({ slow_answer: { ...GUARD, within: "100ms" } }), async (stage) => {
      stage.member("a").behave(answers(() => [{ kind: "pause", ms: 400 }, ...chatCompletion()]));
      const answer = await stage.answer();
      expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
      expect(stage.asked).toEqual([1, 0]);
    });
  });

  test("a stream in one write, in single bytes, or of very large events: all its bytes, in its order", async () => {
    await RouteStage.with(guarded({ slow_answer: { ...GUARD, within: "60s" } }), async (stage) => {
      const events = chatStreamEvents({ chunks: ["x".repeat(300), "é漢😀".repeat(50), "z".repeat(200_000), "end."] });
      const body = Buffer.from(events.join(""));
      const head: Step = {
        kind: "head",
        status: 200,
        headers: [
          ["content-type", EVENT_STREAM],
          ["content-length", String(body.length)],
        ],
      };
      const cuts: readonly Script[] = [
        [head, { kind: "bytes", data: body }],
        [
          head,
          { kind: "pieces", data: body.subarray(0, 1_500), size: 1 },
          { kind: "bytes", data: body.subarray(1_500) },
        ],
        [head, { kind: "pieces", data: body, size: 7_001 }],
      ];
      for (const script of cuts) {
        stage.member("a").behave(answers(() => script));
        const answer = await stage.answer({ stream: true });
        expect(answer.body.equals(body)).toBe(true);
        expect(attemptsOf(answer)).toBe(1);
      }
      expect(stage.asked).toEqual([3, 0]);
    });
  });

  test("a tool call's arguments and reasoning count as what they are: something that is written", async () => {
    await RouteStage.with(
      guarded({ slow_answer: { ...GUARD, within: "60s", min_chars_per_second: 4 } }),
      async (stage) => {
        const gate = makeGate();
        const call = {
          index: 0,
          id: "call_1",
          type: "function",
          function: { name: "f", arguments: `{"a":"${"x".repeat(250)}` },
        };
        const event = {
          id: "c",
          object: "chat.completion.chunk",
          created: 1,
          model: "a",
          choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }],
        };
        const events = [`data: ${JSON.stringify(event)}\n\n`, ...chatStreamEvents({ chunks: ["end"] }).slice(1)];
        stage.member("a").behave(answers(() => standingStill(events, 1, gate.opened)));
        const caller = await stage.ask({ stream: true });
        await caller.readUntil("call_1");
        gate.open();
        expect((await caller.readAnswer()).text).toBe(events.join(""));
      },
    );
  });

  test("a translated stream is looked at in its provider's words, and reaches its caller whole", async () => {
    await RouteStage.with(guarded(), async (stage) => {
      const events = chatStreamEvents({ model: "a", chunks: ["short ", "x".repeat(500)] });
      stage.member("a").behave(answers(() => standingStill(events, 2, makeGate().opened)));
      stage.member("b").behave(answers(() => chatStream({ model: "b", chunks: ["Hel", "lo."] })));
      const caller = await stage.send(
        "/v1/messages",
        { model: "m", max_tokens: 9, stream: true, messages: [{ role: "user", content: "Hi." }] },
        [["anthropic-version", "2023-06-01"]],
      );
      const answer = await caller.readAnswer();
      expect([answer.status, attemptsOf(answer)]).toEqual([200, 2]);
      expect(answer.text).toContain('"text":"Hel"');
      expect(answer.text).not.toContain("short");
      expect(answer.text).toContain("message_stop");
    });
  });

  test("a caller that leaves while it is held lets the provider go", async () => {
    await RouteStage.with(guarded({ slow_answer: { ...GUARD, within: "60s" } }), async (stage) => {
      const events = chatStreamEvents({ chunks: ["short "] });
      stage.member("a").behave(answers(() => standingStill(events, 2, makeGate().opened)));
      const caller = await stage.ask({ stream: true });
      await stage.member("a").waitForRequests(1);
      caller.abort();
      await stage.member("a").waitUntilLetGo();
      expect(stage.asked).toEqual([1, 0]);
    });
  });
});

/** A stream that breaks off: told as interrupted, continued by another call or given up, and right while it waits. */
import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import type { RelayEnd } from "../../src/relay/answer-relay.ts";
import { ask, readStream, textOf, textStream } from "../dialect/resumed-streams.ts";
import { ResumeStage } from "./resume-stage.ts";

const WHOLE = "The sea is wide and old and takes the light of the morning.";
const MARK = "second/m-there";
const RESET = new GatewayError("upstream_error", "The connection broke.", { upstreamType: "reset" });

function chat(text: string): Buffer[] {
  return textStream("openai-chat", text, [10, 20]);
}

function anthropic(text: string): Buffer[] {
  return textStream("anthropic-messages", text, [30, 40]);
}

/** A stage whose answer broke off behind some of its text. */
function interrupted(options: ConstructorParameters<typeof ResumeStage>[2] = {}): ResumeStage {
  const stage = new ResumeStage("openai-chat", "openai-chat", options);
  stage.begin("openai-chat");
  stage.feed(chat(WHOLE).slice(0, 4));
  stage.relay.onError(RESET);
  return stage;
}

function answerOf(stage: ResumeStage) {
  return readStream("openai-chat", stage.caller.payload);
}

function typeOf(end: RelayEnd | undefined): string | null {
  return end !== undefined && "error" in end ? (end.error.options.upstreamType ?? null) : null;
}

describe("an interruption", () => {
  test("is told instead of being shown to the caller", () => {
    const stage = interrupted();
    expect(stage.ends).toEqual([{ kind: "interrupted", error: RESET }]);
    expect(stage.caller.ended).toBeNull();
    expect(stage.caller.text).not.toContain("error");
    expect(stage.relay.resumable).toEqual({ text: textOf(answerOf(stage).answer) });
    expect(stage.heldBytes).toBe(0);
  });

  test("is told of a stream that ends without its end, of an error in it, and of bytes that are none of its", () => {
    const ways: readonly ((stage: ResumeStage) => void)[] = [
      (stage) => stage.relay.onEnd(),
      (stage) => stage.feed([Buffer.from('data: {"error":{"message":"Overloaded","type":"server_error"}}\n\n')]),
      (stage) => stage.feed([Buffer.from("data: nonsense\n\n")]),
    ];
    for (const [index, way] of ways.entries()) {
      const stage = new ResumeStage("openai-chat", "openai-chat");
      stage.begin("openai-chat");
      stage.feed(chat(WHOLE).slice(0, 4));
      way(stage);
      expect([index, stage.ends.map(({ kind }) => kind)]).toEqual([index, ["interrupted"]]);
      const [end] = stage.ends;
      expect(typeOf(end)).toBe(["truncated", "stream_error", "protocol"][index] as string);
      // A provider that goes on talking is not listened to.
      if (index > 0) expect(stage.call.isAborted).toBe(true);
      expect(stage.caller.text).not.toContain("Overloaded");
    }
  });

  test("is not told where it may not be, where nothing had begun, and of our own mistakes", () => {
    const forbidden = interrupted({ mayResume: false });
    expect(forbidden.ends.map(({ kind }) => kind)).toEqual(["truncated"]);
    expect(forbidden.relay.resumable).toBeNull();

    const early = new ResumeStage("openai-chat", "openai-chat");
    early.begin("openai-chat");
    early.relay.onError(RESET);
    expect(early.ends.map(({ kind }) => kind)).toEqual(["unanswered"]);

    const own = new ResumeStage("openai-chat", "openai-chat");
    own.begin("openai-chat");
    own.feed(chat(WHOLE).slice(0, 4));
    own.relay.onError(new GatewayError("internal", "Ours."));
    expect(own.ends.map(({ kind }) => kind)).toEqual(["truncated"]);
  });

  test("of an answer with a tool call is an honest error", () => {
    const stage = new ResumeStage("openai-chat", "openai-chat");
    stage.begin("openai-chat");
    stage.feed([
      ...chat(WHOLE).slice(0, 4),
      Buffer.from(
        `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "" } }] } }] })}\n\n`,
      ),
    ]);
    stage.relay.onError(RESET);
    expect(stage.ends.map(({ kind }) => kind)).toEqual(["truncated"]);
    expect(stage.caller.ended).toBe("broken");
    expect(stage.caller.text).toContain('"error"');
  });
});

describe("going on", () => {
  test("makes one whole answer of both, with one head and one first byte", () => {
    const stage = interrupted();
    const { text } = stage.relay.resumable as { text: string };
    expect(stage.resume("anthropic-messages", MARK)).toBe(true);
    expect(stage.relay.resumable).toEqual({ text });
    stage.begin("anthropic-messages");
    stage.feed(anthropic(WHOLE.slice(text.length)));
    stage.relay.onEnd();
    expect(stage.ends.map(({ kind }) => kind)).toEqual(["interrupted", "complete"]);
    expect(stage.firstBytes).toBe(1);
    expect(stage.relay.status).toBe(200);
    expect(stage.relay.faultOfProvider()).toBeNull();
    expect(stage.caller.ended).toBe("whole");
    expect(stage.caller.text.split("HTTP/1.1 200").length).toBe(2);
    expect(stage.caller.text).toContain("x-llmux-attempts: 1\r\n");
    expect(stage.caller.text.endsWith("0\r\n\r\n")).toBe(true);
    const { answer, folder } = answerOf(stage);
    expect([textOf(answer), folder.isFinished]).toEqual([WHOLE, true]);
    expect(stage.caller.text).toContain(`: llmux-resumed ${MARK}`);
    expect(stage.relay.usage?.inputTokens).toBe(30);
  });

  test("tells another listener, where there is one", () => {
    const stage = interrupted();
    const ends: string[] = [];
    const events = {
      onFirstByte() {
        ends.push("first byte");
      },
      onProviderDone() {
        ends.push("done");
      },
      onEnd({ kind }: { readonly kind: string }) {
        ends.push(kind);
      },
    };
    expect(stage.resume("openai-chat", MARK, events)).toBe(true);
    stage.begin("openai-chat");
    stage.feed(chat(WHOLE));
    stage.relay.onEnd();
    expect(stage.ends).toHaveLength(1);
    expect(ends).toEqual(["done", "complete"]);
    expect(textOf(answerOf(stage).answer)).toBe(WHOLE);
  });

  const failures: readonly (readonly [what: string, fail: (stage: ResumeStage) => void, type: string])[] = [
    ["its connection breaks", ({ relay }) => relay.onError(RESET), "reset"],
    [
      "it answers with an error status",
      (stage) => {
        stage.begin("openai-chat", 503, { "content-type": "application/json", "retry-after": "7" });
        stage.feed([Buffer.from('{"error":{"message":"Too busy.","type":"server_error"}}')]);
        stage.relay.onEnd();
      },
      "http_5xx",
    ],
    [
      "it answers with JSON where a stream was asked for",
      (stage) => {
        stage.begin("openai-chat", 200, { "content-type": "application/json" });
      },
      "content_type",
    ],
    [
      "it sends a web page",
      (stage) => {
        stage.begin("openai-chat", 200, { "content-type": "text/html" });
      },
      "content_type",
    ],
    [
      "it encodes what it sends",
      (stage) => {
        stage.begin("openai-chat", 200, { "content-encoding": "gzip" });
      },
      "protocol",
    ],
    [
      "its stream ends at once",
      (stage) => {
        stage.begin("openai-chat");
        stage.relay.onEnd();
      },
      "truncated",
    ],
    [
      "its stream begins with an error",
      (stage) => {
        stage.begin("openai-chat");
        stage.feed([Buffer.from('data: {"error":{"message":"No."}}\n\n')]);
      },
      "stream_error",
    ],
    ["it switches protocols", ({ relay }) => relay.onUpgraded(), "protocol"],
  ];
  for (const [what, fail, type] of failures) {
    test(`is told as interrupted again where ${what}, and a third goes on`, () => {
      const stage = interrupted();
      const sent = stage.caller.text;
      stage.resume("openai-chat", MARK);
      fail(stage);
      expect(stage.ends.map(({ kind }) => kind)).toEqual(["interrupted", "interrupted"]);
      const last = stage.ends.at(-1);
      expect(typeOf(last)).toBe(type);
      // Nothing of it has reached the caller, and nothing is held.
      expect(stage.caller.text).toBe(sent);
      expect(stage.caller.ended).toBeNull();
      expect(stage.heldBytes).toBe(0);
      expect(stage.relay.status).toBe(200);
      stage.resume("openai-chat", "third/m");
      stage.begin("openai-chat");
      stage.feed(chat(WHOLE));
      stage.relay.onEnd();
      expect(stage.caller.ended).toBe("whole");
      expect(textOf(answerOf(stage).answer)).toBe(WHOLE);
      expect(stage.caller.text).toContain(": llmux-resumed third/m\n");
    });
  }

  test("keeps the provider's word and its wait", () => {
    const stage = interrupted();
    stage.resume("openai-chat", MARK);
    (failures[1] as (typeof failures)[number])[1](stage);
    const last = stage.ends.at(-1);
    if (last?.kind !== "interrupted") throw new Error("expected an interruption");
    expect([last.error.status, last.error.message, last.error.options.retryAfterSeconds]).toEqual([
      503,
      "Too busy.",
      7,
    ]);
  });

  test("may break off again in its own text, and the next goes on behind that", () => {
    const stage = interrupted();
    const { text } = stage.relay.resumable as { text: string };
    stage.resume("openai-chat", MARK);
    stage.begin("openai-chat");
    stage.feed(chat(WHOLE.slice(text.length)).slice(0, 3));
    stage.relay.onEnd();
    expect(stage.relay.resumable?.text.length).toBeGreaterThan(text.length);
    stage.resume("openai-chat", "third/m");
    stage.begin("openai-chat");
    stage.feed(chat(WHOLE.slice((stage.relay.resumable as { text: string }).text.length)));
    stage.relay.onEnd();
    expect(textOf(answerOf(stage).answer)).toBe(WHOLE);
    expect(stage.caller.text).toContain(`: llmux-resumed ${MARK}, third/m\n`);
  });

  test("fails for good where a model sends more than text behind its text", () => {
    const stage = interrupted();
    stage.resume("openai-chat", MARK);
    stage.begin("openai-chat");
    const call = { index: 0, id: "c", type: "function", function: { name: "f", arguments: "" } };
    stage.feed([
      ...chat("wholly new text").slice(0, 3),
      Buffer.from(`data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta: { tool_calls: [call] } }] })}\n\n`),
    ]);
    expect(stage.ends.map(({ kind }) => kind)).toEqual(["interrupted", "truncated"]);
    expect(stage.call.isAborted).toBe(true);
    expect(stage.caller.ended).toBe("broken");
    expect(stage.caller.text).toContain(`: llmux-resumed ${MARK}`);
    expect(stage.caller.text).toContain('"error"');
    expect(stage.caller.text).not.toContain("[DONE]");
  });
});

describe("giving up", () => {
  test("tells the caller, and breaks its connection off", () => {
    const stage = interrupted();
    stage.relay.giveUp(RESET);
    expect(stage.ends.map(({ kind }) => kind)).toEqual(["interrupted", "truncated"]);
    expect(stage.caller.ended).toBe("broken");
    expect(stage.caller.text).toContain("The connection broke.");
    expect(stage.caller.text.endsWith("0\r\n\r\n")).toBe(false);
    expect(stage.caller.text).not.toContain("[DONE]");
    expect(stage.caller.drainListener).toBeNull();
    expect(stage.resume("openai-chat", MARK)).toBe(false);
  });

  test("says the provider's own error where that was what broke it", () => {
    const stage = new ResumeStage("openai-chat", "openai-chat");
    stage.begin("openai-chat");
    stage.feed(chat(WHOLE).slice(0, 4));
    stage.feed([Buffer.from('data: {"error":{"message":"Overloaded, sorry.","type":"server_error"}}\n\n')]);
    const [end] = stage.ends;
    stage.relay.giveUp(end?.kind === "interrupted" ? end.error : RESET);
    expect(stage.caller.text).toContain("Overloaded, sorry.");
    expect(stage.caller.text.split('"error"').length).toBe(2);
  });

  test("of a stream that is not interrupted does nothing", () => {
    const stage = new ResumeStage("openai-chat", "openai-chat");
    stage.begin("openai-chat");
    stage.feed(chat(WHOLE).slice(0, 4));
    stage.relay.giveUp(RESET);
    expect(stage.ends).toEqual([]);
    expect(stage.resume("openai-chat", MARK)).toBe(false);
  });
});

describe("while it is interrupted", () => {
  const CUT = new GatewayError("overloaded", "The gateway is shutting down.", { detail: "shutting_down" });

  test("a drain cuts it: the caller is told, and nobody goes on", () => {
    const stage = interrupted();
    stage.relay.cut(CUT);
    expect(stage.ends.map(({ kind }) => kind)).toEqual(["interrupted", "truncated"]);
    expect(stage.caller.text).toContain("shutting down");
    expect(stage.resume("openai-chat", MARK)).toBe(false);
    stage.relay.giveUp(RESET);
    expect(stage.ends).toHaveLength(2);
  });

  test("a drain cuts a stream that runs, and one that is about to go on, without telling of an interruption", () => {
    const running = new ResumeStage("openai-chat", "openai-chat");
    running.begin("openai-chat");
    running.feed(chat(WHOLE).slice(0, 4));
    running.relay.cut(CUT);
    expect(running.ends.map(({ kind }) => kind)).toEqual(["truncated"]);
    expect(running.call.isAborted).toBe(true);

    const waiting = interrupted();
    waiting.resume("openai-chat", MARK);
    waiting.relay.cut(CUT);
    expect(waiting.ends.map(({ kind }) => kind)).toEqual(["interrupted", "truncated"]);
    expect(waiting.call.isAborted).toBe(true);
  });

  test("what the old call still says is not heard", () => {
    const stage = interrupted();
    stage.relay.onError(RESET);
    stage.relay.onEnd();
    stage.feed(chat(WHOLE));
    expect(stage.ends).toHaveLength(1);
  });

  test("a caller that takes its bytes late holds back the call that goes on, and no other", () => {
    const stage = interrupted();
    stage.caller.isClogged = true;
    const old = stage.call;
    stage.resume("openai-chat", MARK);
    stage.begin("openai-chat");
    stage.feed(chat(WHOLE).slice(0, 2));
    expect([old.isPaused, stage.call.isPaused]).toEqual([false, true]);
    stage.caller.isClogged = false;
    stage.caller.drainListener?.onDrained();
    expect(stage.call.isPaused).toBe(false);
  });

  test("a caller that drains while nobody sends disturbs nothing", () => {
    const stage = new ResumeStage("openai-chat", "openai-chat");
    stage.begin("openai-chat");
    stage.caller.isClogged = true;
    stage.feed(chat(WHOLE).slice(0, 4));
    stage.relay.onError(RESET);
    stage.caller.isClogged = false;
    stage.caller.drainListener?.onDrained();
    expect(stage.ends).toHaveLength(1);
    expect(stage.call.isPaused).toBe(true);
  });
});

describe("a stream that nobody resumes", () => {
  test("puts the gateway's own lines into every head: of streams, answers and errors", () => {
    const whole = new ResumeStage("openai-chat", "openai-chat", { isStreamRequested: false });
    whole.begin("openai-chat", 200, { "content-type": "application/json" });
    whole.feed([
      Buffer.from(
        '{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}',
      ),
    ]);
    whole.relay.onEnd();
    expect(whole.caller.text).toStartWith("HTTP/1.1 200");
    expect(whole.caller.text).toContain("\r\nx-llmux-attempts: 1\r\n");

    const error = new ResumeStage("openai-chat", "openai-chat");
    error.begin("openai-chat", 401, { "content-type": "application/json" });
    error.feed([Buffer.from('{"error":{"message":"No.","type":"invalid_request_error"}}')]);
    error.relay.onEnd();
    expect(error.caller.text).toStartWith("HTTP/1.1 401");
    expect(error.caller.text).toContain("\r\nx-llmux-attempts: 1\r\n");
    expect(error.ends.map(({ kind }) => kind)).toEqual(["complete"]);
  });

  test("keeps the whole answer for its store, whoever wrote its end", () => {
    let kept = "";
    const stage = new ResumeStage("openai-responses", "openai-responses", {
      onAnswered: (text) => {
        kept = text;
      },
    });
    stage.begin("openai-responses");
    stage.feed(textStream("openai-responses", WHOLE, [10, 20]).slice(0, 6));
    stage.relay.onError(RESET);
    const { text } = stage.relay.resumable as { text: string };
    expect(text.length).toBeGreaterThan(0);
    stage.resume("anthropic-messages", MARK);
    stage.begin("anthropic-messages");
    stage.feed(anthropic(WHOLE.slice(text.length)));
    stage.relay.onEnd();
    expect(kept).toContain("event: response.completed\n");
    expect(kept).toContain(JSON.stringify(WHOLE).slice(1, -1));
    expect(ask({ from: "openai-responses", to: "openai-responses" }).dropped).toEqual([]);
  });
});

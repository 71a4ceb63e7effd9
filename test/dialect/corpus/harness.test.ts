/** The harness itself: a dialect that loses something, makes something up or breaks its own rules is found out. No recordings needed. */
import { describe, expect, test } from "bun:test";
import type { Dialect, GenerateCodec } from "../../../src/dialect/dialect.ts";
import type { NeutralAnswer, NeutralEvent } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { Random } from "../../instruments/random.ts";
import { streamOf } from "../synthetic/streams.ts";
import { GENERATE_PATHS, requestContextOf } from "./apis.ts";
import { checkAnswer } from "./check-answer.ts";
import { checkRequest } from "./check-request.ts";
import { checkStream } from "./check-stream.ts";
import { subjectOf, type Subject } from "./dialects.ts";
import { Tally } from "./tally.ts";

const ID = "anthropic-messages";
const ANSWER: JsonObject = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content: [
    { type: "thinking", thinking: "Let me see.", signature: "c2ln" },
    { type: "text", text: "Here it is." },
    { type: "tool_use", id: "toolu_1", name: "look", input: { where: "there" } },
  ],
  stop_reason: "tool_use",
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 9, cache_read_input_tokens: 3, cache_creation_input_tokens: 2 },
};
const STREAM = streamOf(ID, "Here it is.", [{ id: "toolu_1", name: "look", arguments: '{"where":"there"}' }]);
const REQUEST: JsonObject = {
  model: "m",
  max_tokens: 100,
  system: "Be brief.",
  messages: [
    { role: "user", content: "What is there?" },
    { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "look", input: { where: "there" } }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "a tree" }] },
  ],
  tools: [
    { name: "look", description: "Looks", input_schema: { type: "object", properties: { where: { type: "string" } } } },
  ],
};

/** The dialect with some of its codec replaced. */
function sabotage(change: (codec: GenerateCodec) => Partial<GenerateCodec>): Subject {
  const { dialect, oracle } = subjectOf(ID);
  const codec = dialect.generate;
  const whole: GenerateCodec = {
    readRequest: (body, context) => codec.readRequest(body, context),
    writeRequest: (request, target) => codec.writeRequest(request, target),
    readAnswer: (body) => codec.readAnswer(body),
    writeAnswer: (answer, context) => codec.writeAnswer(answer, context),
    openReader: () => codec.openReader(),
    openWriter: (context) => codec.openWriter(context),
  };
  const changed: Dialect = { ...dialect, generate: { ...whole, ...change(codec) } };
  return { dialect: changed, oracle };
}

/** Kinds of check that found something. */
function foundBy(tally: Tally): string[] {
  return [...new Set(tally.misses.map(({ kind }) => kind))].toSorted();
}

function runAnswer(subject: Subject): string[] {
  const tally = new Tally();
  checkAnswer(tally, { id: "a", subject, path: "/v1/messages", model: "m", request: null }, ANSWER);
  return foundBy(tally);
}

function runStream(subject: Subject): string[] {
  const tally = new Tally();
  const each = { id: "s", subject, path: "/v1/messages", model: "m", request: null };
  checkStream(tally, { ...each, chunks: [STREAM], random: new Random(1), isCut: false });
  return foundBy(tally);
}

function runRequest(subject: Subject): string[] {
  const tally = new Tally();
  const context = requestContextOf(subject.dialect, GENERATE_PATHS[ID]("m", false), REQUEST);
  checkRequest(tally, { id: "r", subject, body: REQUEST, context, status: 200, isLegacy: false });
  return foundBy(tally);
}

/** A reader that tells every event but those that are changed or left out (null). */
function changeEvents(change: (event: NeutralEvent) => NeutralEvent | null): Subject {
  return sabotage((codec) => ({
    openReader: () => {
      const reader = codec.openReader();
      const pass = (sink: (event: NeutralEvent) => void) => (event: NeutralEvent) => {
        const changed = change(event);
        if (changed !== null) sink(changed);
      };
      return { push: (bytes, sink) => reader.push(bytes, pass(sink)), end: (sink) => reader.end(pass(sink)) };
    },
  }));
}

function changeAnswer(change: (answer: NeutralAnswer) => NeutralAnswer): Subject {
  return sabotage((codec) => ({ readAnswer: (body) => change(codec.readAnswer(body)) }));
}

describe("the harness", () => {
  test("finds nothing in a dialect that keeps everything", () => {
    const sound = sabotage(() => ({}));
    expect(runAnswer(sound)).toEqual([]);
    expect(runStream(sound)).toEqual([]);
    expect(runRequest(sound)).toEqual([]);
  });

  test("finds a reader that throws", () => {
    const broken = sabotage(() => ({
      readAnswer: () => {
        throw new Error("no");
      },
    }));
    expect(runAnswer(broken)).toEqual(["read"]);
  });

  test("finds a reader of answers that loses a part", () => {
    const lossy = changeAnswer((answer) => ({
      ...answer,
      choices: answer.choices.map((choice) => ({
        ...choice,
        parts: choice.parts.filter(({ kind }) => kind !== "reasoning"),
      })),
    }));
    expect(runAnswer(lossy)).toEqual(["across", "honest", "same"]);
  });

  test("finds a reader of answers that miscounts", () => {
    const wrong = changeAnswer((answer) => ({
      ...answer,
      usage: answer.usage === null ? null : { ...answer.usage, cachedTokens: 4 },
    }));
    expect(runAnswer(wrong)).toContain("usage");
  });

  test("finds a writer of answers that leaves a member out", () => {
    const lossy = sabotage((codec) => ({
      writeAnswer: (answer, context) => ({ ...codec.writeAnswer(answer, context), stop_reason: null }),
    }));
    expect(runAnswer(lossy)).toEqual(["same"]);
  });

  test("finds a reader of streams that loses one character", () => {
    const lossy = changeEvents((event) =>
      event.kind === "text-delta" && event.text === "Her" ? { ...event, text: "He" } : event,
    );
    expect(runStream(lossy)).toEqual(["across", "honest", "same"]);
  });

  test("finds a reader of streams that loses a piece of a tool call's arguments", () => {
    const lossy = changeEvents((event) =>
      event.kind === "tool-call-arguments-delta" && event.text.includes("ther") ? null : event,
    );
    expect(runStream(lossy)).toEqual(["across", "honest", "same"]);
  });

  test("finds a reader of streams that leaves a part open", () => {
    expect(
      runStream(changeEvents((event) => (event.kind === "part-end" && event.part === 0 ? null : event))),
    ).toContain("order");
  });

  test("finds a reader of streams that tells no end", () => {
    expect(runStream(changeEvents((event) => (event.kind === "message-end" ? null : event)))).toContain("honest");
  });

  test("finds a reader of streams that depends on how they are cut", () => {
    const cutting = sabotage((codec) => ({
      openReader: () => {
        const reader = codec.openReader();
        // Takes each chunk for a whole stream, as a reader without a buffer does.
        return {
          push: (bytes, sink) => {
            const text = Buffer.from(bytes).toString("utf8");
            reader.push(Buffer.from(text), sink);
            if (!text.endsWith("\n\n")) reader.push(Buffer.from("\n\n"), sink);
          },
          end: (sink) => reader.end(sink),
        };
      },
    }));
    expect(runStream(cutting)).toContain("chunkings");
  });

  test("finds a writer of streams that keeps an event to itself", () => {
    const lossy = sabotage((codec) => ({
      openWriter: (context) => {
        const writer = codec.openWriter(context);
        return {
          contentType: writer.contentType,
          write: (event) => (event.kind === "usage" ? "" : writer.write(event)),
        };
      },
    }));
    expect(runStream(lossy)).toContain("same");
  });

  test("finds a reader of requests that loses a message", () => {
    const lossy = sabotage((codec) => ({
      readRequest: (body, context) => {
        const request = codec.readRequest(body, context);
        return { ...request, messages: request.messages.slice(0, 1) };
      },
    }));
    expect(runRequest(lossy)).toContain("same");
  });

  test("finds a writer of requests that loses a tool", () => {
    const lossy = sabotage((codec) => ({
      writeRequest: (request, target) => {
        const { tools: _, ...body } = codec.writeRequest(request, target).body;
        return { body, jsonTool: null };
      },
    }));
    expect(runRequest(lossy)).toEqual(["same"]);
  });
});

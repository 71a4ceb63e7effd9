/** Synthetic: two parallel tool calls, the stream cut at every byte, carried from each dialect into each other. */
import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import { answerContextOf, GENERATE_PATHS } from "../corpus/apis.ts";
import { readAll, streamFactsOf, writeAll } from "../corpus/check-stream.ts";
import { SUBJECTS } from "../corpus/dialects.ts";
import { checkEventOrder } from "../corpus/event-order.ts";
import { factsOfEvents } from "../corpus/neutral-facts.ts";
import { streamOf, type Call } from "./streams.ts";

const TEXT = "Ich schaue nach – 天気を調べます ☂️.";
const CALLS: readonly Call[] = [
  {
    id: "call_a",
    name: "get_weather",
    arguments: '{"city":"Zürich 🏔️","days":[1,2,3],"note":"a \\"quoted\\" \\\\ line\\nbreak"}',
  },
  {
    id: "call_b",
    name: "get_time",
    arguments: '{"zone":{"name":"Asia/Tokyo","offset":-9.5,"dst":false,"alias":null}}',
  },
];
const EXPECTED = CALLS.map(({ name, arguments: args }) => ({ name, arguments: JSON.parse(args) as unknown }));

/** Ids that a reader makes where the wire has none. */
const MADE_ID = /call_[0-9a-f]{24}/g;

function readAs(id: DialectId, chunks: readonly Buffer[]): string {
  const subject = SUBJECTS.get(id);
  if (subject === undefined) throw new Error(`expected a dialect ${id}`);
  return JSON.stringify(readAll(subject.dialect, chunks)).replaceAll(MADE_ID, "made");
}

/** Kinds of the events told; half an event at the end may be refused as the provider's fault. */
function kindsOf(id: DialectId, bytes: Buffer): string[] {
  const kinds: string[] = [];
  const reader = SUBJECTS.get(id)?.dialect.generate.openReader();
  try {
    reader?.push(bytes, ({ kind }) => kinds.push(kind));
    reader?.end(({ kind }) => kinds.push(kind));
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== "upstream_error") throw error;
  }
  return kinds;
}

describe.each([...SUBJECTS.keys()])("a stream of %s with two tool calls", (id) => {
  const { dialect } = SUBJECTS.get(id) as NonNullable<ReturnType<typeof SUBJECTS.get>>;
  const bytes = streamOf(id, TEXT, CALLS);
  const events = readAll(dialect, [bytes]);

  test("says the text and both calls", () => {
    const { choices, usage } = factsOfEvents(events);
    expect(choices).toHaveLength(1);
    expect(choices[0]?.text).toBe(TEXT);
    expect(choices[0]?.calls as unknown).toEqual(EXPECTED);
    expect(choices[0]?.finish).toBe("tool-calls");
    expect([usage?.inputTokens, usage?.outputTokens]).toEqual([7, 5]);
    expect(checkEventOrder(events)).toEqual([]);
    expect(events.at(-1)?.kind).toBe("message-end");
  });

  test("reads the same however it is cut in two", () => {
    const whole = readAs(id, [bytes]);
    const differing: number[] = [];
    for (let at = 1; at < bytes.length; at += 1) {
      if (readAs(id, [bytes.subarray(0, at), bytes.subarray(at)]) !== whole) differing.push(at);
    }
    expect(differing).toEqual([]);
  });

  test("reads the same byte by byte", () => {
    const single = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect(readAs(id, single)).toBe(readAs(id, [bytes]));
  });

  test("never tells an end that was not sent", () => {
    // Up to where the last event begins, nothing may say that the answer is whole.
    const lengths = Array.from({ length: 40 }, (_, index) => Math.floor((bytes.length * index) / 50));
    for (const length of lengths) {
      expect(kindsOf(id, bytes.subarray(0, length))).not.toContain("message-end");
    }
  });

  test.each([...SUBJECTS.keys()])("is carried into %s", (to) => {
    const target = SUBJECTS.get(to) as NonNullable<ReturnType<typeof SUBJECTS.get>>;
    const context = answerContextOf({ dialect: target.dialect, path: GENERATE_PATHS[to]("m", true), from: id });
    const written = writeAll(target.dialect, context, events);
    const said = streamFactsOf(target.oracle, target.oracle.readFrames(written));
    expect(said.choices[0]?.calls as unknown).toEqual(EXPECTED);
    expect(said.choices[0]?.text).toBe(TEXT);
    const back = readAll(target.dialect, [written]);
    expect(factsOfEvents(back).choices[0]?.calls as unknown).toEqual(EXPECTED);
    expect(factsOfEvents(back).choices[0]?.finish).toBe("tool-calls");
    expect(checkEventOrder(back)).toEqual([]);
    expect(back.at(-1)?.kind).toBe("message-end");
  });
});

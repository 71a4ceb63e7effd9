import { describe, expect, test } from "bun:test";
import type { NeutralEvent } from "../../src/dialect/neutral.ts";
import { Sequencer } from "../../src/dialect/sequencer.ts";

const start = (part: number): NeutralEvent => ({ kind: "part-start", choice: 0, part, start: { kind: "text" } });
const delta = (part: number, text: string): NeutralEvent => ({ kind: "text-delta", choice: 0, part, text });
const end = (part: number): NeutralEvent => ({ kind: "part-end", choice: 0, part, extra: null });
const finish: NeutralEvent = {
  kind: "finish",
  choice: 0,
  finish: { kind: "stop", native: null, stopSequence: null },
  extra: null,
};

function run(events: readonly NeutralEvent[]): string {
  const out: string[] = [];
  const sequencer = new Sequencer((event) =>
    out.push(
      "part" in event ? `${event.kind}${event.part}${event.kind === "text-delta" ? event.text : ""}` : event.kind,
    ),
  );
  for (const event of events) sequencer.push(event);
  return out.join(" ");
}

describe("interleaved parts", () => {
  test("come one after the other, each in its own order", () => {
    const events = [
      start(0),
      start(1),
      delta(0, "a"),
      delta(1, "x"),
      delta(0, "b"),
      end(0),
      delta(1, "y"),
      end(1),
      finish,
    ];
    expect(run(events)).toBe(
      "part-start0 text-delta0a text-delta0b part-end0 part-start1 text-delta1x text-delta1y part-end1 finish",
    );
  });

  test("that end in any order all come through", () => {
    const events = [
      start(0),
      start(1),
      start(2),
      delta(2, "z"),
      end(2),
      delta(1, "y"),
      end(1),
      delta(0, "x"),
      end(0),
      finish,
    ];
    expect(run(events)).toBe(
      "part-start0 text-delta0x part-end0 part-start1 text-delta1y part-end1 part-start2 text-delta2z part-end2 finish",
    );
  });

  test("that never interleave pass at once", () => {
    const out: string[] = [];
    const sequencer = new Sequencer((event) => out.push(event.kind));
    for (const event of [start(0), delta(0, "a")]) sequencer.push(event);
    expect(out).toEqual(["part-start", "text-delta"]);
  });

  test("what still waits goes out before the end, and too much of it is the provider's fault", () => {
    expect(run([start(0), start(1), delta(1, "x"), finish])).toBe("part-start0 part-start1 text-delta1x finish");
    const sequencer = new Sequencer(() => undefined);
    sequencer.push(start(0));
    expect(() => {
      for (let count = 0; count < 100_000; count++) sequencer.push(delta(1, "x"));
    }).toThrow("interleaved");
  });
});

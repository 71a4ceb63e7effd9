/** Synthetic: a provider that breaks off with an error of its own after the answer has begun, for each pair of dialects. */
import { describe, expect, test } from "bun:test";
import { answerContextOf, GENERATE_PATHS } from "../corpus/apis.ts";
import { readAll, writeAll } from "../corpus/check-stream.ts";
import { SUBJECTS } from "../corpus/dialects.ts";
import { factsOfEvents } from "../corpus/neutral-facts.ts";
import type { NeutralEvent } from "../../../src/dialect/neutral.ts";
import { brokenStreamOf } from "./streams.ts";

const MESSAGE = "Overloaded: please try again later";
const TEXT = "Once upon a time";

function errorOf(events: readonly NeutralEvent[]): Extract<NeutralEvent, { kind: "error" }>["error"] | undefined {
  return events.flatMap((event) => (event.kind === "error" ? [event.error] : []))[0];
}

describe.each([...SUBJECTS.values()].map((subject) => [subject.dialect.id, subject] as const))(
  "an overloaded provider of %s in mid-stream",
  (id, { dialect }) => {
    const bytes = brokenStreamOf(id, TEXT, MESSAGE);
    const events = readAll(dialect, [bytes]);

    test("is told as an error, and nothing follows it", () => {
      const error = errorOf(events);
      expect(events.at(-1)?.kind).toBe("error");
      expect(error?.message).toBe(MESSAGE);
      expect(error?.source).toBe("provider");
      expect(factsOfEvents(events).choices[0]?.text).toBe(TEXT);
      expect(events.map(({ kind }) => kind)).not.toContain("message-end");
    });

    test("counts as a fault of the provider's, not of the caller's", () => {
      const error = errorOf(events);
      expect(["overloaded", "upstream_error"]).toContain(error?.code ?? "");
      expect(error?.status).toBeGreaterThanOrEqual(500);
    });

    test("is told byte by byte as well", () => {
      const single = Array.from(bytes, (byte) => Buffer.from([byte]));
      expect(errorOf(readAll(dialect, single))).toEqual(errorOf(events) as NonNullable<ReturnType<typeof errorOf>>);
    });

    test.each([...SUBJECTS.keys()])("reaches a caller of %s as an error of its own API", (to) => {
      const target = SUBJECTS.get(to) as NonNullable<ReturnType<typeof SUBJECTS.get>>;
      const context = answerContextOf({ dialect: target.dialect, path: GENERATE_PATHS[to]("m", true), from: id });
      const written = writeAll(target.dialect, context, events);
      const back = readAll(target.dialect, [written]);
      expect(errorOf(back)?.message).toContain(MESSAGE);
      // Converse's own status for it is 424; what counts is whose fault it is.
      expect(["overloaded", "upstream_error"]).toContain(errorOf(back)?.code ?? "");
      expect(back.map(({ kind }) => kind)).not.toContain("message-end");
      // What had come before it has come through.
      expect(factsOfEvents(back).choices[0]?.text).toBe(TEXT);
      expect(written.toString("utf8")).not.toContain("[DONE]");
    });
  },
);

describe("a 529", () => {
  const body = { type: "error", error: { type: "overloaded_error", message: "Overloaded" }, request_id: "req_1" };
  const anthropic = SUBJECTS.get("anthropic-messages")?.dialect;

  test.skipIf(anthropic === undefined).each([...SUBJECTS.keys()])(
    "of Anthropic's is overloaded for a caller of %s",
    (to) => {
      const error = anthropic?.errors.read(529, body, JSON.stringify(body), () => null);
      expect(error?.code).toBe("overloaded");
      expect(error?.status).toBe(529);
      if (error === undefined) return;
      const target = SUBJECTS.get(to)?.dialect;
      const written = target?.errors.write(error, "req_1");
      expect(written?.contentType).toContain("application/json");
      const parsed = JSON.parse(written?.body ?? "{}") as never;
      const back = target?.errors.read(529, parsed, written?.body ?? "", () => null);
      expect(back?.message).toBe("Overloaded");
      // Not every API knows the status; it is a fault of the provider's to all of them.
      expect(["overloaded", "upstream_error"]).toContain(back?.code ?? "");
    },
  );
});

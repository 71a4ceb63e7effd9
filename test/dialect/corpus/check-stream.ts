/** What is checked of one recorded stream. */
import type { Dialect, StreamReader } from "../../../src/dialect/dialect.ts";
import type { NeutralEvent } from "../../../src/dialect/neutral.ts";
import { CHUNKINGS, rechunk } from "../../instruments/recorded.ts";
import type { Random } from "../../instruments/random.ts";
import { allowanceFor } from "./allowances.ts";
import { answerContextOf, GENERATE_PATHS } from "./apis.ts";
import { thrown, type AnswerCase } from "./check-answer.ts";
import { compareAcross, compareReading, compareUsage } from "./compare-facts.ts";
import { SUBJECTS, type Subject } from "./dialects.ts";
import { describeDifference, differences, showDifference } from "./difference.ts";
import { checkEventOrder } from "./event-order.ts";
import { factsOfEvents } from "./neutral-facts.ts";
import { findBrokenRules } from "./oracle/stream-rules.ts";
import type { Facts, Oracle, WireEvent } from "./oracle/oracle.ts";
import type { Finding, Tally } from "./tally.ts";

export type StreamCase = AnswerCase & {
  readonly chunks: readonly Buffer[];
  readonly random: Random;
  /** The recording itself says that the stream lacks its end. */
  readonly isCut: boolean;
};

export function checkStream(tally: Tally, stream: StreamCase): void {
  const { id, subject, path, model, chunks } = stream;
  const { dialect, oracle } = subject;
  const own = dialect.id;
  let events: NeutralEvent[];
  try {
    events = readAll(dialect, chunks);
  } catch (error) {
    tally.add("stream", "read", own, own, id, [thrown(error)]);
    return;
  }
  tally.add("stream", "read", own, own, id, []);
  tally.add("stream", "order", own, own, id, checkEventOrder(events));
  tally.add("stream", "chunkings", own, own, id, compareChunkings(stream, events));
  const frames = oracle.readFrames(Buffer.concat(chunks));
  const isBroken = events.some(({ kind }) => kind === "error");
  const facts = isBroken ? withoutFinish(streamFactsOf(oracle, frames)) : streamFactsOf(oracle, frames);
  const read = factsOfEvents(events);
  tally.add("stream", "honest", own, own, id, [...compareReading(facts, read), ...checkEnd(stream, facts, events)]);
  tally.add("stream", "usage", own, own, id, compareUsage(facts.usage, read.usage));
  try {
    const context = answerContextOf({ dialect, path, model, request: stream.request });
    const written = oracle.fold(oracle.readFrames(writeAll(dialect, context, events)));
    const findings = differences(oracle.fold(frames), written)
      // What an error broke off has no finish, even where the error's own chunk says one.
      .filter(({ path }) => !isBroken || !path.endsWith("finish_reason"))
      .filter((difference) => allowanceFor(own, "stream", difference) === null)
      .map((difference) => ({ reason: describeDifference(difference), detail: showDifference(difference) }));
    tally.add("stream", "same", own, own, id, findings);
  } catch (error) {
    tally.add("stream", "same", own, own, id, [thrown(error)]);
  }
  for (const target of SUBJECTS.values()) {
    if (target.dialect.id !== own) carryStream(tally, id, model, events, facts, own, target);
  }
}

export function readAll(dialect: Dialect, chunks: readonly Buffer[]): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const sink = (event: NeutralEvent): void => {
    events.push(event);
  };
  const reader: StreamReader = dialect.generate.openReader();
  for (const chunk of chunks) reader.push(chunk, sink);
  reader.end(sink);
  return events;
}

export function writeAll(
  dialect: Dialect,
  context: Parameters<Dialect["generate"]["openWriter"]>[0],
  events: readonly NeutralEvent[],
): Buffer {
  const writer = dialect.generate.openWriter(context);
  return Buffer.concat(
    events.map((event) => {
      const piece = writer.write(event);
      return typeof piece === "string" ? Buffer.from(piece) : piece;
    }),
  );
}

export function streamFactsOf(oracle: Oracle, frames: readonly WireEvent[]): Facts {
  if (oracle.streamFacts !== undefined) return oracle.streamFacts(frames);
  const folded = oracle.fold(frames);
  return folded === null ? { choices: [], usage: null } : oracle.facts(folded);
}

/** What an error broke off has no finish, whatever its last event says. */
function withoutFinish({ choices, usage }: Facts): Facts {
  return { choices: choices.map((choice) => ({ ...choice, finish: null })), usage };
}

/** The end is told where it was seen, and only there. */
function checkEnd(stream: StreamCase, facts: Facts, events: readonly NeutralEvent[]): Finding[] {
  // A finish reason is an end where only the mark behind it is missing.
  const isCut = stream.isCut && facts.choices.every(({ finish }) => finish === null);
  const hasEnd = events.some(({ kind }) => kind === "message-end");
  const hasError = events.some(({ kind }) => kind === "error");
  if (hasError) return [];
  if (isCut && hasEnd) return [{ reason: "message-end for a stream without its end", detail: "" }];
  return !isCut && !hasEnd ? [{ reason: "no message-end", detail: "" }] : [];
}

/** Ids that a reader makes where the wire has none; every read makes others. */
const MADE_ID = /"call_[0-9a-f]{24}"/g;

function compareChunkings({ subject, chunks, random }: StreamCase, events: readonly NeutralEvent[]): Finding[] {
  const expected = JSON.stringify(events).replaceAll(MADE_ID, "");
  const findings: Finding[] = [];
  for (const how of CHUNKINGS) {
    if (how === "original") continue;
    try {
      const got = JSON.stringify(readAll(subject.dialect, rechunk(chunks, how, random.fork()))).replaceAll(MADE_ID, "");
      if (got !== expected) findings.push({ reason: `differs in chunks: ${how}`, detail: "" });
    } catch (error) {
      findings.push({ reason: `throws in chunks: ${how}`, detail: thrown(error).reason });
    }
  }
  return findings;
}

/** Into another dialect: the stream that is written there says the same, to the oracle and to the dialect's own reader. */
function carryStream(
  tally: Tally,
  id: string,
  model: string,
  events: readonly NeutralEvent[],
  facts: Facts,
  from: Dialect["id"],
  { dialect, oracle }: Subject,
): void {
  const to = dialect.id;
  try {
    const written = writeAll(
      dialect,
      answerContextOf({ dialect, path: GENERATE_PATHS[to]("m", true), model, from }),
      events,
    );
    const frames = oracle.readFrames(written);
    const said = streamFactsOf(oracle, frames);
    const back = readAll(dialect, [written]);
    const isWhole = events.some(({ kind }) => kind === "message-end");
    const broken = isWhole ? findBrokenRules(to, frames, written) : [];
    const findings = [
      ...broken.map((rule) => ({ reason: `written: ${rule}`, detail: "" })),
      ...compareAcross(facts, said, to, (what) => tally.lose(to, what)),
      ...[...compareAcross(facts, factsOfEvents(back), to), ...checkEventOrder(back)].map(({ reason, detail }) => ({
        reason: `read back: ${reason}`,
        detail,
      })),
    ];
    for (const kind of ["message-end", "error"] as const) {
      const had = events.some((event) => event.kind === kind);
      if (had !== back.some((event) => event.kind === kind)) {
        findings.push({ reason: had ? `${kind} is lost` : `${kind} is new`, detail: "" });
      }
    }
    tally.add("stream", "across", from, to, id, findings);
  } catch (error) {
    tally.add("stream", "across", from, to, id, [thrown(error)]);
  }
}

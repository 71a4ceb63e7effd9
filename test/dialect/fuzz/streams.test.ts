/**
 * Hostile providers: whatever comes as a stream of any dialect, it is read or refused as the provider's fault, the reader keeps the
 * order that writers rely on, and what is written of it is a stream of the caller's dialect that ends only where the provider's did.
 * `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs over all dialects (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import { AnswerFolder } from "../../../src/dialect/fold.ts";
import type { AnswerContext, Dialect } from "../../../src/dialect/dialect.ts";
import type { DialectId, NeutralEvent } from "../../../src/dialect/neutral.ts";
import { StreamTranslation, truncated } from "../../../src/dialect/translate.ts";
import { neutralErrorOf } from "../../../src/dialect/neutral-error.ts";
import type { GatewayError } from "../../../src/errors.ts";
import { Random, fuzzSeed } from "../../instruments/random.ts";
import { answerContextOf } from "../corpus/apis.ts";
import { checkEventOrder } from "../corpus/event-order.ts";
import { Findings, findNoJson, findPollution, judgeUpstreamThrow, mostCharsOf } from "./judge.ts";
import { DIALECT_LIST, materialOf, seedsOf, TRANSLATED_ENDPOINTS } from "./seeds.ts";
import { cutRandomly, encodeHostile, judgeEvent, judgeWritten, mutateEvents } from "./wire.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 1_050);
const PER_DIALECT = Math.ceil(COUNT / DIALECT_LIST.length);
const HANG_MS = 5_000;

/** Where callers of each dialect get streams. */
const TARGETS = TRANSLATED_ENDPOINTS.filter(
  ({ endpoint }) => endpoint.operation === "generate" && endpoint.grammar !== null,
).map(({ endpoint }) => ({ endpoint, dialect: DIALECT_LIST.find(({ id }) => id === endpoint.dialect) as Dialect }));

type Target = (typeof TARGETS)[number];

function contextOf({ endpoint, dialect }: Target, from: DialectId, random: Random): AnswerContext {
  const path = endpoint.path.replace("{model}", "m");
  const context = answerContextOf({ dialect, path, model: "m", from });
  return { ...context, endpoint, query: new URLSearchParams(random.chance(0.5) ? "alt=sse" : "") };
}

type Read = { readonly events: readonly NeutralEvent[]; readonly thrown: unknown };

function read(dialect: Dialect, pieces: readonly Buffer[]): Read {
  const events: NeutralEvent[] = [];
  const sink = (event: NeutralEvent): void => {
    events.push(event);
  };
  const reader = dialect.generate.openReader();
  try {
    for (const piece of pieces) reader.push(piece, sink);
    reader.end(sink);
    return { events, thrown: null };
  } catch (thrown) {
    return { events, thrown }; // judged by the caller of this
  }
}

/** What a caller gets: the stream as the gateway translates it, with its own error where the provider's stream broke. */
function carry(dialect: Dialect, pieces: readonly Buffer[], target: Target, random: Random): string[] {
  const context = contextOf(target, dialect.id, random);
  const jsonTool = random.chance(0.2) ? "weather" : null;
  const stream = new StreamTranslation(
    dialect.generate.openReader(),
    target.dialect.generate.openWriter(context),
    jsonTool,
  );
  const out: Buffer[] = [];
  const take = (): void => {
    const piece = stream.take();
    if (piece !== null) out.push(Buffer.from(piece as string));
  };
  let failure: GatewayError | null = null;
  try {
    for (const piece of pieces) {
      stream.push(piece);
      take();
    }
    stream.end();
    take();
    if (!stream.isFinished && stream.error === null) failure = truncated();
  } catch (thrown) {
    const wrong = judgeUpstreamThrow(thrown);
    if (wrong !== null) return [wrong];
    failure = thrown as GatewayError;
  }
  if (failure !== null && stream.hasBegun && stream.error === null) {
    stream.fail(neutralErrorOf(failure));
    take();
  }
  // Of a stream that never began nothing has gone out: the caller gets an error answer.
  if (!stream.hasBegun) return [];
  const inputChars = pieces.reduce((sum, piece) => sum + piece.length, 0);
  // A word may become several events.
  const most = mostCharsOf(inputChars, 60);
  if (out.reduce((sum, piece) => sum + piece.length, 0) > most) return ["writes far more than was read"];
  const written = judgeWritten(target.dialect.id, Buffer.concat(out), stream.isFinished, stream.contentType);
  // What a provider of the caller's own API said is kept as it was said, rules or not; legacy completions have rules of their own.
  const isFree = target.dialect === dialect || target.endpoint.name === "completions";
  return isFree ? written.filter((wrong) => !wrong.startsWith("breaks a rule")) : written;
}

function judgeFolded(dialect: Dialect, events: readonly NeutralEvent[], target: Target, random: Random): string | null {
  const folder = new AnswerFolder(dialect.id);
  for (const event of events) folder.push(event);
  if (!folder.isFinished) return null;
  const written = target.dialect.generate.writeAnswer(folder.answer(), contextOf(target, dialect.id, random));
  const found = findNoJson(JSON.parse(JSON.stringify(written)));
  return found === null ? null : `writes what is no JSON: ${found}`;
}

describe(`hostile streams (FUZZ_SEED=${SEED}, ${PER_DIALECT} of each dialect)`, () => {
  const all = DIALECT_LIST.flatMap(({ id }) => seedsOf(id).streams);
  for (const dialect of DIALECT_LIST) {
    test(`of ${dialect.id} are read and written as streams of every dialect`, () => {
      const findings = new Findings();
      const { streams } = seedsOf(dialect.id);
      let whole = 0;
      for (let number = 0; number < PER_DIALECT; number += 1) {
        // Every input has a generator of its own: it can be drawn again without those before it.
        const random = new Random(SEED * 31 + number);
        const events = mutateEvents(
          random.pick(streams),
          random.chance(0.2) ? all : streams,
          random,
          materialOf(dialect.id),
        );
        const bytes = encodeHostile(events, dialect.id, random);
        const pieces = cutRandomly(bytes, random);
        const named = `FUZZ_SEED=${SEED}, ${dialect.id} ${number}: ${bytes.toString("latin1")}`;
        const started = performance.now();
        const got = read(dialect, pieces);
        if (got.thrown !== null) {
          const wrong = judgeUpstreamThrow(got.thrown);
          if (wrong !== null) findings.add(`read: ${wrong}`, named);
        }
        for (const { reason } of checkEventOrder(got.events)) findings.add(`order: ${reason}`, named);
        for (const event of got.events) {
          const wrong = judgeEvent(event);
          if (wrong !== null) findings.add(`event: ${wrong}`, named);
        }
        if (got.events.some(({ kind }) => kind === "message-end")) whole += 1;
        for (const target of TARGETS) {
          for (const wrong of carry(dialect, pieces, target, random))
            findings.add(`to ${target.endpoint.name}: ${wrong}`, named);
        }
        try {
          const target = random.pick(TARGETS);
          const wrong = judgeFolded(dialect, got.events, target, random);
          if (wrong !== null) findings.add(`folded to ${target.dialect.id}: ${wrong}`, named);
        } catch (thrown) {
          const wrong = judgeUpstreamThrow(thrown);
          if (wrong !== null) findings.add(`folded: ${wrong}`, named);
        }
        const polluted = findPollution();
        if (polluted !== null) findings.add(polluted, named);
        if (performance.now() - started > HANG_MS) findings.add("hangs", named);
      }
      expect(findings.list).toEqual([]);
      // A generator whose streams are all broken would prove nothing of their ends.
      expect(whole).toBeGreaterThan(PER_DIALECT / 10);
    }, 3_600_000);
  }
});

/** Everything that becomes of one hostile stream. */
import { AnswerFolder } from "../../../src/dialect/fold.ts";
import type { AnswerContext, Dialect } from "../../../src/dialect/dialect.ts";
import type { DialectId, NeutralEvent } from "../../../src/dialect/neutral.ts";
import { neutralErrorOf } from "../../../src/dialect/neutral-error.ts";
import { StreamTranslation, truncated } from "../../../src/dialect/translate.ts";
import type { GatewayError } from "../../../src/errors.ts";
import type { Random } from "../../instruments/random.ts";
import { answerContextOf } from "../corpus/apis.ts";
import { checkEventOrder } from "../corpus/event-order.ts";
import { findNoJson, findPollution, HANG_MS, judgeUpstreamThrow, mostCharsOf } from "./judge.ts";
import { DIALECT_LIST, TRANSLATED_ENDPOINTS } from "./seeds.ts";
import { judgeEvent, judgeWritten } from "./wire.ts";

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

function hasWord(pieces: readonly Buffer[], word: string): boolean {
  return Buffer.concat(pieces).includes(word);
}

/** What a caller gets: the stream as the gateway translates it, with its own error where the provider's stream broke. */
function carryStream(dialect: Dialect, pieces: readonly Buffer[], target: Target, random: Random): string[] {
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
  if (hasWord(out, "undefined") && !hasWord(pieces, "undefined")) return ["writes undefined"];
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

/** Reads it, and writes it as a stream and as an answer of every dialect. Gives whether it came to its end. */
export function checkHostileStream(
  dialect: Dialect,
  pieces: readonly Buffer[],
  random: Random,
  report: (reason: string) => void,
): boolean {
  const started = performance.now();
  const got = read(dialect, pieces);
  const wrong = got.thrown === null ? null : judgeUpstreamThrow(got.thrown);
  if (wrong !== null) report(`read: ${wrong}`);
  for (const { reason } of checkEventOrder(got.events)) report(`order: ${reason}`);
  for (const event of got.events) {
    const odd = judgeEvent(event);
    if (odd !== null) report(`event: ${odd}`);
  }
  for (const target of TARGETS) {
    for (const found of carryStream(dialect, pieces, target, random)) report(`to ${target.endpoint.name}: ${found}`);
  }
  try {
    const target = random.pick(TARGETS);
    const found = judgeFolded(dialect, got.events, target, random);
    if (found !== null) report(`folded to ${target.dialect.id}: ${found}`);
  } catch (thrown) {
    const odd = judgeUpstreamThrow(thrown);
    if (odd !== null) report(`folded: ${odd}`);
  }
  const polluted = findPollution();
  if (polluted !== null) report(polluted);
  if (performance.now() - started > HANG_MS) report("hangs");
  return got.events.some(({ kind }) => kind === "message-end");
}

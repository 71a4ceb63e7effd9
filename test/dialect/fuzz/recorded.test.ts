/**
 * The same fuzz on what real providers sent and real callers asked: recordings hold members and orders that no documentation has.
 * `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs over all recorded APIs (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import type { Dialect } from "../../../src/dialect/dialect.ts";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import { type Json, parseObject } from "../../../src/lib/json.ts";
import { fuzzSeed, Random } from "../../instruments/random.ts";
import { openRecording, type RecordedExchange } from "../../instruments/recorded.ts";
import { type Api, endpointOf, GENERATE_APIS } from "../corpus/apis.ts";
import { subjectOf } from "../corpus/dialects.ts";
import { readSseTexts } from "../corpus/oracle/frames.ts";
import { checkHostileAnswer } from "./check-answer.ts";
import { checkHostileRequest } from "./check-request.ts";
import { checkHostileStream } from "./check-stream.ts";
import { Findings } from "./judge.ts";
import { mutate, writeJson } from "./mutate.ts";
import { DIALECT_LIST, materialOf } from "./seeds.ts";
import { cutRandomly, encodeHostile, mutateEvents } from "./wire.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 180);
const PER_API = Math.ceil(COUNT / GENERATE_APIS.length);
/** Longer ones say nothing that a shorter one does not, and take their time. */
const MAX_BYTES = 24_000;
/** What is kept of one recording, drawn from all of it. */
const MAX_KEPT = 400;

async function readExchanges(api: Api, random: Random): Promise<RecordedExchange[]> {
  const recording = openRecording(api.name);
  const kept: RecordedExchange[] = [];
  if (recording.kind === "absent") return kept;
  let seen = 0;
  for await (const exchange of recording.read()) {
    const bytes = exchange.response.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes > MAX_BYTES || (exchange.request?.body?.length ?? 0) > MAX_BYTES) continue;
    seen += 1;
    if (kept.length < MAX_KEPT) kept.push(exchange);
    else {
      const place = random.below(seen);
      if (place < MAX_KEPT) kept[place] = exchange;
    }
  }
  return kept;
}

/** A recorded stream as the events that it is made of; null where it is none. */
function eventsOf(dialect: DialectId, body: Buffer): Json[] | null {
  try {
    if (dialect === "bedrock-converse") {
      return subjectOf(dialect)
        .oracle.readFrames(body)
        .map(({ type, data }) => ({ [type]: data }));
    }
    if (dialect === "ollama") {
      return subjectOf(dialect)
        .oracle.readFrames(body)
        .map(({ data }) => data);
    }
    return readSseTexts(body).map(({ data }) => parseObject(data) ?? data);
  } catch {
    return null; // cut, or an error's body: another test's business
  }
}

function fuzzExchange(api: Api, exchange: RecordedExchange, number: number, findings: Findings): void {
  const dialect = DIALECT_LIST.find(({ id }) => id === api.dialect) as Dialect;
  const material = materialOf(dialect.id);
  const random = new Random(SEED * 31 + number);
  const named = (input: string): string => `FUZZ_SEED=${SEED}, ${exchange.id} ${number}: ${input}`;
  const request = parseObject(exchange.request?.body?.toString("utf8") ?? "");
  if (request !== null && random.chance(0.4)) {
    const text = writeJson(mutate(request, random, material));
    checkHostileRequest(endpointOf(dialect, api.pathOf(exchange)), text, random, (reason) =>
      findings.add(`request: ${reason}`, named(text)),
    );
  }
  const body = Buffer.concat(exchange.response.chunks);
  const events = exchange.isStream ? eventsOf(dialect.id, body) : null;
  if (events !== null && events.length > 0) {
    const bytes = encodeHostile(mutateEvents(events, [events], random, material), dialect.id, random);
    checkHostileStream(dialect, cutRandomly(bytes, random), random, (reason) =>
      findings.add(`stream: ${reason}`, named(bytes.toString("latin1"))),
    );
    return;
  }
  const answer = parseObject(body.toString("utf8"));
  if (answer === null || exchange.response.status >= 400) return;
  const text = writeJson(mutate(answer, random, material));
  const mutated = parseObject(text);
  if (mutated === null) return;
  checkHostileAnswer(dialect, mutated, random, (reason) => findings.add(`answer: ${reason}`, named(text)));
}

describe(`hostile recordings (FUZZ_SEED=${SEED}, ${PER_API} of each)`, () => {
  for (const api of GENERATE_APIS) {
    const recording = openRecording(api.name);
    test.skipIf(recording.kind === "absent")(
      recording.kind === "absent" ? `${api.name} (skipped: ${recording.reason})` : `of ${api.name} break nothing`,
      async () => {
        const findings = new Findings();
        const exchanges = await readExchanges(api, new Random(SEED));
        for (let number = 0; number < PER_API; number += 1) {
          fuzzExchange(api, new Random(SEED ^ number).pick(exchanges), number, findings);
        }
        expect(findings.list).toEqual([]);
      },
      3_600_000,
    );
  }
});

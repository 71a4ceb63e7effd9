/**
 * Hostile providers: whatever comes as a whole answer, as an error, or as an answer of another operation, it is read or refused as the
 * provider's fault, and what was read is written as JSON in every dialect. `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs
 * over all dialects (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import { statusForCaller } from "../../../src/dialect/caller-status.ts";
import type { AnswerTranslation } from "../../../src/dialect/translate.ts";
import { parseObject } from "../../../src/lib/json.ts";
import { fuzzSeed, Random } from "../../instruments/random.ts";
import { checkHostileAnswer, contextOf, GENERATES, judgeThrown, open, type Source, sourcesOf } from "./check-answer.ts";
import { describeThrown, Findings, findNoJson, findPollution } from "./judge.ts";
import { mutate, writeJson } from "./mutate.ts";
import { NASTY_STRINGS } from "./nasty.ts";
import { DIALECT_LIST, materialOf, seedsOf } from "./seeds.ts";
import { judgeError, judgeUsage } from "./wire.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 560);
const PER_DIALECT = Math.ceil(COUNT / DIALECT_LIST.length);

describe(`hostile answers (FUZZ_SEED=${SEED}, ${PER_DIALECT} of each dialect)`, () => {
  for (const dialect of DIALECT_LIST) {
    test(`of ${dialect.id} are read and written in every dialect`, () => {
      const findings = new Findings();
      const { answers } = seedsOf(dialect.id);
      let read = 0;
      for (let number = 0; number < PER_DIALECT; number += 1) {
        const random = new Random(SEED * 31 + number);
        const text = writeJson(mutate(random.pick(answers), random, materialOf(dialect.id)));
        const named = `FUZZ_SEED=${SEED}, ${dialect.id} ${number}: ${text}`;
        const body = parseObject(text);
        if (body === null) continue;
        if (checkHostileAnswer(dialect, body, random, (reason) => findings.add(reason, named))) read += 1;
      }
      expect(findings.list).toEqual([]);
      expect(read).toBeGreaterThan(PER_DIALECT / 4);
    }, 3_600_000);
  }
});

describe(`hostile answers of other operations (FUZZ_SEED=${SEED}, ${PER_DIALECT} of each)`, () => {
  for (const dialect of DIALECT_LIST) {
    for (const operation of ["embed", "rerank", "count-tokens"] as const) {
      const answers = seedsOf(dialect.id).operationAnswers[operation];
      if (answers === undefined) continue;
      test(`${operation} of ${dialect.id} are read and written in every dialect`, () => {
        const findings = new Findings();
        const sources = sourcesOf(operation).filter((source) => open(source, dialect, false, "") !== null);
        let written = 0;
        for (let number = 0; number < PER_DIALECT; number += 1) {
          const random = new Random(SEED * 31 + number);
          const text = writeJson(mutate(random.pick(answers), random, materialOf(dialect.id)));
          const named = `FUZZ_SEED=${SEED}, ${operation} of ${dialect.id} ${number}: ${text}`;
          const body = parseObject(text);
          if (body === null) continue;
          for (const source of sources) {
            try {
              const translation = open(source, dialect, false, "") as AnswerTranslation;
              const { json, usage } = translation.translateWhole(body);
              const found = findNoJson(JSON.parse(json)) ?? (usage === null ? null : judgeUsage(usage));
              if (found !== null) findings.add(`to ${source.endpoint.name}: ${found}`, named);
              written += 1;
            } catch (thrown) {
              const wrong = judgeThrown(thrown);
              if (wrong !== null) findings.add(`to ${source.endpoint.name}: ${wrong}`, named);
            }
          }
          const polluted = findPollution();
          if (polluted !== null) findings.add(polluted, named);
        }
        expect(findings.list).toEqual([]);
        expect(sources.length).toBeGreaterThan(1);
        expect(written).toBeGreaterThan((PER_DIALECT * sources.length) / 20);
      }, 3_600_000);
    }
  }
});

const STATUSES = [
  400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 424, 429, 451, 498, 499, 500, 501, 502, 503, 504, 520,
  529, 599,
];
const HEADERS = [
  "retry-after",
  "retry-after-ms",
  "date",
  "x-amzn-errortype",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "anthropic-ratelimit-tokens-remaining",
  "anthropic-ratelimit-tokens-reset",
];
/** What may stand in a header's value: RFC 9110 section 5.5, without the bytes beyond ASCII. */
const HEADER_VALUE = /^[\x20-\x7e]*$/;

describe(`hostile errors (FUZZ_SEED=${SEED}, ${PER_DIALECT} of each dialect)`, () => {
  for (const dialect of DIALECT_LIST) {
    test(`of ${dialect.id} are read without a throw and told in every dialect`, () => {
      const findings = new Findings();
      const { errors } = seedsOf(dialect.id);
      for (let number = 0; number < PER_DIALECT; number += 1) {
        const random = new Random(SEED * 31 + number);
        const mutated = mutate(random.pick(errors), random, materialOf(dialect.id));
        const text = random.chance(0.9) ? writeJson(mutated) : random.pick(NASTY_STRINGS);
        const status = random.pick(STATUSES);
        const headers = new Map(
          HEADERS.flatMap((name) =>
            random.chance(0.3) ? [[name, random.pick([...NASTY_STRINGS, "0", "5", "-1", "1e300", "6m0s"])]] : [],
          ) as [string, string][],
        );
        const named = `FUZZ_SEED=${SEED}, ${dialect.id} ${number}: ${status} ${JSON.stringify([...headers])} ${text}`;
        try {
          const error = dialect.errors.read(status, parseObject(text), text, (name) => headers.get(name) ?? null);
          const wrong = judgeError(error);
          if (wrong !== null) findings.add(`read: ${wrong}`, named);
          for (const to of DIALECT_LIST) {
            const told = { ...error, status: statusForCaller(error) };
            const written = to.errors.write(told, "req_0123456789abcdef");
            if (judgeError(told) !== null) findings.add(`to ${to.id}: status ${told.status}`, named);
            if (parseObject(written.body) === null || findNoJson(JSON.parse(written.body)) !== null)
              findings.add(`to ${to.id}: writes what is no JSON`, named);
            for (const [name, value] of written.headers)
              if (!HEADER_VALUE.test(value))
                findings.add(`to ${to.id}: header ${name} is ${JSON.stringify(value)}`, named);
            const stream = to.generate
              .openWriter(contextOf(GENERATES.find((source) => source.dialect === to) as Source, dialect.id))
              .write({ kind: "error", error: told });
            if (stream.length === 0) findings.add(`to ${to.id}: says nothing in mid-stream`, named);
          }
        } catch (thrown) {
          findings.add(`throws ${describeThrown(thrown)}`, named);
        }
        const polluted = findPollution();
        if (polluted !== null) findings.add(polluted, named);
      }
      expect(findings.list).toEqual([]);
    }, 3_600_000);
  }
});

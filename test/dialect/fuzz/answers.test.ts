/**
 * Hostile providers: whatever comes as a whole answer, as an error, or as an answer of another operation, it is read or refused as the
 * provider's fault, and what was read is written as JSON in every dialect. `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs
 * over all dialects (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import { statusForCaller } from "../../../src/dialect/caller-status.ts";
import type { AnswerContext, Dialect, Endpoint, Operation } from "../../../src/dialect/dialect.ts";
import type { DialectId, NeutralAnswer } from "../../../src/dialect/neutral.ts";
import { type AnswerTranslation, translateRequest } from "../../../src/dialect/translate.ts";
import { GatewayError } from "../../../src/errors.ts";
import { type JsonObject, parseObject } from "../../../src/lib/json.ts";
import { Random, fuzzSeed } from "../../instruments/random.ts";
import { answerContextOf, NO_QUIRKS } from "../corpus/apis.ts";
import { describeThrown, Findings, findNoJson, findPollution, mostCharsOf } from "./judge.ts";
import { mutate, writeJson } from "./mutate.ts";
import { NASTY_STRINGS } from "./nasty.ts";
import { DIALECT_LIST, materialOf, seedsOf, TRANSLATED_ENDPOINTS } from "./seeds.ts";
import { judgeError, judgeHead, judgeUsage, judgeWritten } from "./wire.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 490);
const PER_DIALECT = Math.ceil(COUNT / DIALECT_LIST.length);
const HANG_MS = 5_000;

/** What may be thrown over an answer: the provider's fault, in its own words where its answer was an error. */
function judgeThrown(thrown: unknown): string | null {
  if (!(thrown instanceof GatewayError)) return `throws ${describeThrown(thrown)}`;
  const { code, status, message, options } = thrown;
  if (!code.startsWith("upstream_") && options.upstreamType === undefined) return `throws ${describeThrown(thrown)}`;
  return judgeError({
    code,
    status,
    message,
    param: options.param ?? null,
    detail: options.detail ?? null,
    retryAfterSeconds: null,
  });
}

function judgeAnswer(answer: NeutralAnswer): string | null {
  for (const { index } of answer.choices)
    if (!Number.isInteger(index) || index < 0 || index >= 1e6) return `a choice of index ${index}`;
  if (new Set(answer.choices.map(({ index }) => index)).size < answer.choices.length) return "two choices of one index";
  return judgeHead(answer) ?? (answer.usage === null ? null : judgeUsage(answer.usage));
}

type Source = { readonly endpoint: Endpoint; readonly dialect: Dialect; readonly requests: readonly JsonObject[] };

function sourcesOf(operation: Operation): readonly Source[] {
  return TRANSLATED_ENDPOINTS.filter(({ endpoint }) => endpoint.operation === operation).map(
    ({ endpoint, requests }) => ({
      endpoint,
      dialect: DIALECT_LIST.find(({ id }) => id === endpoint.dialect) as Dialect,
      requests,
    }),
  );
}

/** Bedrock embeds with models that it knows. */
const MODELS = ["m", "amazon.titan-embed-text-v2:0", "cohere.embed-english-v3"];

/** A translation as it stands once a caller's request has been sent to a provider of dialect `to`; null where none can be. */
function open(
  { endpoint, dialect, requests }: Source,
  to: Dialect,
  isStream: boolean,
  query: string,
): AnswerTranslation | null {
  for (const body of requests) {
    for (const model of MODELS) {
      try {
        return translateRequest({
          from: dialect,
          to,
          operation: endpoint.operation as Operation,
          body,
          context: { endpoint, model, isStream, query: new URLSearchParams(query), userAgent: null },
          model,
          quirks: NO_QUIRKS,
          dropParams: true,
          requestId: "req_0123456789abcdef",
          createdAt: 1_750_000_000,
        }).answer;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error; // a provider that cannot be asked this may be asked another
      }
    }
  }
  return null;
}

const GENERATES = sourcesOf("generate");

function contextOf({ endpoint, dialect }: Source, from: DialectId): AnswerContext {
  const path = endpoint.path.replace("{model}", "m");
  return { ...answerContextOf({ dialect, path, model: "m", from }), endpoint };
}

/** Everything that becomes of one whole answer. */
function carryWhole(from: Dialect, body: JsonObject, random: Random, report: (reason: string) => void): boolean {
  let answer: NeutralAnswer;
  try {
    answer = from.generate.readAnswer(body);
  } catch (thrown) {
    const wrong = judgeThrown(thrown);
    if (wrong !== null) report(`read: ${wrong}`);
    return false;
  }
  const odd = judgeAnswer(answer);
  if (odd !== null) report(`read: ${odd}`);
  for (const source of GENERATES) {
    const name = source.endpoint.name;
    try {
      const written = source.dialect.generate.writeAnswer(answer, contextOf(source, from.id));
      // Infinity is null in JSON, and only what passes through unread can hold one.
      const json = JSON.stringify(written);
      const most = mostCharsOf(JSON.stringify(body).length);
      if (json.length > most) report(`to ${name}: writes more than ${most} characters`);
      const found = findNoJson(JSON.parse(json));
      if (found !== null) report(`to ${name}: writes what is no JSON: ${found}`);
      if (source.dialect !== from)
        source.dialect.generate.readAnswer(JSON.parse(JSON.stringify(written)) as JsonObject);
    } catch (thrown) {
      report(`to ${name}: throws ${describeThrown(thrown)}`);
    }
    if (source.endpoint.grammar === null) continue;
    try {
      const translation = open(source, from, true, random.pick(["", "alt=sse"]));
      if (translation === null) throw new Error("expected a request that can be sent");
      const stream = translation.openStream();
      translation.streamWhole(body, stream);
      const taken = stream.take();
      const out = Buffer.from((taken ?? "") as string);
      const isFree = source.dialect === from || name === "completions";
      for (const wrong of judgeWritten(source.dialect.id, out, stream.isFinished, stream.contentType)) {
        if (!isFree || !wrong.startsWith("breaks a rule")) report(`as a stream to ${name}: ${wrong}`);
      }
    } catch (thrown) {
      report(`as a stream to ${name}: throws ${describeThrown(thrown)}`);
    }
  }
  return true;
}

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
        const started = performance.now();
        if (carryWhole(dialect, body, random, (reason) => findings.add(reason, named))) read += 1;
        const polluted = findPollution();
        if (polluted !== null) findings.add(polluted, named);
        if (performance.now() - started > HANG_MS) findings.add("hangs", named);
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

/** Everything that becomes of one hostile answer. */
import type { AnswerContext, Dialect, Endpoint, Operation } from "../../../src/dialect/dialect.ts";
import type { DialectId, NeutralAnswer } from "../../../src/dialect/neutral.ts";
import { type AnswerTranslation, translateRequest } from "../../../src/dialect/translate.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { Random } from "../../instruments/random.ts";
import { answerContextOf, NO_QUIRKS } from "../corpus/apis.ts";
import { describeThrown, findNoJson, findPollution, HANG_MS, mostCharsOf } from "./judge.ts";
import { DIALECT_LIST, TRANSLATED_ENDPOINTS } from "./seeds.ts";
import { judgeError, judgeHead, judgeUsage, judgeWritten } from "./wire.ts";

/** What may be thrown over an answer: the provider's fault, in its own words where its answer was an error. */
export function judgeThrown(thrown: unknown): string | null {
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

export type Source = {
  readonly endpoint: Endpoint;
  readonly dialect: Dialect;
  readonly requests: readonly JsonObject[];
};

export function sourcesOf(operation: Operation): readonly Source[] {
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

const opened = new Map<string, AnswerTranslation | null>();

/** A translation as it stands once a caller's request has been sent to a provider of dialect `to`; null where none can be. */
export function open(source: Source, to: Dialect, isStream: boolean, query: string): AnswerTranslation | null {
  const key = `${source.endpoint.name} ${to.id} ${isStream} ${query}`;
  let translation = opened.get(key);
  if (translation === undefined) opened.set(key, (translation = openAnew(source, to, isStream, query)));
  return translation;
}

function openAnew(
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

export const GENERATES = sourcesOf("generate");

export function contextOf({ endpoint, dialect }: Source, from: DialectId): AnswerContext {
  const path = endpoint.path.replace("{model}", "m");
  return { ...answerContextOf({ dialect, path, model: "m", from }), endpoint };
}

/** Reads it, and writes it as an answer and as a stream of every dialect. Gives whether it could be read. */
export function checkHostileAnswer(
  from: Dialect,
  body: JsonObject,
  random: Random,
  report: (reason: string) => void,
): boolean {
  const started = performance.now();
  const isRead = carryAnswer(from, body, random, report);
  const polluted = findPollution();
  if (polluted !== null) report(polluted);
  if (performance.now() - started > HANG_MS) report("hangs");
  return isRead;
}

function carryAnswer(from: Dialect, body: JsonObject, random: Random, report: (reason: string) => void): boolean {
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
      if (json.includes("undefined") && !JSON.stringify(body).includes("undefined")) {
        report(`to ${name}: writes undefined`);
      }
      if (json.length > most) report(`to ${name}: writes more than ${most} characters`);
      const found = findNoJson(JSON.parse(json));
      if (found !== null) report(`to ${name}: writes what is no JSON: ${found}`);
      // An answer that failed is read as the error it is.
      const hasFailed = answer.choices.some(({ finish }) => finish?.kind === "error");
      if (source.dialect !== from && !hasFailed)
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

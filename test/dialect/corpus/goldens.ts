/** Our translation of each golden against the recorded one, field by field. */
import { translateRequest } from "../../../src/dialect/translate.ts";
import type { Dialect } from "../../../src/dialect/dialect.ts";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { Surface } from "../../../src/exchange.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import { quirksOf } from "../../../src/provider/quirks-of.ts";
import { PROVIDERS } from "../../../src/provider/registry.gen.ts";
import { answerContextOf, GENERATE_PATHS, NO_QUIRKS, requestContextOf } from "./apis.ts";
import { thrown } from "./check-answer.ts";
import { readAll, writeAll } from "./check-stream.ts";
import { subjectOf } from "./dialects.ts";
import { encodeEvents } from "./encode-events.ts";
import { normaliseAnswer } from "./golden-answer.ts";
import { flatten, normaliseGolden } from "./golden-normal.ts";
import { meaninglessBecause, reasonFor } from "./golden-reasons.ts";
import type { Golden } from "./read-goldens.ts";

export type GoldenResult = {
  readonly golden: Golden;
  equal: number;
  /** The recorded fields, and those of ours that nothing justifies. */
  total: number;
  /** Fields that mean nothing, and are not counted. */
  readonly ignored: string[];
  /** Fields that differ with a reason that makes ours right, or as right. */
  readonly justified: string[];
  readonly misses: string[];
};

/** The model that the other translator wrote to: what is known of it shapes the request. */
function modelOf(expected: JsonObject): string {
  const { model, modelId } = expected;
  return typeof model === "string" ? model : typeof modelId === "string" ? modelId : "m";
}

/** Whose API each dialect is first of all. */
const OWNERS: Readonly<Partial<Record<DialectId, string>>> = {
  "openai-chat": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  gemini: "gemini",
  "bedrock-converse": "bedrock",
};

/** The provider's own surface, as far as it shapes a request. */
function surfaceOf(dialect: DialectId): Surface {
  const surfaces = PROVIDERS.get(OWNERS[dialect] ?? "")?.surfaces ?? [];
  const own = surfaces.find((surface) => surface.dialect === dialect)?.quirks ?? {};
  return { dialect, models: null, paths: null, body: {}, query: "", headers: [], quirks: { ...NO_QUIRKS, ...own } };
}

export function checkGolden(golden: Golden): GoldenResult {
  const result: GoldenResult = { golden, equal: 0, total: 0, ignored: [], justified: [], misses: [] };
  const { dialect: from } = subjectOf(golden.from);
  const { dialect: to, oracle } = subjectOf(golden.to);
  try {
    switch (golden.kind) {
      case "request": {
        const { body } = translate(golden.input, from, to, modelOf(golden.expected), true);
        compare(result, normaliseGolden(golden.expected, to.id), normaliseGolden(body, to.id));
        break;
      }
      case "response": {
        const context = answerContextOf({ dialect: to, path: GENERATE_PATHS[to.id]("m", false), from: from.id });
        const written = to.generate.writeAnswer(from.generate.readAnswer(golden.input), context);
        const got = JSON.parse(JSON.stringify(written)) as JsonObject;
        compare(result, normaliseAnswer(golden.expected, oracle), normaliseAnswer(got, oracle));
        break;
      }
      case "stream": {
        if (golden.input.some((event) => event["type"] === "message")) {
          result.ignored.push("the whole: a whole answer where a stream belongs");
          break;
        }
        const events = readAll(from, [encodeEvents(golden.input, from.id)]);
        const context = answerContextOf({ dialect: to, path: GENERATE_PATHS[to.id]("m", true), from: from.id });
        const written = oracle.fold(oracle.readFrames(writeAll(to, context, events)));
        const expected = oracle.fold(golden.expected);
        compare(result, normaliseAnswer(expected ?? {}, oracle), normaliseAnswer(written ?? {}, oracle));
        break;
      }
      case "unsupported":
        checkUnsupported(result, golden, from, to);
        break;
      default:
        golden satisfies never;
    }
  } catch (error) {
    result.total += 1;
    result.misses.push(thrown(error).reason);
  }
  return result;
}

function translate(
  body: JsonObject,
  from: Dialect,
  to: Dialect,
  model: string,
  dropParams: boolean,
): { readonly body: JsonObject; readonly dropped: readonly string[] } {
  const isStream = body["stream"] === true;
  const path = GENERATE_PATHS[from.id]("m", isStream);
  const translated = translateRequest({
    from,
    to,
    operation: "generate",
    body,
    context: requestContextOf(from, path, body),
    model,
    quirks: quirksOf(surfaceOf(to.id), model),
    dropParams,
    requestId: "req_0123456789abcdef",
    createdAt: 1_750_000_000,
  });
  return { body: JSON.parse(JSON.stringify(translated.body)) as JsonObject, dropped: translated.dropped };
}

function compare(result: GoldenResult, expected: JsonObject, got: JsonObject): void {
  const { golden } = result;
  const wanted = flatten(expected);
  const came = flatten(got);
  for (const path of new Set([...wanted.keys(), ...came.keys()])) {
    const difference = { golden, path, expected: wanted.get(path), got: came.get(path) };
    const place = path.replaceAll(/\[\d+\]/g, "[]");
    if (difference.expected === difference.got) {
      result.total += 1;
      result.equal += 1;
      continue;
    }
    const meaningless = meaninglessBecause(difference);
    if (meaningless !== null) {
      result.ignored.push(`${place}: ${meaningless}`);
      continue;
    }
    const reason = reasonFor(difference);
    // What only ours says, and rightly, is none of the recorded fields.
    if (reason === null || difference.expected !== undefined) result.total += 1;
    if (reason === null) result.misses.push(`${place}: ${show(difference.expected)} → ${show(difference.got)}`);
    else result.justified.push(`${place}: ${reason}`);
  }
}

/** Refused with a name, or dropped with a name; anything else needs a reason why we can. */
function checkUnsupported(
  result: GoldenResult,
  golden: Extract<Golden, { kind: "unsupported" }>,
  from: Dialect,
  to: Dialect,
): void {
  result.total += 1;
  const model = "m";
  let refusal: string | null = null;
  try {
    const { dropped } = translate(golden.input, from, to, model, false);
    if (dropped.length > 0) refusal = `left out: ${dropped.join(", ")}`;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== "invalid_request") throw error;
    refusal = error.message;
  }
  if (refusal !== null) {
    result.equal += 1;
    return;
  }
  const reason = reasonFor({ golden, path: "", expected: undefined, got: undefined });
  if (reason === null) result.misses.push(`translated, though: ${golden.why}`);
  else result.justified.push(reason);
}

function show(value: Json | undefined): string {
  const json = value === undefined ? "–" : JSON.stringify(value);
  return json.length <= 70 ? json : `${json.slice(0, 67)}…`;
}

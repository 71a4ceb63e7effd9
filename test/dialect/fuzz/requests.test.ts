/**
 * Hostile callers: whatever JSON object is sent to whatever endpoint, it is carried to a provider of any dialect, or refused with a
 * 4xx that names the field. `FUZZ_SEED` replays a run, `FUZZ_COUNT` sets the inputs over all endpoints (100,000 at night).
 */
import { describe, expect, test } from "bun:test";
import type { Dialect, Endpoint } from "../../../src/dialect/dialect.ts";
import { fillModel } from "../../../src/dialect/recognise.ts";
import { readJsonRequest } from "../../../src/dialect/json-request.ts";
import { parseBody, translateRequest, type TranslationInput } from "../../../src/dialect/translate.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { Quirks } from "../../../src/exchange.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { MODEL_FAMILIES } from "../../../src/provider/model-families.ts";
import { PROVIDERS } from "../../../src/provider/registry.gen.ts";
import { Random, fuzzSeed } from "../../instruments/random.ts";
import { NO_QUIRKS } from "../corpus/apis.ts";
import { Findings, findNoJson, findPollution, judgeRefusal, mostCharsOf } from "./judge.ts";
import { mutate, writeJson } from "./mutate.ts";
import { DIALECT_LIST, materialOf, TRANSLATED_ENDPOINTS } from "./seeds.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 2_500);
const PER_ENDPOINT = Math.ceil(COUNT / TRANSLATED_ENDPOINTS.length);
/** No request of a few kilobytes takes that long unless something in it grows with the square of its length, or worse. */
const HANG_MS = 5_000;

/** What providers and models do differently, each as it is and as its neighbours are. */
const QUIRKS: readonly Quirks[] = [
  NO_QUIRKS,
  ...MODEL_FAMILIES.map(({ quirks }) => ({ ...NO_QUIRKS, ...quirks })),
  ...[...PROVIDERS.values()].flatMap(({ surfaces }) =>
    surfaces.flatMap(({ quirks }) => (quirks === undefined ? [] : [{ ...NO_QUIRKS, ...quirks }])),
  ),
];
const MODELS = [
  "m",
  "claude-sonnet-4-5",
  "gpt-5",
  "gemini-2.5-flash",
  "gemini-3-pro",
  "amazon.nova-pro-v1:0",
  "cohere.embed-english-v3",
  "\ud800",
  "../x",
  "",
];

type Input = { readonly number: number; readonly text: string; readonly random: Random };

function drawInput(endpoint: Endpoint, requests: readonly JsonObject[], number: number): Input {
  // Every input has a generator of its own: it can be drawn again without those before it.
  const random = new Random(SEED * 31 + number);
  return { number, text: writeJson(mutate(random.pick(requests), random, materialOf(endpoint.dialect))), random };
}

/** A body as the gateway reads it before a dialect sees it; null where it is refused there. */
function readBody(text: string, endpoint: Endpoint): { readonly body: JsonObject; readonly model: string } | null {
  const bytes = Buffer.from(text);
  try {
    const { model } = readJsonRequest(bytes, endpoint.defaultModel, endpoint.modelPlace === "path" ? "m" : null);
    return { body: parseBody(bytes), model };
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400) return null; // no object, too deep, no model: never gets further
    throw error;
  }
}

function carry(input: TranslationInput, to: Dialect, text: string): void {
  const isHuge = text.includes("1e400");
  const inputChars = text.length;
  const { body, answer, dropped } = translateRequest({ ...input, to });
  // Numbers beyond a double's range are Infinity to JSON.parse, and null when they are written again.
  const found = findNoJson(isHuge ? JSON.parse(JSON.stringify(body)) : body);
  if (found !== null) throw new Error(`writes what is no JSON: ${found}`);
  if (dropped.some((name) => !/^[\x21-\x7e]{1,64}$/.test(name))) throw new Error(`drops ${JSON.stringify(dropped)}`);
  const written = JSON.stringify(body);
  JSON.parse(written);
  if (written.length > mostCharsOf(inputChars)) throw new Error(`writes ${written.length} characters of ${inputChars}`);
  fillModel(to.endpoints.find(({ operation }) => operation === input.operation)?.upstreamPath ?? "", input.model);
  if (input.operation === "generate") answer.openStream();
}

describe(`hostile requests (FUZZ_SEED=${SEED}, ${PER_ENDPOINT} of each endpoint)`, () => {
  for (const { endpoint, requests } of TRANSLATED_ENDPOINTS) {
    test(`to ${endpoint.name} are carried or refused by name`, () => {
      const findings = new Findings();
      const from = DIALECT_LIST.find(({ id }) => id === endpoint.dialect) as Dialect;
      let carried = 0;
      let tried = 0;
      for (let number = 0; number < PER_ENDPOINT; number += 1) {
        const { text, random } = drawInput(endpoint, requests, number);
        const named = `FUZZ_SEED=${SEED}, ${endpoint.name} ${number}: ${text}`;
        const read = readBody(text, endpoint);
        if (read === null) continue;
        const said =
          typeof read.body["stream"] === "boolean" ? read.body["stream"] : endpoint.streamsByDefault === true;
        const started = performance.now();
        for (const to of DIALECT_LIST) {
          if (!canCarry(endpoint, to)) continue;
          tried += 1;
          const query = random.pick(["", "alt=sse", "key=x&alt=__proto__"]);
          try {
            carry(
              {
                from,
                to,
                operation: endpoint.operation as NonNullable<Endpoint["operation"]>,
                body: read.body,
                context: {
                  endpoint,
                  model: read.model,
                  isStream: endpoint.isStreamPath ?? said,
                  query: new URLSearchParams(query),
                  userAgent: null,
                },
                model: random.pick(MODELS),
                quirks: random.pick(QUIRKS),
                dropParams: random.chance(0.7),
                requestId: "req_0123456789abcdef",
                createdAt: 1_750_000_000,
              },
              to,
              text,
            );
            carried += 1;
          } catch (thrown) {
            const wrong = judgeRefusal(thrown);
            if (wrong !== null) findings.add(`to ${to.id}: ${wrong}`, named);
          }
          const polluted = findPollution();
          if (polluted !== null) findings.add(polluted, named);
        }
        if (performance.now() - started > HANG_MS) findings.add("hangs", named);
      }
      expect(findings.list).toEqual([]);
      // A generator whose requests are all refused would prove nothing.
      expect(carried).toBeGreaterThan(tried / 20);
    }, 3_600_000);
  }
});

function canCarry({ operation }: Endpoint, to: Dialect): boolean {
  switch (operation) {
    case "generate":
      return true;
    case "embed":
      return to.embed !== null;
    case "rerank":
      return to.rerank !== null;
    case "count-tokens":
      return to.countTokens !== null;
    case null:
      return false;
    default:
      return operation satisfies never;
  }
}

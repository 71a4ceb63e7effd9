/** Everything that becomes of one hostile request. */
import type { Dialect, Endpoint } from "../../../src/dialect/dialect.ts";
import { readJsonRequest } from "../../../src/dialect/json-request.ts";
import { fillModel } from "../../../src/dialect/recognise.ts";
import {
  parseBody,
  type StreamTranslation,
  translateRequest,
  type TranslationInput,
} from "../../../src/dialect/translate.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { Quirks } from "../../../src/exchange.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { MODEL_FAMILIES } from "../../../src/provider/model-families.ts";
import { PROVIDERS } from "../../../src/provider/registry.gen.ts";
import type { Random } from "../../instruments/random.ts";
import { NO_QUIRKS } from "../corpus/apis.ts";
import { findNoJson, findPollution, HANG_MS, judgeRefusal, mostCharsOf } from "./judge.ts";
import { DIALECT_LIST } from "./seeds.ts";
import { judgeWritten } from "./wire.ts";

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

/** Clients that are answered in a way of their own, and others. */
const USER_AGENTS = [null, "mistral-client-typescript/1.0", "groq-typescript/1.0", "\ud800"];

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
  if (input.operation === "generate") judgeRepeated(answer.openStream(), input.from);
}

/** Streams of some dialects repeat the request's settings: whatever these were, it is a stream. */
function judgeRepeated(stream: StreamTranslation, from: Dialect): void {
  if (from.repeatsRequest !== true) return;
  stream.sink({ kind: "message-start", id: null, model: null, createdAt: null, serviceTier: null, extra: null });
  stream.sink({ kind: "message-end", extra: null });
  const [wrong] = judgeWritten(from.id, Buffer.from((stream.take() ?? "") as string), true, stream.contentType);
  if (wrong !== undefined) throw new Error(wrong);
}

/** Carries it to a provider of every dialect; counts how often that was tried, and how often it was carried and not refused. */
export function checkHostileRequest(
  endpoint: Endpoint,
  text: string,
  random: Random,
  report: (reason: string) => void,
): { readonly tried: number; readonly carried: number } {
  const from = DIALECT_LIST.find(({ id }) => id === endpoint.dialect) as Dialect;
  const read = readBody(text, endpoint);
  let tried = 0;
  let carried = 0;
  if (read === null) return { tried, carried };
  const { stream } = read.body;
  const isStream = endpoint.isStreamPath ?? (typeof stream === "boolean" ? stream : endpoint.streamsByDefault === true);
  const started = performance.now();
  for (const to of DIALECT_LIST) {
    if (!canCarry(endpoint, to)) continue;
    tried += 1;
    const query = new URLSearchParams(random.pick(["", "alt=sse", "key=x&alt=__proto__"]));
    const model = random.pick(MODELS);
    const input: TranslationInput = {
      from,
      to,
      operation: endpoint.operation as NonNullable<Endpoint["operation"]>,
      body: read.body,
      context: {
        endpoint,
        model: endpoint.modelPlace === "path" ? model : read.model,
        isStream,
        query,
        userAgent: random.pick(USER_AGENTS),
      },
      model,
      quirks: random.pick(QUIRKS),
      dropParams: random.chance(0.7),
      requestId: "req_0123456789abcdef",
      createdAt: 1_750_000_000,
    };
    try {
      carry(input, to, text);
      carried += 1;
    } catch (thrown) {
      const wrong = judgeRefusal(thrown);
      if (wrong !== null) report(`to ${to.id}: ${wrong}`);
    }
    const polluted = findPollution();
    if (polluted !== null) report(polluted);
  }
  if (performance.now() - started > HANG_MS) report("hangs");
  return { tried, carried };
}

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

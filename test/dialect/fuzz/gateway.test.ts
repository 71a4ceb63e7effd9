/**
 * Hostile providers, end to end: a provider of each dialect answers with mutated answers, streams and errors, cut or not, and callers
 * of each dialect get a whole HTTP answer or a broken connection, never an error of ours. `FUZZ_SEED` replays a run, `FUZZ_COUNT`
 * sets the exchanges over all pairs (100,000 at night).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Dialect } from "../../../src/dialect/dialect.ts";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import { GatewayError } from "../../../src/errors.ts";
import { parseObject } from "../../../src/lib/json.ts";
import { bodyAnswer, chunkedAnswer } from "../../instruments/answers.ts";
import { startTestGateway, type InProcessGateway } from "../../instruments/gateway.ts";
import { writeDefaults } from "../../instruments/one-attempt.ts";
import { auditPermits } from "../../instruments/permit-audit.ts";
import { fuzzSeed, Random } from "../../instruments/random.ts";
import { RawClient, writePost } from "../../instruments/raw-client.ts";
import type { UpstreamRequest } from "../../instruments/script-player.ts";
import type { Script, Step } from "../../instruments/script.ts";
import { until } from "../../instruments/until.ts";
import { startUpstream, type Upstream } from "../../instruments/upstream.ts";
import { Findings } from "./judge.ts";
import { mutate, writeJson } from "./mutate.ts";
import { DIALECT_LIST, materialOf, seedsOf } from "./seeds.ts";
import { cutRandomly, encodeHostile, judgeWritten, mutateEvents } from "./wire.ts";

const SEED = fuzzSeed();
const COUNT = Number(process.env["FUZZ_COUNT"] ?? 420);
const PAIRS = DIALECT_LIST.length * (DIALECT_LIST.length - 1);
const PER_PAIR = Math.ceil(COUNT / PAIRS);
/** Exchanges of one pair at once. */
const BATCH = 10;

let gateway: InProcessGateway;
let upstream: Upstream;
/** What is answered, by the number that the model's name ends with. */
const scripts = new Map<string, Script>();
beforeAll(async () => {
  const respond = ({ message }: UpstreamRequest): Script => {
    const number = /m-(\d+)/.exec(`${message.target} ${message.text}`)?.[1] ?? "";
    return scripts.get(number) ?? [{ kind: "rst" }];
  };
  upstream = startUpstream({ respond, isForgetful: true });
  const provider = (dialect: DialectId) => ({
    provider: "openai-compatible",
    base_url: upstream.origin,
    api_key: "sk-provider-example",
    dialect,
  });
  const providers = Object.fromEntries(DIALECT_LIST.map(({ id }) => [`fake-${id}`, provider(id)]));
  gateway = await startTestGateway({
    config: `providers: ${JSON.stringify(providers)}\n${writeDefaults()}drain: { timeout: 1s }\n`,
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

const SAID = "Hi";

/** The least that a caller of each dialect says, and where. */
function ask(dialect: DialectId, model: string, stream: boolean): Buffer {
  const messages = [{ role: "user", content: SAID }];
  switch (dialect) {
    case "openai-chat":
      return writePost("/v1/chat/completions", JSON.stringify({ model, messages, stream }));
    case "openai-responses":
      return writePost("/v1/responses", JSON.stringify({ model, input: SAID, stream }));
    case "anthropic-messages":
      return writePost("/v1/messages", JSON.stringify({ model, max_tokens: 9, messages, stream }));
    case "gemini": {
      const method = stream ? "streamGenerateContent?alt=sse" : "generateContent";
      return writePost(
        `/v1beta/models/${encodeURIComponent(model)}:${method}`,
        JSON.stringify({ contents: [{ role: "user", parts: [{ text: SAID }] }] }),
      );
    }
    case "bedrock-converse":
      return writePost(
        `/model/${encodeURIComponent(model)}/${stream ? "converse-stream" : "converse"}`,
        JSON.stringify({ messages: [{ role: "user", content: [{ text: SAID }] }] }),
      );
    case "cohere":
      return writePost("/v2/chat", JSON.stringify({ model, messages, stream }));
    case "ollama":
      return writePost("/api/chat", JSON.stringify({ model, messages, stream }));
    default:
      return dialect satisfies never;
  }
}

const STREAM_TYPES: Readonly<Record<DialectId, string>> = {
  "openai-chat": "text/event-stream",
  "openai-responses": "text/event-stream; charset=utf-8",
  "anthropic-messages": "text/event-stream",
  gemini: "text/event-stream",
  "bedrock-converse": "application/vnd.amazon.eventstream",
  cohere: "text/event-stream",
  ollama: "application/x-ndjson",
};

type Drawn = { readonly script: Script; readonly body: Buffer; readonly isStream: boolean };

/** What the provider answers: mostly what was asked for, sometimes the other thing, sometimes an error; sometimes cut. */
function drawAnswer(provider: DialectId, asksForStream: boolean, random: Random): Drawn {
  const { answers, streams, errors } = seedsOf(provider);
  const material = materialOf(provider);
  const isStream = random.chance(0.9) ? asksForStream : !asksForStream;
  const isError = random.chance(0.15);
  const status = isError ? random.pick([400, 401, 404, 413, 429, 500, 502, 503, 529]) : 200;
  const body =
    isError || !isStream
      ? Buffer.from(writeJson(mutate(random.pick(isError ? errors : answers), random, material)))
      : encodeHostile(mutateEvents(random.pick(streams), streams, random, material), provider, random);
  const type = isError || !isStream ? "application/json" : STREAM_TYPES[provider];
  if (random.chance(0.3)) return { script: bodyAnswer(body, type, { status }), body, isStream };
  const ending: readonly Step[] = random.pick([
    [{ kind: "last-chunk" }],
    [{ kind: "last-chunk" }],
    [{ kind: "last-chunk" }],
    [{ kind: "fin" }],
    [{ kind: "rst" }],
  ]);
  const pieces = cutRandomly(body, random);
  // Thousands of writes of three bytes tell nothing more than dozens.
  const few = pieces.length > 200 ? [body] : pieces;
  return { script: chunkedAnswer(few, type, { status, ending }), body, isStream };
}

/** Whether the provider's own end is among its bytes, whatever becomes of the connection behind it. */
function tellsEnd(provider: Dialect, body: Buffer): boolean {
  let hasEnd = false;
  try {
    provider.generate.openReader().push(body, ({ kind }) => {
      if (kind === "message-end") hasEnd = true;
    });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error; // what can be read no further has no end
  }
  return hasEnd;
}

/** What is wrong with what the caller got; nothing where all is. */
async function judgeExchange(caller: Dialect, model: string, stream: boolean, hasEnd: boolean): Promise<string[]> {
  const client = await RawClient.connect({ kind: "tcp", port: gateway.httpPort });
  try {
    await client.send(ask(caller.id, model, stream));
    await until(`an answer or an end; ${client.describe()}`, () => client.answers.length > 0 || client.end !== "open");
    const [message] = client.messages;
    if (message === undefined) return ["the connection ended without an answer"];
    const body = Buffer.concat(message.bodyParts);
    const type = message.all("content-type")[0] ?? "";
    if (message.status >= 400) {
      if (!message.isComplete) return [`an error answer of status ${message.status} that is cut`];
      if (message.status === 500 && message.text.includes("unexpected error")) return ["an internal error"];
      return parseObject(message.text) === null ? ["an error answer that is no JSON"] : [];
    }
    if (message.status !== 200) return [`status ${message.status}`];
    if (type.startsWith("application/json") && !stream) {
      if (!message.isComplete) return ["a whole answer that is cut"];
      return parseObject(message.text) === null ? ["an answer that is no JSON"] : [];
    }
    if (message.isComplete && client.syntaxError !== null) return [`broken HTTP: ${client.syntaxError.message}`];
    // A stream that broke must not look as if it had ended; a complete one may end with the provider's own error.
    return message.isComplete || hasEnd ? [] : judgeWritten(caller.id, body, false, type);
  } finally {
    client.close();
  }
}

describe(`hostile providers behind the gateway (FUZZ_SEED=${SEED}, ${PER_PAIR} exchanges of each pair)`, () => {
  for (const provider of DIALECT_LIST) {
    test(`of ${provider.id} are no trouble for callers of any other dialect`, async () => {
      const findings = new Findings();
      let good = 0;
      const exchange = async (caller: Dialect, number: number): Promise<void> => {
        const random = new Random((SEED * 31 + number) ^ (DIALECT_LIST.indexOf(caller) << 20));
        const stream = random.chance(0.6);
        const drawn = drawAnswer(provider.id, stream, random);
        const key = String(scripts.size);
        scripts.set(key, drawn.script);
        const hasEnd = tellsEnd(provider, drawn.body);
        for (const wrong of await judgeExchange(caller, `fake-${provider.id}/m-${key}`, stream, hasEnd)) {
          const asked = `${provider.id} to ${caller.id} ${number}, ${stream ? "stream" : "whole"}`;
          findings.add(`to ${caller.id}: ${wrong}`, `FUZZ_SEED=${SEED}, ${asked}: ${drawn.body.toString("latin1")}`);
          return;
        }
        good += 1;
      };
      const callers = DIALECT_LIST.filter((caller) => caller !== provider);
      for (let from = 0; from < PER_PAIR; from += BATCH) {
        const numbers = Array.from({ length: Math.min(BATCH, PER_PAIR - from) }, (_, offset) => from + offset);
        await Promise.all(callers.flatMap((caller) => numbers.map((number) => exchange(caller, number))));
      }
      for (const line of gateway.logs)
        if (line.includes('"internal')) findings.add("an internal error in the log", line);
      expect(findings.list).toEqual([]);
      expect(good).toBe(callers.length * PER_PAIR);
      scripts.clear();
      await auditPermits(gateway, [upstream]);
      await until("no permit to be held", () => gateway.sidecar.ledger.held === 0);
      expect(gateway.sidecar.ledger.doubleSettled).toBe(0);
    }, 3_600_000);
  }
});

/**
 * Every recorded answer of OpenAI's APIs, relayed in six chunkings: what the caller gets is byte for byte what the
 * provider sent, or, where the recording itself stops before its end, that and a visible break.
 * `FUZZ_SEED` replays the random chunking.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { writeDefaults } from "../instruments/one-attempt.ts";
import { auditPermits } from "../instruments/permit-audit.ts";
import { Random, seedFromEnvironment } from "../instruments/random.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import { CHUNKINGS, openRecording, rechunk, type Chunking, type RecordedExchange } from "../instruments/recorded.ts";
import type { Script, Step } from "../instruments/script.ts";
import { startGateway } from "../instruments/start-gateway.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until } from "../instruments/until.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";

const SEED = seedFromEnvironment("FUZZ_SEED");
/** Chunks are written together up to this size: what is tested is framing, and a write per byte would take hours. */
const WRITE_BYTES = 16 * 1024;
/** Exchanges at once; more would only measure the machine. */
const LANES = 8;
/** A chunk's size, and two line ends. */
const MAX_FRAMING_BYTES = 12;
/** Only what hangs waits so long: a slow machine must not look like a broken relay. */
const EXCHANGE_DEADLINE_MS = 120_000;

const ENDPOINTS = {
  "openai-chat": "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  "openai-embeddings": "/v1/embeddings",
} as const;

let gateway: TestGateway;
let upstream: Upstream;
/** The script of each exchange under way, by the number its request carries. */
const scripts = new Map<string, Script>();

beforeAll(async () => {
  upstream = startUpstream({
    isForgetful: true,
    respond: ({ message }) => {
      const script = scripts.get(message.header("x-replay") ?? "");
      if (script === undefined) throw new Error("expected a request that names its recording");
      return script;
    },
  });
  gateway = await startGateway({
    config: [
      "providers:",
      `  local: { provider: openai-compatible, dialects: [openai-chat, openai-responses], base_url: "http://127.0.0.1:${upstream.port}/v1" }`,
      "models:",
      "  m: { deployments: [ { provider: local, model: m } ] }",
      "log: { level: error }",
      writeDefaults(),
      "",
    ].join("\n"),
  });
});

afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

describe(`recorded answers (FUZZ_SEED=${SEED})`, () => {
  for (const [api, endpoint] of Object.entries(ENDPOINTS)) {
    const recording = openRecording(api);
    if (recording.kind === "absent") {
      test.skip(`${api}: ${recording.reason}`, () => {});
      continue;
    }
    for (const how of CHUNKINGS) {
      test(`${api} in chunks: ${how}`, async () => {
        let relayed = 0;
        let broken = 0;
        const findings: string[] = [];
        const running = new Set<Promise<void>>();
        let number = 0;
        for await (const exchange of recording.read()) {
          if (!isReplayable(exchange)) continue;
          number += 1;
          const id = `${api}-${how}-${number}`;
          const lane = relayOne(exchange, endpoint, how, id)
            .then((outcome) => {
              if (outcome === "whole") relayed += 1;
              else broken += 1;
            })
            .catch((error: unknown) => {
              findings.push(`${exchange.id}: ${error instanceof Error ? error.message : String(error)}`);
            })
            .finally(() => {
              scripts.delete(id);
              running.delete(lane);
            });
          running.add(lane);
          if (running.size >= LANES) await Promise.race(running);
        }
        await Promise.all(running);
        expect(findings.slice(0, 5)).toEqual([]);
        expect(relayed).toBeGreaterThan(10);
        // Recordings that stop early are few; were it many, the relay would break good ones.
        expect(broken / (relayed + broken)).toBeLessThan(0.01);
        await auditPermits(gateway, [upstream]);
      }, 600_000);
    }
  }
});

/** Answers without a body of their own, and redirects (which the gateway refuses), have nothing to compare. */
function isReplayable(exchange: RecordedExchange): boolean {
  const { status, chunks } = exchange.response;
  return status >= 200 && status !== 204 && (status < 300 || status >= 400) && Buffer.concat(chunks).length > 0;
}

async function relayOne(
  exchange: RecordedExchange,
  endpoint: string,
  how: Chunking,
  id: string,
): Promise<"whole" | "broken"> {
  const body = Buffer.concat(exchange.response.chunks);
  scripts.set(id, writeScript(exchange, how, new Random(SEED ^ body.length)));
  const client = await RawClient.connect({ kind: "unix", path: gateway.socketPath });
  try {
    const question = exchange.isStream
      ? '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'
      : '{"model":"m"}';
    await client.send(writePost(endpoint, question, { headers: [["x-replay", id]] }));
    await until(
      "an answer or an end",
      () => client.messages[0]?.isComplete === true || client.end !== "open",
      EXCHANGE_DEADLINE_MS,
    );
    const [answer] = client.messages;
    if (answer === undefined) throw new Error(`expected an answer; ${client.describe()}`);
    return checkAnswer(exchange, body, answer);
  } finally {
    client.close();
  }
}

/** What an answer says that is an error in spite of its status; null for any other. */
function messageOfHiddenError(body: Buffer): string | null {
  const text = body.toString();
  if (!/^\s*\{\s*"error":\s*\{/.test(text)) return null;
  return (JSON.parse(text) as { error: { message: string } }).error.message;
}

function checkAnswer(exchange: RecordedExchange, body: Buffer, answer: HttpMessage): "whole" | "broken" {
  const { status } = exchange.response;
  const came = answer.body;
  if (answer.isComplete) {
    const said = status < 300 ? messageOfHiddenError(body) : null;
    if (said !== null) {
      // It says 200 and is an error: told as one, with the provider's words.
      const told = (answer.json() as { error?: { message?: string } }).error?.message;
      if (answer.status >= 400 && told === said.slice(0, 1_000)) return "whole";
      throw new Error(`expected an error that says ${said}, got ${answer.status}: ${came.toString().slice(0, 300)}`);
    }
    const isSame = answer.status === status && Bun.hash(came) === Bun.hash(body);
    if (!isSame) {
      throw new Error(
        `expected ${status} and ${body.length} bytes, got ${answer.status}: ${came.toString().slice(0, 300)}`,
      );
    }
    return "whole";
  }
  const kept = came.subarray(0, body.length);
  if (!exchange.isStream || !kept.equals(body)) {
    throw new Error(`expected at least every byte of the recording before the break, got ${came.length} bytes`);
  }
  const added = came.subarray(body.length).toString();
  if (!/^\n{0,2}(event: \w+\n)?data: \{.*"error".*\}\n\n$/.test(added)) {
    throw new Error(`expected an error event after the break, got ${JSON.stringify(added.slice(0, 300))}`);
  }
  return "broken";
}

/** The recorded headers but those of the connection; the body chunked anew. */
function writeScript(exchange: RecordedExchange, how: Chunking, random: Random): Script {
  const { status, headers, chunks } = exchange.response;
  const kept = Object.entries(headers).filter(
    ([name]) => !/^(content-length|transfer-encoding|connection|keep-alive|content-encoding)$/.test(name),
  );
  const head: Step = { kind: "head", status, headers: [...kept, ["transfer-encoding", "chunked"]] };
  const steps: Step[] = [head];
  // One buffer for all: a body in one-byte chunks is hundreds of thousands of them.
  const pieces = rechunk(chunks, how, random);
  const framed = Buffer.allocUnsafe(pieces.reduce((sum, { length }) => sum + length + MAX_FRAMING_BYTES, 0));
  let from = 0;
  let at = 0;
  const flush = (): void => {
    if (at > from) steps.push({ kind: "bytes", data: framed.subarray(from, at) });
    from = at;
  };
  for (const piece of pieces) {
    at += framed.write(`${piece.length.toString(16)}\r\n`, at, "latin1");
    framed.set(piece, at);
    at += piece.length;
    at += framed.write("\r\n", at, "latin1");
    // Recorded chunks are written one by one, as they came.
    if (how === "original" || at - from >= WRITE_BYTES) flush();
  }
  flush();
  steps.push({ kind: "last-chunk" });
  return steps;
}

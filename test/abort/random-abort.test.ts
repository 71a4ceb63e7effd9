/**
 * Callers that leave at random moments, in every phase: each frees its upstream at once, and in the end nothing is held,
 * no upstream connection is open, and memory is where it was. `FUZZ_SEED` replays a run.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chatCompletion, chatStreamEvents, EVENT_STREAM } from "../instruments/answers.ts";
import { auditPermits, readOps, sumMetric } from "../instruments/permit-audit.ts";
import { Random, seedFromEnvironment } from "../instruments/random.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import type { Script, Step } from "../instruments/script.ts";
import { startGatewayProcess } from "../instruments/start-gateway.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until } from "../instruments/until.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";

const SEED = seedFromEnvironment("FUZZ_SEED");
const EXCHANGES = 2_000;
const LANES = 32;
/** Resident memory after the aborts may exceed that before them by this share. */
const MEMORY_SHARE = 0.05;

let gateway: TestGateway;
let upstream: Upstream;

beforeAll(async () => {
  upstream = startUpstream({ isForgetful: true, respond: ({ message }) => writeAnswer(message.text) });
  gateway = await startGatewayProcess({
    config: [
      "providers:",
      `  local: { provider: openai-compatible, dialects: [openai-chat, openai-responses], base_url: "http://127.0.0.1:${upstream.port}/v1", max_concurrent: 24, queue: { size: 100, timeout: 5s } }`,
      "models:",
      "  m: { deployments: [ { provider: local, model: m } ] }",
      "pool: { max_idle: 0 }",
      "log: { level: error }",
      "",
    ].join("\n"),
  });
});

afterAll(async () => {
  const code = await gateway.stop();
  upstream.stop();
  expect(code).toBe(0);
});

/** Streams that take a while, so that callers find every phase to leave in. */
function writeAnswer(question: string): Script {
  if (!question.includes('"stream":true')) return [{ kind: "pause", ms: 3 }, ...chatCompletion()];
  const events = chatStreamEvents({ chunks: Array.from({ length: 20 }, (_, index) => `word ${index} `) });
  return [
    { kind: "pause", ms: 2 },
    {
      kind: "head",
      status: 200,
      headers: [
        ["content-type", EVENT_STREAM],
        ["transfer-encoding", "chunked"],
      ],
    },
    ...events.flatMap((data): Step[] => [
      { kind: "pause", ms: 1 },
      { kind: "chunk", data },
    ]),
    { kind: "last-chunk" },
  ];
}

/** One caller that may leave before it has sent all, before the answer, or inside it. */
async function callAndLeave(random: Random): Promise<void> {
  const client = await RawClient.connect(
    random.chance(0.5) ? { kind: "tcp", port: gateway.httpPort } : { kind: "unix", path: gateway.socketPath },
  );
  const body = JSON.stringify({ model: "m", stream: random.chance(0.8), padding: "x".repeat(random.below(3_000)) });
  const request = writePost("/v1/chat/completions", body);
  const leave = random.pick(["mid-request", "after-ms", "after-bytes", "never"] as const);
  switch (leave) {
    case "mid-request":
      await client.send(request.subarray(0, random.below(request.length)));
      break;
    case "after-ms":
      await client.send(request);
      // The moment itself is what is random here.
      await Bun.sleep(random.below(30));
      break;
    case "after-bytes": {
      await client.send(request);
      const bytes = 1 + random.below(4_000);
      await until(
        "bytes or an end",
        () => client.received.length >= bytes || client.answers.length > 0 || client.end !== "open",
      );
      break;
    }
    case "never":
      await client.send(request);
      await until("an answer", () => client.answers.length > 0 || client.end !== "open");
      expect(client.answers[0]?.status, client.describe()).toBe(200);
      break;
    default:
      leave satisfies never;
  }
  if (random.chance(0.5)) client.abort();
  else client.close();
}

async function runAborts(count: number, random: Random): Promise<void> {
  let left = count;
  const lane = async (own: Random): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await callAndLeave(own.fork());
    }
  };
  await Promise.all(Array.from({ length: LANES }, () => lane(random.fork())));
}

async function settle(): Promise<void> {
  await auditPermits(gateway, [upstream], { noIdleConnections: true });
  await until("no caller's connection", async () => {
    const status = JSON.parse(await readOps(gateway, "/status")) as {
      connections: { caller: number; upstream: number };
    };
    return status.connections.caller === 0 && status.connections.upstream === 0;
  });
}

describe(`callers that leave at random (FUZZ_SEED=${SEED})`, () => {
  test(`${EXCHANGES} of them leave no permit, no connection and no memory behind`, async () => {
    const random = new Random(SEED);
    // The first round brings code and buffers to where they stay; the second is measured against it.
    await runAborts(EXCHANGES, random);
    await settle();
    const before = gateway.residentBytes();
    const requestsBefore = await sumMetric(gateway, "llm_requests_total");
    await runAborts(EXCHANGES, random);
    await settle();
    await until(
      `resident memory within ${MEMORY_SHARE * 100} % of ${before} bytes, got ${gateway.residentBytes()}`,
      () => gateway.residentBytes() <= before * (1 + MEMORY_SHARE),
    );
    const requests = (await sumMetric(gateway, "llm_requests_total")) - requestsBefore;
    // Whoever left in the middle of the head was no request yet; everyone else left exactly one record.
    expect(requests).toBeGreaterThan(EXCHANGES * 0.7);
    expect(requests).toBeLessThanOrEqual(EXCHANGES);
    const status = JSON.parse(await readOps(gateway, "/status")) as { permits: unknown };
    expect(status.permits).toEqual({ held: 0, double_settled: 0 });
  }, 120_000);
});

/** Active health checks: when they are made, what is asked, and what an answer says of its deployment. */
import { afterEach, describe, expect, test } from "bun:test";
import type { Deployment, ModelGroup, Provider, Surface } from "../../src/exchange.ts";
import {
  composeHealthCheck,
  type HealthCheckRequest,
  HealthChecks,
  type HealthChecksOptions,
  type HealthResult,
  runHealthCheck,
} from "../../src/gateway/health-checks.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { TimerWheel } from "../../src/lib/timer-wheel.ts";
import { NO_LIMITS } from "../../src/policy.ts";
import { ConnectionPools } from "../../src/wire/connection-pool.ts";
import { NO_QUIRKS } from "../dialect/corpus/apis.ts";
import { bodyAnswer, chatCompletion, errorAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import type { Script } from "../instruments/script.ts";
import { until, within } from "../instruments/until.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";

function surface(dialect: string, more: Partial<Surface> = {}): Surface {
  return { dialect, models: null, paths: null, body: {}, query: "", headers: [], quirks: NO_QUIRKS, ...more };
}

function makeProvider(surfaces: readonly Surface[], port = 1, pathPrefix = ""): Provider {
  return {
    name: "fake",
    id: "fake",
    surfaces,
    origin: {
      tls: false,
      host: "127.0.0.1",
      port,
      hostHeader: `127.0.0.1:${port}`,
      pathPrefix,
      unixPath: null,
    },
    headers: [["x-team", "sea"]],
    credentials: [],
    maxConcurrent: null,
    maxInFlightTokens: null,
    queue: null,
    adaptive: null,
    retryBudget: { share: 0.2, minPerSecond: 1 },
    budget: null,
    rateLimitHeaders: [],
    tls: { caPem: null, certPem: null, keyPem: null, serverName: null, verify: true },
    proxy: null,
    poolKey: "fake",
    timeouts: { connectMs: 1_000, firstByteMs: 1_000, idleMs: 1_000, totalMs: 1_000 },
    isEmbedded: false,
  };
}

type Some = {
  readonly id?: string;
  readonly model?: string;
  readonly provider?: Provider;
  readonly healthCheck?: Deployment["healthCheck"];
};

function makeDeployment({
  id = "d",
  model = "m-there",
  provider = makeProvider([surface("openai-chat")]),
  healthCheck = { intervalMs: 10_000, timeoutMs: 1_000 },
}: Some = {}): Deployment {
  return {
    id,
    group: "m",
    provider,
    model,
    timeouts: provider.timeouts,
    weight: null,
    tier: 0,
    limits: NO_LIMITS,
    tags: [],
    price: null,
    contextWindow: null,
    budget: null,
    breaker: { consecutive: 5, failureShare: 0.5, windowMs: 60_000, minimum: 10, openMs: 30_000, slowStartMs: 0 },
    healthCheck,
  };
}

/** The part of a snapshot that is looked at. */
function snapshotOf(deployments: readonly Deployment[]) {
  const group = { name: "m", deployments } as unknown as ModelGroup;
  return { models: new Map([["m", group]]), implicitGroups: new Map<string, ModelGroup>() };
}

class Bench {
  readonly clock = new SimulatedClock();
  readonly checks: { readonly deployment: Deployment; readonly atMs: number; readonly timeoutMs: number }[] = [];
  readonly results: (readonly [id: string, result: HealthResult])[] = [];
  readonly faults: unknown[] = [];
  readonly signals: AbortSignal[] = [];
  readonly health: HealthChecks;
  readonly #answers: ((result: HealthResult) => void)[] = [];

  constructor(random: () => number = () => 0.5, check?: HealthChecksOptions["check"]) {
    this.health = new HealthChecks({
      schedule: this.clock.schedule,
      random,
      check: (deployment, timeoutMs, signal) => {
        this.checks.push({ deployment, atMs: this.clock.nowMs(), timeoutMs });
        this.signals.push(signal);
        return check?.(deployment, timeoutMs, signal) ?? new Promise((resolve) => this.#answers.push(resolve));
      },
      onResult: ({ id }, result) => this.results.push([id, result]),
      onFault: (error) => this.faults.push(error),
    });
  }

  get times(): number[] {
    return this.checks.map(({ atMs }) => atMs);
  }

  /** The check that was made first and has no answer yet gets one. */
  async answer(result: HealthResult): Promise<void> {
    this.#answers.shift()?.(result);
    await settle();
  }
}

/** Lets what a promise woke run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

const HEALTHY = async (): Promise<HealthResult> => "healthy";

describe("when", () => {
  test("the first one somewhere in the interval, the next ones an interval later, each a little off", async () => {
    const draws = [0.25, 0, 0.5, 0.999];
    const bench = new Bench(() => draws.shift() ?? 0.5, HEALTHY);
    bench.health.reconfigure(snapshotOf([makeDeployment()]));
    bench.clock.advance(2_499);
    expect(bench.times).toEqual([]);
    for (let step = 0; step < 400; step++) {
      bench.clock.advance(100);
      await settle();
    }
    // 0.25 of the interval; then 0.8, 1 and 1.2 of it.
    expect(bench.times.slice(0, 4).map(Math.round)).toEqual([2_500, 10_500, 20_500, 32_496]);
    expect(bench.checks[0]?.timeoutMs).toBe(1_000);
    expect(bench.results.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => ["d", "healthy"]));
  });

  test("never two at once: one that takes longer leaves out beats", async () => {
    const bench = new Bench();
    bench.health.reconfigure(snapshotOf([makeDeployment()]));
    bench.clock.advance(5_000);
    bench.clock.advance(35_000);
    await settle();
    expect(bench.times).toEqual([5_000]);
    await bench.answer("unhealthy");
    expect(bench.results).toEqual([["d", "unhealthy"]]);
    bench.clock.advance(5_000);
    expect(bench.times).toEqual([5_000, 45_000]);
  });

  test("only what wants checks, and has a model to ask", () => {
    const bench = new Bench(() => 0.5, HEALTHY);
    bench.health.reconfigure(
      snapshotOf([makeDeployment({ id: "none", healthCheck: null }), makeDeployment({ id: "any", model: "*" })]),
    );
    expect(bench.clock.pending).toBe(0);
  });

  test("a reload keeps the rhythm, takes the new settings, and ends what left", async () => {
    const bench = new Bench(() => 0.5, HEALTHY);
    const stays = makeDeployment({ id: "stays" });
    bench.health.reconfigure(snapshotOf([stays, makeDeployment({ id: "leaves" })]));
    expect(bench.clock.pending).toBe(2);
    bench.clock.advance(4_000);
    const again = makeDeployment({ id: "stays", healthCheck: { intervalMs: 10_000, timeoutMs: 2_000 } });
    bench.health.reconfigure(snapshotOf([again]));
    expect(bench.clock.pending).toBe(1);
    bench.clock.advance(1_000);
    await settle();
    expect(bench.checks.map(({ deployment, atMs, timeoutMs }) => [deployment === again, atMs, timeoutMs])).toEqual([
      [true, 5_000, 2_000],
    ]);
    // Another interval is another rhythm.
    bench.health.reconfigure(
      snapshotOf([makeDeployment({ id: "stays", healthCheck: { intervalMs: 2_000, timeoutMs: 500 } })]),
    );
    expect(bench.clock.pending).toBe(1);
    bench.clock.advance(1_000);
    await settle();
    expect(bench.times).toEqual([5_000, 6_000]);
  });

  test("a check of what has left the config is aborted, and its word not told", async () => {
    const bench = new Bench();
    bench.health.reconfigure(snapshotOf([makeDeployment()]));
    bench.clock.advance(5_000);
    expect(bench.signals.map(({ aborted }) => aborted)).toEqual([false]);
    bench.health.reconfigure(snapshotOf([]));
    expect(bench.signals.map(({ aborted }) => aborted)).toEqual([true]);
    await bench.answer("unhealthy");
    expect(bench.results).toEqual([]);
    expect(bench.clock.pending).toBe(0);
  });

  test("closing ends every timer and every check", async () => {
    const bench = new Bench();
    bench.health.reconfigure(snapshotOf([makeDeployment({ id: "a" }), makeDeployment({ id: "b" })]));
    bench.clock.advance(5_000);
    bench.health.close();
    expect(bench.clock.pending).toBe(0);
    expect(bench.signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await bench.answer("healthy");
    expect(bench.results).toEqual([]);
  });

  test("a mistake of ours says nothing of the deployment, is told, and the next check is made", async () => {
    const mistake = new Error("ours");
    const bench = new Bench(
      () => 0.5,
      async () => {
        throw mistake;
      },
    );
    bench.health.reconfigure(snapshotOf([makeDeployment()]));
    bench.clock.advance(5_000);
    await settle();
    expect(bench.faults).toEqual([mistake]);
    expect(bench.results).toEqual([["d", "unknown"]]);
    bench.clock.advance(10_000);
    expect(bench.times).toEqual([5_000, 15_000]);
  });
});

function asked(surfaces: readonly Surface[], model = "m-there", pathPrefix = "/v1") {
  const request = composeHealthCheck(makeDeployment({ model, provider: makeProvider(surfaces, 1, pathPrefix) }));
  return request === null ? null : { ...request, body: JSON.parse(request.body.toString()) as unknown };
}

describe("what", () => {
  test("one token of a chat, in each provider's own words", () => {
    expect(asked([surface("openai-chat")])).toMatchObject({
      method: "POST",
      path: "/v1/chat/completions",
      body: { model: "m-there", messages: [{ role: "user", content: "ping" }], max_completion_tokens: 1 },
    });
    expect(asked([surface("anthropic-messages")], "m-there", "")).toMatchObject({
      path: "/v1/messages",
      body: { model: "m-there", messages: [{ role: "user" }], max_tokens: 1 },
    });
    expect(asked([surface("gemini")], "gemini-x", "")).toMatchObject({
      path: "/v1beta/models/gemini-x:generateContent",
      body: { contents: [{ role: "user", parts: [{ text: "ping" }] }], generationConfig: { maxOutputTokens: 1 } },
    });
    expect(asked([surface("bedrock-converse")], "a.b:0", "")).toMatchObject({
      body: { messages: [{ role: "user", content: [{ text: "ping" }] }], inferenceConfig: { maxTokens: 1 } },
    });
    expect(asked([surface("ollama")], "llama", "")).toMatchObject({
      path: "/api/chat",
      body: { model: "llama", stream: false, options: { num_predict: 1 } },
    });
    expect(asked([surface("cohere")], "command", "")).toMatchObject({
      path: "/v2/chat",
      body: { model: "command", max_tokens: 1 },
    });
    expect(asked([surface("openai-responses")])).toMatchObject({ path: "/v1/responses", body: { model: "m-there" } });
  });

  test("with what the surface puts into every body, and its query", () => {
    const odd = surface("openai-chat", {
      query: "api-version=1",
      body: { model: null, deployment: "{model}", safe: true },
      paths: { "chat.completions": "/d/{model}/chat" },
    });
    const found = asked([odd]);
    expect(found?.path).toBe("/v1/d/m-there/chat?api-version=1");
    expect(found?.body).toMatchObject({ deployment: "m-there", safe: true });
    expect(found?.body).not.toHaveProperty("model");
  });

  test("one word to embed where nothing is generated", () => {
    expect(asked([surface("openai-chat", { paths: { embeddings: "" } })])).toMatchObject({
      path: "/v1/embeddings",
      body: { model: "m-there", input: "ping" },
    });
  });

  test("nothing of a provider that does neither, and of a wildcard", () => {
    expect(asked([surface("openai-chat", { paths: { "audio.speech": "" } })])).toBeNull();
    expect(asked([surface("openai-chat")], "*")).toBeNull();
    expect(asked([surface("openai-chat")], "llama-*")).toBeNull();
  });
});

describe("what an answer says", () => {
  const upstreams: Upstream[] = [];
  afterEach(() => {
    for (const upstream of upstreams.splice(0)) upstream.stop();
  });

  async function check(script: Script, timeoutMs = 5_000, signal?: AbortSignal) {
    const upstream = startUpstream({ respond: () => script });
    upstreams.push(upstream);
    const provider = makeProvider([surface("openai-chat")], upstream.port, "/v1");
    const deployment = makeDeployment({ provider });
    const wheel = new TimerWheel({ tickMs: 5 });
    const pools = new ConnectionPools({ maxHeadBytes: 16_384, maxHeaders: 100 }, wheel);
    const target = { origin: provider.origin, tls: provider.tls, proxy: null };
    const pool = pools.get("fake", "answer", target, { maxIdle: 2, idleTimeoutMs: 60_000, maxReadBytes: 65_536 });
    const result = await within(
      "a health check to end",
      runHealthCheck({
        deployment,
        request: composeHealthCheck(deployment) as HealthCheckRequest,
        auth: [["authorization", "Bearer sk-example"]],
        requestId: "health_1",
        pool,
        wheel,
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    const { idleConnections, openConnections } = pool;
    pools.retain(new Set(), { maxHeadBytes: 16_384, maxHeaders: 100 });
    await until("the wheel to stand still", () => wheel.size === 0);
    return { result, upstream, idleConnections, openConnections };
  }

  test("the request is a whole one, ours, and the connection is kept", async () => {
    const { result, upstream, idleConnections } = await check(chatCompletion());
    expect(result).toBe("healthy");
    expect(idleConnections).toBe(1);
    const { message } = upstream.lastRequest;
    expect(message.target).toBe("/v1/chat/completions");
    expect(message.text).toContain('"ping"');
    const fields = new Map(message.headers.map(([name, value]) => [name.toLowerCase(), value]));
    expect(fields.get("authorization")).toBe("Bearer sk-example");
    expect(fields.get("content-type")).toBe("application/json");
    expect(fields.get("user-agent")).toBe("llmux-health-check");
    expect(fields.get("x-request-id")).toBe("health_1");
    expect(fields.get("x-team")).toBe("sea");
    expect(upstream.syntaxErrors).toEqual([]);
  });

  for (const [status, expected] of [
    [400, "unknown"],
    [401, "unknown"],
    [402, "unknown"],
    [403, "unknown"],
    [404, "unhealthy"],
    [422, "unknown"],
    [429, "unknown"],
    [500, "unhealthy"],
    [503, "unhealthy"],
    [529, "unhealthy"],
  ] as const) {
    test(`${status}: ${expected}`, async () => {
      expect((await check(errorAnswer(status, { message: "No.", type: "error" }))).result).toBe(expected);
    });
  }

  for (const [what, script] of [
    ["a reset", faults.resetBeforeHeaders()],
    ["a connection that ends", faults.finBeforeHeaders()],
    ["an answer that breaks off", faults.shortContentLength()],
    ["garbage", faults.garbage()],
    ["a redirect", faults.redirectElsewhere()],
  ] as const) {
    test(`${what}: unhealthy`, async () => {
      expect((await check(script)).result).toBe("unhealthy");
    });
  }

  test("silence: unhealthy, once its time is over, and the provider is let go", async () => {
    const { result, upstream } = await check(faults.blackhole(), 60);
    expect(result).toBe("unhealthy");
    await upstream.waitForNoConnections();
  });

  test("an answer that drips on and on: its time is that of the whole answer", async () => {
    const drip: Script = [
      { kind: "head", status: 200, headers: [["transfer-encoding", "chunked"]] },
      ...Array.from(
        { length: 200 },
        () =>
          [
            { kind: "chunk", data: "x" },
            { kind: "pause", ms: 20 },
          ] as const,
      ).flat(),
    ];
    expect((await check(drip, 120)).result).toBe("unhealthy");
  });

  test("an answer that has no end is read so far and no further", async () => {
    const { result, idleConnections, upstream } = await check(bodyAnswer("x".repeat(1_000_000), "text/plain"));
    expect(result).toBe("healthy");
    expect(idleConnections).toBe(0);
    await upstream.waitForNoConnections();
  });

  test("nothing where nobody waits any more, and the provider is let go", async () => {
    const gone = new AbortController();
    setImmediate(() => gone.abort());
    const { result, upstream } = await check(faults.blackhole(), 5_000, gone.signal);
    expect(result).toBe("unknown");
    await upstream.waitForNoConnections();
    const before = new AbortController();
    before.abort();
    const early = await check(chatCompletion(), 5_000, before.signal);
    expect([early.result, early.upstream.requests.length]).toEqual(["unknown", 0]);
  });
});

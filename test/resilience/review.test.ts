/** What a hostile reading of the attempt-driving code found: each test is one defect, and failed when it was written. */
import { describe, expect, test } from "bun:test";
import { Credentials } from "../../src/gateway/credentials.ts";
import { checkDeployment } from "../../src/gateway/check-deployment.ts";
import type { Upstreams } from "../../src/gateway/upstreams.ts";
import type { Deployment, Provider } from "../../src/exchange.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";
import { TimerWheel } from "../../src/lib/timer-wheel.ts";
import { ConnectionPools } from "../../src/wire/connection-pool.ts";
import { NO_QUIRKS } from "../dialect/corpus/apis.ts";
import { findClosedPort, startUpstream } from "../instruments/upstream.ts";
import { chatCompletion, chatStreamEvents, errorAnswer, eventStream, jsonAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, answerWell, CLOSED, SILENT } from "../instruments/fleet.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { writePost } from "../instruments/raw-client.ts";
import type { Script, Step } from "../instruments/script.ts";
import { makeGate, until } from "../instruments/until.ts";
import { IN_ORDER, isWell, NO_BREAKER, QUICK_BACKOFF, RouteStage, type StageOptions } from "./stage.ts";

const COUNT_TOKENS = "/v1/messages/count_tokens";
const broken = (ending: readonly Step[] = [{ kind: "fin" }]): Script =>
  eventStream(chatStreamEvents({ model: "a", chunks: ["One two ", "three "], finish: false, done: false }), { ending });

function routed(model: StageOptions["model"], more: StageOptions = {}): StageOptions {
  return { ...more, model: { ...IN_ORDER, breaker: NO_BREAKER, retry: { backoff: QUICK_BACKOFF }, ...model } };
}

/** The log lines of exchanges. */
function exchangesOf(stage: RouteStage): Record<string, unknown>[] {
  return stage.gateway.logs
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === "exchange");
}

describe("resume", () => {
  test("in a fallback group that does not resume holds nothing when it gives up", async () => {
    const options = routed(
      { resume: "text", retries: 0, fallbacks: ["other"], deployments: [{ provider: "a", model: "m-a" }] },
      { members: ["a", "b"], models: { other: { deployments: [{ provider: "b", model: "m-b" }] } } },
    );
    await RouteStage.with(options, async (stage) => {
      stage.member("a").behave(answers(() => broken()));
      const caller = await stage.ask({ stream: true });
      // Continued or told that it is not: either is an end.
      await until("the answer's end", () => caller.end !== "open" || caller.answers.length > 0);
      await stage.expectNothingHeld();
    });
  }, 30_000);

  test("that waits when the gateway is cut ends at once, as truncated", async () => {
    const options = routed(
      { resume: "text", retries: 5, retry: { max_retry_after: "20s", backoff: { base: "20s", max: "20s" } } },
      {
        members: ["a", "b"],
        provider: { max_concurrent: 1, queue: { size: 5, timeout: "60s" } },
        config: { drain: { timeout: "300ms" } },
      },
    );
    const stage = await RouteStage.open(options);
    try {
      const gate = makeGate();
      stage.member("b").behave(SILENT);
      stage.member("a").behave(answers(() => broken([{ kind: "wait", until: gate.opened }, { kind: "fin" }])));
      const caller = await stage.ask({ stream: true });
      await caller.readUntil("three");
      // b's only place is taken, so that the resumed attempt must wait for it.
      const blocker = await stage.connect();
      const other = { model: "b/x", messages: [{ role: "user", content: "x" }] };
      await blocker.send(writePost("/v1/chat/completions", JSON.stringify(other)));
      await stage.member("b").waitForRequests(1);
      gate.open();
      await until("the resumed attempt to wait", async () => (await stage.readStatus()).providers["b"]?.queued === 1);
      await stage.gateway.stop();
      const line = exchangesOf(stage).find(({ stream }) => stream === true);
      expect(line?.["outcome"]).toBe("truncated");
    } finally {
      // Not the stage's own close: its audit asks a gateway that is gone.
      await stage.gateway.stop();
      stage.fleet.stop();
    }
  });
});

describe("counting tokens with a hedge", () => {
  test("is answered once", async () => {
    const options = routed(
      { hedge: { after: "50ms", max_extra: "100%" } },
      { members: ["a", "b"], providers: { a: { dialect: "anthropic-messages" } } },
    );
    await RouteStage.with(options, async (stage) => {
      const gate = makeGate();
      stage
        .member("a")
        .behave(answers(() => [{ kind: "wait", until: gate.opened }, ...jsonAnswer({ input_tokens: 99 })]));
      const client = await stage.connect();
      const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello there." }] });
      await client.send(writePost(COUNT_TOKENS, body));
      // Long after the hedge: with an answer of its own by then, or without.
      await Bun.sleep(400);
      gate.open();
      await client.readAnswer();
      await stage.member("a").waitUntilLetGo();
      await Bun.sleep(200);
      expect(client.received.toString().split("HTTP/1.1 ").length - 1).toBe(1);
      await stage.expectNothingHeld();
    });
  }, 30_000);
});

describe("a reload that ends adaptive concurrency", () => {
  test("is not undone by a request of the config before", async () => {
    const options = routed(
      { retries: 0 },
      { members: ["a"], providers: { a: { adaptive_concurrency: { min: 1, max: 1 } } } },
    );
    await RouteStage.with(options, async (stage) => {
      const gate = makeGate();
      stage.member("a").behave(answers(() => [{ kind: "wait", until: gate.opened }, ...chatCompletion()]));
      const old = stage.answer();
      await stage.member("a").waitForRequests(1);
      await stage.reload({ providers: {} });
      gate.open();
      expect(isWell(await old)).toBe(true);
      const second = makeGate();
      stage.member("a").behave(answers(() => [{ kind: "wait", until: second.opened }, ...chatCompletion()]));
      const both = [await stage.ask(), await stage.ask()];
      await until(
        "an answer, or both at the provider",
        () => stage.asked[0] === 3 || both.some(({ messages }) => messages.length > 0),
      );
      second.open();
      expect((await Promise.all(both.map((caller) => caller.readAnswer()))).map(({ status }) => status)).toEqual([
        200, 200,
      ]);
    });
  }, 30_000);
});

describe("fault attribution", () => {
  test("a caller that does not read is not the provider's fault when the total time is over", async () => {
    const options: StageOptions = {
      members: ["a"],
      model: { ...IN_ORDER, retries: 0, breaker: { consecutive: 1, open: "30s" } },
      provider: { timeouts: { total: "1500ms", idle: "1s" } },
    };
    await RouteStage.with(options, async (stage) => {
      const events = chatStreamEvents({ chunks: Array.from({ length: 400 }, () => "x".repeat(100_000)) });
      stage
        .member("a")
        .behave(
          answers((request) =>
            request.message.text.includes('"stream":true') ? eventStream(events) : chatCompletion(),
          ),
        );
      const caller = await stage.ask({ stream: true });
      await caller.readUntil("xxx");
      caller.pauseReading();
      await until("the stream to be over", async () => (await stage.readStatus()).providers["a"]?.in_flight === 0);
      expect((await stage.answer()).status).toBe(200);
    });
  }, 30_000);

  test("no attempt is made when the total time went by in the queue", async () => {
    const options: StageOptions = {
      members: ["a"],
      model: { ...IN_ORDER, retries: 0, timeouts: { total: "500ms" }, breaker: { consecutive: 1, open: "30s" } },
      models: { slow: { deployments: [{ provider: "a", model: "slow" }], timeouts: { total: "60s" } } },
      provider: { max_concurrent: 1, queue: { size: 5, timeout: "20s" } },
    };
    await RouteStage.with(options, async (stage) => {
      const gate = makeGate();
      stage
        .member("a")
        .behave(
          answers((request) =>
            request.message.text.includes('"slow"')
              ? [{ kind: "wait", until: gate.opened }, ...chatCompletion()]
              : [{ kind: "pause", ms: 100 }, ...chatCompletion()],
          ),
        );
      const holder = stage.answer({ model: "slow" });
      await stage.member("a").waitForRequests(1);
      const startedMs = performance.now();
      let waitedMs = 0;
      const late = stage.answer().then((answer) => {
        waitedMs = performance.now() - startedMs;
        return answer;
      });
      await Bun.sleep(3_000);
      gate.open();
      await holder;
      const answer = await late;
      expect(answer.status).not.toBe(200);
      expect([stage.asked, waitedMs < 2_500]).toEqual([[1], true]);
      expect((await stage.answer()).status).toBe(200);
    });
  }, 30_000);

  test("an error counts for the provider that made it: the last one's kind, not the first one's", async () => {
    const prepare: StageOptions["prepare"] = (fleet) => fleet.of("b").behave(CLOSED);
    await RouteStage.with(routed({ retries: 1 }, { members: ["a", "b"], prepare }), async (stage) => {
      stage.member("a").behave(answers(faults.serverError));
      expect((await stage.answer()).status).toBe(502);
      await until(
        "the metric",
        async () => (await sumMetric(stage.gateway, "llm_upstream_error_total", { provider: "b" })) === 1,
      );
      expect(
        await sumMetric(stage.gateway, "llm_upstream_error_total", { provider: "b", error_type: "http_5xx" }),
      ).toBe(0);
    });
  });

  test("a race's error counts for the one that made it last", async () => {
    const options = routed({ retries: 0, hedge: { after: "50ms", max_extra: "100%" } }, { members: ["a", "b"] });
    await RouteStage.with(options, async (stage) => {
      const gate = makeGate();
      stage.member("a").behave(answers(() => [{ kind: "wait", until: gate.opened }, { kind: "rst" }]));
      stage.member("b").behave(answers(faults.serverError));
      const asked = stage.answer();
      await stage.member("b").waitForRequests(1);
      await stage.member("b").waitUntilLetGo();
      gate.open();
      expect((await asked).status).toBe(502);
      await until("the line", () => exchangesOf(stage).length > 0);
      expect(exchangesOf(stage)[0]?.["provider"]).toBe("a");
    });
  });

  test("a caller that leaves the second attempt leaves with 499, whatever the first one's status was", async () => {
    await RouteStage.with(routed({ retries: 1 }, { members: ["a", "b"] }), async (stage) => {
      stage.member("a").behave(answers(faults.shortContentLength));
      stage.member("b").behave(SILENT);
      const caller = await stage.ask();
      await stage.member("b").waitForRequests(1);
      caller.abort();
      await until("the line", () => exchangesOf(stage).length > 0);
      const [line] = exchangesOf(stage);
      expect([line?.["outcome"], line?.["status"], line?.["tokens_in"]]).toEqual(["cancelled", 499, null]);
    });
  });

  test("a spent account that is told by a 400 is refused for good, as a 402 is", async () => {
    await RouteStage.with(routed({ retries: 1 }, { members: ["a", "b"] }), async (stage) => {
      stage.member("a").behave(
        answers(() =>
          errorAnswer(400, {
            message: "Your credit balance is too low to access the API.",
            type: "invalid_request_error",
          }),
        ),
      );
      expect((await stage.answer()).status).toBe(200);
      const status = (await stage.readStatus()) as unknown as { credentials?: Record<string, { refused: number }> };
      expect(status.credentials?.["a"]?.refused).toBe(1);
    });
  });

  test("a refusal whose body breaks off is still a refusal, not a fault", async () => {
    await RouteStage.with(routed({ retries: 2 }, { members: ["a", "b"] }), async (stage) => {
      stage.member("a").behave(
        answers(() => [
          {
            kind: "head",
            status: 429,
            headers: [
              ["content-type", "application/json"],
              ["content-length", "500"],
              ["retry-after", "60"],
            ],
          },
          { kind: "bytes", data: '{"error":{"message":"Rate limit' },
          { kind: "fin" },
        ]),
      );
      expect((await stage.answer()).status).toBe(200);
      expect((await stage.answer()).status).toBe(200);
      // By its own word it rests for a minute.
      expect(stage.asked).toEqual([1, 2]);
    });
  });
});

describe("an error answer whose body never ends", () => {
  test("is not waited for while another deployment is there", async () => {
    const options = routed(
      { retries: 1 },
      { members: ["a", "b"], provider: { timeouts: { first_byte: "1s", idle: "1s", total: "60s" } } },
    );
    await RouteStage.with(options, async (stage) => {
      const drip: Step[] = Array.from({ length: 200 }, (): Step[] => [
        { kind: "pause", ms: 50 },
        { kind: "chunk", data: " " },
      ]).flat();
      stage.member("a").behave(
        answers(() => [
          {
            kind: "head",
            status: 503,
            headers: [
              ["content-type", "application/json"],
              ["transfer-encoding", "chunked"],
            ],
          },
          ...drip,
        ]),
      );
      const startedMs = performance.now();
      const answer = await stage.answer();
      expect(isWell(answer)).toBe(true);
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    });
  }, 30_000);
});

describe("a guard of slow answers", () => {
  test("lets pass what it cannot read", async () => {
    const slow = { slow_answer: { min_chars_per_second: 100, within: "500ms" } };
    await RouteStage.with(routed({ retries: 0, ...slow }, { members: ["a"] }), async (stage) => {
      const events = ["data: {not json at all, and long enough to be looked at}\n\n", ...chatStreamEvents()];
      stage.member("a").behave(answers(() => eventStream(events)));
      const answer = await stage.answer({ stream: true });
      expect(answer.text).toBe(events.join(""));
      await stage.member("a").waitUntilLetGo();
    });
  });
});

describe("the rates of a deployment", () => {
  test("get back the tokens of an attempt that lost a race with an error", async () => {
    const options = routed(
      { retries: 0, hedge: { after: "50ms", max_extra: "100%" } },
      { members: ["a", "b"], deployments: { b: { tpm: 1_000 } } },
    );
    await RouteStage.with(options, async (stage) => {
      stage.member("b").behave(answers(faults.serverError));
      for (let round = 0; round < 2; round++) {
        const gate = makeGate();
        stage.member("a").behave(answers(() => [{ kind: "wait", until: gate.opened }, ...chatCompletion()]));
        const asked = await stage.ask({ max_tokens: 900 });
        // Nothing was used of them: the second time they are there again.
        await stage.member("b").waitForRequests(round + 1);
        await stage.member("b").waitUntilLetGo();
        gate.open();
        expect(isWell(await asked.readAnswer())).toBe(true);
      }
    });
  }, 30_000);
});

describe("a credential that cannot be had", () => {
  const closed = findClosedPort();
  const service = { clientid: "id", clientsecret: "secret", url: `http://127.0.0.1:${closed}` };
  for (const [what, entry] of [
    ["one that was never good", { provider: "bedrock", api_key: "neither:", region: "eu-central-1" }],
    ["one whose token service is down", { provider: "sap-ai-core", api_key: JSON.stringify(service) }],
  ] as const) {
    test(`sends every request elsewhere, not only the first: ${what}`, async () => {
      const options = routed({ retries: 1 }, { members: ["a", "b"], providers: { a: entry } });
      await RouteStage.with(options, async (stage) => {
        expect((await stage.answerInTurn(3)).map(({ status }) => status)).toEqual([200, 200, 200]);
        expect(stage.asked).toEqual([0, 3]);
      });
    });
  }
});

describe("a caller's own words in a provider's error", () => {
  for (const words of ["rate_limit_exceeded", "insufficient_quota"]) {
    test(`take the model from nobody: ${words}`, async () => {
      await RouteStage.with(routed({ retries: 1 }, { members: ["a", "b"] }), async (stage) => {
        const refusal = errorAnswer(400, {
          message: `Invalid value: '${words}'. Supported values are: 'system', 'assistant', 'user', 'function', and 'tool'.`,
          type: "invalid_request_error",
          code: "invalid_value",
          param: "messages[0].role",
        });
        for (const member of stage.fleet.members)
          member.behave(answers((request) => (request.message.text.includes(words) ? refusal : answerWell(request))));
        const own = await stage.answer({ messages: [{ role: words, content: "x" }] });
        expect(own.status).toBe(400);
        expect((await stage.answer()).status).toBe(200);
        expect(stage.asked).toEqual([2, 0]);
      });
    });
  }
});

describe("bytes that make us stumble", () => {
  test("leave no connection to their provider behind", async () => {
    const slow = { slow_answer: { min_chars_per_second: 100, within: "500ms" } };
    await RouteStage.with(routed({ retries: 0, ...slow }, { members: ["a"] }), async (stage) => {
      const event = "data: {not json at all, and long enough to be looked at}\n\n";
      stage.member("a").behave(answers(() => eventStream([event], { ending: [{ kind: "silence" }] })));
      const caller = await stage.ask({ stream: true });
      await until("an answer, or the provider to be let go", () => caller.messages.length > 0).catch(() => undefined);
      caller.abort();
      await stage.member("a").waitUntilLetGo();
    });
  }, 30_000);
});

describe("a health check", () => {
  test("that a refused credential's one try goes to gives the credential back", async () => {
    const clock = new SimulatedClock(1_000);
    const credentials = new Credentials(
      () => clock.nowMs(),
      () => clock.wallMs(),
      () => 0,
    );
    const upstream = startUpstream({ respond: () => chatCompletion() });
    const wheel = new TimerWheel();
    const pools = new ConnectionPools({ maxHeadBytes: 65_536, maxHeaders: 100 }, wheel);
    const origin = {
      tls: false,
      host: "127.0.0.1",
      port: upstream.port,
      hostHeader: "127.0.0.1",
      pathPrefix: "",
      unixPath: null,
    };
    const tls = { caPem: null, certPem: null, keyPem: null, serverName: null, verify: true };
    const surface = {
      dialect: "openai-chat",
      models: null,
      paths: null,
      body: {},
      query: "",
      headers: [],
      quirks: NO_QUIRKS,
    };
    const key = { kind: "header", id: "k", header: "authorization", value: new Secret("Bearer sk-example") };
    const provider = {
      name: "p",
      id: "p",
      surfaces: [surface],
      origin,
      headers: [],
      credentials: [key],
    } as unknown as Provider;
    const deployment = { id: "m/p/x", model: "x", group: "m", provider } as unknown as Deployment;
    const pool = pools.get(
      "p",
      "answer",
      { origin, tls, proxy: null },
      { maxIdle: 1, idleTimeoutMs: 1_000, maxReadBytes: 65_536 },
    );
    const upstreams = { credentials, wheel, poolOf: () => pool } as unknown as Upstreams;
    try {
      const chosen = credentials.choose(provider, deployment.id, null);
      if (chosen === null) throw new Error("expected a credential");
      credentials.noteRefused(chosen, 401, null);
      expect(credentials.availability(provider, deployment.id, clock.nowMs()).kind).toBe("refused");
      clock.advance(400_000);
      expect(credentials.availability(provider, deployment.id, clock.nowMs()).kind).toBe("ready");
      expect(await checkDeployment(upstreams, deployment, 5_000, new AbortController().signal)).toBe("healthy");
      expect(credentials.availability(provider, deployment.id, clock.nowMs()).kind).toBe("ready");
    } finally {
      pool.retire();
      upstream.stop();
    }
  });
});

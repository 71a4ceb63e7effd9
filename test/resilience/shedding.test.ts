/**
 * Shedding through the front door: under pressure the least urgent are refused first, in their own API's words, before anything of
 * theirs is read. Pressure cannot be made on demand without starving the machine: a gateway is given a `Shedding` that has seen it.
 */
import { describe, expect, test } from "bun:test";
import { PermitLedger } from "../../src/admission/permit-ledger.ts";
import { MAX_SHED_SHARE, RELEASE_MS, Shedding } from "../../src/admission/shedding.ts";
import { loadSnapshot } from "../../src/config/load.ts";
import { Gateway } from "../../src/gateway.ts";
import { SimulatedClock, scheduleTimeout } from "../../src/lib/clock.ts";
import { TimerWheel } from "../../src/lib/timer-wheel.ts";
import { CallerConnections, listenForCallers } from "../../src/listener/data-listener.ts";
import { PROVIDERS } from "../../src/provider/registry.gen.ts";
import { MemoryResponseStore } from "../../src/store/memory-response-store.ts";
import { Fleet, SILENT, WELL } from "../instruments/fleet.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import { until } from "../instruments/until.ts";
import { keyEntry, ONE, secretOf } from "./keys.ts";
import { codeOf, type Entry, type Headers, isWell, RouteStage } from "./stage.ts";

const MIB = 1024 * 1024;
const LIMIT = 100 * MIB;
/** Shed from half of the memory on: 0 at 50 %, all at 90 %. */
const SETTINGS = { memoryShare: 0.5, loopDelayMs: null };
const memoryAt = (pressure: number) => ({
  memoryBytes: LIMIT * (0.5 + 0.4 * pressure),
  memoryLimitBytes: LIMIT,
  loopDelayMs: 0,
});

/** A gateway under a pressure that the test sets, and a die that it throws. */
class Pressed {
  readonly shedding = new Shedding(SETTINGS);
  readonly clock = new SimulatedClock();
  readonly fleet = new Fleet(["only"]);
  /** What every draw gives: a request is refused where this is less than its class's share. */
  draw = 0.5;
  readonly counted: string[] = [];
  readonly #clients: RawClient[] = [];
  #port = 0;

  static async with(run: (pressed: Pressed) => Promise<void>, config: Entry = {}): Promise<void> {
    const pressed = new Pressed();
    const connections = new CallerConnections();
    const faults: unknown[] = [];
    const sections: Entry = {
      providers: pressed.fleet.providers(),
      models: { m: { deployments: [{ provider: "only", model: "m-only" }] } },
      ...config,
    };
    const text = Object.entries(sections)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
      .join("");
    const snapshot = await loadSnapshot({
      path: null,
      inline: [{ name: "test", text }],
      definitions: PROVIDERS,
      env: {},
      generation: 1,
      now: Date.now,
    });
    const gateway = new Gateway({
      snapshot,
      wheel: new TimerWheel(),
      ledger: new PermitLedger((what, cause) => faults.push(what, cause)),
      observers: [],
      schedule: scheduleTimeout,
      clock: () => performance.now(),
      wallClock: Date.now,
      embeddedOrigins: new Map(),
      answerHealth: (path) => (path === "/health/live" ? { status: 200, body: "{}" } : null),
      responseStore: new MemoryResponseStore({ maxEntries: 1, maxBytes: 1_000, ttlMs: 1_000 }, Date.now),
      onBulkheadRejected: () => undefined,
      count: (counter, label) => pressed.counted.push(`${counter} ${label}`),
      shedding: pressed.shedding,
      random: () => pressed.draw,
      onFault: (error) => faults.push(error),
    });
    gateway.onConnectionClosed = (connection) => connections.remove(connection);
    const listener = listenForCallers(
      { kind: "tcp", host: "127.0.0.1", port: 0 },
      (socket, isUnix) => gateway.accept(socket, isUnix),
      connections,
      () => 1_000,
      (error) => faults.push(error),
    );
    pressed.#port = listener.port as number;
    try {
      await run(pressed);
      await until("every exchange to be settled", () => gateway.inFlight === 0);
      expect(faults).toEqual([]);
    } finally {
      for (const client of pressed.#clients) client.abort();
      listener.stopAccepting();
      gateway.close();
      pressed.fleet.stop();
    }
  }

  /** What the next sample says: at once where it rises. */
  press(pressure: number): void {
    this.shedding.observe(memoryAt(pressure), this.clock.nowMs());
  }

  async connect(): Promise<RawClient> {
    const client = await RawClient.connect({ kind: "tcp", port: this.#port });
    this.#clients.push(client);
    return client;
  }

  async ask(path: string, body: Entry, headers: Headers): Promise<HttpMessage> {
    const client = await this.connect();
    await client.send(writePost(path, JSON.stringify(body), { headers }));
    const answer = await client.readAnswer();
    client.close();
    return answer;
  }

  chat(priority: string, more: Headers = []): Promise<HttpMessage> {
    const body = { model: "m", messages: [{ role: "user", content: "Hi." }] };
    return this.ask("/v1/chat/completions", body, [["x-llmux-priority", priority], ...more]);
  }

  async statuses(): Promise<readonly number[]> {
    const answers: number[] = [];
    for (const priority of ["low", "normal", "high"]) answers.push((await this.chat(priority)).status);
    return answers;
  }
}

describe("under pressure", () => {
  test("low is refused before normal, normal before high, and all come back when it falls", async () => {
    await Pressed.with(async (pressed) => {
      expect(await pressed.statuses()).toEqual([200, 200, 200]);
      for (const [pressure, expected] of [
        [0.35, [503, 200, 200]],
        [0.75, [503, 503, 200]],
        [0.98, [503, 503, 503]],
      ] as const) {
        pressed.press(pressure);
        const before = pressed.fleet.requests;
        expect(await pressed.statuses()).toEqual(expected);
        // Who is refused costs no provider anything.
        expect(pressed.fleet.requests - before).toBe(expected.filter((status) => (status as number) === 200).length);
      }
      // Counted by class: one, then two, then all three of them.
      expect(pressed.counted.filter((each) => each.startsWith("shed")).sort()).toEqual([
        "shed high",
        "shed low",
        "shed low",
        "shed low",
        "shed normal",
        "shed normal",
      ]);
      pressed.clock.advance(RELEASE_MS + 1);
      pressed.press(-1);
      expect(await pressed.statuses()).toEqual([200, 200, 200]);
    });
  });

  test("a trickle of every class goes on, so that the gateway finds out that it is well again", async () => {
    await Pressed.with(async (pressed) => {
      pressed.press(1);
      pressed.draw = MAX_SHED_SHARE + 0.01;
      expect(await pressed.statuses()).toEqual([200, 200, 200]);
    });
  });

  test("the refusal is an overload in the caller's own API, with Retry-After", async () => {
    await Pressed.with(async (pressed) => {
      pressed.press(1);
      const messages = [{ role: "user", content: "Hi." }];
      for (const [path, body, headers, shape] of [
        ["/v1/chat/completions", { model: "m", messages }, [], { error: { code: "overloaded" } }],
        ["/v1/responses", { model: "m", input: "Hi." }, [], { error: { code: "overloaded" } }],
        [
          "/v1/messages",
          { model: "m", max_tokens: 9, messages },
          [["anthropic-version", "2023-06-01"]],
          { type: "error", error: { type: "overloaded_error" } },
        ],
        [
          "/v1beta/models/m:generateContent",
          { contents: [{ role: "user", parts: [{ text: "Hi." }] }] },
          [],
          { error: { code: 503, status: "UNAVAILABLE" } },
        ],
      ] as const) {
        const answer = await pressed.ask(path, body, headers);
        expect([503, 529]).toContain(answer.status);
        expect(answer.json()).toMatchObject(shape);
        expect(Number(answer.header("retry-after"))).toBe(Math.ceil(RELEASE_MS / 1_000));
        expect(answer.header("x-llmux-error-source")).toBe("gateway");
        expect(answer.text).toContain("overloaded");
      }
      expect(pressed.fleet.requests).toBe(0);
    });
  });

  test("nothing of the request is read: the answer is there before the body", async () => {
    await Pressed.with(async (pressed) => {
      pressed.press(1);
      const caller = await pressed.connect();
      await caller.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 50000000\r\n\r\n");
      const answer = await caller.readAnswer();
      expect([answer.status, codeOf(answer)]).toEqual([503, "overloaded"]);
    });
  });

  test("probes and models are answered, and who has no key is told that, not that the gateway is busy", async () => {
    await Pressed.with(
      async (pressed) => {
        pressed.press(1);
        expect((await pressed.chat("high")).status).toBe(401);
        const get = async (path: string): Promise<number> => {
          const caller = await pressed.connect();
          caller.expectAnswerTo("GET");
          await caller.send(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secretOf("k")}\r\n\r\n`);
          return (await caller.readAnswer()).status;
        };
        expect(await get("/health/live")).toBe(200);
        expect(await get("/v1/models")).toBe(200);
        expect((await pressed.chat("high", [["x-api-key", secretOf("k")]])).status).toBe(503);
      },
      { keys: [keyEntry("k", { priority: "high" })] },
    );
  });

  test("a caller cannot claim a class above its key's to be let in", async () => {
    await Pressed.with(
      async (pressed) => {
        pressed.press(0.75);
        for (const [name, status] of [
          ["batch", 503],
          ["plain", 503],
          ["urgent", 200],
        ] as const) {
          expect((await pressed.chat("high", [["x-api-key", secretOf(name)]])).status).toBe(status);
        }
      },
      { keys: [keyEntry("batch", { priority: "low" }), keyEntry("plain"), keyEntry("urgent", { priority: "high" })] },
    );
  });
});

/** Keeps the gateway from running for so long: its own event loop, or the process it is. */
async function stall(stage: RouteStage, ms: number): Promise<void> {
  const { pid } = stage.gateway;
  if (pid === process.pid) {
    Bun.sleepSync(ms);
    return;
  }
  process.kill(pid, "SIGSTOP");
  try {
    await Bun.sleep(ms);
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

test("the whole gateway sheds where its event loop falls behind, says so in /status, and recovers", async () => {
  const config = { limits: { shedding: { memory: null, loop_delay: "100ms" } } };
  await RouteStage.with({ ...ONE, config }, async (stage) => {
    const low = [["x-llmux-priority", "low"]] as const;
    const pressure = async (): Promise<number> =>
      ((await stage.readStatus()) as unknown as { shedding: number }).shedding;
    expect(isWell(await stage.answer({}, low))).toBe(true);
    // The loop is watched while somebody is served.
    stage.member("only").behave(SILENT);
    const held = await stage.ask({}, [["x-llmux-priority", "high"]]);
    await stage.member("only").waitForRequests(2);
    stage.member("only").behave(WELL);
    const refused = await until(
      "a low request to be shed",
      async () => {
        await stall(stage, 700);
        await until("the stall to be measured", async () => (await pressure()) > 0);
        const answer = await stage.answer({}, low);
        return answer.status === 503 ? answer : null;
      },
      60_000,
    );
    expect(codeOf(refused)).toBe("overloaded");
    expect(Number(refused.header("retry-after"))).toBeGreaterThanOrEqual(1);
    await until("the pressure to be gone", async () => (await pressure()) === 0, 60_000);
    expect(isWell(await stage.answer({}, low))).toBe(true);
    held.abort();
  });
}, 120_000);

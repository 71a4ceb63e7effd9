/**
 * The fault matrix: every fault × stream and plain × how many of three deployments have it, by strategy. Each combination is a
 * model of its own with providers of its own, so that what one leaves behind (a breaker, a cool-down) is not another's beginning.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Fleet, type FleetMember } from "../instruments/fleet.ts";
import { writeDefaults } from "../instruments/one-attempt.ts";
import { auditPermits, readOps } from "../instruments/permit-audit.ts";
import { RawClient, writePost } from "../instruments/raw-client.ts";
import { startGateway } from "../instruments/start-gateway.ts";
import type { TestGateway } from "../instruments/test-gateway.ts";
import { until } from "../instruments/until.ts";
import { type FullBacklog, openFullBacklog } from "../wire/full-backlog.ts";
import { testCertificates } from "../instruments/certificates.ts";
import { type FaultCase, type Fate, PHASES } from "./fault-list.ts";
import { attemptsOf, isWell, QUICK_BACKOFF, writeQuestion } from "./stage.ts";
import type { StrategyCase } from "./strategies.ts";

export const DEPLOYMENTS = 3;
/** Short, because the tests wait for them, three times over; long enough for two slow cores. */
const TIMEOUT_MS = 300;
const TOTAL_MS = 4_000;
/** What a caller may wait at most: the deadline of the config, and a second. */
const PATIENCE_MS = TOTAL_MS + 1_000;

export type Combination = {
  readonly model: string;
  readonly fault: FaultCase;
  readonly isStream: boolean;
  readonly fate: Fate;
  /** The first so many deployments have the fault. */
  readonly faulty: number;
};

export function combine(fault: FaultCase): Combination[] {
  const combinations: Combination[] = [];
  for (const [isStream, fate] of [
    [true, fault.stream],
    [false, fault.whole],
  ] as const) {
    if (fate === null) continue;
    for (let faulty = 1; faulty <= DEPLOYMENTS; faulty += 1) {
      const model = `${fault.name.replaceAll(/\W+/g, "-")}-${isStream ? "stream" : "whole"}-${faulty}`;
      combinations.push({ model, fault, isStream, fate, faulty });
    }
  }
  return combinations;
}

/** A gateway with a model and providers for each combination. */
export class MatrixStage {
  readonly gateway: TestGateway;
  readonly fleet: Fleet;
  readonly #backlog: FullBacklog;

  private constructor(gateway: TestGateway, fleet: Fleet, backlog: FullBacklog) {
    this.gateway = gateway;
    this.fleet = fleet;
    this.#backlog = backlog;
  }

  static async open(strategy: StrategyCase, combinations: readonly Combination[]): Promise<MatrixStage> {
    const backlog = await openFullBacklog();
    const fleet = new Fleet(combinations.flatMap(({ model }) => namesOf(model)));
    const models: Record<string, unknown> = {};
    for (const { model, fault, faulty } of combinations) {
      const names = namesOf(model);
      for (const name of names.slice(0, faulty)) fleet.of(name).behave(fault.behaviour(backlog.port));
      models[model] = {
        deployments: names.map((provider, place) => ({ provider, model: "there", ...strategy.deployment(place) })),
        ...strategy.model,
      };
    }
    const tls = { ca: testCertificates().caPem };
    const timeout = `${TIMEOUT_MS}ms`;
    const two = 2;
    const gateway = await startGateway({
      config: [
        `providers: ${JSON.stringify(fleet.providers({ tls }))}`,
        `models: ${JSON.stringify(models)}`,
        writeDefaults({
          retries: two,
          retry: {
            ...{ connect: two, timeout: two, rate_limit: two, server: two, auth: two, not_found: two },
            backoff: QUICK_BACKOFF,
          },
          timeouts: { connect: timeout, first_byte: timeout, idle: timeout, total: `${TOTAL_MS}ms` },
        }),
        "drain: { timeout: 1s }",
        "log: { level: error }",
        "",
      ].join("\n"),
    });
    return new MatrixStage(gateway, fleet, backlog);
  }

  async close(): Promise<void> {
    await this.gateway.stop();
    this.fleet.stop();
    this.#backlog.close();
  }
}

function namesOf(model: string): string[] {
  return ["a", "b", "c"].slice(0, DEPLOYMENTS).map((name) => `${model}-${name}`);
}

/** The tests of one strategy: all faults given, each in all its combinations at once. */
export function describeMatrix(strategy: StrategyCase, faults: readonly FaultCase[]): void {
  describe(`strategy ${strategy.name}`, () => {
    let stage: MatrixStage;
    beforeAll(async () => {
      stage = await MatrixStage.open(strategy, faults.flatMap(combine));
    }, 60_000);
    afterAll(async () => {
      await stage.close();
    }, 60_000);

    for (const phase of PHASES) {
      for (const fault of faults.filter((each) => each.phase === phase)) {
        test(`${phase}: a deployment that ${fault.name}`, async () => {
          await Promise.all(combine(fault).map((combination) => check(stage, strategy, combination)));
          await auditPermits(stage.gateway, stage.fleet.upstreams);
          const { permits } = JSON.parse(await readOps(stage.gateway, "/status")) as { permits: unknown };
          expect(permits).toEqual({ held: 0, double_settled: 0 });
        }, 30_000);
      }
    }
  });
}

async function check(stage: MatrixStage, strategy: StrategyCase, combination: Combination): Promise<void> {
  const { model, isStream, fate, faulty, fault } = combination;
  const members = namesOf(model).map((name) => stage.fleet.of(name));
  const client = await RawClient.connect({ kind: "tcp", port: stage.gateway.httpPort });
  try {
    const fields = { model, ...(isStream ? { stream: true } : {}) };
    await client.send(writePost("/v1/chat/completions", JSON.stringify(writeQuestion(fields))));
    await until(`${model}: an answer or an end`, () => client.answers.length > 0 || client.end !== "open", PATIENCE_MS);
    const context = `${model}: asked ${members.map(({ attempts }) => attempts).join(", ")}; ${client.describe()}`;
    const [message] = client.messages;
    if (message === undefined) throw new Error(`expected an answer; ${context}`);
    const attempts = attemptsOf(message);
    // Only where the faulty ones are certain to be met.
    const isMet = strategy.isOrdered || faulty === DEPLOYMENTS;
    if (fate === "saved" && faulty < DEPLOYMENTS) {
      expect(isWell(message), context).toBe(true);
      expect(attempts, context).toBeGreaterThanOrEqual(isMet ? faulty + 1 : 1);
      expect(attempts, context).toBeLessThanOrEqual(faulty + 1);
    } else if (fate === "saved") {
      expect(fault.exhausted, context).toContain(message.status);
      expect(message.isComplete, context).toBe(true);
      expect(attempts, context).toBe(DEPLOYMENTS);
      // An error that is answered as a 200 stream says so in its events, and its end is not an answer's.
      if (message.status === 200) expect(message.text, context).toContain('"error"');
    } else {
      expect(attempts, context).toBe(1);
      expect(message.status, context).toBe(200);
      if (fate === "broken" && (isMet || !message.isComplete)) expectBroken(client, context);
      else expect(message.isComplete, context).toBe(true);
    }
    expectAsked(members, strategy, attempts, context);
  } finally {
    client.close();
  }
}

/** P3: what came is there, the error is told, and neither the events nor the framing say that it ended well. */
function expectBroken(client: RawClient, context: string): void {
  const text = client.messages[0]?.text ?? "";
  expect(client.answers.length, context).toBe(0);
  expect(client.end, context).toBe("fin");
  expect(text, context).not.toContain("[DONE]");
  expect(text, context).toMatch(/data: \{"error":\{[^\n]*\}\}\n\n$/);
}

/** Nobody was asked twice, and no more were asked than the caller was told. */
function expectAsked(members: readonly FleetMember[], strategy: StrategyCase, told: number, context: string): void {
  const counted = members.map(({ attempts }) => attempts);
  const known = counted.filter((count) => count !== null);
  for (const count of known) expect(count, context).toBeLessThanOrEqual(1);
  const sum = known.reduce((total, count) => total + count, 0);
  const unknown = counted.length - known.length;
  expect(sum, context).toBeLessThanOrEqual(told);
  expect(sum + unknown, context).toBeGreaterThanOrEqual(told);
  if (!strategy.isOrdered) return;
  for (const [place, count] of counted.entries()) {
    if (count !== null) expect(count, context).toBe(place < told ? 1 : 0);
  }
}

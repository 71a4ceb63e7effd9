import * as faults from "../../instruments/faults.ts";
import { answers, Fleet } from "../../instruments/fleet.ts";
import { writeListen } from "../../instruments/executable.ts";
import type { TestGateway } from "../../instruments/test-gateway.ts";
import { until } from "../../instruments/until.ts";
import type { Bench } from "../bench.ts";
import { runValidJob } from "../bench.ts";
import { jobBase, mockProvider, OWN_LANE, withOwnGateway } from "./own-gateway.ts";

const RATE_PER_SECOND = 500;
const CONNECTIONS = 64;
const FAILURES_TO_OPEN = 5;
const SLICE_MS = 5000;

/** Reloads under load, with the breaker of a broken deployment open: what failed, what the broken one was asked, how long one took. */
export async function measureReloads(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  const fleet = new Fleet(["broken"]);
  fleet.of("broken").behave(answers(faults.serverError));
  const sections = {
    providers: { ...fleet.providers(), mock: mockProvider(bench) },
    models: {
      bench: {
        strategy: "priority",
        breaker: { consecutive: FAILURES_TO_OPEN, open: "60s" },
        deployments: [
          { provider: "broken", model: "bench", priority: 0 },
          { provider: "mock", model: "bench", priority: 1 },
        ],
      },
    },
  };
  try {
    await withOwnGateway(sections, async (gateway) => {
      // One after the other, so that not one more is on its way when the breaker opens.
      for (let failures = 0; failures < FAILURES_TO_OPEN; failures += 1) await askOnce(gateway);
      let isOver = false;
      const reloading = reload(gateway, plan.reloads, () => isOver);
      const results = [];
      const startedMs = performance.now();
      // The load runs in slices until the reloads are through.
      while (!isOver) {
        const result = await runValidJob(bench, "reloads", OWN_LANE, {
          ...jobBase(bench, gateway),
          kind: "offered",
          ratePerSecond: RATE_PER_SECOND,
          connections: CONNECTIONS,
          scenario: { kind: "plain" },
          warmupMs: 0,
          windowMs: SLICE_MS,
        });
        if (result === null) break;
        results.push(result);
        isOver = (await Promise.race([reloading.then(() => true), Bun.sleep(0).then(() => false)])) || !bench.hasTime();
      }
      isOver = true;
      const done = await reloading;
      const at = { lane: OWN_LANE, round: 0 };
      const offered = results.reduce((sum, result) => sum + result.offered, 0);
      const good = results.reduce((sum, result) => sum + result.good, 0);
      book.add("reloads under load", "", at, done);
      book.add("requests failed during reloads", "", at, offered - good);
      book.add(
        "requests to a deployment whose breaker is open",
        "",
        at,
        Math.max(0, fleet.requests - FAILURES_TO_OPEN),
      );
      bench.note(
        `reloads: ${done} in ${Math.round((performance.now() - startedMs) / 1000)} s, ${offered} requests, the broken deployment was asked ${fleet.requests} times`,
      );
    });
  } finally {
    fleet.stop();
  }
}

async function askOnce({ httpPort }: TestGateway): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "bench", user: "plain", messages: [{ role: "user", content: "Hello." }] }),
  });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`expected the other deployment's answer, got ${answer.status}`);
}

/** Reloads one after the other, each with a config that differs; says how many there were. */
async function reload(gateway: TestGateway, count: number, isOver: () => boolean): Promise<number> {
  const text = await Bun.file(gateway.configPath).text();
  const listen = writeListen(gateway);
  const rest = text.startsWith(listen) ? text.slice(listen.length) : text;
  let done = 0;
  for (; done < count && !isOver(); done += 1) {
    const before = await generationOf(gateway);
    await gateway.writeConfig(`${rest}# ${done}\n`);
    process.kill(gateway.pid, "SIGHUP");
    await until("the reload", async () => (await generationOf(gateway)) > before);
  }
  return done;
}

async function generationOf({ opsPort }: TestGateway): Promise<number> {
  const status = (await (await fetch(`http://127.0.0.1:${opsPort}/status`)).json()) as {
    readonly config: { readonly generation: number; readonly error: unknown };
  };
  if (status.config.error !== null) throw new Error(`the config was refused: ${JSON.stringify(status.config.error)}`);
  return status.config.generation;
}

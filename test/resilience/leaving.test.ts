/** P2 and P5 with routing: whoever leaves frees every upstream it has, in every phase, and nothing is sent for it afterwards. */
import { describe, expect, test } from "bun:test";
import { chatStream } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, answerWell, SILENT } from "../instruments/fleet.ts";
import type { RawClient } from "../instruments/raw-client.ts";
import { until } from "../instruments/until.ts";
import { openFullBacklog } from "../wire/full-backlog.ts";
import { type Entry, IN_ORDER, NO_BREAKER, QUICK_BACKOFF, RouteStage, type StageOptions } from "./stage.ts";

const WAYS = ["abort", "close", "halfClose"] as const;
const MODEL = { ...IN_ORDER, retries: 5, breaker: NO_BREAKER, retry: { backoff: QUICK_BACKOFF } };

type Case = {
  readonly phase: string;
  readonly options?: StageOptions;
  readonly model?: Entry;
  readonly behave: (stage: RouteStage) => void;
  /** Waits until the caller is in the phase. */
  readonly isThere: (stage: RouteStage, caller: RawClient) => Promise<unknown>;
  /** Requests by member at that moment, and for ever after. */
  readonly asked: readonly number[];
  /** How long a further attempt could be on its way, had it been scheduled. */
  readonly watchMs?: number;
};

const CASES: readonly Case[] = [
  {
    phase: "waiting for the first attempt's answer",
    behave: (stage) => stage.member("a").behave(SILENT),
    isThere: (stage) => stage.member("a").waitForRequests(1),
    asked: [1, 0, 0],
  },
  {
    phase: "waiting for the second attempt's answer",
    behave: (stage) => {
      stage.member("a").behave(answers(faults.serverError));
      stage.member("b").behave(SILENT);
    },
    isThere: (stage) => stage.member("b").waitForRequests(1),
    asked: [1, 1, 0],
  },
  {
    phase: "waiting with a head, but no byte of the body",
    behave: (stage) => stage.member("a").behave(answers(() => [...chatStream().slice(0, 1), { kind: "silence" }])),
    isThere: (stage) => stage.member("a").waitForRequests(1),
    asked: [1, 0, 0],
  },
  {
    phase: "waiting before it goes back to a deployment that failed",
    options: { members: ["only"] },
    // A floor of one second, so that the phase can be met for certain.
    behave: (stage) => stage.member("only").behave(answers(() => faults.rateLimitedSeconds(1))),
    isThere: async (stage) => {
      await stage.member("only").waitForRequests(1);
      await stage.member("only").waitUntilLetGo();
    },
    asked: [1],
    watchMs: 1_300,
  },
  {
    phase: "while two attempts race",
    model: { hedge: { after: "30ms", max_extra: "100%" } },
    behave: (stage) => {
      stage.member("a").behave(SILENT);
      stage.member("b").behave(SILENT);
    },
    isThere: (stage) => stage.member("b").waitForRequests(1),
    asked: [1, 1, 0],
    watchMs: 200,
  },
  {
    phase: "before a second attempt is sent to race",
    model: { hedge: { after: "400ms", max_extra: "100%" } },
    behave: (stage) => stage.member("a").behave(SILENT),
    isThere: (stage) => stage.member("a").waitForRequests(1),
    asked: [1, 0, 0],
    watchMs: 600,
  },
  {
    phase: "in mid-stream of what saved it",
    behave: (stage) => {
      stage.member("a").behave(answers(faults.serverError));
      stage.member("b").behave(answers(() => [...chatStream().slice(0, 3), { kind: "silence" }]));
    },
    isThere: (_, caller) => caller.readUntil("Hel"),
    asked: [1, 1, 0],
  },
];

describe("a caller that leaves", () => {
  for (const { phase, options, model, behave, isThere, asked, watchMs = 100 } of CASES) {
    for (const leave of WAYS) {
      test(`${phase} (${leave}) frees every upstream, and nothing more is sent`, async () => {
        await RouteStage.with({ ...options, model: { ...MODEL, ...model } }, async (stage) => {
          behave(stage);
          const caller = await stage.ask({ stream: true });
          await isThere(stage, caller);
          caller[leave]();
          await until("every upstream to be let go", () =>
            stage.fleet.upstreams.every((upstream) => upstream.busyConnections === 0),
          );
          await stage.expectNothingHeld();
          // What would be scheduled for it must not come: time itself is what is tested.
          await Bun.sleep(watchMs);
          expect(stage.asked).toEqual(asked);
        });
      });
    }
  }

  test("while it connects frees the place", async () => {
    const backlog = await openFullBacklog();
    try {
      const prepare: StageOptions["prepare"] = (fleet) =>
        fleet.of("a").behave({ kind: "elsewhere", port: backlog.port });
      await RouteStage.with({ prepare, model: { ...MODEL, timeouts: { connect: "20s" } } }, async (stage) => {
        const caller = await stage.ask();
        await until("it to be in flight", async () => (await stage.readStatus()).permits.held > 0);
        caller.abort();
        await stage.expectNothingHeld();
        expect(stage.asked.slice(1)).toEqual([0, 0]);
      });
    } finally {
      backlog.close();
    }
  });

  test("in the queue of a full deployment leaves it, and is never sent", async () => {
    const provider = { max_concurrent: 1, queue: { size: 5, timeout: "20s" } };
    await RouteStage.with({ members: ["only"], provider, model: MODEL }, async (stage) => {
      stage.member("only").behave(SILENT);
      const first = await stage.ask();
      await stage.member("only").waitForRequests(1);
      const second = await stage.ask();
      const queued = async (): Promise<number> => (await stage.readStatus()).providers["only"]?.queued ?? Number.NaN;
      await until("it to stand in the queue", async () => (await queued()) === 1);
      second.abort();
      await until("the queue to be empty", async () => (await queued()) === 0);
      stage.member("only").behave(answers(answerWell));
      first.abort();
      await stage.expectNothingHeld();
      expect(stage.asked).toEqual([1]);
    });
  });
});

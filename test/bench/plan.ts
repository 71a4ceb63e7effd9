/** How much is measured: the command line, read into durations and counts. */
import { parseArgs } from "node:util";
import type { SubjectName } from "./subjects/subject.ts";

export const MEASURE_NAMES = [
  "ready",
  "memory",
  "stalled",
  "requests",
  "chunks",
  "translate",
  "aborts",
  "latency",
  "saturation",
  "routing",
  "hedging",
  "isolation",
  "outage",
  "overload",
  "reloads",
] as const;
export type MeasureName = (typeof MEASURE_NAMES)[number];

const SUBJECT_NAMES = ["llmux", "nginx", "haproxy", "bare", "portkey"] as const satisfies readonly SubjectName[];

export type Plan = {
  readonly isQuick: boolean;
  readonly only: readonly MeasureName[];
  readonly subjects: readonly SubjectName[];
  /** Another executable of LLMux to measure beside this one. */
  readonly against: string | null;
  readonly outDirectory: string;
  /** No round begins after this; the whole run ends soon after. */
  readonly budgetMs: number;
  /** Traffic of each kind every proxy gets before it is measured. */
  readonly firstTrafficMs: number;
  readonly rounds: number;
  readonly warmupMs: number;
  readonly windowMs: number;
  readonly latencyRounds: number;
  readonly latencyWindowMs: number;
  readonly saturationRounds: number;
  readonly saturationWindowMs: number;
  readonly streamSteps: readonly number[];
  readonly streamGapMs: number;
  readonly streamSettleMs: number;
  readonly stalledWindowMs: number;
  readonly aborts: number;
  readonly readyRounds: number;
  readonly translateRounds: number;
  readonly translateMemoryRounds: number;
  readonly translatedStreams: number;
  readonly routingRounds: number;
  readonly hedges: number;
  readonly isolationRounds: number;
  readonly outageMs: number;
  readonly overloadMs: number;
  readonly reloads: number;
};

export const USAGE = `usage: bun test/bench/run.ts [--quick] [--only MEASURE]... [--subject NAME]... [--against FILE] [--rounds N] [--out DIR]

  --quick         three minutes instead of twenty: fewer rounds, shorter windows
  --only MEASURE  one of ${MEASURE_NAMES.join(", ")}; may be repeated
  --subject NAME  one of ${SUBJECT_NAMES.join(", ")}; may be repeated
  --against FILE  another llmux executable, measured in turn with this one as llmux-before
  --rounds N      rounds of requests, chunks, translate, routing and isolation, instead of the plan's
  --out DIR       where bench.md and bench.json go (default dist/bench)

The executable under test is LLMUX_BIN, or dist/llmux.
`;

export class UsageError extends Error {}

const FULL = {
  budgetMs: 19 * 60_000,
  firstTrafficMs: 2000,
  rounds: 5,
  warmupMs: 700,
  windowMs: 3000,
  latencyRounds: 5,
  latencyWindowMs: 1000,
  saturationRounds: 3,
  saturationWindowMs: 2500,
  streamSteps: [1000, 5000, 9900],
  streamGapMs: 5000,
  streamSettleMs: 5000,
  stalledWindowMs: 6000,
  aborts: 300,
  readyRounds: 11,
  translateRounds: 3,
  translateMemoryRounds: 2,
  translatedStreams: 2000,
  routingRounds: 5,
  hedges: 200,
  isolationRounds: 5,
  outageMs: 30_000,
  overloadMs: 60_000,
  reloads: 1000,
} as const;

const QUICK = {
  budgetMs: 160_000,
  firstTrafficMs: 400,
  rounds: 2,
  warmupMs: 250,
  windowMs: 700,
  latencyRounds: 1,
  latencyWindowMs: 300,
  saturationRounds: 1,
  saturationWindowMs: 700,
  streamSteps: [1000, 9900],
  streamGapMs: 2500,
  streamSettleMs: 1500,
  stalledWindowMs: 1500,
  aborts: 40,
  readyRounds: 3,
  translateRounds: 1,
  translateMemoryRounds: 1,
  translatedStreams: 1000,
  routingRounds: 2,
  hedges: 40,
  isolationRounds: 2,
  outageMs: 4000,
  overloadMs: 4000,
  reloads: 50,
} as const;

function readNames<T extends string>(option: string, given: readonly string[] | undefined, known: readonly T[]): T[] {
  if (given === undefined) return [...known];
  return known.filter((name) => {
    for (const text of given) {
      if (!known.some((one) => one === text)) {
        throw new UsageError(`--${option} should be one of ${known.join(", ")}, got ${text}`);
      }
    }
    return given.includes(name);
  });
}

/** Reads the arguments; throws UsageError with a sentence for people. */
export function readPlan(argv: readonly string[], defaultOut: string): Plan {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string", multiple: true },
        subject: { type: "string", multiple: true },
        against: { type: "string" },
        rounds: { type: "string" },
        out: { type: "string", default: defaultOut },
      },
    }));
  } catch (thrown) {
    // parseArgs says in words which argument it did not understand.
    throw new UsageError(thrown instanceof Error ? thrown.message : String(thrown));
  }
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new UsageError(`--rounds should be a positive integer, got ${values.rounds}`);
  }
  return {
    isQuick: values.quick,
    only: readNames("only", values.only, MEASURE_NAMES),
    subjects: readNames("subject", values.subject, SUBJECT_NAMES),
    against: values.against ?? null,
    outDirectory: values.out,
    ...(values.quick ? QUICK : FULL),
    ...(rounds === null ? {} : { rounds, translateRounds: rounds, routingRounds: rounds, isolationRounds: rounds }),
  };
}

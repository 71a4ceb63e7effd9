/** The figures this product promises, as the report judges them. */
import type { FigureBook } from "./figure-book.ts";

type Target = {
  readonly title: string;
  readonly measure: string;
  readonly lane: string;
  /** Whether the limit is on the figure itself or on its ratio to nginx in the same run. */
  readonly of: "value" | "ratio";
  readonly limit: number;
};

/** Calls that a gateway translates, as the measure names them. */
const TRANSLATED = ["chat → messages", "messages → chat", "responses → chat"] as const;

export const TARGETS: readonly Target[] = [
  { title: "CPU per request, × nginx", measure: "cpu-per-request", lane: "llmux tcp", of: "ratio", limit: 1.5 },
  { title: "CPU per chunk, × nginx", measure: "cpu-per-chunk", lane: "llmux tcp", of: "ratio", limit: 1.1 },
  { title: "9,900 open streams, MB", measure: "resident at 9900 streams", lane: "llmux tcp", of: "value", limit: 100 },
  { title: "idle, MB", measure: "resident idle", lane: "llmux tcp", of: "value", limit: 45 },
  { title: "exec to ready, ms", measure: "exec to ready", lane: "llmux tcp", of: "value", limit: 150 },
  { title: "abort p99 while waiting, ms", measure: "abort waiting p99", lane: "llmux tcp", of: "value", limit: 10 },
  { title: "abort p99 in mid-stream, ms", measure: "abort streaming p99", lane: "llmux tcp", of: "value", limit: 10 },
  {
    title: "200 stalled callers, MB",
    measure: "resident with 200 stalled callers, peak",
    lane: "llmux tcp",
    of: "value",
    limit: 110,
  },
  {
    title: "CPU per request with routing and limits, × without",
    measure: "routed ÷ the same build without",
    lane: "llmux-routed tcp",
    of: "value",
    limit: 1.15,
  },
  {
    title: "CPU per request with routing and limits, × the build before",
    measure: "routed ÷ the build before",
    lane: "llmux-routed tcp",
    of: "value",
    limit: 1.15,
  },
  {
    title: "hedge: winner's first byte to loser closed p99, ms",
    measure: "winner's first byte to loser closed p99",
    lane: "llmux tcp",
    of: "value",
    limit: 10,
  },
  {
    title: "p99 beside a provider that hangs, × alone",
    measure: "p99 beside 1000 hanging ÷ alone",
    lane: "llmux tcp",
    of: "value",
    limit: 1.1,
  },
  {
    title: "attempts per request with every provider down",
    measure: "attempts per request with every provider down, retry budget alone",
    lane: "llmux tcp",
    of: "value",
    limit: 1.2,
  },
  {
    title: "goodput lost at 10 × capacity, share",
    measure: "goodput lost at 10 × capacity",
    lane: "llmux tcp",
    of: "value",
    limit: 0.1,
  },
  {
    title: "peak resident at 10 × capacity, MB",
    measure: "peak resident at 10 × capacity",
    lane: "llmux tcp",
    of: "value",
    limit: 134,
  },
  {
    title: "requests failed during reloads",
    measure: "requests failed during reloads",
    lane: "llmux tcp",
    of: "value",
    limit: 0,
  },
  ...TRANSLATED.flatMap((call): Target[] => [
    {
      title: `CPU per chunk translated, × passed, ${call}`,
      measure: `translating ÷ passing, ${call}`,
      lane: "llmux tcp",
      of: "value",
      limit: 3,
    },
    {
      title: `added delay per chunk p99 at 500 streams, ms, ${call}`,
      measure: `added chunk delay p99 at 500 streams, ${call}`,
      lane: "llmux tcp",
      of: "value",
      limit: 2,
    },
    {
      title: `memory per translated stream above a passed one, KiB, ${call}`,
      measure: `memory per stream above passing, ${call}`,
      lane: "llmux tcp",
      of: "value",
      limit: 32,
    },
  ]),
];

export type Verdict = {
  readonly title: string;
  readonly limit: number;
  /** Null where it was not measured in this run. */
  readonly value: number | null;
  readonly verdict: "hit" | "missed" | "not measured";
};

export function judgeTargets(book: FigureBook): Verdict[] {
  return TARGETS.map(({ title, measure, lane, of, limit }) => {
    const figure = book.find(measure, lane);
    const value = (of === "ratio" ? figure?.ratio : figure?.median) ?? null;
    const verdict = value === null ? "not measured" : value <= limit ? "hit" : "missed";
    return { title, limit, value, verdict };
  });
}

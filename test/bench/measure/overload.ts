import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestGateway } from "../../instruments/test-gateway.ts";
import type { Bench } from "../bench.ts";
import { runValidJob } from "../bench.ts";
import type { OfferedResult } from "../jobs.ts";
import { BYTES_PER_MB } from "./memory.ts";
import { sayCounts } from "./outage.ts";
import { jobBase, mockProvider, OWN_LANE, withOwnGateway } from "./own-gateway.ts";

const MAX_BYTES = 128 * 1024 * 1024;
/** Each answer takes that long, and so many are made at once: what the provider can carry. */
const ANSWER_MS = 100;
const AT_ONCE = 30;
const CAPACITY_PER_SECOND = (AT_ONCE * 1000) / ANSWER_MS;
const TIMES = 10;
/** As many as hold every request in flight and in the queue, and the refusals under way. */
const CONNECTIONS = 400;

/**
 * Goodput at ten times what the provider can carry, against that at what it can carry, and what it takes of memory. The limit of 128 MiB
 * is the kernel's where the machine offers one: by systemd, or in a cgroup that LLMUX_BENCH_CGROUP names and lets the bench write to.
 */
export async function measureOverload(bench: Bench): Promise<void> {
  const { plan, book } = bench;
  const place = findMemoryLimit();
  if (place.kind === "none")
    bench.note(`overload: no memory limit is set (${place.reason}); resident memory is watched`);
  const queue = { size: 60, timeout: "500ms" };
  const sections = {
    providers: { mock: mockProvider(bench, { max_concurrent: AT_ONCE, queue }) },
    models: { bench: { deployments: [{ provider: "mock", model: "bench" }] } },
  };
  try {
    await withOwnGateway(
      sections,
      async (gateway) => {
        if (place.kind === "cgroup") writeFileSync(join(place.path, "cgroup.procs"), String(gateway.pid));
        const offer = (times: number, windowMs: number): Promise<OfferedResult | null> =>
          runValidJob(bench, `overload at ${times} ×`, OWN_LANE, {
            ...jobBase(bench, gateway),
            kind: "offered",
            ratePerSecond: CAPACITY_PER_SECOND * times,
            connections: CONNECTIONS,
            scenario: { kind: "stream", chunks: 1, gapMs: ANSWER_MS, isStamped: false },
            warmupMs: plan.warmupMs,
            windowMs,
          });
        // A little more than it can carry: its peak, without a queue that grows.
        const peak = await offer(1.1, Math.min(plan.overloadMs, 10_000));
        const over = await offer(TIMES, plan.overloadMs);
        if (peak === null || over === null) return;
        const at = { lane: OWN_LANE, round: 0 };
        const perSecond = (result: OfferedResult, windowMs: number): number => (result.good * 1000) / windowMs;
        const best = perSecond(peak, Math.min(plan.overloadMs, 10_000));
        const goodput = perSecond(over, plan.overloadMs);
        book.add("goodput at capacity", "requests/s", at, best);
        book.add(`goodput at ${TIMES} × capacity`, "requests/s", at, goodput);
        book.add(`goodput lost at ${TIMES} × capacity`, "share", at, 1 - goodput / best);
        book.add(`refusal p50 at ${TIMES} × capacity`, "ms", at, over.refusalP50Ms);
        book.add(`refusal p99 at ${TIMES} × capacity`, "ms", at, over.refusalP99Ms);
        book.add(`peak resident at ${TIMES} × capacity`, "MB", at, readPeakBytes(gateway) / BYTES_PER_MB);
        bench.note(`overload: ${sayCounts(over.byStatus)}; limit: ${place.kind}`);
      },
      place.kind === "systemd" ? place.command : [],
    );
  } catch (thrown) {
    // A gateway that was killed is the very thing this looks for.
    book.reject("overload", OWN_LANE, thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    if (place.kind === "cgroup") rmdirSync(place.path);
  }
}

type MemoryLimit =
  | { readonly kind: "systemd"; readonly command: readonly string[] }
  | { readonly kind: "cgroup"; readonly path: string }
  | { readonly kind: "none"; readonly reason: string };

/** Never a cgroup that nobody gave to the bench: others live there. */
function findMemoryLimit(): MemoryLimit {
  const parent = process.env["LLMUX_BENCH_CGROUP"];
  if (parent !== undefined && parent !== "") {
    const path = join(parent, `llmux-bench-${process.pid}`);
    mkdirSync(path);
    try {
      writeFileSync(join(path, "memory.max"), String(MAX_BYTES));
    } catch {
      // The first version of cgroups has another name for it.
      writeFileSync(join(path, "memory.limit_in_bytes"), String(MAX_BYTES));
    }
    return { kind: "cgroup", path };
  }
  const systemd = Bun.which("systemd-run");
  const scope = ["--scope", "--quiet", "-p", `MemoryMax=${MAX_BYTES}`, "-p", "MemorySwapMax=0"];
  for (const command of [
    [systemd ?? "", "--user", ...scope],
    [systemd ?? "", ...scope],
  ]) {
    if (systemd === null || Bun.spawnSync([...command, "true"]).exitCode !== 0) continue;
    return { kind: "systemd", command };
  }
  return { kind: "none", reason: "neither systemd nor LLMUX_BENCH_CGROUP" };
}

/** VmHWM: the most it ever had. */
function readPeakBytes({ pid }: TestGateway): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? Number.NaN) * 1024;
}

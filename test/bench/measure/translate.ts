/**
 * What translating costs above passing: the same texts, in the same chunks, once through a gateway whose caller and provider
 * speak one API and once through the same process where they speak two.
 */
import type { Bench, Lane } from "../bench.ts";
import { listDirectLanes, listLanes, runRounds, runValidJob, tryStartProxy } from "../bench.ts";
import { describeCall, isPassed } from "../call.ts";
import type { Call } from "../call.ts";
import type { Subject } from "../subjects/subject.ts";
import { BYTES_PER_MB } from "./memory.ts";
import { warmUpStreams } from "./warm-up.ts";

const CALLS: readonly Call[] = [
  { api: "chat", provider: "chat" },
  { api: "messages", provider: "messages" },
  { api: "chat", provider: "messages" },
  { api: "messages", provider: "chat" },
  { api: "responses", provider: "chat" },
];

/** As in the measure of chunks: 25 tokens a second on each. */
const STREAMS = 100;
const GAP_MS = 40;
const CHUNKS_PER_STREAM = 200;
/** How many streams a chunk's added delay is promised for, and 20 tokens a second on each. */
const DELAY_STREAMS = 500;
const DELAY_GAP_MS = 50;
const BYTES_PER_KIB = 1024;

export async function measureTranslate(bench: Bench): Promise<void> {
  for (const subject of bench.subjects) {
    if (!subject.translates) continue;
    const proxy = await tryStartProxy(bench, subject);
    if (proxy === null) continue;
    try {
      const lanes = listLanes(bench, subject, proxy).flatMap((lane) => CALLS.map((call) => speak(lane, call)));
      await warmUpStreams(bench, lanes);
      await measureCpu(bench, lanes);
      await measureDelay(bench, lanes);
    } finally {
      await proxy.stop();
    }
    await measureStreamMemory(bench, subject);
  }
}

function speak(lane: Lane, call: Call): Lane {
  return { ...lane, base: { ...lane.base, call } };
}

/** The call that passes what this one translates: the provider's bytes are the same. */
function passingOf({ provider }: Call): Call {
  return { api: provider, provider };
}

async function measureCpu(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const { plan, book } = bench;
  const costs = new Map<string, number>();
  await runRounds(bench, "translate", plan.translateRounds, lanes, async (lane, round) => {
    const { call } = lane.base;
    const title = `cpu-per-chunk, ${describeCall(call)}`;
    const result = await runValidJob(bench, title, lane.name, {
      ...lane.base,
      kind: "chunks",
      streams: STREAMS,
      chunksPerStream: CHUNKS_PER_STREAM,
      controlPort: null,
      gapMs: GAP_MS,
      warmupMs: plan.warmupMs,
      windowMs: plan.windowMs,
    });
    if (result === null) return;
    book.add(title, "µs", { lane: lane.name, round }, result.cpuMicrosPerChunk);
    book.add(`${title}: foreign share`, "core", { lane: lane.name, round }, result.shares.foreign);
    costs.set(`${describeCall(call)} ${lane.name} ${round}`, result.cpuMicrosPerChunk);
  });
  for (const { name, base } of lanes) {
    if (isPassed(base.call)) continue;
    for (let round = 0; round < plan.translateRounds; round += 1) {
      const ours = costs.get(`${describeCall(base.call)} ${name} ${round}`);
      const passing = costs.get(`${describeCall(passingOf(base.call))} ${name} ${round}`);
      if (ours === undefined || passing === undefined) continue;
      book.add(`translating ÷ passing, ${describeCall(base.call)}`, "×", { lane: name, round }, ours / passing);
    }
  }
}

/** From the mock's write to the caller's read, minus the same without anything in between, in the same round. */
async function measureDelay(bench: Bench, lanes: readonly Lane[]): Promise<void> {
  const { plan, book } = bench;
  const direct = listDirectLanes(bench).flatMap((lane) => CALLS.filter(isPassed).map((call) => speak(lane, call)));
  const measured: { lane: Lane; round: number; p50Ms: number; p99Ms: number; waiting: number }[] = [];
  await runRounds(bench, "translate delay", plan.translateRounds, [...direct, ...lanes], async (lane, round) => {
    const result = await runValidJob(bench, `chunk delay, ${describeCall(lane.base.call)}`, lane.name, {
      ...lane.base,
      kind: "chunks",
      streams: DELAY_STREAMS,
      chunksPerStream: CHUNKS_PER_STREAM,
      controlPort: bench.mock.controlPort,
      gapMs: DELAY_GAP_MS,
      warmupMs: plan.warmupMs,
      windowMs: plan.windowMs,
    });
    if (result === null || result.delay === null) return;
    measured.push({ lane, round, ...result.delay, waiting: result.shares.waiting });
  });
  for (const { lane, round, p50Ms, p99Ms, waiting } of measured) {
    const { call } = lane.base;
    const at = { lane: lane.name, round };
    const title = `at ${DELAY_STREAMS} streams, ${describeCall(call)}`;
    if (lane.isDirect) {
      book.add(`chunk delay p50 ${title}: direct`, "ms", at, p50Ms);
      book.add(`chunk delay p99 ${title}: direct`, "ms", at, p99Ms);
      continue;
    }
    const transport = lane.name.split(" ")[1] ?? "";
    const baseline = measured.find(
      (one) =>
        one.lane.name === `direct ${transport}` && one.round === round && one.lane.base.call.provider === call.provider,
    );
    if (baseline === undefined) continue;
    book.add(`chunk delay ${title}: proxy waited for its core`, "core", at, waiting);
    book.add(`added chunk delay p50 ${title}`, "ms", at, p50Ms - baseline.p50Ms);
    book.add(`added chunk delay p99 ${title}`, "ms", at, p99Ms - baseline.p99Ms);
  }
}

/** Resident memory of a fresh process for each call, with thousands of open streams over TCP. */
async function measureStreamMemory(bench: Bench, subject: Subject): Promise<void> {
  const { plan, book } = bench;
  const streams = plan.translatedStreams;
  for (let round = 0; round < plan.translateMemoryRounds; round += 1) {
    const resident = new Map<string, number>();
    for (const call of round % 2 === 0 ? CALLS : CALLS.toReversed()) {
      if (!bench.hasTime()) return bench.note("translate memory: out of time before the end");
      const proxy = await tryStartProxy(bench, subject);
      if (proxy === null) continue;
      try {
        const lane = listLanes(bench, subject, proxy)[0];
        if (lane === undefined) continue;
        const result = await runValidJob(bench, `open streams, ${describeCall(call)}`, lane.name, {
          ...speak(lane, call).base,
          kind: "open-streams",
          steps: [streams],
          gapMs: plan.streamGapMs,
          settleMs: plan.streamSettleMs,
        });
        const bytes = result?.steps[0]?.residentBytes;
        if (bytes === undefined) continue;
        resident.set(describeCall(call), bytes);
        const title = `resident at ${streams} streams, ${describeCall(call)}`;
        book.add(title, "MB", { lane: lane.name, round }, bytes / BYTES_PER_MB);
      } finally {
        await proxy.stop();
      }
    }
    for (const call of CALLS) {
      const ours = resident.get(describeCall(call));
      const passing = resident.get(describeCall(passingOf(call)));
      if (isPassed(call) || ours === undefined || passing === undefined) continue;
      const kib = (ours - passing) / streams / BYTES_PER_KIB;
      book.add(
        `memory per stream above passing, ${describeCall(call)}`,
        "KiB",
        { lane: `${subject.name} tcp`, round },
        kib,
      );
    }
  }
}

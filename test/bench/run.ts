/**
 * `make bench`: LLMux beside nginx, HAProxy and another gateway, in one run on one machine. Only ratios of figures taken
 * side by side mean something; so lanes take turns, each answer is checked to the byte, and a run with a wrong one is
 * thrown away and reported.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Lane } from "./bench.ts";
import { listDirectLanes, listLanes, tryStartProxy } from "./bench.ts";
import { endChildrenOnSignals } from "./children.ts";
import { HARNESS_CORES, PROXY_CORE } from "./cores.ts";
import { FigureBook } from "./figure-book.ts";
import { measureAborts } from "./measure/aborts.ts";
import { measureChunks } from "./measure/chunks.ts";
import { measureHedging } from "./measure/hedging.ts";
import { measureIsolation } from "./measure/isolation.ts";
import { measureLatency } from "./measure/latency.ts";
import { measureMemory } from "./measure/memory.ts";
import { measureOutage } from "./measure/outage.ts";
import { measureOverload } from "./measure/overload.ts";
import { measureReady } from "./measure/ready.ts";
import { measureReloads } from "./measure/reloads.ts";
import { measureRequests } from "./measure/requests.ts";
import { measureRouting } from "./measure/routing.ts";
import { measureSaturation } from "./measure/saturation.ts";
import { measureStalled } from "./measure/stalled.ts";
import { measureTranslate } from "./measure/translate.ts";
import { warmUp } from "./measure/warm-up.ts";
import { startMock } from "./mock-process.ts";
import { USAGE, UsageError, readPlan } from "./plan.ts";
import type { MeasureName, Plan } from "./plan.ts";
import type { RunningProxy } from "./proxy-process.ts";
import { renderJson, renderMarkdown } from "./report.ts";
import type { RunFacts } from "./report.ts";
import { bare } from "./subjects/bare.ts";
import { haproxy } from "./subjects/haproxy.ts";
import { llmux, makeLlmuxBefore } from "./subjects/llmux.ts";
import { nginx } from "./subjects/nginx.ts";
import { portkey } from "./subjects/portkey.ts";
import type { Subject } from "./subjects/subject.ts";

const SUBJECTS: readonly Subject[] = [llmux, nginx, haproxy, bare, portkey];
/** Measurements of warm proxies that stay up through all of them; the others start fresh ones. What has a target comes first. */
const WARM: readonly MeasureName[] = ["requests", "chunks", "aborts", "latency", "saturation"];

async function measureWarm(bench: Bench): Promise<void> {
  const wanted = WARM.filter((name) => bench.plan.only.includes(name));
  if (wanted.length === 0) return;
  const proxies: RunningProxy[] = [];
  try {
    const lanes: Lane[] = [];
    for (const subject of bench.subjects) {
      const proxy = await tryStartProxy(bench, subject);
      if (proxy === null) continue;
      proxies.push(proxy);
      lanes.push(...listLanes(bench, subject, proxy));
    }
    const all = [...listDirectLanes(bench), ...lanes];
    bench.say("warm-up");
    await warmUp(bench, lanes);
    for (const name of wanted) {
      bench.say(name);
      if (name === "requests") await measureRequests(bench, lanes);
      else if (name === "chunks") await measureChunks(bench, lanes);
      else if (name === "latency") await measureLatency(bench, all);
      else if (name === "saturation") await measureSaturation(bench, all);
      else await measureAborts(bench, all);
    }
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
}

async function measureFresh(bench: Bench): Promise<void> {
  const steps = {
    ready: measureReady,
    memory: measureMemory,
    stalled: measureStalled,
    translate: measureTranslate,
    routing: measureRouting,
    hedging: measureHedging,
    isolation: measureIsolation,
    outage: measureOutage,
    overload: measureOverload,
    reloads: measureReloads,
  } as const;
  for (const [name, measure] of Object.entries(steps)) {
    if (!bench.plan.only.some((one) => one === name)) continue;
    bench.say(name);
    await measure(bench);
  }
}

async function runBench(plan: Plan): Promise<boolean> {
  const startedMs = performance.now();
  const say = (line: string): void => {
    process.stderr.write(`${String(Math.round((performance.now() - startedMs) / 1000)).padStart(4)} s  ${line}\n`);
  };
  const found: RunFacts["subjects"][number][] = [];
  const missing: RunFacts["missing"][number][] = [];
  const notes: string[] = [];
  const subjects: Subject[] = [];
  const wanted = SUBJECTS.filter(({ name }) => plan.subjects.some((one) => one === name));
  // Right behind the one it is compared with: what drifts within a round then meets both alike.
  if (plan.against !== null) wanted.splice(wanted.indexOf(llmux) + 1, 0, makeLlmuxBefore(plan.against));
  for (const subject of wanted) {
    const answer = await subject.find();
    if (answer.kind === "available") {
      subjects.push(subject);
      found.push({ name: subject.name, version: answer.version, description: subject.description });
    } else {
      missing.push({ name: subject.name, reason: answer.reason });
    }
    say(`${subject.name}: ${answer.kind === "available" ? answer.version : `not compared: ${answer.reason}`}`);
  }

  const scratch = await mkdtemp(join(tmpdir(), "llmux-bench-"));
  const mock = await startMock(scratch);
  const book = new FigureBook();
  const bench: Bench = {
    plan,
    scratch,
    mock,
    upstream: { host: mock.tcp.host, port: mock.tcp.port },
    subjects,
    book,
    hasTime: () => performance.now() - startedMs < plan.budgetMs,
    say,
    note: (line) => {
      say(line);
      notes.push(line);
    },
  };
  try {
    await measureFresh(bench);
    await measureWarm(bench);
  } finally {
    await mock.stop();
    await rm(scratch, { recursive: true, force: true });
  }

  const facts: RunFacts = {
    startedAt: new Date(Date.now() - (performance.now() - startedMs)).toISOString(),
    durationS: Math.round((performance.now() - startedMs) / 1000),
    isQuick: plan.isQuick,
    machine: `${cpus()[0]?.model ?? "unknown CPU"}, ${cpus().length} cores, Linux ${release()}; proxy on core ${PROXY_CORE}, mock and load generator on ${HARNESS_CORES}; Bun ${Bun.version}`,
    subjects: found,
    missing,
    notes,
  };
  await mkdir(plan.outDirectory, { recursive: true });
  const markdown = renderMarkdown(book, facts);
  await Bun.write(join(plan.outDirectory, "bench.md"), markdown);
  await Bun.write(join(plan.outDirectory, "bench.json"), renderJson(book, facts));
  process.stdout.write(markdown);
  // What another subject could not do is in the report; the bench fails where its own has no valid figure.
  return !book.invalid.some(({ lane }) => lane.startsWith(`${llmux.name} `));
}

endChildrenOnSignals();
try {
  const defaultOut = join(import.meta.dir, "..", "..", "dist", "bench");
  const isValid = await runBench(readPlan(process.argv.slice(2), defaultOut));
  process.exitCode = isValid ? 0 : 1;
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  // A mistake in the arguments: said in one sentence, with the usage.
  process.stderr.write(`${thrown.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

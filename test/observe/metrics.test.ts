import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import { Metrics, type MetricSources } from "../../src/observe/metrics.ts";
import { sampleExchange as exchange } from "./sample-exchange.ts";
import { usageOf } from "../../src/lib/usage.ts";

const quietSources: MetricSources = {
  version: "1.2.3",
  inFlight: () => [],
  config: () => ({ generation: 1, isInSync: true, reloads: [] }),
  deployments: () => [],
  pendingBytes: () => 0,
  evictedCallers: () => 0,
  logLinesDropped: () => 0,
  connections: () => [],
};

/** A scrape as a map from `name{a="b"}` (labels sorted) to its number. A series told twice is an error. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const series = new Map<string, number>();
  for (const line of (await metrics.render()).split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, labels = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a sample: ${line}`);
    const sorted = [...labels.matchAll(/[a-z_]+="(?:[^"\\]|\\.)*"/g)].map(String).toSorted().join(",");
    const key = `${name}{${sorted}}`;
    if (series.has(key)) throw new Error(`${key} was told twice`);
    series.set(key, Number(value));
  }
  return series;
}

describe("an exchange", () => {
  test("is counted by provider, model and status", async () => {
    const metrics = new Metrics(quietSources);
    metrics.onSettled(exchange());
    metrics.onSettled(exchange());
    metrics.onSettled(exchange({ status: 429, upstreamErrorType: "http_429" }));
    metrics.onSettled(exchange({ provider: "azure-eu", status: 499, abortMs: 3 }));
    const series = await scrape(metrics);
    expect(series.get('llm_requests_total{model="gpt-4o",provider="openai",status="200"}')).toBe(2);
    expect(series.get('llm_requests_total{model="gpt-4o",provider="openai",status="429"}')).toBe(1);
    expect(series.get('llm_requests_total{model="gpt-4o",provider="azure-eu",status="499"}')).toBe(1);
    expect(series.get('llm_upstream_error_total{error_type="http_429",provider="openai"}')).toBe(1);
    expect(series.get("llm_upstream_abort_seconds_count{}")).toBe(1);
    expect(series.get('llm_upstream_abort_seconds_bucket{le="0.0025"}')).toBe(0);
    expect(series.get('llm_upstream_abort_seconds_bucket{le="0.005"}')).toBe(1);
  });

  test("that reached no provider or no model is the gateway's", async () => {
    const metrics = new Metrics(quietSources);
    const outcome = { kind: "failed", error: new GatewayError("not_found", "unknown model") } as const;
    metrics.onSettled(
      exchange({ provider: "", group: "", status: 404, firstByteMs: null, outcome, usageSource: "none" }),
    );
    const series = await scrape(metrics);
    expect(series.get('llm_requests_total{model="none",provider="gateway",status="404"}')).toBe(1);
    expect(series.get('llm_time_to_first_byte_seconds_count{model="none",provider="gateway"}')).toBe(0);
    expect(series.get('llm_usage_records_total{source="none"}')).toBe(1);
    expect(series.get('llm_usage_records_total{source="provider"}')).toBe(0);
  });

  test("adds the tokens that were reported, and only what can be a count", async () => {
    const metrics = new Metrics(quietSources);
    const usage = usageOf({ inputTokens: 100, outputTokens: 7, cachedTokens: 64, reasoningTokens: 5 });
    metrics.onSettled(exchange({ usage }));
    metrics.onSettled(exchange({ usage }));
    const hostile = usageOf({ inputTokens: -5, outputTokens: Number.NaN, cachedTokens: 1e300, reasoningTokens: 0.5 });
    metrics.onSettled(exchange({ usage: hostile }));
    const series = await scrape(metrics);
    const tokens = (type: string) =>
      series.get(`llm_token_usage_total{model="gpt-4o",provider="openai",type="${type}"}`);
    expect(["input", "output", "cached", "reasoning"].map(tokens)).toEqual([200, 14, 128, 10]);
  });

  test("with a duration that is none leaves the sums whole", async () => {
    const metrics = new Metrics(quietSources);
    for (const totalMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, 2000]) metrics.onSettled(exchange({ totalMs }));
    const series = await scrape(metrics);
    expect(series.get('llm_request_latency_seconds_sum{model="gpt-4o",provider="openai"}')).toBe(2);
    expect(series.get('llm_request_latency_seconds_count{model="gpt-4o",provider="openai"}')).toBe(1);
  });
});

test("a thousand random exchanges read the same as counted naively, bucket by bucket", async () => {
  const metrics = new Metrics(quietSources);
  const bounds = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
  const expected = new Map<string, number>();
  const add = (key: string, count = 1) => expected.set(key, (expected.get(key) ?? 0) + count);
  let state = 7;
  const below = (count: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 4294967296) * count);
  };
  for (let i = 0; i < 1000; i++) {
    // Eighths of a second add up without rounding, and meet bucket bounds exactly.
    const totalMs = below(700) * 125;
    const [provider, group, status] = [`p${below(3)}`, `g${below(4)}`, [200, 429, 503][below(3)] as number];
    metrics.onSettled(exchange({ provider, group, status, totalMs }));
    const labels = `model="${group}",provider="${provider}"`;
    add(`llm_requests_total{${labels},status="${status}"}`);
    add(`llm_request_latency_seconds_sum{${labels}}`, totalMs / 1000);
    for (const le of bounds) {
      add(`llm_request_latency_seconds_bucket{le="${le}",${labels}}`, totalMs / 1000 <= le ? 1 : 0);
    }
    add(`llm_request_latency_seconds_bucket{le="+Inf",${labels}}`);
    add(`llm_request_latency_seconds_count{${labels}}`);
  }
  const series = await scrape(metrics);
  const told = [...series].filter(([key]) => /^llm_request(s_total|_latency)/.test(key));
  expect(new Map(told.toSorted())).toEqual(new Map([...expected].toSorted()));
});

describe("series are bounded", () => {
  test("beyond the cap of cells everything is counted as other", async () => {
    const metrics = new Metrics(quietSources, { maxCells: 3 });
    for (let i = 0; i < 100; i++) metrics.onSettled(exchange({ group: `model-${i}` }));
    metrics.onSettled(exchange({ group: "model-1" }));
    const counts = [...(await scrape(metrics))].filter(([key]) => key.startsWith("llm_requests_total"));
    expect(counts).toHaveLength(4);
    expect(counts.map(([, count]) => count).reduce((a, b) => a + b)).toBe(101);
    expect(counts).toContainEqual(['llm_requests_total{model="other",provider="other",status="200"}', 97]);
    expect(counts).toContainEqual(['llm_requests_total{model="model-1",provider="openai",status="200"}', 2]);
  });

  test("a provider that answers every status there is gets 32 of them and other", async () => {
    const metrics = new Metrics(quietSources);
    for (let status = 100; status <= 999; status++) metrics.onSettled(exchange({ status }));
    for (const status of [Number.NaN, -1, 0, 1e9]) metrics.onSettled(exchange({ status }));
    const counts = [...(await scrape(metrics))].filter(([key]) => key.startsWith("llm_requests_total"));
    expect(counts).toHaveLength(33);
    expect(counts).toContainEqual([
      'llm_requests_total{model="gpt-4o",provider="openai",status="other"}',
      900 - 32 + 4,
    ]);
  });

  test("provider names beyond a thousand share one series", async () => {
    const metrics = new Metrics(quietSources);
    for (let i = 0; i < 3000; i++) metrics.onBulkheadRejected(`p${i}`);
    const counts = [...(await scrape(metrics))].filter(([key]) => key.startsWith("llm_bulkhead_rejected_total"));
    expect(counts.length).toBeLessThanOrEqual(1001);
    expect(counts.map(([, count]) => count).reduce((a, b) => a + b)).toBe(3000);
  });
});

test("labels are escaped, whatever the config calls a model", async () => {
  const metrics = new Metrics(quietSources);
  metrics.onSettled(exchange({ group: 'a"b\\c\nd{}=' }));
  const text = await metrics.render();
  expect(text).toContain('llm_requests_total{status="200",provider="openai",model="a\\"b\\\\c\\nd{}="} 1\n');
});

test("what others know is read when scraped", async () => {
  let generation = 1;
  const metrics = new Metrics({
    ...quietSources,
    inFlight: () => new Map([["openai", 3]]),
    config: () => ({ generation, isInSync: generation === 1, reloads: [["applied", generation]] }),
    pendingBytes: () => 4096,
    evictedCallers: () => 2,
    logLinesDropped: () => 9,
    connections: () => [["caller", 5]],
  });
  metrics.onBulkheadRejected("");
  metrics.onBulkheadRejected("openai");
  const first = await scrape(metrics);
  generation = 2;
  const second = await scrape(metrics);
  expect(first.get("llm_config_generation{}")).toBe(1);
  expect(first.get("llm_config_in_sync{}")).toBe(1);
  expect(second.get("llm_config_generation{}")).toBe(2);
  expect(second.get("llm_config_in_sync{}")).toBe(0);
  expect(second.get('llm_config_reloads_total{result="applied"}')).toBe(2);
  expect(second.get('llm_in_flight_requests{provider="openai"}')).toBe(3);
  expect(second.get("llm_pending_bytes{}")).toBe(4096);
  expect(second.get("llm_evicted_callers_total{}")).toBe(2);
  expect(second.get("llm_log_lines_dropped_total{}")).toBe(9);
  expect(second.get('llm_connections{side="caller"}')).toBe(5);
  expect(second.get('llm_bulkhead_rejected_total{provider="gateway"}')).toBe(1);
  expect(second.get('llm_bulkhead_rejected_total{provider="openai"}')).toBe(1);
  expect(second.get('llm_build_info{version="1.2.3"}')).toBe(1);
});

test("the process tells its memory, CPU, descriptors and start as this system sees them", async () => {
  const series = await scrape(new Metrics(quietSources));
  const value = (name: string) => series.get(`${name}{}`) ?? Number.NaN;
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(10e6);
  expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
  expect(value("nodejs_heap_size_used_bytes")).toBeGreaterThan(100_000);
  expect(value("nodejs_eventloop_lag_seconds")).toBeLessThan(60);
  expect(Math.abs(value("process_start_time_seconds") - (Date.now() / 1000 - process.uptime()))).toBeLessThan(5);
  if (process.platform !== "linux") return;
  expect(value("process_open_fds")).toBeGreaterThan(2);
  expect(value("process_max_fds")).toBeGreaterThanOrEqual(value("process_open_fds"));
  expect(value("process_virtual_memory_bytes")).toBeGreaterThan(value("process_resident_memory_bytes"));
});

test("scrapes that overlap share one rendering, and one that fails does not spoil the next", async () => {
  let reads = 0;
  let isBroken = false;
  const metrics = new Metrics({
    ...quietSources,
    pendingBytes() {
      reads++;
      if (isBroken) throw new Error("source is broken");
      return 1;
    },
  });
  const texts = await Promise.all([metrics.render(), metrics.render(), metrics.render()]);
  expect(new Set(texts).size).toBe(1);
  expect(reads).toBe(1);
  isBroken = true;
  await expect(metrics.render()).rejects.toThrow("source is broken");
  isBroken = false;
  expect((await scrape(metrics)).get("llm_pending_bytes{}")).toBe(1);
});

const promtool = Bun.which("promtool");

test.skipIf(promtool === null)(
  "promtool finds nothing to object to (skipped where promtool is not installed)",
  async () => {
    const metrics = new Metrics({ ...quietSources, connections: () => [["upstream", 1]] });
    metrics.onSettled(exchange({ upstreamErrorType: "reset", abortMs: 1 }));
    metrics.onSettled(exchange({ provider: "", group: 'odd "name"' }));
    const promtoolRun = Bun.spawn([promtool ?? "", "check", "metrics"], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    promtoolRun.stdin.write(await metrics.render());
    await promtoolRun.stdin.end();
    const complaints =
      (await new Response(promtoolRun.stdout).text()) + (await new Response(promtoolRun.stderr).text());
    expect(complaints).toBe("");
    expect(await promtoolRun.exited).toBe(0);
  },
);

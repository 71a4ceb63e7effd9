/** What the product promises to count, in Prometheus' words: cells that cost additions, text only when scraped. */
import Registry from "prom-client/lib/registry.js";
import type { UpstreamErrorType } from "../errors.ts";
import type { ExchangeObserver, ExchangeRecord, RouteCounter, UsageSource } from "../exchange.ts";
import {
  ExchangeCells,
  FIRST_BYTE,
  FIRST_BYTE_AT,
  LATENCY,
  LATENCY_AT,
  statusLabel,
  TOKENS_AT,
  TOKEN_TYPES,
} from "./exchange-cells.ts";
import { observeSeconds, shapeHistogram, type HistogramShape } from "./histogram.ts";
import { histogramSamples, registerFamily, type MetricFamily, type Sample } from "./metric-family.ts";
import { processMetricFamilies } from "./process-metrics.ts";

/** What others know and a scrape asks for. */
export type DeploymentStanding = {
  readonly id: string;
  readonly breaker: "closed" | "half-open" | "open";
  readonly isCooling: boolean;
};

export type MetricSources = {
  deployments(): Iterable<DeploymentStanding>;
  readonly version: string;
  inFlight(): Iterable<readonly [provider: string, count: number]>;
  config(): {
    readonly generation: number;
    readonly isInSync: boolean;
    /** How often a reload ended how, by a closed list of words ("applied", "failed" …). */
    readonly reloads: Iterable<readonly [result: string, count: number]>;
  };
  pendingBytes(): number;
  evictedCallers(): number;
  logLinesDropped(): number;
  connections(): Iterable<readonly [side: "caller" | "upstream", count: number]>;
};

const OVERHEAD = shapeHistogram([0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1]);
const ABORT = shapeHistogram([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]);

/** 2,000 pairs of provider and model are 65,000 series and 5 MB a scrape: more than any server likes to be given. */
const DEFAULT_MAX_CELLS = 2_000;
const MAX_PROVIDERS = 1_000;
/** Of larger configs the first that were asked are shown. */
const MAX_DEPLOYMENTS = 2_000;
const BREAKER_VALUES = { closed: 0, "half-open": 1, open: 2 } as const;

const ROUTING_FAMILIES: readonly (readonly [counter: RouteCounter, label: string, help: string])[] = [
  ["retries", "reason", "Further attempts, by the class of the failure before them."],
  ["fallbacks", "model", "Attempts in another model group, by that group."],
  ["hedges", "won", "Second attempts beside a slow one, by whether their answer was taken."],
  ["resumes", "model", "Streams that broke off and were continued elsewhere."],
  ["rate_limited", "scope", "Requests refused by a limit of their caller, model or deployment."],
  ["shed", "priority", "Requests refused before memory or the event loop gave out."],
  ["health_checks", "result", "Active health checks by their result."],
];

export class Metrics implements ExchangeObserver {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #names: readonly string[];
  readonly #cells: ExchangeCells;
  readonly #overhead = new Float64Array(OVERHEAD.slots);
  readonly #abort = new Float64Array(ABORT.slots);
  readonly #usageRecords: Record<UsageSource, number> = { provider: 0, estimated: 0, none: 0 };
  readonly #upstreamErrors = new Map<string, Map<UpstreamErrorType, number>>();
  readonly #bulkheadRejected = new Map([["", 0]]);
  readonly #routing: Record<RouteCounter, Map<string, number>> = {
    retries: new Map(),
    fallbacks: new Map(),
    hedges: new Map(),
    resumes: new Map(),
    rate_limited: new Map(),
    shed: new Map(),
    health_checks: new Map(),
  };
  #rendering: Promise<string> | null = null;

  constructor(sources: MetricSources, options: { readonly maxCells?: number } = {}) {
    this.#cells = new ExchangeCells(options.maxCells ?? DEFAULT_MAX_CELLS);
    const families = [...this.#families(sources), ...processMetricFamilies()];
    for (const each of families) registerFamily(this.#registry, each);
    this.#names = families.map((each) => each.name);
  }

  onSettled(record: ExchangeRecord): void {
    this.#cells.count(record);
    observeSeconds(OVERHEAD, this.#overhead, 0, record.overheadMs / 1000);
    if (record.abortMs !== null) observeSeconds(ABORT, this.#abort, 0, record.abortMs / 1000);
    this.#usageRecords[record.usageSource]++;
    if (record.upstreamErrorType !== null) this.#countUpstreamError(record.provider, record.upstreamErrorType);
  }

  /** One attempt refused for want of a slot; `provider` is "" for the gateway's own limit. */
  onBulkheadRejected(provider: string): void {
    const name = boundedName(this.#bulkheadRejected, provider);
    this.#bulkheadRejected.set(name, (this.#bulkheadRejected.get(name) ?? 0) + 1);
  }

  /** Something of routing or admission happened; `label` is bounded by the config or a closed list. */
  onRouted(counter: RouteCounter, label: string): void {
    const counts = this.#routing[counter];
    const name = boundedName(counts, label);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  /** The whole exposition, format 0.0.4. Scrapes that overlap share one rendering. */
  render(): Promise<string> {
    this.#rendering ??= this.#renderFamilies().finally(() => {
      this.#rendering = null;
    });
    return this.#rendering;
  }

  /**
   * Family by family with a turn of the event loop in between, so that streams go on: prom-client writes a line in
   * 1.7 µs, which for 300 cells is 15 ms in one piece.
   */
  async #renderFamilies(): Promise<string> {
    const parts: string[] = [];
    for (const name of this.#names) {
      parts.push(await this.#registry.getSingleMetricAsString(name));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return `${parts.join("\n\n")}\n`;
  }

  #countUpstreamError(provider: string, type: UpstreamErrorType): void {
    const name = boundedName(this.#upstreamErrors, provider);
    const counts = this.#upstreamErrors.get(name) ?? new Map<UpstreamErrorType, number>();
    counts.set(type, (counts.get(type) ?? 0) + 1);
    this.#upstreamErrors.set(name, counts);
  }

  #families(sources: MetricSources): MetricFamily[] {
    return [
      family(
        "counter",
        "llm_requests_total",
        "Requests by the status sent to the caller (499: it left before any).",
        () => this.#readRequests(),
      ),
      this.#cellHistogram(
        "llm_request_latency_seconds",
        "From the request's start to its last byte.",
        LATENCY,
        LATENCY_AT,
      ),
      this.#cellHistogram(
        "llm_time_to_first_byte_seconds",
        "From the request's start to the first byte of the answer's body.",
        FIRST_BYTE,
        FIRST_BYTE_AT,
      ),
      family(
        "histogram",
        "llm_gateway_overhead_seconds",
        "The part of a request's time that was the gateway's own.",
        () =>
          histogramSamples("llm_gateway_overhead_seconds", OVERHEAD, {
            numbers: this.#overhead,
            offset: 0,
            labels: {},
          }),
      ),
      family(
        "counter",
        "llm_token_usage_total",
        "Tokens by type; cached is a part of input, reasoning of output.",
        () => this.#readTokens(),
      ),
      family("counter", "llm_upstream_error_total", "What went wrong with a provider, by kind.", () =>
        this.#readUpstreamErrors(),
      ),
      family("histogram", "llm_upstream_abort_seconds", "From a caller's leaving to the upstream's being closed.", () =>
        histogramSamples("llm_upstream_abort_seconds", ABORT, { numbers: this.#abort, offset: 0, labels: {} }),
      ),
      family("gauge", "llm_in_flight_requests", "Requests a provider is working on now.", () =>
        labelled("provider", sources.inFlight(), "gateway"),
      ),
      family("counter", "llm_bulkhead_rejected_total", "Requests refused for want of a free slot.", () =>
        labelled("provider", this.#bulkheadRejected, "gateway"),
      ),
      ...ROUTING_FAMILIES.map(([counter, label, help]) =>
        family("counter", `llm_${counter}_total`, help, () => labelled(label, this.#routing[counter])),
      ),
      family("gauge", "llm_breaker_state", "Of each deployment that was asked: 0 closed, 1 half-open, 2 open.", () =>
        this.#readDeployments(sources, ({ breaker }) => BREAKER_VALUES[breaker]),
      ),
      family("gauge", "llm_deployment_cooldown", "1 while a deployment rests after a rate limit.", () =>
        this.#readDeployments(sources, ({ isCooling }) => (isCooling ? 1 : 0)),
      ),
      family("gauge", "llm_config_generation", "Number of the config in use.", () => one(sources.config().generation)),
      family("gauge", "llm_config_in_sync", "1 when the files on disk are the config in use.", () =>
        one(sources.config().isInSync ? 1 : 0),
      ),
      family("counter", "llm_config_reloads_total", "Reloads of the config by their end.", () =>
        labelled("result", sources.config().reloads),
      ),
      family("counter", "llm_usage_records_total", "Usage records by where their numbers came from.", () =>
        labelled("source", Object.entries(this.#usageRecords)),
      ),
      family("counter", "llm_log_lines_dropped_total", "Log lines nobody read in time.", () =>
        one(sources.logLinesDropped()),
      ),
      family("gauge", "llm_pending_bytes", "Bytes held for callers that do not read.", () =>
        one(sources.pendingBytes()),
      ),
      family("counter", "llm_evicted_callers_total", "Callers cut off because they did not read.", () =>
        one(sources.evictedCallers()),
      ),
      family("gauge", "llm_connections", "Open connections by side.", () => labelled("side", sources.connections())),
      family("gauge", "llm_build_info", "1, with the version as its label.", () => [
        { labels: { version: sources.version }, value: 1 },
      ]),
    ];
  }

  #cellHistogram(name: string, help: string, shape: HistogramShape, offset: number): MetricFamily {
    const cells = this.#cells;
    return family("histogram", name, help, function* () {
      for (const { numbers, labels } of cells.all) yield* histogramSamples(name, shape, { numbers, offset, labels });
    });
  }

  *#readRequests(): Generator<Sample> {
    for (const { labels, statuses, statusCounts } of this.#cells.all) {
      for (let at = 0; at < statuses.length; at++) {
        const status = statusLabel(statuses[at] as number);
        yield { labels: { status }, sharedLabels: labels, value: statusCounts[at] as number };
      }
    }
  }

  *#readTokens(): Generator<Sample> {
    for (const { labels, numbers } of this.#cells.all) {
      for (let at = 0; at < TOKEN_TYPES.length; at++) {
        const type = TOKEN_TYPES[at] as string;
        yield { labels: { type }, sharedLabels: labels, value: numbers[TOKENS_AT + at] as number };
      }
    }
  }

  *#readDeployments(sources: MetricSources, read: (standing: DeploymentStanding) => number): Generator<Sample> {
    let count = 0;
    for (const standing of sources.deployments()) {
      if (++count > MAX_DEPLOYMENTS) return;
      yield { labels: { deployment: standing.id }, value: read(standing) };
    }
  }

  *#readUpstreamErrors(): Generator<Sample> {
    for (const [provider, counts] of this.#upstreamErrors) {
      for (const [type, value] of counts)
        yield { labels: { provider: provider || "gateway", error_type: type }, value };
    }
  }
}

function family(type: MetricFamily["type"], name: string, help: string, read: MetricFamily["read"]): MetricFamily {
  return { name, help, type, read };
}

function one(value: number): Sample[] {
  return [{ labels: {}, value }];
}

/** One sample per entry; `nameless` stands for the entry called "". */
function* labelled(label: string, entries: Iterable<readonly [string, number]>, nameless = ""): Generator<Sample> {
  for (const [name, value] of entries) yield { labels: { [label]: name || nameless }, value };
}

/** The name itself while there is room for it, "other" beyond: a guard, provider names come from the config. */
function boundedName(map: ReadonlyMap<string, unknown>, name: string): string {
  return map.has(name) || map.size < MAX_PROVIDERS ? name : "other";
}

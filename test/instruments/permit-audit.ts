/**
 * The permit auditor: after a test, nothing may be held. It asks the gateway's ops listener (`/status` and `/metrics`)
 * until every provider shows zero exchanges in flight, and the fake upstreams until nobody waits for them.
 */
import type { TestGateway } from "./test-gateway.ts";
import { until } from "./until.ts";
import type { Upstream } from "./upstream.ts";

export type AuditOptions = {
  /** Also closed connections: true when the pool is expected to keep none (after aborts, for example). */
  readonly noIdleConnections?: boolean;
  readonly deadlineMs?: number;
};

/** What the gateway says it holds. */
export type Held = { readonly inFlightByStatus: number; readonly inFlightByMetrics: number };

/** Waits until nothing is held; throws with what still is once the deadline has passed. */
export async function auditPermits(
  gateway: TestGateway,
  upstreams: readonly Upstream[],
  options: AuditOptions = {},
): Promise<void> {
  let held: Held = { inFlightByStatus: Number.NaN, inFlightByMetrics: Number.NaN };
  let busy = "";
  try {
    await until(
      "nothing to be held",
      async () => {
        held = await readHeld(gateway);
        if (held.inFlightByStatus !== 0 || held.inFlightByMetrics !== 0) return false;
        busy = upstreams.map((upstream) => describeBusy(upstream, options)).join("");
        return busy === "";
      },
      options.deadlineMs,
    );
  } catch (cause) {
    throw new Error(
      `permits leaked: in flight ${held.inFlightByStatus} by /status, ${held.inFlightByMetrics} by /metrics${busy}`,
      { cause },
    );
  }
  const syntaxErrors = upstreams.flatMap((upstream) => upstream.syntaxErrors);
  if (syntaxErrors.length > 0) throw new Error(`the gateway wrote broken HTTP upstream: ${syntaxErrors.join("; ")}`);
  const scriptErrors = upstreams.flatMap((upstream) => upstream.scriptErrors);
  if (scriptErrors.length > 0) throw new Error("a test's upstream script failed", { cause: scriptErrors[0] });
}

/** Reads both places that count what is in flight. */
export async function readHeld(gateway: TestGateway): Promise<Held> {
  const status = (await readOps(gateway, "/status").then((text) => JSON.parse(text))) as {
    readonly providers?: Readonly<Record<string, { readonly in_flight?: number }>>;
  };
  if (status.providers === undefined) throw new Error(`/status should list providers, got ${JSON.stringify(status)}`);
  let inFlightByStatus = 0;
  for (const [name, provider] of Object.entries(status.providers)) {
    if (typeof provider.in_flight !== "number") throw new Error(`/status should say in_flight of ${name}`);
    inFlightByStatus += provider.in_flight;
  }
  const samples = readMetric(await readOps(gateway, "/metrics"), "llm_in_flight_requests");
  // Without a sample nothing is known, and nothing known is not nothing held.
  const inFlightByMetrics = samples.length === 0 ? Number.NaN : samples.reduce((sum, { value }) => sum + value, 0);
  return { inFlightByStatus, inFlightByMetrics };
}

export type MetricSample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** The samples of one metric in Prometheus' text format. */
export function readMetric(text: string, name: string): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const line of text.split("\n")) {
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null || match[1] !== name) continue;
    const labels: Record<string, string> = {};
    for (const [, label, value] of (match[2] ?? "").matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
      labels[label as string] = (value as string).replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
    }
    samples.push({ labels, value: Number(match[3]) });
  }
  return samples;
}

/** Sum of a metric's samples whose labels match. */
export async function sumMetric(
  gateway: TestGateway,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries(labels);
  return readMetric(await readOps(gateway, "/metrics"), name)
    .filter((sample) => wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, sample) => sum + sample.value, 0);
}

/** A page of the ops listener as text. */
export async function readOps(gateway: TestGateway, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gateway.opsPort}${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} should answer 200, got ${response.status}: ${text.slice(0, 200)}`);
  return text;
}

function describeBusy(upstream: Upstream, options: AuditOptions): string {
  if (options.noIdleConnections === true && upstream.openConnections > 0) {
    return `, ${upstream.openConnections} connections still open at the upstream`;
  }
  const busy = upstream.busyConnections;
  return busy === 0 ? "" : `, ${busy} connections still in the middle of an exchange at the upstream`;
}

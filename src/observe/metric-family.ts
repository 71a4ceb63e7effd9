import type { Metric, Registry } from "prom-client";
import { readHistogram, type HistogramShape } from "./histogram.ts";

export type Labels = Readonly<Record<string, string>>;

/** One line of a scrape. `sharedLabels` must be the same object every time: prom-client keeps its text by identity. */
export type Sample = {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly sharedLabels?: Labels;
  readonly value: number;
};

/** A metric whose numbers live elsewhere and are read when scraped. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly read: () => Iterable<Sample> | Promise<Iterable<Sample>>;
};

/**
 * Registers a family with prom-client. Its Registry (15.1.3) asks of a metric `name`, `help`, `type` and `get()`;
 * the declared type wants its own classes, whose constructors cost the 4 MB that this avoids, hence the cast.
 */
export function registerFamily(registry: Registry, family: MetricFamily): void {
  const { name, help, type } = family;
  const metric = { name, help, type, get: async () => ({ name, help, type, values: await family.read() }) };
  registry.registerMetric(metric as unknown as Metric);
}

/** The samples of one histogram with its labels. */
export function* histogramSamples(
  name: string,
  shape: HistogramShape,
  cell: { readonly numbers: Float64Array; readonly offset: number; readonly labels: Labels },
): Generator<Sample> {
  const { cumulative, sum, count } = readHistogram(shape, cell.numbers, cell.offset);
  const sharedLabels = cell.labels;
  for (let bucket = 0; bucket < cumulative.length; bucket++) {
    const le = shape.labels[bucket] as string;
    yield { metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: cumulative[bucket] as number };
  }
  yield { metricName: `${name}_bucket`, labels: { le: "+Inf" }, sharedLabels, value: count };
  yield { metricName: `${name}_sum`, labels: {}, sharedLabels, value: sum };
  yield { metricName: `${name}_count`, labels: {}, sharedLabels, value: count };
}

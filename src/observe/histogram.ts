/**
 * A histogram's numbers, and nothing else: counts per bucket and the sum, in a slice of somebody's Float64Array.
 * prom-client's own hashes the labels at every observation; here they are bound once, when the slice is made.
 */
export type HistogramShape = {
  /** Upper bounds in seconds, growing; the bucket beyond the last is implied. */
  readonly boundsSeconds: readonly number[];
  /** The same as label values. */
  readonly labels: readonly string[];
  /** Numbers needed: one per bucket, the one beyond, the sum. */
  readonly slots: number;
};

export function shapeHistogram(boundsSeconds: readonly number[]): HistogramShape {
  return { boundsSeconds, labels: boundsSeconds.map(String), slots: boundsSeconds.length + 2 };
}

/** Counts one duration. What is no duration (negative, NaN: a clock's mistake) would spoil the sum for good: left out. */
export function observeSeconds(shape: HistogramShape, numbers: Float64Array, offset: number, seconds: number): void {
  if (!(seconds >= 0 && seconds < Number.POSITIVE_INFINITY)) return;
  const bounds = shape.boundsSeconds;
  let bucket = 0;
  while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++;
  (numbers[offset + bucket] as number)++;
  (numbers[offset + bounds.length + 1] as number) += seconds;
}

export type HistogramReading = { readonly cumulative: readonly number[]; readonly sum: number; readonly count: number };

/** The numbers as Prometheus wants them: every bucket holds the smaller ones too. */
export function readHistogram(shape: HistogramShape, numbers: Float64Array, offset: number): HistogramReading {
  const cumulative: number[] = [];
  let count = 0;
  for (let bucket = 0; bucket <= shape.boundsSeconds.length; bucket++) {
    count += numbers[offset + bucket] as number;
    if (bucket < shape.boundsSeconds.length) cumulative.push(count);
  }
  return { cumulative, sum: numbers[offset + shape.slots - 1] as number, count };
}

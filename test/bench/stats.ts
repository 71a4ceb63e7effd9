/** The value below which a share of the samples lies (nearest rank); NaN of nothing. Sorts a copy. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle of the samples; the mean of the two middle ones where their number is even. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  const upper = sorted.length >> 1;
  const high = sorted[upper] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[upper - 1] ?? Number.NaN) + high) / 2;
}

/** Pairs of one round give a ratio each; their median says how two subjects compare on a machine whose speed drifts. */
export function medianOfRatios(ours: readonly number[], theirs: readonly number[]): number {
  const ratios: number[] = [];
  for (const [round, value] of ours.entries()) {
    const other = theirs[round];
    if (other !== undefined && other > 0 && Number.isFinite(value)) ratios.push(value / other);
  }
  return median(ratios);
}

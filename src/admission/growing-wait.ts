/** Half the width of the jitter: waits of many deployments and of many replicas that began together do not end together. */
const JITTER = 0.2;
/** Beyond this the doubling is over in any case; it keeps 2^round a plain number. */
const MAX_ROUND = 30;

/**
 * How long to wait the n-th time: `firstMs` × 2^round, ± 20 %, never more than `maxMs`. At the bound the jitter stays whole (the
 * middle is then below the bound), so that what has been away for long does not come back at one instant.
 */
export function growingWaitMs(firstMs: number, round: number, maxMs: number, random: () => number): number {
  const middleMs = Math.min(firstMs * 2 ** Math.min(round, MAX_ROUND), maxMs / (1 + JITTER));
  return Math.min(maxMs, middleMs * (1 - JITTER + 2 * JITTER * random()));
}

import type { Candidate, LiveDeployment, Strategy, StrategyContext } from "../candidate.ts";
import type { Facts } from "../facts.ts";

/** Of the requests that could go to a deployment nobody knows, this share does, until it is known. */
export const EXPLORED_SHARE = 0.1;

/**
 * The fastest: by time to first byte for streams, by tokens per second for whole answers (each by the other, where nothing is known
 * of the first: embeddings write no tokens). Those within `buffer` of the best (0.1: 10 %) are equals, and the inner strategy
 * chooses among them.
 *
 * Contract with whoever keeps the averages: only answers that succeeded feed them. A 429 that comes in a millisecond changes
 * nothing here; it counts for the cool-down and the breaker. And an average that got nothing for a while becomes null
 * (`lib/ewma.ts` forgets), or a deployment that was slow once would never be asked again.
 *
 * Unknown deployments are explored, without a crowd: one request in ten goes to an unknown one, and only to those that have nothing in
 * flight, so that a provider that hangs holds one explorer and not more. While nobody is known, all are equals.
 */
export class LowestLatency implements Strategy {
  readonly #buffer: number;
  readonly #inner: Strategy;

  constructor(buffer: number, inner: Strategy) {
    this.#buffer = buffer;
    this.#inner = inner;
  }

  /** The fastest, and all the unknown ones. */
  narrow(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): readonly Candidate[] {
    if (candidates.length <= 1) return this.#inner.narrow(candidates, facts, context);
    const measure = findMeasure(candidates, facts);
    return this.#inner.narrow(
      keepFastest(candidates, measure, this.#limit(candidates, measure), true, context),
      facts,
      context,
    );
  }

  pick(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): Candidate | null {
    if (candidates.length <= 1) return this.#inner.pick(candidates, facts, context);
    const measure = findMeasure(candidates, facts);
    const limit = this.#limit(candidates, measure);
    if (limit === Number.POSITIVE_INFINITY) return this.#inner.pick(candidates, facts, context);
    const idle = countIdleUnknown(candidates, measure);
    if (idle > 0 && context.random() < EXPLORED_SHARE) {
      return this.#inner.pick(keepIdleUnknown(candidates, measure, context), facts, context);
    }
    return this.#inner.pick(keepFastest(candidates, measure, limit, false, context), facts, context);
  }

  /** What is still as good as the best; Infinity while nobody is known. */
  #limit(candidates: readonly Candidate[], measure: Measure): number {
    let best = Number.POSITIVE_INFINITY;
    for (const { live } of candidates) {
      const own = expectedMs(live, measure);
      if (own !== null && own < best) best = own;
    }
    return best * (1 + this.#buffer);
  }
}

type Measure = "first byte" | "per token";

function findMeasure(candidates: readonly Candidate[], facts: Facts): Measure {
  const wanted: Measure = facts.isStream ? "first byte" : "per token";
  const other: Measure = facts.isStream ? "per token" : "first byte";
  let isOtherKnown = false;
  for (const { live } of candidates) {
    if (expectedMs(live, wanted) !== null) return wanted;
    if (expectedMs(live, other) !== null) isOtherKnown = true;
  }
  return isOtherKnown ? other : wanted;
}

function expectedMs(live: LiveDeployment, measure: Measure): number | null {
  if (measure === "first byte") return live.firstByteMs;
  const { tokensPerSecond } = live;
  return tokensPerSecond === null || tokensPerSecond <= 0 ? null : 1_000 / tokensPerSecond;
}

function keepFastest(
  candidates: readonly Candidate[],
  measure: Measure,
  limit: number,
  areUnknownKept: boolean,
  context: StrategyContext,
): readonly Candidate[] {
  let kept: Candidate[] | null = null;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate;
    const own = expectedMs(candidate.live, measure);
    if (own === null ? areUnknownKept : own <= limit) {
      kept?.push(candidate);
      continue;
    }
    kept ??= candidates.slice(0, index);
    if (context.trace !== null) {
      const why =
        own === null ? "nothing is known of it yet" : `${say(own, measure)}, more than ${say(limit, measure)}`;
      context.trace.add({ kind: "left-out", deployment: candidate.deployment.id, by: "lowest-latency", why });
    }
  }
  return kept ?? candidates;
}

function isIdleUnknown({ live }: Candidate, measure: Measure): boolean {
  return live.inFlight === 0 && expectedMs(live, measure) === null;
}

function countIdleUnknown(candidates: readonly Candidate[], measure: Measure): number {
  let count = 0;
  for (const candidate of candidates) if (isIdleUnknown(candidate, measure)) count++;
  return count;
}

function keepIdleUnknown(
  candidates: readonly Candidate[],
  measure: Measure,
  context: StrategyContext,
): readonly Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates) {
    if (isIdleUnknown(candidate, measure)) kept.push(candidate);
    else {
      const why = "an unknown one is tried this time";
      context.trace?.add({ kind: "left-out", deployment: candidate.deployment.id, by: "lowest-latency", why });
    }
  }
  return kept;
}

function say(ms: number, measure: Measure): string {
  return measure === "first byte" ? `${Math.round(ms)} ms to first byte` : `${ms.toFixed(1)} ms per token`;
}

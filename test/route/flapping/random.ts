/** Numbers that look drawn and are the same in every run: mulberry32. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Of times between events that know nothing of each other. */
export function drawExponential(meanMs: number, random: () => number): number {
  return -Math.log(1 - random()) * meanMs;
}

/** Of times that are mostly usual and sometimes long; `median` × e^(spread × a normal deviate). */
export function drawLogNormal(median: number, spread: number, random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * random()));
}

/** A seeded generator of pseudo-random numbers, so that whatever a test drew by lot can be drawn again. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** A number in [0, 1): mulberry32, 32 bits of state, good enough to choose test inputs and nothing else. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error("pick expects at least one element, got none");
    return from[this.below(from.length)] as T;
  }

  bytes(count: number): Buffer {
    const drawn = Buffer.alloc(count);
    for (let index = 0; index < count; index += 1) drawn[index] = this.below(256);
    return drawn;
  }

  /** An independent generator, so that one consumer drawing more does not shift what another one draws. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 4_294_967_296));
  }
}

/** The seed named by the environment, or a fresh one; callers print it, so that a failure can be replayed. */
export function seedFromEnvironment(variable: string): number {
  const text = process.env[variable];
  if (text === undefined || text === "") return Math.floor(Math.random() * 4_294_967_296);
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0) throw new Error(`${variable} should be a non-negative integer, got ${text}`);
  return seed;
}

/**
 * The seed of a mutation fuzz: the same in every ordinary run, so that a change is judged by itself; drawn anew in long runs
 * (FUZZ_COUNT), which look for what nobody has seen.
 */
export function fuzzSeed(): number {
  const isLong = (process.env["FUZZ_COUNT"] ?? "") !== "";
  return isLong || (process.env["FUZZ_SEED"] ?? "") !== "" ? seedFromEnvironment("FUZZ_SEED") : 20_261_120;
}

import type { FailureClass } from "../../../src/policy.ts";
import { drawExponential, drawLogNormal, makeRandom } from "./random.ts";

/** What a provider does with one attempt, told when it is made. */
export type ProviderAnswer =
  | { readonly kind: "good"; readonly firstByteMs: number }
  | {
      readonly kind: "bad";
      readonly class: FailureClass;
      readonly afterMs: number;
      readonly retryAfterMs: number | null;
    }
  /** Nothing comes; whoever waits has to give up. */
  | { readonly kind: "silence" };

export interface SimulatedProvider {
  answer(nowMs: number): ProviderAnswer;
}

/** One of the worlds that the clients live through. All clients of a scenario meet the same bad times. */
export type Scenario = {
  readonly name: string;
  readonly description: string;
  /** Three of them; the first is where trouble is, and where the clients without a gateway are at home. */
  readonly makeProviders: (hours: number, seed: number) => readonly SimulatedProvider[];
};

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const MEDIAN_MS = 600;
const SPREAD = 0.4;
/** Of all good days: what a provider fails with for no reason that anybody knows. */
const USUAL_FAILURES = 0.001;

type Weather = (nowMs: number, random: () => number) => ProviderAnswer | null;

/** A provider as it is on good days, unless the weather says otherwise. */
class WeatheredProvider implements SimulatedProvider {
  readonly #weather: Weather;
  readonly #random: () => number;

  constructor(seed: number, weather: Weather = () => null) {
    this.#weather = weather;
    this.#random = makeRandom(seed);
  }

  answer(nowMs: number): ProviderAnswer {
    const special = this.#weather(nowMs, this.#random);
    if (special !== null) return special;
    if (this.#random() < USUAL_FAILURES) return { kind: "bad", class: "server", afterMs: 200, retryAfterMs: null };
    return { kind: "good", firstByteMs: drawLogNormal(MEDIAN_MS, SPREAD, this.#random) };
  }
}

const REFUSED: ProviderAnswer = { kind: "bad", class: "connect", afterMs: 1, retryAfterMs: null };
const BROKEN: ProviderAnswer = { kind: "bad", class: "server", afterMs: 150, retryAfterMs: null };
const SILENT: ProviderAnswer = { kind: "silence" };

/** Good and bad times in turn, each as long as it happens to be; each bad time has one of the faults. */
function makeFlapping(hours: number, seed: number): Weather {
  const random = makeRandom(seed);
  const times: { readonly fromMs: number; readonly untilMs: number; readonly fault: ProviderAnswer }[] = [];
  const faults = [REFUSED, BROKEN, SILENT];
  for (let atMs = drawExponential(8 * MINUTE_MS, random); atMs < hours * HOUR_MS;) {
    const untilMs = atMs + drawExponential(2 * MINUTE_MS, random);
    times.push({ fromMs: atMs, untilMs, fault: faults[Math.floor(random() * faults.length)] ?? BROKEN });
    atMs = untilMs + drawExponential(8 * MINUTE_MS, random);
  }
  // Time only goes on.
  let next = 0;
  return (nowMs) => {
    while (next < times.length && (times[next]?.untilMs ?? 0) <= nowMs) next++;
    const time = times[next];
    return time !== undefined && time.fromMs <= nowMs ? time.fault : null;
  };
}

/** Ten minutes of every half hour it takes one request in two seconds, and answers the rest with 429. */
const brownOut = (): Weather => {
  let nextMs = 0;
  return (nowMs) => {
    if (nowMs % (30 * MINUTE_MS) < 20 * MINUTE_MS) return null;
    if (nowMs >= nextMs) {
      nextMs = nowMs + 2_000;
      return null;
    }
    return { kind: "bad", class: "rate_limit", afterMs: 50, retryAfterMs: 5_000 };
  };
};

/** Ten minutes of every half hour its first byte takes twenty times as long. */
const slowness: Weather = (nowMs, random) =>
  nowMs % (30 * MINUTE_MS) < 20 * MINUTE_MS
    ? null
    : { kind: "good", firstByteMs: drawLogNormal(20 * MEDIAN_MS, SPREAD, random) };

/** In every fourth hour, ten minutes of nothing but 500. */
const blackout: Weather = (nowMs) => {
  const inTurnMs = nowMs % (4 * HOUR_MS);
  return inTurnMs >= 30 * MINUTE_MS && inTurnMs < 40 * MINUTE_MS ? BROKEN : null;
};

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "One of three flaps",
    description:
      "The first provider is up for eight minutes and down for two, on average: it refuses connections, answers 500, or is silent.",
    makeProviders: (hours, seed) => [
      new WeatheredProvider(seed, makeFlapping(hours, seed + 100)),
      new WeatheredProvider(seed + 1),
      new WeatheredProvider(seed + 2),
    ],
  },
  {
    name: "Brown-out",
    description:
      "Ten minutes of every thirty the first provider takes one request in two seconds and answers the rest with 429 and `Retry-After: 5`.",
    makeProviders: (_hours, seed) => [
      new WeatheredProvider(seed, brownOut()),
      new WeatheredProvider(seed + 1),
      new WeatheredProvider(seed + 2),
    ],
  },
  {
    name: "A slow provider",
    description:
      "Ten minutes of every thirty the first provider's first byte takes twenty times as long: twelve seconds and more.",
    makeProviders: (_hours, seed) => [
      new WeatheredProvider(seed, slowness),
      new WeatheredProvider(seed + 1),
      new WeatheredProvider(seed + 2),
    ],
  },
  {
    name: "All down for ten minutes",
    description: "In every fourth hour all three answer nothing but 500 for ten minutes.",
    makeProviders: (_hours, seed) => [0, 1, 2].map((index) => new WeatheredProvider(seed + index, blackout)),
  },
];

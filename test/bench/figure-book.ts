/** Collects what was measured: one value per measure, lane and round; a round that failed leaves a gap and a reason. */
import { median, medianOfRatios, percentile } from "./stats.ts";

/** A subject over one transport, e.g. "llmux unix". */
export type LaneName = string;

export type Figure = {
  readonly measure: string;
  readonly unit: string;
  readonly lane: LaneName;
  readonly rounds: readonly (number | null)[];
  readonly median: number | null;
  /** Median of the round-by-round ratios to the yardstick over the same transport. */
  readonly ratio: number | null;
};

/** How one lane differs from another in the rounds that both have. */
export type Difference = {
  readonly measure: string;
  readonly unit: string;
  readonly median: number;
  /** The quarters of the rounds that differ least and most lie beyond these. */
  readonly lower: number;
  readonly upper: number;
  readonly rounds: number;
};

export type Invalid = { readonly measure: string; readonly lane: LaneName; readonly reason: string };

type Row = { unit: string; lanes: Map<LaneName, number[]> };

function toNullable(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export class FigureBook {
  readonly #rows = new Map<string, Row>();
  readonly #invalid: Invalid[] = [];

  add(measure: string, unit: string, at: { lane: LaneName; round: number }, value: number): void {
    let row = this.#rows.get(measure);
    if (row === undefined) {
      row = { unit, lanes: new Map() };
      this.#rows.set(measure, row);
    }
    let values = row.lanes.get(at.lane);
    if (values === undefined) {
      values = [];
      row.lanes.set(at.lane, values);
    }
    while (values.length < at.round) values.push(Number.NaN);
    values[at.round] = value;
  }

  reject(measure: string, lane: LaneName, reason: string): void {
    this.#invalid.push({ measure, lane, reason });
  }

  get invalid(): readonly Invalid[] {
    return this.#invalid;
  }

  get measures(): readonly string[] {
    return [...this.#rows.keys()];
  }

  find(measure: string, lane: LaneName): Figure | null {
    const row = this.#rows.get(measure);
    const values = row?.lanes.get(lane);
    if (row === undefined || values === undefined) return null;
    const transport = lane.split(" ")[1] ?? "tcp";
    const yardstick = row.lanes.get(`nginx ${transport}`);
    return {
      measure,
      unit: row.unit,
      lane,
      rounds: values.map(toNullable),
      median: toNullable(median(values.filter(Number.isFinite))),
      ratio: yardstick === undefined ? null : toNullable(medianOfRatios(values, yardstick)),
    };
  }

  /** The first minus the second, round by round; null where they have no round in common. */
  subtract(measure: string, lane: LaneName, other: LaneName): Difference | null {
    const row = this.#rows.get(measure);
    const values = row?.lanes.get(lane);
    const others = row?.lanes.get(other);
    if (row === undefined || values === undefined || others === undefined) return null;
    const differences = values.flatMap((value, round) => {
      const difference = value - (others[round] ?? Number.NaN);
      return Number.isFinite(difference) ? [difference] : [];
    });
    if (differences.length === 0) return null;
    return {
      measure,
      unit: row.unit,
      median: median(differences),
      lower: percentile(differences, 0.25),
      upper: percentile(differences, 0.75),
      rounds: differences.length,
    };
  }

  list(): Figure[] {
    const figures: Figure[] = [];
    for (const [measure, row] of this.#rows) {
      for (const lane of row.lanes.keys()) {
        const figure = this.find(measure, lane);
        if (figure !== null) figures.push(figure);
      }
    }
    return figures;
  }
}

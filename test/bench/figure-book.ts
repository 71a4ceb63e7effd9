/** Collects what was measured: one value per measure, lane and round; a round that failed leaves a gap and a reason. */
import { median, medianOfRatios } from "./stats.ts";

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

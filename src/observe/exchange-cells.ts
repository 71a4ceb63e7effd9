/**
 * The numbers of exchanges: one cell per provider and model group, bound once, plain additions afterwards.
 *
 * Problem: prom-client sorts and hashes a label object at every `inc` and `observe`; with eight metrics per exchange
 * that costs more than parsing the request. Choice: a cell per (provider, group) found by two map look-ups, all its
 * histograms and counters in one Float64Array; labels become text only when scraped.
 *
 * Labels come from the config (provider entries, model groups), so their number is bounded by it. The caps here are
 * the second lock: beyond them everything goes into one cell called "other", whatever a bug or a reload loop brings.
 * Cells of entries that left the config stay until the restart: Prometheus wants counters that never go back.
 */
import type { ExchangeRecord } from "../exchange.ts";
import { observeSeconds, shapeHistogram } from "./histogram.ts";
import type { Labels } from "./metric-family.ts";

export const LATENCY = shapeHistogram([0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]);
export const FIRST_BYTE = shapeHistogram([0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60]);
export const TOKEN_TYPES = ["input", "output", "cached", "reasoning"] as const;

/** Where each part of a cell's numbers begins. */
export const LATENCY_AT = 0;
export const FIRST_BYTE_AT = LATENCY_AT + LATENCY.slots;
export const TOKENS_AT = FIRST_BYTE_AT + FIRST_BYTE.slots;
const CELL_SLOTS = TOKENS_AT + TOKEN_TYPES.length;

/** Statuses one cell tells apart. A provider may answer 900 different ones; real ones use a dozen. */
const MAX_STATUSES = 32;
/** Stands for the statuses beyond. */
const OTHER_STATUS = 0;

export type ExchangeCell = {
  readonly labels: Labels;
  readonly numbers: Float64Array;
  /** Parallel lists: the statuses met, most in the first one or two, and how often. */
  readonly statuses: number[];
  readonly statusCounts: number[];
};

export class ExchangeCells {
  readonly #maxCells: number;
  readonly #byProvider = new Map<string, Map<string, ExchangeCell>>();
  readonly #all: ExchangeCell[] = [];
  #other: ExchangeCell | null = null;

  constructor(maxCells: number) {
    this.#maxCells = maxCells;
  }

  /** Every cell there is, the oldest first. */
  get all(): readonly ExchangeCell[] {
    return this.#all;
  }

  count(record: ExchangeRecord): void {
    const cell = this.#byProvider.get(record.provider)?.get(record.group) ?? this.#make(record.provider, record.group);
    const { numbers, statuses } = cell;
    let at = 0;
    while (at < statuses.length && statuses[at] !== record.status) at++;
    if (at === statuses.length) at = addStatus(cell, record.status);
    (cell.statusCounts[at] as number)++;
    observeSeconds(LATENCY, numbers, LATENCY_AT, record.totalMs / 1000);
    if (record.firstByteMs !== null) observeSeconds(FIRST_BYTE, numbers, FIRST_BYTE_AT, record.firstByteMs / 1000);
    const { usage } = record;
    addTokens(numbers, TOKENS_AT, usage.inputTokens);
    addTokens(numbers, TOKENS_AT + 1, usage.outputTokens);
    addTokens(numbers, TOKENS_AT + 2, usage.cachedTokens);
    addTokens(numbers, TOKENS_AT + 3, usage.reasoningTokens);
  }

  #make(provider: string, group: string): ExchangeCell {
    if (this.#all.length >= this.#maxCells) {
      this.#other ??= this.#add("other", "other");
      return this.#other;
    }
    const cell = this.#add(provider === "" ? "gateway" : provider, group === "" ? "none" : group);
    const groups = this.#byProvider.get(provider);
    if (groups === undefined) this.#byProvider.set(provider, new Map([[group, cell]]));
    else groups.set(group, cell);
    return cell;
  }

  #add(provider: string, model: string): ExchangeCell {
    const labels = { provider, model };
    const cell = { labels, numbers: new Float64Array(CELL_SLOTS), statuses: [], statusCounts: [] };
    this.#all.push(cell);
    return cell;
  }
}

function addStatus(cell: ExchangeCell, status: number): number {
  const isKnown = cell.statuses.length < MAX_STATUSES && status >= 100 && status <= 999;
  const met = isKnown ? -1 : cell.statuses.indexOf(OTHER_STATUS);
  if (met !== -1) return met;
  cell.statuses.push(isKnown ? status : OTHER_STATUS);
  return cell.statusCounts.push(0) - 1;
}

/** A status as the label says it. */
export function statusLabel(status: number): string {
  return status === OTHER_STATUS ? "other" : String(status);
}

/** Providers report these numbers: what is no count (null, negative, a fraction, 1e300) is not added. */
function addTokens(numbers: Float64Array, at: number, tokens: number | null): void {
  if (tokens !== null && Number.isSafeInteger(tokens) && tokens > 0) (numbers[at] as number) += tokens;
}

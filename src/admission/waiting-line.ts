import type { Cancel } from "../lib/clock.ts";
import type { Priority } from "../policy.ts";
import type { Ticket, Waiter } from "./bulkhead.ts";

/** A class of urgency as an index: 0 is served first. */
export type Rank = 0 | 1 | 2;
export const RANKS: readonly Rank[] = [0, 1, 2];

export function rankOf(priority: Priority): Rank {
  if (priority === "normal") return 1;
  return priority === "high" ? 0 : 2;
}

/** Who waits, and for how much. waiting => spent (granted | rejected | left); only a waiting place is linked into the line. */
export class Place implements Ticket {
  readonly waiter: Waiter;
  readonly tokens: number;
  readonly rank: Rank;
  previous: Place | null = null;
  next: Place | null = null;
  isSpent = false;
  /** Grants to others while there was a slot for it and only tokens were missing; kept for the first of each class. */
  overtaken = 0;
  /** How long it may wait in all. */
  timeoutMs = 0;
  cancelTimeout: Cancel | null = null;
  onLeave: ((place: Place) => void) | null = null;

  constructor(waiter: Waiter, tokens: number, rank: Rank) {
    this.waiter = waiter;
    this.tokens = tokens;
    this.rank = rank;
  }

  leave(): void {
    if (!this.isSpent) this.onLeave?.(this);
  }
}

/**
 * Those who wait at a bulkhead: one first-come-first-served list per class. The lists are linked because callers leave from
 * the middle: leaving costs the same anywhere.
 */
export class WaitingLine {
  readonly #first: (Place | null)[] = [null, null, null];
  readonly #last: (Place | null)[] = [null, null, null];
  readonly #counts: number[] = [0, 0, 0];
  #size = 0;

  /** Of all classes. */
  get size(): number {
    return this.#size;
  }

  countOf(rank: Rank): number {
    return this.#counts[rank] as number;
  }

  firstOf(rank: Rank): Place | null {
    return this.#first[rank] as Place | null;
  }

  /** The newest of the least urgent class below `rank`; null where nobody below it waits. */
  newestBelow(rank: Rank): Place | null {
    for (let below = 2; below > rank; below--) {
      const newest = this.#last[below];
      if (newest !== null && newest !== undefined) return newest;
    }
    return null;
  }

  append(place: Place): void {
    const { rank } = place;
    const last = this.#last[rank] as Place | null;
    place.previous = last;
    if (last === null) this.#first[rank] = place;
    else last.next = place;
    this.#last[rank] = place;
    this.#counts[rank] = this.countOf(rank) + 1;
    this.#size++;
  }

  remove(place: Place): void {
    const { rank } = place;
    if (place.previous === null) this.#first[rank] = place.next;
    else place.previous.next = place.next;
    if (place.next === null) this.#last[rank] = place.previous;
    else place.next.previous = place.previous;
    place.previous = null;
    place.next = null;
    this.#counts[rank] = this.countOf(rank) - 1;
    this.#size--;
  }
}

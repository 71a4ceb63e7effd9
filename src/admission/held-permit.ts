import type { Permit } from "./bulkhead.ts";
import type { Rank } from "./waiting-line.ts";

/** No request has more; keeps sums exact whatever an estimate says. */
const MAX_REQUEST_TOKENS = 1_000_000_000;

/** Where a permit comes back to: one per bulkhead, so that a permit carries nothing but its own numbers. */
export interface PermitDesk {
  settle(permit: HeldPermit): void;
  settleAgain(): void;
  adjust(permit: HeldPermit, tokens: number): void;
}

/** held => settled. */
export class HeldPermit implements Permit {
  isSettled = false;
  tokens: number;
  readonly rank: Rank;
  readonly #desk: PermitDesk;

  constructor(desk: PermitDesk, rank: Rank, tokens: number) {
    this.#desk = desk;
    this.rank = rank;
    this.tokens = tokens;
  }

  adjust(tokens: number): void {
    if (!this.isSettled) this.#desk.adjust(this, tokens);
  }

  settle(): void {
    if (this.isSettled) {
      this.#desk.settleAgain();
      return;
    }
    this.isSettled = true;
    this.#desk.settle(this);
  }
}

/** Whole and finite, so that a sum over all in flight comes back to exactly 0; what is no number counts nothing. */
export function countTokens(tokens: number): number {
  return tokens > 0 ? Math.min(Math.ceil(tokens), MAX_REQUEST_TOKENS) : 0;
}

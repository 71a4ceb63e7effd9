/** Memory for answers that are held, over all callers. */
export interface HeldBudget {
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** Shared by all that hold nothing; never pushed to. */
const NONE: Buffer[] = [];

/** The bytes of one answer that is held to its end, counted in a budget that all share. */
export class HeldBytes {
  readonly #budget: HeldBudget;
  #pieces = NONE;
  #length = 0;

  constructor(budget: HeldBudget) {
    this.#budget = budget;
  }

  get length(): number {
    return this.#length;
  }

  /** Whether the budget had room for it. */
  add(piece: Buffer): boolean {
    if (!this.#budget.take(piece.length)) return false;
    if (this.#pieces === NONE) this.#pieces = [piece];
    else this.#pieces.push(piece);
    this.#length += piece.length;
    return true;
  }

  /** All of them, given back to the budget. */
  take(): Buffer {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.release();
    return all;
  }

  release(): void {
    this.#budget.give(this.#length);
    this.#pieces = NONE;
    this.#length = 0;
  }
}

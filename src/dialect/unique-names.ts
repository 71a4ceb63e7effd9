/** Gives out names that are each used once; a wish that is taken gets a number. */
export class UniqueNames {
  readonly #taken = new Set<string>();
  /** The number to try next for a wish, so that a thousand of the same one are not a million looks. */
  readonly #next = new Map<string, number>();

  /** A name that is used as it is. */
  add(name: string): void {
    this.#taken.add(name);
  }

  take(wanted: string, numbered: (wanted: string, number: number) => string): string {
    let name = wanted;
    let number = this.#next.get(wanted) ?? 2;
    while (this.#taken.has(name)) name = numbered(wanted, number++);
    this.#next.set(wanted, number);
    this.#taken.add(name);
    return name;
  }
}

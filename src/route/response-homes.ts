/** Ids come with every response of a provider that keeps state; a caller goes back to recent ones. */
const MAX_REMEMBERED = 10_000;
const MAX_ID_LENGTH = 256;

/**
 * At which provider a response was made, so that whoever comes back to it (or goes on from it) reaches the one that keeps it.
 * The oldest are forgotten first. One for the process.
 */
export class ResponseHomes {
  readonly #providerOf = new Map<string, string>();

  note(id: string, provider: string): void {
    if (id.length > MAX_ID_LENGTH) return;
    this.#providerOf.delete(id);
    this.#providerOf.set(id, provider);
    if (this.#providerOf.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#providerOf.keys()) {
      this.#providerOf.delete(oldest);
      return;
    }
  }

  /** The provider entry's name; null for an id that is not known (any more). */
  find(id: string): string | null {
    return this.#providerOf.get(id) ?? null;
  }
}

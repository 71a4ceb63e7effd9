const MINUTE_MS = 60_000;

/** What became of a client's requests. */
export class Tally {
  requests = 0;
  answered = 0;
  attempts = 0;
  readonly #firstByteMs: number[] = [];
  /** Requests and attempts by the minute in which they were made. */
  readonly #requestsOf: number[] = [];
  readonly #attemptsOf: number[] = [];

  noteRequest(nowMs: number): void {
    this.requests++;
    count(this.#requestsOf, nowMs);
  }

  noteAttempt(nowMs: number): void {
    this.attempts++;
    count(this.#attemptsOf, nowMs);
  }

  noteAnswer(afterMs: number): void {
    this.answered++;
    this.#firstByteMs.push(afterMs);
  }

  get availability(): number {
    return this.answered / this.requests;
  }

  get attemptsPerRequest(): number {
    return this.attempts / this.requests;
  }

  /** Attempts for each request in the minute in which most were made. */
  get worstMinute(): number {
    let worst = 0;
    for (const [minute, requests] of this.#requestsOf.entries()) {
      if (requests !== undefined) worst = Math.max(worst, (this.#attemptsOf[minute] ?? 0) / requests);
    }
    return worst;
  }

  /** Of those that were answered: from the request to the first byte, whatever was tried before. */
  firstByteQuantile(quantile: number): number {
    const sorted = this.#firstByteMs.toSorted((one, other) => one - other);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
  }
}

function count(counts: number[], nowMs: number): void {
  const minute = Math.floor(nowMs / MINUTE_MS);
  // No holes: a sparse array is walked slowly.
  while (counts.length <= minute) counts.push(0);
  counts[minute] = (counts[minute] ?? 0) + 1;
}

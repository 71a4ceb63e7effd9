/**
 * The auditor of permits, over all bulkheads: a leak or a double release is seen here, whoever caused it.
 * `held` is 0 whenever no exchange is open, and `doubleSettled` is 0 always; tests and `/status` look at both.
 */
export class PermitLedger {
  #acquired = 0;
  #settled = 0;
  #doubleSettled = 0;
  #failedWaiters = 0;
  readonly #onDefect: (what: string, cause: unknown) => void;

  /** `onDefect` hears of what must not happen (a double settle, a waiter that threw), for the log. */
  constructor(onDefect: (what: string, cause: unknown) => void = () => {}) {
    this.#onDefect = onDefect;
  }

  /** Permits out now. */
  get held(): number {
    return this.#acquired - this.#settled;
  }

  /** Permits ever given. */
  get acquired(): number {
    return this.#acquired;
  }

  /** Permits settled again after they were settled; each is a bug in the code that holds them. */
  get doubleSettled(): number {
    return this.#doubleSettled;
  }

  /** Waiters whose callback threw; each is a bug in the code that waits. */
  get failedWaiters(): number {
    return this.#failedWaiters;
  }

  countAcquired(): void {
    this.#acquired++;
  }

  countSettled(): void {
    this.#settled++;
  }

  countDoubleSettled(bulkhead: string): void {
    this.#doubleSettled++;
    this.#onDefect(`a permit of the bulkhead "${bulkhead}" was settled twice`, null);
  }

  countFailedWaiter(bulkhead: string, cause: unknown): void {
    this.#failedWaiters++;
    this.#onDefect(`a waiter of the bulkhead "${bulkhead}" threw when it was called`, cause);
  }
}

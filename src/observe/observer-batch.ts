import type { ExchangeObserver, ExchangeRecord } from "../exchange.ts";
import type { Cancel, Schedule } from "../lib/clock.ts";

const EVERY_MS = 100;
const MAX_RECORDS = 256;

/**
 * Hands records to the observers a batch at a time.
 *
 * Counting and logging one exchange costs 1 µs where the code is warm and 25 µs where every line of it has to be fetched into
 * the processor's caches first, which is how it is at a thousand requests a second. A batch warms it once. What reads the
 * observers' state (a scrape) flushes first, so nothing is ever seen late; a crash loses a tenth of a second of lines.
 */
export class ObserverBatch implements ExchangeObserver {
  readonly #observers: readonly ExchangeObserver[];
  readonly #schedule: Schedule;
  #records: ExchangeRecord[] = [];
  #cancelFlush: Cancel | null = null;

  constructor(observers: readonly ExchangeObserver[], schedule: Schedule) {
    this.#observers = observers;
    this.#schedule = schedule;
  }

  onSettled(record: ExchangeRecord): void {
    this.#records.push(record);
    if (this.#records.length >= MAX_RECORDS) this.flush();
    else this.#cancelFlush ??= this.#schedule(EVERY_MS, () => this.flush());
  }

  /** Tells the observers all they have not heard yet. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    if (this.#records.length === 0) return;
    const records = this.#records;
    this.#records = [];
    for (const observer of this.#observers) for (const record of records) observer.onSettled(record);
  }
}

/**
 * At most so many at once, with an optional bounded queue: what one slow provider holds, the others never miss.
 *
 * A slot is held by a permit until that is settled, not until an answer's headers arrive: while a stream runs it
 * counts. Waiters are served first come first served, and nobody overtakes them: `tryAcquire` fails while somebody
 * waits. A settle grants the next waiter in the same call, so a free slot and a waiter never meet in between ticks.
 *
 * The queue is a linked list because callers leave from its middle: leaving costs the same anywhere.
 */
import type { Cancel, Schedule } from "../lib/clock.ts";
import type { PermitLedger } from "./permit-ledger.ts";

/** The right to one slot, held until settled. */
export interface Permit {
  /** Gives the slot back. Once: a second call is counted in the ledger and releases nothing. */
  settle(): void;
}

/** `full`: no slot and no place to wait. `timeout`: waited as long as the queue allows. */
export type RejectReason = "full" | "timeout";

/** Who waits for a permit: exactly one of the two is called, once, unless it leaves first. */
export interface Waiter {
  onGranted(permit: Permit): void;
  onRejected(reason: RejectReason): void;
}

/** A place in the queue. */
export interface Ticket {
  /** Gives the place up: neither callback comes any more. Harmless when already granted, rejected or left. */
  leave(): void;
}

export type BulkheadLimits = {
  /** null: no limit, but what is in flight is still counted. */
  readonly maxConcurrent: number | null;
  /** null: nobody waits, full is full. */
  readonly queue: { readonly size: number; readonly timeoutMs: number } | null;
};

export type BulkheadOptions = BulkheadLimits & {
  /** For the auditor's messages. */
  readonly name: string;
  readonly ledger: PermitLedger;
  readonly schedule: Schedule;
};

export class Bulkhead {
  readonly name: string;
  readonly #ledger: PermitLedger;
  readonly #schedule: Schedule;
  #limit = Number.POSITIVE_INFINITY;
  #queueSize = 0;
  #queueTimeoutMs = 0;
  #inFlight = 0;
  #queued = 0;
  #first: Place | null = null;
  #last: Place | null = null;
  #isGranting = false;

  constructor(options: BulkheadOptions) {
    this.name = options.name;
    this.#ledger = options.ledger;
    this.#schedule = options.schedule;
    this.reconfigure(options);
  }

  /** Permits out now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Waiters in the queue now. */
  get queued(): number {
    return this.#queued;
  }

  /** A permit at once, or null: no slot is free, or others wait for one. No promise, no timer. */
  tryAcquire(): Permit | null {
    if (this.#first !== null || this.#inFlight >= this.#limit) return null;
    return this.#issue();
  }

  /**
   * Waits for a permit. Where the answer is known at once (a free slot, or no place to wait) the callback comes
   * before this returns; the ticket is then spent.
   */
  enqueue(waiter: Waiter): Ticket {
    const place = new Place(waiter);
    if (this.#first === null && this.#inFlight < this.#limit) {
      place.isSpent = true;
      this.#grant(waiter);
      return place;
    }
    if (this.#queued >= this.#queueSize) {
      place.isSpent = true;
      this.#reject(waiter, "full");
      return place;
    }
    place.onLeave = () => this.#remove(place);
    place.previous = this.#last;
    if (this.#last === null) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    this.#queued++;
    place.cancelTimeout = this.#schedule(this.#queueTimeoutMs, () => {
      if (place.isSpent) return;
      this.#remove(place);
      this.#reject(waiter, "timeout");
    });
    return place;
  }

  /**
   * New limits for what comes; nothing is taken from who is there. Raising the limit grants waiters at once; lowering
   * it revokes no permit; a smaller queue, or none, lets those who wait wait on, as long as they were promised.
   */
  reconfigure(limits: BulkheadLimits): void {
    const { maxConcurrent, queue } = limits;
    if (maxConcurrent !== null && !(Number.isInteger(maxConcurrent) && maxConcurrent > 0)) {
      throw new RangeError(`maxConcurrent should be a positive integer or null, got ${maxConcurrent}`);
    }
    if (queue !== null && !(Number.isInteger(queue.size) && queue.size >= 0)) {
      throw new RangeError(`queue.size should be a whole number, 0 or more, got ${queue.size}`);
    }
    if (queue !== null && !(Number.isFinite(queue.timeoutMs) && queue.timeoutMs >= 0)) {
      throw new RangeError(`queue.timeoutMs should be a finite number, 0 or more, got ${queue.timeoutMs}`);
    }
    this.#limit = maxConcurrent ?? Number.POSITIVE_INFINITY;
    this.#queueSize = queue?.size ?? 0;
    this.#queueTimeoutMs = queue?.timeoutMs ?? 0;
    this.#grantWaiters();
  }

  #issue(): Permit {
    this.#inFlight++;
    this.#ledger.countAcquired();
    return new HeldPermit(this, this.#ledger, this.#release);
  }

  readonly #release = (): void => {
    this.#inFlight--;
    if (this.#first !== null) this.#grantWaiters();
  };

  /** A loop, not a recursion: a waiter may settle inside its own callback, and a queue may be long. */
  #grantWaiters(): void {
    if (this.#isGranting) return;
    this.#isGranting = true;
    while (this.#first !== null && this.#inFlight < this.#limit) {
      const place = this.#first;
      this.#remove(place);
      this.#grant(place.waiter);
    }
    this.#isGranting = false;
  }

  #grant(waiter: Waiter): void {
    const permit = this.#issue() as HeldPermit;
    try {
      waiter.onGranted(permit);
    } catch (cause) {
      // Who settled is not at fault and must not be interrupted: the ledger hears of it, and the slot is not lost.
      this.#ledger.countFailedWaiter(this.name, cause);
      if (!permit.isSettled) permit.settle();
    }
  }

  #reject(waiter: Waiter, reason: RejectReason): void {
    try {
      waiter.onRejected(reason);
    } catch (cause) {
      // Called from a timer nobody awaits: without this the error would end the process.
      this.#ledger.countFailedWaiter(this.name, cause);
    }
  }

  #remove(place: Place): void {
    place.isSpent = true;
    place.cancelTimeout?.();
    if (place.previous === null) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === null) this.#last = place.previous;
    else place.next.previous = place.previous;
    place.previous = null;
    place.next = null;
    this.#queued--;
  }
}

/** waiting => spent (granted | rejected | left); only a waiting place is linked into the queue. */
class Place implements Ticket {
  readonly waiter: Waiter;
  previous: Place | null = null;
  next: Place | null = null;
  isSpent = false;
  cancelTimeout: Cancel | null = null;
  onLeave: (() => void) | null = null;

  constructor(waiter: Waiter) {
    this.waiter = waiter;
  }

  leave(): void {
    if (!this.isSpent) this.onLeave?.();
  }
}

class HeldPermit implements Permit {
  isSettled = false;
  readonly #bulkhead: Bulkhead;
  readonly #ledger: PermitLedger;
  readonly #release: () => void;

  constructor(bulkhead: Bulkhead, ledger: PermitLedger, release: () => void) {
    this.#bulkhead = bulkhead;
    this.#ledger = ledger;
    this.#release = release;
  }

  settle(): void {
    if (this.isSettled) {
      this.#ledger.countDoubleSettled(this.#bulkhead.name);
      return;
    }
    this.isSettled = true;
    this.#ledger.countSettled();
    this.#release();
  }
}

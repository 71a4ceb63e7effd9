/**
 * At most so many requests and so many of their tokens at once, with an optional bounded queue: what one slow provider or one
 * huge prompt holds, the others never miss.
 *
 * What is taken is held by a permit until that is settled, not until an answer's headers arrive: while a stream runs it
 * counts. A settle grants the next waiter in the same call, so a free slot and a waiter never meet in between ticks.
 *
 * Tokens. A request fits where its tokens fit beside those in flight. One that is larger than the limit by itself is admitted
 * when no tokens are in flight: it is not refused for ever, and the limit is overshot by that one request at most. A request of
 * no tokens always fits.
 *
 * Order. The more urgent class first; within a class first come first served. Two exceptions, each bounded:
 * - Starvation guard: a class that waits while GUARD_AFTER others were granted is served before the more urgent ones. Two
 *   others may be due at the same time, so a class that waits for a slot gets the eleventh grant at the latest (GUARD_AFTER + 3).
 * - The first of a class for which only tokens are missing may be overtaken, by smaller ones of its class and by less urgent
 *   ones, MAX_OVERTAKES times. Then it holds the line: nobody of its class or below passes until it fits, and once its class is
 *   due by the guard nobody at all. A hold stops traffic while tokens drain, so it lasts a quarter of the queue's timeout at
 *   most, and one that was in vain is followed by a truce three times as long, in which no other begins: requests that do not
 *   fit cannot stop the others for more than a quarter of the time, however many there are.
 */
import type { Cancel, Schedule } from "../lib/clock.ts";
import type { Priority } from "../policy.ts";
import { type BulkheadLimits, checkLimits, type DividedSlots, divideSlots } from "./bulkhead-limits.ts";
import { countTokens, HeldPermit, type PermitDesk } from "./held-permit.ts";
import type { PermitLedger } from "./permit-ledger.ts";
import { Place, type Rank, RANKS, rankOf, WaitingLine } from "./waiting-line.ts";

/** Grants to others after which a class that waits comes before the more urgent ones. */
export const GUARD_AFTER = 8;
/** How often the first of a class is overtaken while tokens are missing for it, before it holds the line. */
export const MAX_OVERTAKES = 32;
/** Those behind a first that does not fit are looked at this far: a settle must not cost a walk through a long queue. */
const LOOK_AHEAD = 16;
const HOLD_SHARE = 1 / 4;
const MAX_HOLD_MS = 5_000;
/** As many times as long as a hold: 3 keeps holds in vain to a quarter of the time. */
const TRUCE_FACTOR = 3;

/** The right to one slot and some tokens, held until settled. */
export interface Permit {
  /** The tokens become those that are known now. Nothing is revoked: raising them may overshoot the limit, lowering them grants waiters. */
  adjust(tokens: number): void;
  /** Gives slot and tokens back. Once: a second call is counted in the ledger and releases nothing. */
  settle(): void;
}

/** `full`: no slot and no place to wait. `timeout`: waited as long as the queue allows. `shed`: a more urgent one got the place in a full queue. */
export type RejectReason = "full" | "timeout" | "shed";

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
  readonly #line = new WaitingLine();
  /** Grants to other classes since the class, which waits, got one. */
  readonly #passedOver: [number, number, number] = [0, 0, 0];
  #limits: BulkheadLimits;
  #throttle = Number.POSITIVE_INFINITY;
  #slots: DividedSlots;
  #maxTokens = Number.POSITIVE_INFINITY;
  #inFlight = 0;
  #highInFlight = 0;
  #lowInFlight = 0;
  #tokensInFlight = 0;
  #isGranting = false;
  /** Who holds the line; #cancelPause ends its hold, or the truce. */
  #holder: Place | null = null;
  #isTruce = false;
  #cancelPause: Cancel | null = null;

  constructor(options: BulkheadOptions) {
    this.name = options.name;
    this.#ledger = options.ledger;
    this.#schedule = options.schedule;
    this.#limits = options;
    this.#slots = divideSlots(options, this.#throttle);
    this.reconfigure(options);
  }

  /** Permits out now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Tokens of the permits out now. */
  get tokensInFlight(): number {
    return this.#tokensInFlight;
  }

  /** Waiters in the queue now. */
  get queued(): number {
    return this.#line.size;
  }

  /** Whether no class is sure of a slot: every slot is taken, or others wait. */
  get isFull(): boolean {
    return this.#line.size > 0 || this.#inFlight >= this.#slots.forAll;
  }

  /** Whether tokens are limited here; where they are not, a request's need not be known. */
  get boundsTokens(): boolean {
    return this.#maxTokens !== Number.POSITIVE_INFINITY;
  }

  queuedOf(priority: Priority): number {
    return this.#line.countOf(rankOf(priority));
  }

  /** A permit at once, or null: it does not fit, or others wait who come first. No promise, no timer. */
  tryAcquire(tokens = 0, priority: Priority = "normal"): Permit | null {
    const rank = rankOf(priority);
    const count = countTokens(tokens);
    if (!this.#hasSlotFor(rank) || !this.#hasTokensFor(count)) return null;
    if (this.#line.size > 0) {
      if (!this.#mayPassTheLine(rank)) return null;
      this.#countPassing(rank, null);
    }
    return this.#issue(rank, count);
  }

  /**
   * Waits for a permit. Where the answer is known at once (it fits and nobody comes first, or there is no place to wait) the
   * callback comes before this returns; the ticket is then spent. In a full queue a more urgent waiter takes the place of the
   * newest one of the least urgent class below it.
   */
  enqueue(waiter: Waiter, tokens = 0, priority: Priority = "normal"): Ticket {
    const place = new Place(waiter, countTokens(tokens), rankOf(priority));
    const permit = this.tryAcquire(place.tokens, priority);
    if (permit !== null) {
      place.isSpent = true;
      this.#tellGranted(waiter, permit as HeldPermit);
      return place;
    }
    const { queue } = this.#limits;
    const isFull = queue === null || this.#line.size >= queue.size;
    const pushedOut = isFull && queue !== null && queue.size > 0 ? this.#line.newestBelow(place.rank) : null;
    if (queue === null || (isFull && pushedOut === null)) {
      place.isSpent = true;
      this.#tellRejected(waiter, "full");
      return place;
    }
    if (pushedOut !== null) this.#remove(pushedOut);
    this.#append(place, queue.timeoutMs);
    if (pushedOut !== null) {
      this.#tellRejected(pushedOut.waiter, "shed");
      this.#grantWaiters();
    }
    return place;
  }

  /**
   * New limits for what comes; nothing is taken from who is there. Raising a limit grants waiters at once; lowering it revokes
   * no permit; a smaller queue, or none, lets those who wait wait on, as long as they were promised.
   */
  reconfigure(limits: BulkheadLimits): void {
    checkLimits(limits);
    this.#limits = limits;
    this.#maxTokens = limits.maxTokens ?? Number.POSITIVE_INFINITY;
    this.#slots = divideSlots(limits, this.#throttle);
    this.#grantWaiters();
  }

  /** A bound of the slots beside the config's, for adaptive concurrency; kept over `reconfigure`. null takes it away. */
  throttle(maxConcurrent: number | null): void {
    const slots = maxConcurrent === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(maxConcurrent));
    if (slots === this.#throttle || Number.isNaN(slots)) return;
    this.#throttle = slots;
    this.#slots = divideSlots(this.#limits, slots);
    this.#grantWaiters();
  }

  #hasSlotFor(rank: Rank): boolean {
    const { forAll, belowHigh, forLow } = this.#slots;
    if (this.#inFlight >= forAll) return false;
    if (rank === 0) return true;
    if (this.#inFlight - this.#highInFlight >= belowHigh) return false;
    return rank === 1 || this.#lowInFlight < forLow;
  }

  #hasTokensFor(tokens: number): boolean {
    return tokens === 0 || this.#tokensInFlight === 0 || this.#tokensInFlight + tokens <= this.#maxTokens;
  }

  // ---- Who is next ----------------------------------------------------------------------------------------------------

  /** The class to look at after those in `seen` (bits): the ones that are due first, the longest passed over before the others; then by urgency. -1: none is left. */
  #nextRank(seen: number): Rank | -1 {
    let next: Rank | -1 = -1;
    let most = 0;
    for (const rank of RANKS) {
      if ((seen & (1 << rank)) !== 0) continue;
      const passedOver = this.#line.firstOf(rank) === null ? 0 : this.#passedOver[rank];
      const due = passedOver >= GUARD_AFTER ? passedOver : 0;
      if (next !== -1 && due <= most) continue;
      next = rank;
      most = due;
    }
    return next;
  }

  /** null: nobody who waits may pass now. */
  #choose(): Place | null {
    if (this.#line.size === 0 || this.#inFlight >= this.#slots.forAll) return null;
    for (let seen = 0, rank = this.#nextRank(0); rank !== -1; seen |= 1 << rank, rank = this.#nextRank(seen)) {
      const first = this.#line.firstOf(rank);
      if (first === null || !this.#hasSlotFor(rank)) continue;
      if (this.#hasTokensFor(first.tokens)) return first;
      if (this.#holdsTheLine(first)) return null;
      const smaller = this.#findSmaller(first);
      if (smaller !== null) return smaller;
    }
    return null;
  }

  #findSmaller(first: Place): Place | null {
    let place = first.next;
    for (let step = 0; place !== null && step < LOOK_AHEAD; step++, place = place.next) {
      if (this.#hasTokensFor(place.tokens)) return place;
    }
    return null;
  }

  /** Whether a newcomer that fits is granted before those who wait: `#choose` as if it stood in the line. */
  #mayPassTheLine(own: Rank): boolean {
    if (this.#isGranting) return false;
    for (let seen = 0, rank = this.#nextRank(0); rank !== -1; seen |= 1 << rank, rank = this.#nextRank(seen)) {
      const first = this.#line.firstOf(rank);
      // Outside of #grantWaiters nobody who waits fits, so what is missing for a first that has a slot is tokens.
      if (first !== null && this.#hasSlotFor(rank) && this.#holdsTheLine(first)) return false;
      if (rank === own) return true;
    }
    return false;
  }

  /** Before a grant: whom it passes over. `place` null: a newcomer's. */
  #countPassing(granted: Rank, place: Place | null): void {
    for (const rank of RANKS) {
      const first = this.#line.firstOf(rank);
      if (first === null) continue;
      if (rank === granted) this.#passedOver[rank] = 0;
      else this.#passedOver[rank]++;
      if (first !== place && this.#hasSlotFor(rank) && !this.#hasTokensFor(first.tokens)) first.overtaken++;
    }
  }

  // ---- Holding the line -----------------------------------------------------------------------------------------------

  /** Whether the others wait for this one, for which tokens are missing. */
  #holdsTheLine(first: Place): boolean {
    if (first.overtaken < MAX_OVERTAKES || this.#isTruce) return false;
    if (this.#holder === null) {
      this.#holder = first;
      this.#cancelPause = this.#schedule(holdMsOf(first), () => {
        this.#startTruce(first);
        this.#grantWaiters();
      });
    }
    return true;
  }

  #startTruce(holder: Place): void {
    this.#cancelPause?.();
    this.#holder = null;
    this.#isTruce = true;
    this.#cancelPause = this.#schedule(holdMsOf(holder) * TRUCE_FACTOR, () => {
      this.#isTruce = false;
      this.#cancelPause = null;
      this.#grantWaiters();
    });
  }

  // ---- Granting -------------------------------------------------------------------------------------------------------

  #issue(rank: Rank, tokens: number): HeldPermit {
    this.#inFlight++;
    if (rank === 0) this.#highInFlight++;
    else if (rank === 2) this.#lowInFlight++;
    // Asked first: most requests carry none, and adding nothing costs more than asking (7 ns a permit instead of 13).
    if (tokens > 0) this.#tokensInFlight += tokens;
    this.#ledger.countAcquired();
    return new HeldPermit(this.#desk, rank, tokens);
  }

  /** Where permits come back to. */
  readonly #desk: PermitDesk = {
    settle: (permit) => {
      this.#inFlight--;
      if (permit.rank === 0) this.#highInFlight--;
      else if (permit.rank === 2) this.#lowInFlight--;
      if (permit.tokens > 0) this.#tokensInFlight -= permit.tokens;
      this.#ledger.countSettled();
      if (this.#line.size > 0) this.#grantWaiters();
    },
    settleAgain: () => this.#ledger.countDoubleSettled(this.name),
    adjust: (permit, tokens) => {
      const count = countTokens(tokens);
      const change = count - permit.tokens;
      permit.tokens = count;
      this.#tokensInFlight += change;
      if (change < 0 && this.#line.size > 0) this.#grantWaiters();
    },
  };

  /** A loop, not a recursion: a waiter may settle inside its own callback, and a queue may be long. */
  #grantWaiters(): void {
    if (this.#isGranting) return;
    this.#isGranting = true;
    for (let place = this.#choose(); place !== null; place = this.#choose()) {
      this.#countPassing(place.rank, place);
      if (this.#holder === place) {
        this.#cancelPause?.();
        this.#cancelPause = null;
        this.#holder = null;
      }
      this.#remove(place);
      this.#tellGranted(place.waiter, this.#issue(place.rank, place.tokens));
    }
    this.#isGranting = false;
  }

  #tellGranted(waiter: Waiter, permit: HeldPermit): void {
    try {
      waiter.onGranted(permit);
    } catch (cause) {
      // Who settled is not at fault and must not be interrupted: the ledger hears of it, and the slot is not lost.
      this.#ledger.countFailedWaiter(this.name, cause);
      if (!permit.isSettled) permit.settle();
    }
  }

  #tellRejected(waiter: Waiter, reason: RejectReason): void {
    try {
      waiter.onRejected(reason);
    } catch (cause) {
      // Called from a timer nobody awaits, or from another's arrival: without this the error would end the process, or blame that one.
      this.#ledger.countFailedWaiter(this.name, cause);
    }
  }

  #append(place: Place, timeoutMs: number): void {
    if (this.#line.firstOf(place.rank) === null) this.#passedOver[place.rank] = 0;
    this.#line.append(place);
    place.timeoutMs = timeoutMs;
    place.onLeave = this.#onLeave;
    place.cancelTimeout = this.#schedule(timeoutMs, () => {
      if (place.isSpent) return;
      this.#remove(place);
      this.#tellRejected(place.waiter, "timeout");
      this.#grantWaiters();
    });
  }

  readonly #onLeave = (place: Place): void => {
    this.#remove(place);
    // The next one may fit where this one did not.
    this.#grantWaiters();
  };

  #remove(place: Place): void {
    place.isSpent = true;
    place.cancelTimeout?.();
    this.#line.remove(place);
    if (this.#holder === place) this.#startTruce(place);
  }
}

function holdMsOf(place: Place): number {
  return Math.min(place.timeoutMs * HOLD_SHARE, MAX_HOLD_MS);
}

import type { Provider, Snapshot } from "../exchange.ts";
import type { Schedule } from "../lib/clock.ts";
import { Bulkhead, type Permit, type RejectReason } from "./bulkhead.ts";
import type { PermitLedger } from "./permit-ledger.ts";

/** Who waits for a permit and can be told to give up. */
export interface PermitSeeker {
  /** What it waits for; the bulkhead sets it while the wait lasts. */
  step: { cancel(): void } | null;
}

/** The bulkhead of the whole gateway and one for each provider, kept by name across reloads. */
export class Bulkheads {
  readonly gateway: Bulkhead;
  readonly #byProvider = new Map<string, Bulkhead>();
  readonly #ledger: PermitLedger;
  readonly #schedule: Schedule;

  constructor(snapshot: Snapshot, ledger: PermitLedger, schedule: Schedule) {
    this.#ledger = ledger;
    this.#schedule = schedule;
    this.gateway = this.#make("", snapshot.limits);
  }

  of(provider: Provider): Bulkhead {
    let bulkhead = this.#byProvider.get(provider.name);
    if (bulkhead === undefined) {
      bulkhead = this.#make(provider.name, provider);
      this.#byProvider.set(provider.name, bulkhead);
    }
    return bulkhead;
  }

  /** New limits; what is held stays held, and an empty bulkhead that no config names any more goes. */
  reconfigure(snapshot: Snapshot): void {
    this.gateway.reconfigure(snapshot.limits);
    for (const provider of snapshot.providers.values()) this.#byProvider.get(provider.name)?.reconfigure(provider);
    for (const [name, bulkhead] of this.#byProvider) {
      if (!snapshot.providers.has(name) && bulkhead.inFlight === 0) this.#byProvider.delete(name);
    }
  }

  /** What a provider has in flight and in its queue. */
  loadOf(provider: string): { readonly inFlight: number; readonly queued: number } {
    const bulkhead = this.#byProvider.get(provider);
    return { inFlight: bulkhead?.inFlight ?? 0, queued: bulkhead?.queued ?? 0 };
  }

  #make(name: string, limits: Pick<Provider, "maxConcurrent" | "queue">): Bulkhead {
    const { maxConcurrent, queue } = limits;
    return new Bulkhead({ name, maxConcurrent, queue, ledger: this.#ledger, schedule: this.#schedule });
  }
}

/**
 * Waits for a permit where a queue is configured; leaves the queue at once when the seeker gives up.
 * Rejects with what `onRejected` or `onLeft` make.
 */
export function waitForPermit(
  bulkhead: Bulkhead,
  seeker: PermitSeeker,
  errors: { onRejected(reason: RejectReason): Error; onLeft(): Error },
): Promise<Permit> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const ticket = bulkhead.enqueue({
      onGranted(permit) {
        isAnswered = true;
        seeker.step = null;
        resolve(permit);
      },
      onRejected(reason) {
        isAnswered = true;
        seeker.step = null;
        reject(errors.onRejected(reason));
      },
    });
    if (isAnswered) return;
    seeker.step = {
      cancel() {
        ticket.leave();
        reject(errors.onLeft());
      },
    };
  });
}

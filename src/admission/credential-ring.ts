import type { CredentialState } from "./credential-state.ts";

/**
 * Which of a provider's credentials is used: one after the other, leaving out those that cool or were refused (DESIGN section 6).
 * The states may be shared with other rings: each config brings new rings, and what is known of a credential outlives them.
 */
export class CredentialRing {
  readonly #states: readonly CredentialState[];
  #next = 0;

  constructor(states: readonly CredentialState[]) {
    this.#states = states;
  }

  /**
   * Index of the credential to use; `tried` are not given again. Where none is ready: a cooling one before a refused one (its 429
   * tells a caller the truth, a 401 speaks of a key that is not the caller's), of several the one that is ready first. null when
   * every one was tried.
   */
  pick(deploymentId: string | null, nowMs: number, tried: ReadonlySet<number> | null): number | null {
    const { length } = this.#states;
    let least: number | null = null;
    for (let step = 0; step < length; step++) {
      const index = (this.#next + step) % length;
      if (tried?.has(index) === true) continue;
      if (this.#state(index).standing(deploymentId, nowMs) === "ready") {
        this.#next = (index + 1) % length;
        return index;
      }
      if (least === null || this.#isBetter(index, least, deploymentId, nowMs)) least = index;
    }
    return least;
  }

  /** Whether one is ready that is neither `index` nor among the `tried`. */
  hasOther(index: number, deploymentId: string | null, nowMs: number, tried: ReadonlySet<number>): boolean {
    for (let other = 0; other < this.#states.length; other++) {
      if (other === index || tried.has(other)) continue;
      if (this.#state(other).standing(deploymentId, nowMs) === "ready") return true;
    }
    return false;
  }

  /** When the soonest of those that cool is ready; `nowMs` where one is ready, null where all are refused. */
  readyAtMs(deploymentId: string | null, nowMs: number): number | null {
    let soonestMs: number | null = null;
    for (const state of this.#states) {
      const standing = state.standing(deploymentId, nowMs);
      if (standing === "ready") return nowMs;
      if (standing === "refused") continue;
      const readyAtMs = state.readyAtMs(deploymentId, nowMs);
      if (soonestMs === null || readyAtMs < soonestMs) soonestMs = readyAtMs;
    }
    return soonestMs;
  }

  #isBetter(index: number, than: number, deploymentId: string | null, nowMs: number): boolean {
    const [one, other] = [this.#state(index), this.#state(than)];
    const isRefused = one.standing(deploymentId, nowMs) === "refused";
    if (isRefused !== (other.standing(deploymentId, nowMs) === "refused")) return !isRefused;
    return one.readyAtMs(deploymentId, nowMs) < other.readyAtMs(deploymentId, nowMs);
  }

  #state(index: number): CredentialState {
    return this.#states[index] as CredentialState;
  }
}

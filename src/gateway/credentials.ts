import { CredentialRing } from "../admission/credential-ring.ts";
import { CredentialState } from "../admission/credential-state.ts";
import type { AuthHeaders, Credential, Deployment, Provider, Snapshot } from "../exchange.ts";

/** Which credential an attempt uses, and which ones its request has tried before. */
export type ChosenCredential = {
  readonly credential: Credential;
  readonly index: number;
  readonly tried: ReadonlySet<number>;
  /** null: a deployment of many models (`*`), of which a 403 for one says nothing of the others. */
  readonly deploymentId: string | null;
  readonly ring: CredentialRing;
  readonly state: CredentialState;
  /** The state's own when it was chosen: what is learnt of it later than that counts for more. */
  readonly round: number;
};

/** Whether a provider has a credential for a deployment now. */
export type CredentialAvailability =
  { readonly kind: "ready" } | { readonly kind: "cooling"; readonly untilMs: number } | { readonly kind: "refused" };

/** How a provider's credentials stand, for `/status`. */
export type CredentialCounts = {
  readonly ready: number;
  readonly cooling: number;
  readonly refused: number;
  /** When the next of those that are not ready is, or is tried again (milliseconds since 1970). */
  readonly nextAtMs: number | null;
};

/** A provider's credentials, their states side by side. */
type Held = {
  readonly ring: CredentialRing;
  readonly states: readonly CredentialState[];
  last: ChosenCredential | null;
};

const NONE_TRIED: ReadonlySet<number> = new Set();
const NO_AUTH: AuthHeaders = [];
const READY: CredentialAvailability = { kind: "ready" };
const REFUSED: CredentialAvailability = { kind: "refused" };

/** What is known of each credential, by its id and over any reload, and whose turn it is at each provider. */
export class Credentials {
  /** By credential id; bounded by what the configs of the process have named since the last `retain`. */
  readonly #states = new Map<string, CredentialState>();
  readonly #held = new WeakMap<Provider, Held>();
  readonly #clock: () => number;
  readonly #wallClock: () => number;
  readonly #random: () => number;

  constructor(clock: () => number, wallClock: () => number, random: () => number) {
    this.#clock = clock;
    this.#wallClock = wallClock;
    this.#random = random;
  }

  /**
   * The next credential that was not `tried`. null for a provider that takes none, and where all were tried: then no request may be
   * sent (`hasAnother` tells before).
   */
  choose(provider: Provider, deploymentId: string | null, tried: ReadonlySet<number> | null): ChosenCredential | null {
    if (provider.credentials.length === 0) return null;
    const held = this.#of(provider);
    const nowMs = this.#clock();
    const index = held.ring.pick(deploymentId, nowMs, tried);
    if (index === null) return null;
    const state = held.states[index] as CredentialState;
    const credential = provider.credentials[index] as Credential;
    // A refused one is tried with what is fetched anew, not with what was refused.
    if (state.take(deploymentId, nowMs) && credential.kind === "authorizer") credential.authorizer.invalidate();
    const { round } = state;
    const { last } = held;
    if (tried === null && last !== null && last.index === index && last.round === round) {
      if (last.deploymentId === deploymentId) return last;
    }
    const chosen = { credential, index, tried: tried ?? NONE_TRIED, deploymentId, ring: held.ring, state, round };
    if (tried === null) held.last = chosen;
    return chosen;
  }

  /** Whether another one is ready that the request has not tried. */
  hasAnother({ ring, index, deploymentId, tried }: ChosenCredential): boolean {
    return ring.hasOther(index, deploymentId, this.#clock(), tried);
  }

  /** The provider refused it: 401 and 402 (the key, the bill), 403 (its right to the model); anything else is a limit that was hit. */
  noteRefused(chosen: ChosenCredential, status: number, retryAfterMs: number | null): void {
    const { credential, state, round, deploymentId } = chosen;
    const nowMs = this.#clock();
    const isRenewable = credential.kind === "authorizer" && status !== 402;
    switch (status) {
      case 401:
      case 402:
        if (state.refuse(round, nowMs, isRenewable) && isRenewable) credential.authorizer.invalidate();
        return;
      case 403:
        // An expired token is a 403 at AWS, whatever the deployment.
        if ((deploymentId === null || state.deny(round, deploymentId, nowMs)) && isRenewable) {
          credential.authorizer.invalidate();
        }
        return;
      default:
        state.rest(nowMs, retryAfterMs);
    }
  }

  /** It was taken: what spoke against it is over. */
  noteSuccess({ state, round, deploymentId }: ChosenCredential): void {
    if (!state.isClear) state.succeed(round, deploymentId, this.#clock());
  }

  /** Whether the provider has one that is ready for a deployment. */
  availability(provider: Provider, deploymentId: string | null, nowMs: number): CredentialAvailability {
    if (provider.credentials.length === 0) return READY;
    const { ring, states } = this.#of(provider);
    if (states[0]?.isClear === true) return READY;
    const readyAtMs = ring.readyAtMs(deploymentId, nowMs);
    if (readyAtMs === null) return REFUSED;
    return readyAtMs <= nowMs ? READY : { kind: "cooling", untilMs: readyAtMs };
  }

  /** Forgets the credentials that no provider has any more. */
  retain({ providers }: Pick<Snapshot, "providers">): void {
    const kept = new Set<string>();
    for (const { credentials } of providers.values()) for (const { id } of credentials) kept.add(id);
    for (const id of this.#states.keys()) if (!kept.has(id)) this.#states.delete(id);
  }

  /** How its credentials stand; tells nothing of what they are. */
  describe(provider: Provider): CredentialCounts {
    const nowMs = this.#clock();
    const counts = { ready: 0, cooling: 0, refused: 0 };
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { id } of provider.credentials) {
      const state = this.#states.get(id);
      const standing = state?.standing(null, nowMs) ?? "ready";
      counts[standing]++;
      if (state !== undefined && standing !== "ready") nextMs = Math.min(nextMs, state.readyAtMs(null, nowMs));
    }
    return { ...counts, nextAtMs: nextMs === Number.POSITIVE_INFINITY ? null : this.#wallClock() + (nextMs - nowMs) };
  }

  #of(provider: Provider): Held {
    let held = this.#held.get(provider);
    if (held === undefined) {
      const states = provider.credentials.map(({ id }) => this.#stateOf(id));
      held = { ring: new CredentialRing(states), states, last: null };
      this.#held.set(provider, held);
    }
    return held;
  }

  #stateOf(id: string): CredentialState {
    let state = this.#states.get(id);
    if (state === undefined) {
      state = new CredentialState(this.#random);
      this.#states.set(id, state);
    }
    return state;
  }
}

const headersOfCredential = new WeakMap<Credential, AuthHeaders>();

/** The header lines of a credential that never changes; none where there is no credential. */
export function staticHeaders(credential: Extract<Credential, { kind: "header" }> | null): AuthHeaders {
  if (credential === null) return NO_AUTH;
  let headers = headersOfCredential.get(credential);
  if (headers === undefined) {
    headers = [[credential.header, credential.value.reveal()]];
    headersOfCredential.set(credential, headers);
  }
  return headers;
}

/** What a credential may do is known for each deployment; of one that stands for many models, for none of them. */
export function credentialScope({ id, model }: Deployment): string | null {
  return model.includes("*") ? null : id;
}

import { CredentialRing, parseRetryAfter } from "../admission/credential-ring.ts";
import type { AuthHeaders, Credential, Provider } from "../exchange.ts";

/** Which credential an attempt uses, and which ones were refused before it. */
export type ChosenCredential = {
  readonly credential: Credential;
  readonly index: number;
  readonly tried: ReadonlySet<number>;
  /** null where there is but one: then nothing rests and nothing rotates. */
  readonly ring: CredentialRing | null;
};

const NONE_TRIED: ReadonlySet<number> = new Set();
const NO_AUTH: AuthHeaders = [];

/** Whose turn it is among each provider's credentials. What rests is forgotten with the snapshot it belongs to. */
export class Credentials {
  readonly #rings = new WeakMap<Provider, CredentialRing>();
  readonly #single = new WeakMap<Provider, ChosenCredential>();
  readonly #clock: () => number;
  readonly #wallClock: () => number;

  constructor(clock: () => number, wallClock: () => number) {
    this.#clock = clock;
    this.#wallClock = wallClock;
  }

  /** The next credential that was not `tried`; null for a provider that takes none. */
  choose(provider: Provider, tried: ReadonlySet<number> | null): ChosenCredential | null {
    const { credentials } = provider;
    const [first] = credentials;
    if (first === undefined) return null;
    if (credentials.length === 1) return this.#only(provider, first);
    let ring = this.#rings.get(provider);
    if (ring === undefined) {
      ring = new CredentialRing(credentials.length);
      this.#rings.set(provider, ring);
    }
    const index = ring.pick(this.#clock(), tried) ?? 0;
    return { credential: credentials[index] ?? first, index, tried: tried ?? NONE_TRIED, ring };
  }

  /** A refused credential rests; an authorizer fetches anew the next time. */
  noteRefused({ ring, index, credential }: ChosenCredential, status: number, retryAfter: string | null): void {
    ring?.rest(index, this.#clock(), parseRetryAfter(retryAfter, this.#wallClock()));
    if (credential.kind === "authorizer" && status !== 429) credential.authorizer.invalidate();
  }

  #only(provider: Provider, credential: Credential): ChosenCredential {
    let chosen = this.#single.get(provider);
    if (chosen === undefined) {
      chosen = { credential, index: 0, tried: NONE_TRIED, ring: null };
      this.#single.set(provider, chosen);
    }
    return chosen;
  }
}

/** Whether another credential is left to be tried. */
export function hasAnother({ ring, tried }: ChosenCredential): boolean {
  return ring !== null && ring.size > tried.size + 1;
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

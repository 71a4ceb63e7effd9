import { CoolDown } from "./cool-down.ts";

/** What is known of a credential, towards one deployment. */
export type CredentialStanding = "ready" | "cooling" | "refused";

/**
 * A refused credential is tried again by one request this often. DESIGN says that authentication and billing errors stick until the
 * credential changes; we deviate because both are mended on the other side as well, under the same key: a bill is paid, a right is
 * given, a false alarm is called off, and nobody should have to restart a gateway for it. It does not grow: twelve requests an hour
 * are nothing to anybody, and five minutes is what a payer is willing to wait.
 */
const RETRY_REFUSED_MS = 300_000;
/** Up to a tenth more, so that the replicas of a fleet do not knock together. */
const RETRY_JITTER = 0.1;
/**
 * 403s in a row, without a success between, until the credential counts as refused for a deployment. More than one, because some speak
 * of the request: OpenRouter's moderation (https://openrouter.ai/docs/api-reference/errors), Gemini's "CachedContent not found (or
 * permission denied)". No single caller's prompt may take a credential away from the others.
 */
const DENIALS_UNTIL_REFUSED = 3;
/** Deployments a credential is remembered to be refused for; the oldest are forgotten first. */
const MAX_DENIALS = 100;

/** 403s of one deployment; `retryAtMs` is 0 until there are enough of them. */
type Denial = { count: number; retryAtMs: number };

/**
 * What is known of one credential: ready, cooling (429), or refused (401, 402: everywhere; 403: for one deployment).
 *
 * What an answer says of the key or the bill counts only where the request was sent after the last such word (`round`): of twenty
 * requests under way when a key is revoked, all bring a 401, and a stream that began before the bill ran out still ends well after it.
 * Both say nothing new.
 */
export class CredentialState {
  /** Nothing speaks against it: all that most requests read. */
  isClear = true;
  /** Grows whenever it is refused, doubted, or found good again. */
  round = 0;
  readonly #random: () => number;
  readonly #coolDown: CoolDown;
  /** When it is tried again after a 401 or 402; null: it was not refused. */
  #retryAtMs: number | null = null;
  /** It was refused once, and what it is made of can be fetched anew. */
  #isDoubted = false;
  #denials: Map<string, Denial> | null = null;

  constructor(random: () => number) {
    this.#random = random;
    this.#coolDown = new CoolDown({ random });
  }

  /** `deploymentId` null: of the credential alone. Refused ones whose next try is due are ready: for one request, who `take`s them. */
  standing(deploymentId: string | null, nowMs: number): CredentialStanding {
    if (this.isClear) return "ready";
    if (nowMs < this.#refusedUntilMs(deploymentId)) return "refused";
    return this.#coolDown.untilMs(nowMs) === null ? "ready" : "cooling";
  }

  /** When it becomes ready, or did. */
  readyAtMs(deploymentId: string | null, nowMs: number): number {
    if (this.isClear) return nowMs;
    return Math.max(this.#refusedUntilMs(deploymentId), this.#coolDown.untilMs(nowMs) ?? nowMs);
  }

  /** A request uses it: the next try of a refused one is a while away again. True where this one is such a try. */
  take(deploymentId: string | null, nowMs: number): boolean {
    if (this.isClear) return false;
    const denial = this.#denialOf(deploymentId);
    const isDenied = denial !== null && denial.retryAtMs > 0;
    const retryAtMs = this.#retryAtMs === null && !isDenied ? null : this.#nextTryMs(nowMs);
    if (this.#retryAtMs !== null) this.#retryAtMs = retryAtMs;
    if (isDenied && retryAtMs !== null) denial.retryAtMs = retryAtMs;
    return retryAtMs !== null;
  }

  /** 429. The provider's word may come with any of the answers, so this counts whenever the request was sent. */
  rest(nowMs: number, retryAfterMs: number | null): void {
    this.#coolDown.rest(nowMs, retryAfterMs);
    this.isClear = false;
  }

  /** 401 or 402. `isRenewable`: what it is made of can be fetched anew, so the first time is only a doubt. Whether it counted. */
  refuse(sentInRound: number, nowMs: number, isRenewable: boolean): boolean {
    if (sentInRound !== this.round) return false;
    this.round++;
    this.isClear = false;
    if (isRenewable && !this.#isDoubted && this.#retryAtMs === null) this.#isDoubted = true;
    else this.#retryAtMs = this.#nextTryMs(nowMs);
    return true;
  }

  /** 403: the credential has no right to this deployment's model, perhaps. Whether it counted. */
  deny(sentInRound: number, deploymentId: string, nowMs: number): boolean {
    if (sentInRound !== this.round) return false;
    this.round++;
    this.isClear = false;
    this.#denials ??= new Map();
    let denial = this.#denials.get(deploymentId);
    if (denial === undefined) {
      denial = { count: 0, retryAtMs: 0 };
      this.#denials.set(deploymentId, denial);
      if (this.#denials.size > MAX_DENIALS) this.#denials.delete(this.#denials.keys().next().value as string);
    }
    denial.count++;
    if (denial.count >= DENIALS_UNTIL_REFUSED) denial.retryAtMs = this.#nextTryMs(nowMs);
    return true;
  }

  /** A request went well: what spoke against the credential, and for this deployment, is over. */
  succeed(sentInRound: number, deploymentId: string | null, nowMs: number): void {
    if (this.isClear) return;
    // Whenever it was sent: it is answered, so the limit leaves room.
    this.#coolDown.recovered();
    if (sentInRound !== this.round) return;
    if (this.#retryAtMs !== null || this.#isDoubted) this.round++;
    this.#retryAtMs = null;
    this.#isDoubted = false;
    if (deploymentId !== null && this.#denials?.delete(deploymentId) === true) this.round++;
    if (this.#denials?.size === 0) this.#denials = null;
    this.isClear = this.#denials === null && this.#coolDown.untilMs(nowMs) === null;
  }

  #refusedUntilMs(deploymentId: string | null): number {
    return Math.max(
      this.#retryAtMs ?? Number.NEGATIVE_INFINITY,
      this.#denialOf(deploymentId)?.retryAtMs ?? Number.NEGATIVE_INFINITY,
    );
  }

  #denialOf(deploymentId: string | null): Denial | null {
    return deploymentId === null ? null : (this.#denials?.get(deploymentId) ?? null);
  }

  #nextTryMs(nowMs: number): number {
    return nowMs + RETRY_REFUSED_MS * (1 + RETRY_JITTER * this.#random());
  }
}

import { GatewayError } from "../../errors.ts";
import { type AwsCredentials, type CredentialSource, credentialError } from "./credentials.ts";

/** AWS gives new ones from five minutes before: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html */
const RENEW_BEFORE_MS = 5 * 60_000;
/** Between two tries: a source that fails, or a provider that refuses everything, is not asked for every request. */
const RETRY_AFTER_MS = 5_000;

/**
 * Keeps credentials and renews them, one request at a time: none → fetching → fresh → (5 min before the end) renewing → fresh …
 * While they are renewed the old ones serve; once they have expired everybody waits for the new ones.
 */
export class CredentialCache {
  readonly #source: CredentialSource;
  readonly #now: () => number;
  #known: AwsCredentials | null = null;
  #fetching: Promise<AwsCredentials> | null = null;
  /** When the source was last asked, and how that failed. */
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #failure: GatewayError | null = null;

  constructor(source: CredentialSource, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  /** Credentials that are good now; a promise only where they must be fetched first. Throws (or rejects with) GatewayError `upstream_error`. */
  get(): AwsCredentials | Promise<AwsCredentials> {
    const nowMs = this.#now();
    const known = this.#known;
    if (known !== null) {
      const leftMs = known.expiresAtMs === null ? Number.POSITIVE_INFINITY : known.expiresAtMs - nowMs;
      if (leftMs > RENEW_BEFORE_MS) return known;
      if (leftMs > 0) {
        // Nobody waits for this one; a failure is told once the old ones have expired.
        if (this.#fetching === null && !this.#isTooSoon(nowMs)) this.#fetch(nowMs).catch(() => {});
        return known;
      }
    }
    if (this.#fetching !== null) return this.#fetching;
    if (this.#failure !== null && this.#isTooSoon(nowMs)) throw this.#failure;
    return this.#fetch(nowMs);
  }

  /** They were refused: the next call fetches anew, unless they have only just been fetched and something else is wrong. */
  invalidate(): void {
    if (this.#isTooSoon(this.#now())) return;
    this.#known = null;
    this.#failure = null;
  }

  #isTooSoon(nowMs: number): boolean {
    return nowMs - this.#askedAtMs < RETRY_AFTER_MS;
  }

  #fetch(nowMs: number): Promise<AwsCredentials> {
    this.#askedAtMs = nowMs;
    const fetching = this.#ask().finally(() => {
      this.#fetching = null;
    });
    this.#fetching = fetching;
    return fetching;
  }

  async #ask(): Promise<AwsCredentials> {
    try {
      const found = await this.#source();
      if (found === null) {
        throw credentialError(
          "none found. Looked for api_key, AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, AWS's config files, AWS_CONTAINER_CREDENTIALS_FULL_URI and the instance metadata service.",
        );
      }
      if (found.expiresAtMs !== null && found.expiresAtMs <= this.#now()) {
        throw credentialError("the source gave some that have expired already.");
      }
      this.#known = found;
      this.#failure = null;
      return found;
    } catch (error) {
      this.#failure = error instanceof GatewayError ? error : credentialError("they could not be fetched.", error);
      throw this.#failure;
    }
  }
}

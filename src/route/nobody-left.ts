import { GatewayError } from "../errors.ts";
import type { RoutePolicy } from "../policy.ts";
import type { Candidate } from "./candidate.ts";
import type { Facts } from "./facts.ts";
import type { Availability } from "./move.ts";

type Out = Extract<Availability, { kind: "out" }>;

const MIN_RETRY_AFTER_MS = 1_000;
/** A caller's own words are told again, but not at any length. */
const MAX_TEXT_CHARS = 100;

/** Why nobody could be asked, gathered while a course looks for somebody; told when it has found nobody. */
export class NobodyLeft {
  readonly #model: string;
  #soonest: { readonly candidate: Candidate; readonly untilMs: number } | null = null;
  readonly #outs = new Map<string, Out["why"]>();
  #refused: Candidate | null = null;
  #unfitError: GatewayError | null = null;
  #hasUnfit = false;
  #largestMisfit = 0;
  #rule: { readonly names: string; readonly isCallersOwn: boolean } | null = null;

  constructor(model: string) {
    this.#model = shorten(model);
  }

  /** All that was seen so far were too small for the request. */
  get hasOnlyMisfits(): boolean {
    return this.#outs.size === 0 && this.#refused === null && !this.#hasUnfit && this.#rule === null;
  }

  out(candidate: Candidate, { untilMs, why }: Out): void {
    this.#outs.set(candidate.deployment.id, why);
    if (this.#soonest === null || untilMs < this.#soonest.untilMs) this.#soonest = { candidate, untilMs };
  }

  refused(candidate: Candidate): void {
    this.#refused ??= candidate;
  }

  /** `error`: null where it was only not let in. */
  unfit(error: GatewayError | null): void {
    this.#hasUnfit = true;
    this.#unfitError ??= error;
  }

  misfit(contextWindow: number): void {
    this.#largestMisfit = Math.max(this.#largestMisfit, contextWindow);
  }

  /** The rules among a group's strategies left nobody of those who could be asked. */
  ruledOut({ strategy }: RoutePolicy, { tags }: Facts): void {
    const names: string[] = [];
    for (const { name } of strategy) {
      if (name === "tags") names.push(tags.length === 0 ? "tags (the request has none)" : `tags (${listTags(tags)})`);
      else if (name === "conditional" || name === "budget") names.push(name);
    }
    const isCallersOwn = names.length === 1 && strategy.some(({ name }) => name === "tags");
    this.#rule ??= { names: names.join(" and "), isCallersOwn };
  }

  /**
   * Who is tried although it should not be: where the config says so the one that is back soonest, or one whose credential was
   * refused, because its provider's own answer tells what is wrong.
   */
  lastResort(whenAllOut: RoutePolicy["whenAllOut"]): Candidate | null {
    if (whenAllOut === "least-bad" && this.#soonest !== null) return this.#soonest.candidate;
    return this.#refused;
  }

  /** What the caller is told. */
  error(nowMs: number): GatewayError {
    const unfitError = this.#unfitError;
    if (this.#soonest !== null) {
      const unfitSeconds = unfitError?.options.retryAfterSeconds ?? Number.POSITIVE_INFINITY;
      return this.#allOut(Math.min(this.#soonest.untilMs - nowMs, unfitSeconds * 1_000));
    }
    if (this.#largestMisfit > 0 && (unfitError === null || unfitError.code === "context_window_exceeded")) {
      return new GatewayError(
        "context_window_exceeded",
        `The request does not fit into the context window of \`${this.#model}\`: ${this.#largestMisfit} tokens at most, input and output together.`,
        { detail: "context_length_exceeded", param: "messages" },
      );
    }
    if (unfitError !== null) return unfitError;
    if (this.#rule !== null) {
      const { names, isCallersOwn } = this.#rule;
      const message = `No deployment of \`${this.#model}\` is left by the rule ${names}.`;
      // Another try ends the same way: it is the request that must change.
      if (isCallersOwn) return new GatewayError("invalid_request", message, { detail: "no_matching_tags" });
      return new GatewayError("no_deployment", message);
    }
    return this.#allOut(MIN_RETRY_AFTER_MS);
  }

  /** 503 with an honest Retry-After (RFC 9110 section 10.2.3). */
  #allOut(soonestMs: number): GatewayError {
    const retryAfterSeconds = Math.ceil(Math.max(MIN_RETRY_AFTER_MS, soonestMs) / 1_000);
    const counts = new Map<string, number>();
    for (const why of this.#outs.values()) counts.set(why, (counts.get(why) ?? 0) + 1);
    const reasons = [...counts].map(([why, count]) => `${why}: ${count}`).join(", ");
    const message = `No deployment of \`${this.#model}\` can be asked now${reasons === "" ? "" : ` (${reasons})`}; try again in ${retryAfterSeconds} s.`;
    return new GatewayError("no_deployment", message, { retryAfterSeconds });
  }
}

function listTags(tags: readonly string[]): string {
  return shorten(tags.slice(0, 8).join(", "));
}

function shorten(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}

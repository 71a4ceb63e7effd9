import type { GatewayError } from "../errors.ts";
import type { FailureClass } from "../policy.ts";
import type { Candidate } from "./candidate.ts";

/** How an attempt failed while nothing of it had reached the caller. */
export type Failure = {
  readonly class: FailureClass;
  /** The provider's word, counted from now; null where it said nothing. */
  readonly retryAfterMs: number | null;
  /** Another credential of the same provider is there to be tried. */
  readonly hasOtherCredential: boolean;
};

/** What comes next. */
export type Move =
  /** Try it now. */
  | { readonly kind: "try"; readonly candidate: Candidate }
  /** Try it after a wait. */
  | { readonly kind: "wait"; readonly candidate: Candidate; readonly ms: number }
  /** There is nothing left: `error` says why no attempt was made; null: the last attempt's own end is the answer. */
  | { readonly kind: "end"; readonly error: GatewayError | null };

/** Whether a deployment can be asked now. */
export type Availability =
  | { readonly kind: "ready" }
  /** It comes back slowly, or is better left alone: taken only with this chance while others are ready. */
  | { readonly kind: "slow-start"; readonly share: number; /** For the trace. */ readonly why?: string }
  /** Its credential was refused: tried only where nobody else is left, since nobody knows until when. */
  | { readonly kind: "refused" }
  /** Out until then (in the clock's milliseconds), and why: a word for the trace and the error's message. */
  | {
      readonly kind: "out";
      readonly why: "breaker" | "cool-down" | "rate limit";
      readonly untilMs: number;
    };

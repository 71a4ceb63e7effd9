import type { Deployment } from "../exchange.ts";
import type { FailureClass } from "../policy.ts";
import type { Failure } from "./move.ts";

/** What became of a deployment in one exchange. */
export type DeploymentRecord = {
  readonly deployment: Deployment;
  /** Attempts that failed. */
  failures: number;
  /** By its provider's word it should not be asked before. */
  notBeforeMs: number;
  /** It is not asked again: it cannot take this request, or would say the same once more. */
  isOut: boolean;
  /** Not out for good: it had no place, or would not let anybody in. */
  isOutForNow: boolean;
};

/** What one exchange remembers of the deployments of one group; made when the first of them is of no use. */
export class GroupMemory {
  readonly #records: DeploymentRecord[] = [];
  readonly #failures: Partial<{ [name in FailureClass]: number }> = {};
  hasFailed = false;

  /** null: nothing has become of it yet. */
  find(deployment: Deployment): DeploymentRecord | null {
    for (const record of this.#records) if (record.deployment === deployment) return record;
    return null;
  }

  recordOf(deployment: Deployment): DeploymentRecord {
    let record = this.find(deployment);
    if (record === null) {
      record = { deployment, failures: 0, notBeforeMs: 0, isOut: false, isOutForNow: false };
      this.#records.push(record);
    }
    return record;
  }

  /** An attempt failed; gives how many did with this class. */
  noteFailure(deployment: Deployment, { class: failureClass, retryAfterMs }: Failure, nowMs: number): number {
    const record = this.recordOf(deployment);
    record.failures++;
    if (retryAfterMs !== null) record.notBeforeMs = nowMs + retryAfterMs;
    if (!RECOVERS[failureClass]) record.isOut = true;
    this.hasFailed = true;
    const count = (this.#failures[failureClass] ?? 0) + 1;
    this.#failures[failureClass] = count;
    return count;
  }

  /** An attempt ended beside another one whose end is the one that counts. */
  noteLostRace(deployment: Deployment): void {
    this.recordOf(deployment).failures++;
  }
}

/** Whether a deployment that failed so may answer the same request a little later. */
const RECOVERS = {
  connect: true,
  timeout: true,
  rate_limit: true,
  server: true,
  auth: false,
  not_found: false,
  context_window: false,
  content_policy: false,
  bad_request: false,
} as const satisfies { readonly [name in FailureClass]: boolean };

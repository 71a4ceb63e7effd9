import { ERROR_TABLE, type ErrorCode } from "../errors.ts";
import type { NeutralError } from "./neutral.ts";

/**
 * The status that says an error in any API but the one it was read from. A provider's own is kept where it means the same elsewhere;
 * but Gemini tells of a bad key by 400, Bedrock by 403 and of a used-up quota by 400, Anthropic of a used-up balance by 400, and a
 * caller's SDK chooses its class by the status alone.
 */
export function statusForCaller({ code, status }: Pick<NeutralError, "code" | "status">): number {
  const known = STATUSES[code];
  return known === undefined || known.includes(status) ? status : ERROR_TABLE[code].status;
}

/** Statuses that say as much; codes that are not named go by any. */
const STATUSES: Partial<Record<ErrorCode, readonly number[]>> = {
  unauthorized: [401],
  forbidden: [403],
  not_found: [404, 410],
  rate_limited: [429],
  budget_exceeded: [402, 429],
};

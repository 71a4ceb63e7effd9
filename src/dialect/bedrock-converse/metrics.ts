import type { JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";

/**
 * `metrics` of an answer that another API gave: always there in Converse, so its callers read it unasked. The time is ours, from the
 * request read to the answer written. Null where nobody said when it began.
 */
export function writeMetrics({ startedAtMs }: AnswerContext): JsonObject | null {
  return startedAtMs === undefined ? null : { latencyMs: Math.max(0, Math.round(Date.now() - startedAtMs)) };
}

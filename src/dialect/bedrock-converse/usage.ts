import { asArray, asCount, asObject, type Json, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import { usageOf } from "../../lib/usage.ts";
import type { NeutralUsage } from "../neutral.ts";

const KNOWN: ReadonlySet<string> = new Set([
  "inputTokens",
  "outputTokens",
  "totalTokens",
  "cacheReadInputTokens",
  "cacheWriteInputTokens",
]);

/**
 * Reads a usage object. `inputTokens` leaves out what was read from and written to the cache; ours holds everything:
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html. Null where the object says nothing of tokens.
 */
export function readUsage(usage: JsonObject): NeutralUsage | null {
  const fresh = asCount(usage["inputTokens"]);
  const outputTokens = asCount(usage["outputTokens"]);
  if (fresh === null && outputTokens === null) return null;
  const cachedTokens = asCount(usage["cacheReadInputTokens"]);
  const cacheWriteTokens = asCount(usage["cacheWriteInputTokens"]);
  const extra: Record<string, Json | undefined> = { ...restOf(usage, KNOWN) };
  const total = usage["totalTokens"] ?? null;
  if (total !== totalOf(fresh, outputTokens, cachedTokens, cacheWriteTokens)) extra["totalTokens"] = total;
  return {
    ...usageOf({
      inputTokens: fresh === null ? null : fresh + (cachedTokens ?? 0) + (cacheWriteTokens ?? 0),
      outputTokens,
      cachedTokens,
      cacheWriteTokens,
      cacheWrite1hTokens: readWrittenFor1h(usage["cacheDetails"]),
    }),
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
}

/** Usage from the text that the tap of a passed stream or answer found. */
export function readUsageText(json: string): NeutralUsage | null {
  const usage = parseObject(json);
  return usage === null ? null : readUsage(usage);
}

/** What was written to the cache, by how long it is kept: [{ ttl, inputTokens }]. */
function readWrittenFor1h(details: Json | undefined): number | null {
  if (!Array.isArray(details)) return null;
  let tokens: number | null = null;
  for (const item of asArray(details)) {
    const detail = asObject(item);
    const count = asCount(detail?.["inputTokens"]);
    if (count !== null) tokens = (tokens ?? 0) + (detail?.["ttl"] === "1h" ? count : 0);
  }
  return tokens;
}

function totalOf(fresh: number | null, output: number | null, cached: number | null, written: number | null): number {
  return (fresh ?? 0) + (output ?? 0) + (cached ?? 0) + (written ?? 0);
}

/** The usage object; `isOwn`: it was read from this dialect, so that what it did not hold is left out. */
export function writeUsage(usage: NeutralUsage, isOwn: boolean): JsonObject {
  const { inputTokens, outputTokens, cachedTokens, cacheWriteTokens, cacheWrite1hTokens } = usage;
  const fresh = Math.max(0, (inputTokens ?? 0) - (cachedTokens ?? 0) - (cacheWriteTokens ?? 0));
  const written: Record<string, Json> = {};
  if (inputTokens !== null || !isOwn) written["inputTokens"] = fresh;
  if (outputTokens !== null || !isOwn) written["outputTokens"] = outputTokens ?? 0;
  written["totalTokens"] = totalOf(fresh, outputTokens, cachedTokens, cacheWriteTokens);
  if (cachedTokens !== null) written["cacheReadInputTokens"] = cachedTokens;
  if (cacheWriteTokens !== null) written["cacheWriteInputTokens"] = cacheWriteTokens;
  if (!isOwn && cacheWrite1hTokens !== null && cacheWrite1hTokens > 0) {
    const for5m = (cacheWriteTokens ?? 0) - cacheWrite1hTokens;
    written["cacheDetails"] = [
      { ttl: "1h", inputTokens: cacheWrite1hTokens },
      ...(for5m > 0 ? [{ ttl: "5m", inputTokens: for5m }] : []),
    ];
  }
  if (isOwn) Object.assign(written, usage.extra);
  if (written["totalTokens"] === null) delete written["totalTokens"];
  return written;
}

import { asCount, asObject, type Json, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import { usageOf } from "../../lib/usage.ts";
import type { NeutralUsage } from "../neutral.ts";

const KNOWN: ReadonlySet<string> = new Set([
  "input_tokens",
  "output_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "cache_creation",
  "output_tokens_details",
  "server_tool_use",
  "service_tier",
]);
const CACHE_CREATION: ReadonlySet<string> = new Set(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]);
const OUTPUT_DETAILS: ReadonlySet<string> = new Set(["thinking_tokens"]);
const SERVER_TOOLS: ReadonlySet<string> = new Set(["web_search_requests"]);

/**
 * Reads a usage object. `input_tokens` leaves out what was read from and written to the cache; ours holds everything:
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
 * Null where the object says nothing of tokens.
 */
export function readUsage(usage: JsonObject): NeutralUsage | null {
  const fresh = asCount(usage["input_tokens"]);
  const outputTokens = asCount(usage["output_tokens"]);
  if (fresh === null && outputTokens === null) return null;
  const cachedTokens = asCount(usage["cache_read_input_tokens"]);
  const creation = asObject(usage["cache_creation"]);
  const in5m = asCount(creation?.["ephemeral_5m_input_tokens"]);
  const in1h = asCount(creation?.["ephemeral_1h_input_tokens"]);
  const written = asCount(usage["cache_creation_input_tokens"]);
  const cacheWriteTokens = written ?? (in5m === null && in1h === null ? null : (in5m ?? 0) + (in1h ?? 0));
  const details = asObject(usage["output_tokens_details"]);
  const tools = asObject(usage["server_tool_use"]);
  const cacheWrite1hTokens = in1h;
  const isPlainCreation =
    creation !== null &&
    written !== null &&
    in5m !== null &&
    in1h !== null &&
    in5m + in1h === written &&
    restOf(creation, CACHE_CREATION) === null;
  const extra: Record<string, Json | undefined> = { ...restOf(usage, KNOWN) };
  // What has no word of its own, and what would not come back from the counts as it was, is kept as it is.
  if (usage["cache_creation"] !== undefined && !isPlainCreation) extra["cache_creation"] = usage["cache_creation"];
  keepRest(extra, "output_tokens_details", usage["output_tokens_details"], details, OUTPUT_DETAILS);
  keepRest(extra, "server_tool_use", usage["server_tool_use"], tools, SERVER_TOOLS);
  if (usage["cache_read_input_tokens"] === null) extra["cache_read_input_tokens"] = null;
  if (usage["cache_creation_input_tokens"] === null) extra["cache_creation_input_tokens"] = null;
  if (usage["service_tier"] === null) extra["service_tier"] = null;
  return {
    ...usageOf({
      inputTokens: fresh === null ? null : fresh + (cachedTokens ?? 0) + (cacheWriteTokens ?? 0),
      outputTokens,
      cachedTokens,
      cacheWriteTokens,
      cacheWrite1hTokens,
      reasoningTokens: asCount(details?.["thinking_tokens"]),
      webSearches: asCount(tools?.["web_search_requests"]),
    }),
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
}

function keepRest(
  extra: Record<string, Json | undefined>,
  key: string,
  value: Json | undefined,
  object: JsonObject | null,
  known: ReadonlySet<string>,
): void {
  if (value === undefined) return;
  if (object === null) extra[key] = value;
  else {
    const rest = restOf(object, known);
    if (rest !== null) extra[key] = rest;
  }
}

/** Usage from the text that the tap of a passed stream or answer found. */
export function readUsageText(json: string): NeutralUsage | null {
  const usage = parseObject(json);
  return usage === null ? null : readUsage(usage);
}

/** The usage object; `isOwn`: it was read from this dialect, so that what it did not hold is left out. */
export function writeUsage(usage: NeutralUsage, serviceTier: string | null, isOwn: boolean): JsonObject {
  const { cachedTokens, cacheWriteTokens, cacheWrite1hTokens, reasoningTokens, webSearches } = usage;
  const fresh = Math.max(0, (usage.inputTokens ?? 0) - (cachedTokens ?? 0) - (cacheWriteTokens ?? 0));
  const written: Record<string, Json | undefined> = { ...(isOwn ? usage.extra : null) };
  if (usage.inputTokens !== null || !isOwn) written["input_tokens"] = fresh;
  if (usage.outputTokens !== null || !isOwn) written["output_tokens"] = usage.outputTokens ?? 0;
  if (cachedTokens !== null || !isOwn) written["cache_read_input_tokens"] = cachedTokens ?? 0;
  if (cacheWriteTokens !== null || !isOwn) written["cache_creation_input_tokens"] = cacheWriteTokens ?? 0;
  if (cacheWrite1hTokens !== null && written["cache_creation"] === undefined) {
    written["cache_creation"] = {
      ephemeral_5m_input_tokens: Math.max(0, (cacheWriteTokens ?? 0) - cacheWrite1hTokens),
      ephemeral_1h_input_tokens: cacheWrite1hTokens,
    };
  }
  if (reasoningTokens !== null) {
    written["output_tokens_details"] = {
      ...(written["output_tokens_details"] as JsonObject | undefined),
      thinking_tokens: reasoningTokens,
    };
  }
  if (webSearches !== null) {
    written["server_tool_use"] = {
      ...(written["server_tool_use"] as JsonObject | undefined),
      web_search_requests: webSearches,
    };
  }
  if (serviceTier !== null) written["service_tier"] = writeTier(serviceTier);
  return written;
}

/** Who answered a request, in the neutral word: "default" is OpenAI's for what is "standard" here. */
export function readTier(usage: JsonObject | null): string | null {
  const tier = usage?.["service_tier"];
  if (typeof tier !== "string") return null;
  return tier === "standard" ? "default" : tier;
}

function writeTier(tier: string): string {
  return tier === "default" ? "standard" : tier;
}

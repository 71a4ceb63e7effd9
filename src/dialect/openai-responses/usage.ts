import { asCount, asObject, type JsonObject, parseObject } from "../../lib/json.ts";
import { NO_USAGE } from "../../lib/usage.ts";
import type { NeutralUsage } from "../neutral.ts";
import { leftover } from "./leftover.ts";

/**
 * Reads a usage object of Responses; null where it is none. `total_tokens` is kept only where it is not the sum.
 * xAI counts its own searches in `server_side_tool_usage_details`.
 */
export function readUsageObject(usage: JsonObject | null): NeutralUsage | null {
  if (usage === null) return null;
  const inputTokens = asCount(usage["input_tokens"]);
  const outputTokens = asCount(usage["output_tokens"]);
  if (inputTokens === null && outputTokens === null) return null;
  const input = asObject(usage["input_tokens_details"]);
  const output = asObject(usage["output_tokens_details"]);
  const cachedTokens = asCount(input?.["cached_tokens"]);
  const cacheWriteTokens = asCount(input?.["cache_write_tokens"]);
  const audioInputTokens = asCount(input?.["audio_tokens"]);
  const reasoningTokens = asCount(output?.["reasoning_tokens"]);
  const audioOutputTokens = asCount(output?.["audio_tokens"]);
  const total = asCount(usage["total_tokens"]);
  const read = { input_tokens: inputTokens, output_tokens: outputTokens, total_tokens: total };
  const extra: Record<string, JsonObject[string]> = {
    ...leftover(usage, { ...read, input_tokens_details: input, output_tokens_details: output }),
  };
  if (total !== null && total !== (inputTokens ?? 0) + (outputTokens ?? 0)) extra["total_tokens"] = total;
  if (input !== null) {
    const rest = leftover(input, {
      cached_tokens: cachedTokens,
      cache_write_tokens: cacheWriteTokens,
      audio_tokens: audioInputTokens,
    });
    if (rest !== null || Object.keys(input).length === 0) extra["input_tokens_details"] = rest ?? {};
  }
  if (output !== null) {
    const rest = leftover(output, { reasoning_tokens: reasoningTokens, audio_tokens: audioOutputTokens });
    if (rest !== null || Object.keys(output).length === 0) extra["output_tokens_details"] = rest ?? {};
  }
  const tools = asObject(usage["server_side_tool_usage_details"]);
  return {
    ...NO_USAGE,
    inputTokens,
    outputTokens,
    cachedTokens,
    cacheWriteTokens,
    audioInputTokens,
    reasoningTokens,
    audioOutputTokens,
    webSearches: asCount(tools?.["web_search_calls"]),
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
}

/** Usage from the text of a usage object. */
export function readUsage(json: string): NeutralUsage | null {
  return readUsageObject(parseObject(json));
}

/**
 * The usage object of a whole response. `isOwn`: it was read from this dialect, so that what was absent stays absent. From another
 * one every member the SDKs require is there; zeros where the provider counted nothing, because the Vercel AI SDK's validator
 * takes a last event without usage for an unknown one and never ends the answer.
 */
export function writeUsage(usage: NeutralUsage | null, isOwn: boolean): JsonObject {
  const input = usage?.inputTokens ?? null;
  const output = usage?.outputTokens ?? null;
  const total = (input ?? 0) + (output ?? 0);
  if (isOwn && usage !== null) {
    const { input_tokens_details: inputRest, output_tokens_details: outputRest, ...rest } = usage.extra ?? {};
    const inputDetails = details(inputRest, [
      ["cached_tokens", usage.cachedTokens],
      ["cache_write_tokens", usage.cacheWriteTokens],
      ["audio_tokens", usage.audioInputTokens],
    ]);
    const outputDetails = details(outputRest, [
      ["reasoning_tokens", usage.reasoningTokens],
      ["audio_tokens", usage.audioOutputTokens],
    ]);
    return {
      ...(input === null ? {} : { input_tokens: input }),
      ...(inputDetails === null ? {} : { input_tokens_details: inputDetails }),
      ...(output === null ? {} : { output_tokens: output }),
      ...(outputDetails === null ? {} : { output_tokens_details: outputDetails }),
      total_tokens: total,
      ...rest,
    };
  }
  return {
    input_tokens: input ?? 0,
    input_tokens_details: {
      cached_tokens: usage?.cachedTokens ?? 0,
      cache_write_tokens: usage?.cacheWriteTokens ?? 0,
    },
    output_tokens: output ?? 0,
    output_tokens_details: { reasoning_tokens: usage?.reasoningTokens ?? 0 },
    total_tokens: total,
  };
}

function details(rest: unknown, counts: readonly (readonly [name: string, count: number | null])[]): JsonObject | null {
  const other = asObject(rest);
  const known = counts.filter(([, count]) => count !== null);
  if (known.length === 0) return other;
  return { ...Object.fromEntries(known), ...other };
}

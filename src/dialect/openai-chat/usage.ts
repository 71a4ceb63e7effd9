import { type Json, type JsonObject, asCount, asObject, compact, parseObject, restOf } from "../../lib/json.ts";
import type { NeutralUsage } from "../neutral.ts";
import { formOf, withForm } from "./form.ts";

/** Members that `Usage` has words for, wherever providers put them; the rest is extra. */
const KNOWN: ReadonlySet<string> = new Set([
  "prompt_tokens",
  "completion_tokens",
  "total_tokens",
  "input_tokens",
  "output_tokens",
  "prompt_tokens_details",
  "completion_tokens_details",
  "input_tokens_details",
  "input_token_details",
  "output_tokens_details",
  "output_token_details",
  "prompt_cache_hit_tokens",
  "prompt_cache_miss_tokens",
  "cached_tokens",
  "num_cached_tokens",
  "cache_read_input_tokens",
  "cache_creation_input_tokens",
  "cache_creation",
  "reasoning_tokens",
]);
const KNOWN_INPUT: ReadonlySet<string> = new Set(["cached_tokens", "cache_write_tokens", "audio_tokens"]);
const KNOWN_OUTPUT: ReadonlySet<string> = new Set([
  "reasoning_tokens",
  "audio_tokens",
  "accepted_prediction_tokens",
  "rejected_prediction_tokens",
]);

/**
 * Usage of chat, completions, embeddings (prompt_tokens …), or of Responses, audio and images (input_tokens …). Null where neither
 * input nor output is counted. Cached tokens stand in `prompt_tokens_details`, or at DeepSeek in `prompt_cache_hit_tokens`, at
 * Moonshot in `cached_tokens`, at Mistral also in `num_cached_tokens`, at gateways before Anthropic's models in its own words.
 */
export function usageOf(usage: JsonObject): NeutralUsage | null {
  const input =
    asObject(usage["prompt_tokens_details"]) ??
    asObject(usage["input_tokens_details"]) ??
    asObject(usage["input_token_details"]);
  const output =
    asObject(usage["completion_tokens_details"]) ??
    asObject(usage["output_tokens_details"]) ??
    asObject(usage["output_token_details"]);
  let inputTokens = asCount(usage["prompt_tokens"]) ?? asCount(usage["input_tokens"]);
  let outputTokens = asCount(usage["completion_tokens"]) ?? asCount(usage["output_tokens"]);
  if (inputTokens === null && outputTokens === null) return null;
  const reasoningTokens = asCount(output?.["reasoning_tokens"]) ?? asCount(usage["reasoning_tokens"]);
  const audioInputTokens = asCount(input?.["audio_tokens"]);
  // xAI counts reasoning beside the completion (https://docs.x.ai/docs/guides/reasoning#usage), Mistral audio beside the prompt:
  // the total gives it away.
  const total = asCount(usage["total_tokens"]);
  const unexplained = total === null ? 0 : total - (inputTokens ?? 0) - (outputTokens ?? 0);
  if (unexplained > 0 && unexplained === reasoningTokens) outputTokens = (outputTokens ?? 0) + unexplained;
  else if (unexplained > 0 && unexplained === audioInputTokens) inputTokens = (inputTokens ?? 0) + unexplained;
  const creation = asObject(usage["cache_creation"]);
  const tools = asObject(usage["server_tool_use_details"]) ?? asObject(usage["server_tool_use"]);
  return withForm(
    {
      inputTokens,
      outputTokens,
      cachedTokens:
        asCount(input?.["cached_tokens"]) ??
        asCount(usage["prompt_cache_hit_tokens"]) ??
        asCount(usage["cached_tokens"]) ??
        asCount(usage["num_cached_tokens"]) ??
        asCount(usage["cache_read_input_tokens"]),
      cacheWriteTokens:
        asCount(input?.["cache_write_tokens"]) ??
        asCount(input?.["cache_creation_tokens"]) ??
        asCount(usage["cache_creation_input_tokens"]),
      cacheWrite1hTokens: asCount(creation?.["ephemeral_1h_input_tokens"]),
      reasoningTokens,
      audioInputTokens,
      audioOutputTokens: asCount(output?.["audio_tokens"]),
      acceptedPredictionTokens: asCount(output?.["accepted_prediction_tokens"]),
      rejectedPredictionTokens: asCount(output?.["rejected_prediction_tokens"]),
      toolInputTokens: null,
      webSearches: asCount(tools?.["web_search_requests"]) ?? asCount(usage["num_search_queries"]),
      extra: extraOf(usage, input, output),
    },
    { said: usage },
  );
}

function extraOf(usage: JsonObject, input: JsonObject | null, output: JsonObject | null): JsonObject | null {
  const rest: Record<string, Json | undefined> = { ...restOf(usage, KNOWN) };
  const inputRest = input === null ? null : restOf(input, KNOWN_INPUT);
  const outputRest = output === null ? null : restOf(output, KNOWN_OUTPUT);
  if (inputRest !== null) rest["prompt_tokens_details"] = inputRest;
  if (outputRest !== null) rest["completion_tokens_details"] = outputRest;
  for (const _ in rest) return rest;
  return null;
}

/** Usage from a JSON text (what the tap of a passed stream found); null where it is no usage object. */
export function readUsage(json: string): NeutralUsage | null {
  const usage = parseObject(json);
  return usage === null ? null : usageOf(usage);
}

/**
 * Usage for a caller: as the provider said it where it speaks this dialect, or else OpenAI's members. Cache writes have no member
 * at OpenAI; `cache_write_tokens` is OpenRouter's (https://openrouter.ai/docs/use-cases/usage-accounting), the one-hour share
 * Anthropic's own.
 */
export function writeUsage(usage: NeutralUsage): JsonObject {
  const said = asObject(formOf(usage).said);
  if (said !== null) return said;
  const inputTokens = usage.inputTokens ?? 0;
  const outputTokens = usage.outputTokens ?? 0;
  return compact({
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: details({
      cached_tokens: usage.cachedTokens ?? undefined,
      cache_write_tokens: usage.cacheWriteTokens ?? undefined,
      audio_tokens: usage.audioInputTokens ?? undefined,
    }),
    completion_tokens_details: details({
      reasoning_tokens: usage.reasoningTokens ?? undefined,
      audio_tokens: usage.audioOutputTokens ?? undefined,
      accepted_prediction_tokens: usage.acceptedPredictionTokens ?? undefined,
      rejected_prediction_tokens: usage.rejectedPredictionTokens ?? undefined,
    }),
    cache_creation:
      usage.cacheWrite1hTokens === null
        ? undefined
        : {
            ephemeral_5m_input_tokens: Math.max(0, (usage.cacheWriteTokens ?? 0) - usage.cacheWrite1hTokens),
            ephemeral_1h_input_tokens: usage.cacheWrite1hTokens,
          },
    server_tool_use_details: usage.webSearches === null ? undefined : { web_search_requests: usage.webSearches },
  });
}

function details(members: Record<string, Json | undefined>): JsonObject | undefined {
  const known = compact(members);
  for (const _ in known) return known;
  return undefined;
}

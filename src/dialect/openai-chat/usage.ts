import type { Usage } from "../../exchange.ts";

export const NO_USAGE: Usage = { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null };

/**
 * Reads a usage object of chat, completions, embeddings (prompt_tokens …) or Responses, audio and images (input_tokens …).
 * Forgiving: a missing or strange count is null. Returns null where the text is no such object.
 */
export function readUsage(json: string): Usage | null {
  let usage: unknown;
  try {
    usage = JSON.parse(json);
  } catch {
    return null; // a provider's broken JSON: it said nothing we can count
  }
  if (typeof usage !== "object" || usage === null) return null;
  const fields = usage as Record<string, unknown>;
  const inputDetails = fields["prompt_tokens_details"] ?? fields["input_tokens_details"];
  const outputDetails = fields["completion_tokens_details"] ?? fields["output_tokens_details"];
  const inputTokens = count(fields["prompt_tokens"]) ?? count(fields["input_tokens"]);
  const outputTokens = count(fields["completion_tokens"]) ?? count(fields["output_tokens"]);
  if (inputTokens === null && outputTokens === null) return null;
  return {
    inputTokens,
    outputTokens,
    cachedTokens: count(member(inputDetails, "cached_tokens")) ?? count(fields["prompt_cache_hit_tokens"]),
    reasoningTokens: count(member(outputDetails, "reasoning_tokens")) ?? count(fields["reasoning_tokens"]),
  };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

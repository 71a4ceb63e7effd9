import type { Usage } from "../exchange.ts";

/** A provider that said nothing. */
export const NO_USAGE: Usage = {
  inputTokens: null,
  outputTokens: null,
  cachedTokens: null,
  cacheWriteTokens: null,
  cacheWrite1hTokens: null,
  reasoningTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
  acceptedPredictionTokens: null,
  rejectedPredictionTokens: null,
  toolInputTokens: null,
  webSearches: null,
};

/** Usage of which only these counts are known. */
export function usageOf(counts: Partial<Usage>): Usage {
  return { ...NO_USAGE, ...counts };
}

/** Later counts over earlier ones: what the later said nothing about stays. */
export function mergeUsage(earlier: Usage, later: Usage): Usage {
  const merged: Record<string, number | null> = { ...earlier };
  for (const key in later) {
    const value = later[key as keyof Usage];
    if (value !== null) merged[key] = value;
  }
  return merged as Usage;
}

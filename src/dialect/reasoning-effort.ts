import type { ReasoningEffort } from "./neutral.ts";

/** Lowest first. */
export const EFFORTS: readonly ReasoningEffort[] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/**
 * Tokens that an effort stands for. Google's own table for its OpenAI-compatible API, extended at both ends:
 * https://ai.google.dev/gemini-api/docs/openai#thinking (low 1,024, medium 8,192, high 24,576)
 */
const BUDGETS: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
  max: 65_536,
};

/** Anthropic's least budget: https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking */
const MIN_BUDGET = 1_024;

/** Tokens for an effort, left below what the whole answer may have; 0 for "none". */
export function budgetOfEffort(effort: ReasoningEffort, maxTokens: number | null): number {
  const budget = BUDGETS[effort];
  if (budget === 0 || maxTokens === null || budget < maxTokens) return budget;
  return Math.max(MIN_BUDGET, Math.floor(maxTokens * 0.8));
}

/** The effort whose budget is nearest from below: 0 is none, -1 (as much as it likes) is medium. */
export function effortOfBudget(tokens: number, _maxTokens: number | null = null): ReasoningEffort {
  if (tokens < 0) return "medium";
  if (tokens === 0) return "none";
  if (tokens < 4_096) return "low";
  if (tokens < 16_384) return "medium";
  return "high";
}

/** The known effort nearest to the one asked for; upwards only where nothing lower is known. */
export function nearestEffort(effort: ReasoningEffort, known: readonly string[] | null): ReasoningEffort {
  if (known === null || known.length === 0 || known.includes(effort)) return effort;
  const wanted = EFFORTS.indexOf(effort);
  for (let at = wanted; at >= 0; at--) {
    const candidate = EFFORTS[at] as ReasoningEffort;
    // "none" is another thing than little.
    if (known.includes(candidate) && (candidate !== "none" || effort === "none")) return candidate;
  }
  for (let at = wanted; at < EFFORTS.length; at++) {
    const candidate = EFFORTS[at] as ReasoningEffort;
    if (known.includes(candidate)) return candidate;
  }
  return effort;
}

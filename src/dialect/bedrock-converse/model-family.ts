/** What is known of a model's maker from its id: Converse gives all models one form, and passes on what only one maker's know. */
export type ModelFamily = "claude" | "nova" | "nova-2" | "openai" | "qwen" | "cohere" | "other";

/** Ids are "anthropic.claude-…", with the region's profile before ("us."), or an ARN that ends with them. An ARN that says nothing is "other". */
const FAMILIES: readonly (readonly [RegExp, ModelFamily])[] = [
  [/\banthropic\.claude/, "claude"],
  [/\bclaude-/, "claude"],
  [/\bamazon\.nova-2/, "nova-2"],
  [/\bamazon\.nova/, "nova"],
  [/\bopenai\./, "openai"],
  [/\bqwen\./, "qwen"],
  [/\bcohere\./, "cohere"],
];

export function familyOf(model: string): ModelFamily {
  for (const [pattern, family] of FAMILIES) if (pattern.test(model)) return family;
  return "other";
}

/** Claude's generation: 4.5 of "…claude-haiku-4-5-20251001-v1:0", 3.7 of "…claude-3-7-sonnet-…"; 0 where it is not said. */
function claudeGeneration(model: string): number {
  const match = /claude-(?:[a-z]+-)?(\d+)(?:-(\d{1,2}))?(?=[-.@:]|$)/.exec(model);
  return match === null ? 0 : Number(`${match[1]}.${match[2] ?? 0}`);
}

/**
 * Models with `outputConfig.textFormat` and strict tools: https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
 * (Claude from 4.5 on, and open-weight models of these makers).
 */
export function hasStructuredOutput(model: string): boolean {
  if (familyOf(model) === "claude") return claudeGeneration(model) >= 4.5;
  return /\b(?:qwen\.|openai\.gpt-oss|google\.gemma|minimax\.|moonshot|mistral\.(?:magistral|ministral|mistral-large-3|voxtral)|nvidia\.|deepseek\.v3)/.test(
    model,
  );
}

/** Prompt caching: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html */
export function hasCachePoints(model: string): boolean {
  const family = familyOf(model);
  return family === "claude" || family === "nova" || family === "nova-2";
}

/** An hour's cache, of the same page: Claude from 4.5 on. */
export function hasHourCache(model: string): boolean {
  return familyOf(model) === "claude" && claudeGeneration(model) >= 4.5;
}

/** Whether one call at a time can be asked for: Claude from 4.5 on takes its own `tool_choice` beside Converse's. */
export function canCallOneAtATime(model: string): boolean {
  return familyOf(model) === "claude" && claudeGeneration(model) >= 4.5;
}

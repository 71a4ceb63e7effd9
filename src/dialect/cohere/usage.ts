import { asCount, asObject, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import { usageOf } from "../../lib/usage.ts";
import type { NeutralUsage } from "../neutral.ts";

const KNOWN = new Set(["tokens", "cached_tokens"]);
const KNOWN_TOKENS = new Set(["input_tokens", "output_tokens", "reasoning_tokens"]);

/**
 * `usage` of a chat answer: https://docs.cohere.com/reference/chat. `tokens` is what the model read and wrote, with the
 * template that Cohere puts around the messages; `billed_units` is without it, and stands in only where `tokens` is missing.
 * Tokens of images are counted beside `input_tokens` (recorded: 34 and 259), so they are added.
 */
export function readUsage(usage: JsonObject | null): NeutralUsage | null {
  if (usage === null) return null;
  const tokens = asObject(usage["tokens"]);
  const billed = asObject(usage["billed_units"]);
  const imageTokens = asCount(tokens?.["image_tokens"]) ?? 0;
  const readTokens = asCount(tokens?.["input_tokens"]);
  const inputTokens = readTokens === null ? asCount(billed?.["input_tokens"]) : readTokens + imageTokens;
  const outputTokens = asCount(tokens?.["output_tokens"]) ?? asCount(billed?.["output_tokens"]);
  if (inputTokens === null && outputTokens === null) return null;
  const extra: Record<string, JsonObject[string]> = restOf(usage, KNOWN) ?? {};
  const extraTokens = tokens === null ? null : restOf(tokens, KNOWN_TOKENS);
  if (extraTokens !== null) extra["tokens"] = extraTokens;
  return {
    ...usageOf({
      inputTokens,
      outputTokens,
      cachedTokens: asCount(usage["cached_tokens"]),
      reasoningTokens: asCount(tokens?.["reasoning_tokens"]),
    }),
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
}

/** `extra` is looked at only where it is Cohere's own: it then has `billed_units`, which no other API has. */
export function writeUsage(usage: NeutralUsage): JsonObject {
  const own = asObject(usage.extra?.["billed_units"]) === null ? null : usage.extra;
  const ownTokens = asObject(own?.["tokens"]);
  const imageTokens = asCount(ownTokens?.["image_tokens"]) ?? 0;
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  return {
    billed_units: { input_tokens: input, output_tokens: output },
    ...own,
    tokens: {
      ...ownTokens,
      input_tokens: Math.max(0, input - imageTokens),
      output_tokens: output,
      ...(usage.reasoningTokens === null ? {} : { reasoning_tokens: usage.reasoningTokens }),
    },
    ...(usage.cachedTokens === null ? {} : { cached_tokens: usage.cachedTokens }),
  };
}

/** `meta` of embed and rerank answers: https://docs.cohere.com/reference/embed. Others that speak this API put `usage` there as OpenAI does. */
export function readMetaUsage(answer: JsonObject): NeutralUsage | null {
  const billed = asObject(asObject(answer["meta"])?.["billed_units"]);
  const usage = asObject(answer["usage"]);
  const text =
    asCount(billed?.["input_tokens"]) ?? asCount(usage?.["prompt_tokens"]) ?? asCount(usage?.["total_tokens"]);
  const images = asCount(billed?.["image_tokens"]);
  if (text === null && images === null) return null;
  return { ...usageOf({ inputTokens: (text ?? 0) + (images ?? 0) }), extra: null };
}

/** From a usage object, or from what of an embed or rerank answer holds it. */
export function readUsageText(json: string): NeutralUsage | null {
  const object = parseObject(json);
  if (object === null) return null;
  return (
    readUsage(object) ?? readMetaUsage(object) ?? readMetaUsage({ meta: object }) ?? readMetaUsage({ usage: object })
  );
}

import { asCount, type Json, type JsonObject, parseObject } from "../../lib/json.ts";
import { usageOf } from "../../lib/usage.ts";
import type { NeutralUsage } from "../neutral.ts";

/** Times the server took, in ns. Only it knows them, so no answer of another API has any. */
export const DURATIONS: readonly string[] = [
  "total_duration",
  "load_duration",
  "prompt_eval_duration",
  "eval_duration",
];

/** Counts stand on the answer itself, in a stream on its last line: https://docs.ollama.com/api/usage */
export function readUsage(answer: JsonObject): NeutralUsage | null {
  const inputTokens = asCount(answer["prompt_eval_count"]);
  const outputTokens = asCount(answer["eval_count"]);
  let extra: Record<string, Json> | null = null;
  for (const name of DURATIONS) {
    const value = answer[name];
    if (value === undefined) continue;
    extra ??= {};
    extra[name] = value;
  }
  if (inputTokens === null && outputTokens === null && extra === null) return null;
  return { ...usageOf({ inputTokens, outputTokens }), extra };
}

/** `extra` is looked at only for Ollama's own words, which no other API has. */
export function writeUsage({ inputTokens, outputTokens, extra }: NeutralUsage): JsonObject {
  const members: Record<string, Json> = {};
  for (const name of DURATIONS) {
    const value = extra?.[name];
    if (value !== undefined) members[name] = value;
  }
  if (inputTokens !== null) members["prompt_eval_count"] = inputTokens;
  if (outputTokens !== null) members["eval_count"] = outputTokens;
  return members;
}

/** From a whole line or answer. */
export function readUsageText(json: string): NeutralUsage | null {
  const object = parseObject(json);
  if (object === null) return null;
  const usage = readUsage(object);
  return usage === null || (usage.inputTokens === null && usage.outputTokens === null) ? null : usage;
}

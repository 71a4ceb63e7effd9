/** `usageMetadata`: https://ai.google.dev/api/generate-content#UsageMetadata */
import { asArray, asCount, asObject, type Json, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import type { NeutralUsage } from "../neutral.ts";

const COUNTS = new Set([
  "promptTokenCount",
  "candidatesTokenCount",
  "thoughtsTokenCount",
  "toolUsePromptTokenCount",
  "cachedContentTokenCount",
  "totalTokenCount",
]);

/**
 * The candidates leave thoughts out and the prompt leaves the results of Google's own tools out, at AI Studio and at Vertex (the
 * total is the sum of the four); cached content is counted within the prompt.
 */
export function readUsage(usage: JsonObject): NeutralUsage {
  const prompt = asCount(usage["promptTokenCount"]);
  const candidates = asCount(usage["candidatesTokenCount"]);
  const thoughts = asCount(usage["thoughtsTokenCount"]);
  const toolUse = asCount(usage["toolUsePromptTokenCount"]);
  const total = asCount(usage["totalTokenCount"]);
  const inputTokens = sum(prompt, toolUse);
  const outputTokens = sum(candidates, thoughts);
  let extra = restOf(usage, COUNTS);
  if (total !== null && total !== (inputTokens ?? 0) + (outputTokens ?? 0)) {
    extra = { ...extra, totalTokenCount: total };
  }
  // Written out: this runs for every chunk of a stream.
  return {
    inputTokens,
    outputTokens,
    cachedTokens: asCount(usage["cachedContentTokenCount"]),
    cacheWriteTokens: null,
    cacheWrite1hTokens: null,
    reasoningTokens: thoughts,
    audioInputTokens: audioOf(usage["promptTokensDetails"]),
    audioOutputTokens: audioOf(usage["candidatesTokensDetails"]),
    acceptedPredictionTokens: null,
    rejectedPredictionTokens: null,
    toolInputTokens: toolUse,
    webSearches: null,
    extra,
  };
}

function sum(first: number | null, second: number | null): number | null {
  return first === null && second === null ? null : (first ?? 0) + (second ?? 0);
}

function audioOf(details: Json | undefined): number | null {
  if (details === undefined) return null;
  let audio: number | null = null;
  for (const item of asArray(details)) {
    const detail = asObject(item);
    if (detail?.["modality"] === "AUDIO") audio = (audio ?? 0) + (asCount(detail["tokenCount"]) ?? 0);
  }
  return audio;
}

/** Members of the API's that `Usage` has no word for; in a stream nobody says whose the extra is. */
const EXTRA = [
  "promptTokensDetails",
  "candidatesTokensDetails",
  "cacheTokensDetails",
  "toolUsePromptTokensDetails",
  "totalTokenCount",
  "serviceTier",
  "trafficType",
];

/**
 * `isOwn`: read by this dialect, so that all of the extra is ours; null: perhaps. Counts that are 0 are left out, as the API's own
 * JSON does.
 */
export function writeUsage(usage: NeutralUsage, isOwn: boolean | null): JsonObject {
  const { inputTokens, outputTokens, toolInputTokens, cachedTokens } = usage;
  // Some providers count more reasoning than output; what was written in all is what is paid for.
  const reasoningTokens =
    usage.reasoningTokens === null || outputTokens === null
      ? usage.reasoningTokens
      : Math.min(usage.reasoningTokens, outputTokens);
  const written: Record<string, Json> = {};
  const prompt = inputTokens === null ? 0 : inputTokens - (toolInputTokens ?? 0);
  const candidates = outputTokens === null ? 0 : outputTokens - (reasoningTokens ?? 0);
  if (prompt > 0) written["promptTokenCount"] = prompt;
  if (candidates > 0) written["candidatesTokenCount"] = candidates;
  if (inputTokens !== null || outputTokens !== null) {
    written["totalTokenCount"] = (inputTokens ?? 0) + (outputTokens ?? 0);
  }
  if (cachedTokens !== null && cachedTokens > 0) written["cachedContentTokenCount"] = cachedTokens;
  if (toolInputTokens !== null && toolInputTokens > 0) written["toolUsePromptTokenCount"] = toolInputTokens;
  if (reasoningTokens !== null && reasoningTokens > 0) written["thoughtsTokenCount"] = reasoningTokens;
  const { extra } = usage;
  if (isOwn === true && extra !== null) return { ...written, ...extra };
  writeAudio(written, "promptTokensDetails", prompt, usage.audioInputTokens);
  writeAudio(written, "candidatesTokensDetails", candidates, usage.audioOutputTokens);
  if (extra === null || isOwn === false) return written;
  for (const name of EXTRA) if (extra[name] !== undefined) written[name] = extra[name];
  return written;
}

/** Sound among a count's tokens, where there is some. */
function writeAudio(written: Record<string, Json>, name: string, total: number, audio: number | null): void {
  if (audio === null || audio === 0) return;
  const text = total - audio;
  written[name] = [
    ...(text > 0 ? [{ modality: "TEXT", tokenCount: text }] : []),
    { modality: "AUDIO", tokenCount: audio },
  ];
}

/** Usage from the text that the tap of a passed stream or answer found. */
export function readUsageText(json: string): NeutralUsage | null {
  const usage = parseObject(json);
  return usage === null ? null : readUsage(usage);
}

import type { ContentFeature, SettingEntry } from "../dialect.ts";
import type { SettingName } from "../neutral.ts";

/** How each setting stands in a Responses request: https://platform.openai.com/docs/api-reference/responses/create */
export const SETTINGS: Readonly<Record<SettingName, SettingEntry>> = {
  maxTokens: { name: "max_output_tokens", note: "at least 16: fewer are raised to it" },
  temperature: { name: "temperature" },
  topP: { name: "top_p" },
  topK: null,
  minP: null,
  seed: null,
  stop: null,
  frequencyPenalty: null,
  presencePenalty: null,
  repetitionPenalty: null,
  logitBias: null,
  choices: null,
  logprobs: { name: "include", note: "as message.output_text.logprobs" },
  topLogprobs: { name: "top_logprobs" },
  toolChoice: { name: "tool_choice" },
  parallelToolCalls: { name: "parallel_tool_calls" },
  responseFormat: { name: "text.format" },
  reasoning: { name: "reasoning", note: "effort and summary; a token budget becomes the nearest effort" },
  verbosity: { name: "text.verbosity" },
  modalities: null,
  audio: null,
  prediction: null,
  user: { name: "user" },
  metadata: { name: "metadata", note: "at most 16 string values" },
  serviceTier: { name: "service_tier" },
  promptCacheKey: { name: "prompt_cache_key" },
  promptCacheRetention: { name: "prompt_cache_retention" },
  cache: null,
  isStored: { name: "store", note: "false for a request of another API that says nothing of it" },
  previousResponseId: { name: "previous_response_id" },
  safetySettings: null,
};

export const CONTENT: ReadonlySet<ContentFeature> = new Set<ContentFeature>([
  "image-data",
  "image-url",
  "image-file-id",
  "file-data",
  "file-url",
  "file-text",
  "file-file-id",
  "tool-result-image",
  "tool-result-file",
  "reasoning",
  "custom-tool",
  "web-search",
]);

/**
 * Fields that change nothing of what an answer says, or only how a provider that keeps conversations handles them: another API
 * goes without. `conversation`, `prompt` and `background: true` are no hints: without them it would be another request.
 */
export const EXTRA_HINTS: ReadonlySet<string> = new Set([
  "include",
  "truncation",
  "stream_options",
  "safety_identifier",
  "prompt_cache_options",
  "max_tool_calls",
  "moderation",
  "context_management",
  // What of `reasoning` has no neutral word: mode, context.
  "reasoning",
]);

import type { ContentFeature, SettingEntry } from "../dialect.ts";
import type { SettingName } from "../neutral.ts";

/** https://platform.claude.com/docs/en/api/messages/create */
export const SETTINGS: Readonly<Record<SettingName, SettingEntry>> = {
  maxTokens: { name: "max_tokens", note: "required: the model's most where the caller gives none" },
  temperature: { name: "temperature", note: "0 to 1; only 1 with a thinking budget" },
  topP: { name: "top_p", note: "0.95 to 1 with a thinking budget" },
  topK: { name: "top_k" },
  minP: null,
  seed: null,
  stop: { name: "stop_sequences", note: "none of white space alone" },
  frequencyPenalty: null,
  presencePenalty: null,
  repetitionPenalty: null,
  logitBias: null,
  choices: null,
  logprobs: null,
  topLogprobs: null,
  toolChoice: { name: "tool_choice", note: "of a list of allowed tools, only those are offered" },
  parallelToolCalls: { name: "tool_choice.disable_parallel_tool_use" },
  responseFormat: {
    name: "output_config.format",
    note: "JSON without a schema, and any JSON with older models, through a tool",
  },
  reasoning: { name: "thinking", note: "a budget, adaptive with output_config.effort, or off, as the model knows it" },
  verbosity: null,
  modalities: null,
  audio: null,
  prediction: null,
  user: { name: "metadata.user_id" },
  metadata: null,
  serviceTier: { name: "service_tier", note: "auto or standard_only" },
  promptCacheKey: null,
  promptCacheRetention: null,
  cache: { name: "cache_control" },
  isStored: null,
  previousResponseId: null,
  safetySettings: null,
};

export const CONTENT: ReadonlySet<ContentFeature> = new Set([
  "image-data",
  "image-url",
  "image-file-id",
  "file-data",
  "file-url",
  "file-text",
  "file-file-id",
  "tool-result-image",
  "tool-result-file",
  "tool-result-error",
  "reasoning",
  "cache-hint",
  "web-search",
]);

/** Fields without bearing on what the answer says. */
export const EXTRA_HINTS: ReadonlySet<string> = new Set([
  "metadata",
  "inference_geo",
  "speed",
  "diagnostics",
  "betas",
  "anthropic_beta",
  "anthropic_version",
  "cache_control",
  "context_management",
]);

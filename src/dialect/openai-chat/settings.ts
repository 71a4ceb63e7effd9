import type { ContentFeature, SettingEntry } from "../dialect.ts";
import type { SettingName } from "../neutral.ts";

const BEYOND_OPENAI = "not at OpenAI itself; servers that speak its API know it";

/** Every setting's name in chat completions: https://platform.openai.com/docs/api-reference/chat/create */
export const SETTINGS: Readonly<Record<SettingName, SettingEntry>> = {
  maxTokens: { name: "max_completion_tokens", note: "`max_tokens` where a provider or model knows no other" },
  temperature: { name: "temperature" },
  topP: { name: "top_p" },
  topK: { name: "top_k", note: BEYOND_OPENAI },
  minP: { name: "min_p", note: BEYOND_OPENAI },
  seed: { name: "seed" },
  stop: { name: "stop" },
  frequencyPenalty: { name: "frequency_penalty" },
  presencePenalty: { name: "presence_penalty" },
  repetitionPenalty: { name: "repetition_penalty", note: BEYOND_OPENAI },
  logitBias: { name: "logit_bias" },
  choices: { name: "n" },
  logprobs: { name: "logprobs" },
  topLogprobs: { name: "top_logprobs" },
  toolChoice: { name: "tool_choice" },
  parallelToolCalls: { name: "parallel_tool_calls" },
  responseFormat: { name: "response_format" },
  reasoning: {
    name: "reasoning_effort",
    note: "or `reasoning`, `thinking`, `enable_thinking`, `chat_template_kwargs`, as the provider says it; a budget becomes the nearest effort",
  },
  verbosity: { name: "verbosity" },
  modalities: { name: "modalities" },
  audio: { name: "audio" },
  prediction: { name: "prediction" },
  user: { name: "user", note: "`safety_identifier` is read as the same" },
  metadata: { name: "metadata" },
  serviceTier: { name: "service_tier" },
  promptCacheKey: { name: "prompt_cache_key" },
  promptCacheRetention: { name: "prompt_cache_retention" },
  cache: { name: "cache_control", note: "OpenRouter's form; left out and named elsewhere" },
  isStored: { name: "store" },
  previousResponseId: null,
  safetySettings: null,
};

/** What a request's messages can carry. Images and files of a tool's result follow it in a user message of their own. */
export const CONTENT: ReadonlySet<ContentFeature> = new Set<ContentFeature>([
  "image-data",
  "image-url",
  "audio-data",
  "video-data",
  "video-url",
  "file-data",
  "file-url",
  "file-text",
  "file-file-id",
  "tool-result-image",
  "tool-result-file",
  "reasoning",
  "cache-hint",
  "custom-tool",
  "web-search",
]);

/**
 * Members that say where or how a request runs, not what it asks: OpenRouter's routing
 * (https://openrouter.ai/docs/features/provider-routing), llama.cpp's and vLLM's bookkeeping, what is shown of the reasoning.
 */
export const EXTRA_HINTS: ReadonlySet<string> = new Set([
  "safety_identifier",
  "provider",
  "route",
  "transforms",
  "usage",
  "include_reasoning",
  "reasoning_format",
  "session_id",
  "trace",
  "priority",
  "request_id",
  "user_id",
  "cache_prompt",
  "id_slot",
  "timings_per_token",
  "return_progress",
  "return_token_ids",
  "include_stop_str_in_output",
  "return_citations",
  "return_related_questions",
  "separate_reasoning",
  "stream_reasoning",
]);

import type { ContentFeature, SettingEntry } from "../dialect.ts";
import type { SettingName } from "../neutral.ts";

/** Cohere's bounds: https://docs.cohere.com/reference/chat */
export const MAX_STOP_SEQUENCES = 5;
export const MAX_K = 500;
export const MIN_P = 0.01;
export const MAX_P = 0.99;

/** How settings stand in `POST /v2/chat`: https://docs.cohere.com/reference/chat */
export const SETTINGS: Readonly<Record<SettingName, SettingEntry>> = {
  maxTokens: { name: "max_tokens" },
  temperature: { name: "temperature" },
  topP: { name: "p", note: "moved into 0.01 … 0.99" },
  topK: { name: "k", note: "at most 500" },
  minP: null,
  seed: { name: "seed" },
  stop: { name: "stop_sequences", note: "at most 5" },
  frequencyPenalty: { name: "frequency_penalty", note: "0 … 1" },
  presencePenalty: { name: "presence_penalty", note: "0 … 1" },
  repetitionPenalty: null,
  logitBias: null,
  choices: null,
  logprobs: { name: "logprobs" },
  topLogprobs: null,
  toolChoice: { name: "tool_choice", note: "a named tool: the only one sent, with REQUIRED" },
  parallelToolCalls: null,
  responseFormat: { name: "response_format", note: "with tools or documents: a schema goes through a tool" },
  reasoning: { name: "thinking", note: "efforts become token budgets; from high on without one" },
  verbosity: null,
  modalities: null,
  audio: null,
  prediction: null,
  user: null,
  metadata: null,
  serviceTier: null,
  promptCacheKey: null,
  promptCacheRetention: null,
  cache: null,
  isStored: null,
  previousResponseId: null,
  safetySettings: null,
};

export const CONTENT: ReadonlySet<ContentFeature> = new Set<ContentFeature>([
  "image-data",
  "image-url",
  "file-text",
  "tool-result-file",
  "reasoning",
]);

/** Fields only Cohere knows that change nothing another API could say: they may be left out. */
export const EXTRA_HINTS: ReadonlySet<string> = new Set([
  "citation_options",
  "safety_mode",
  "priority",
  "truncation_mode",
  "return_prompt",
  "max_tokens",
  "max_chunks_per_doc",
]);

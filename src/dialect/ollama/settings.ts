import type { ContentFeature, SettingEntry } from "../dialect.ts";
import type { SettingName } from "../neutral.ts";

/** Settings that stand in `options`, by their name there: https://docs.ollama.com/modelfile#valid-parameters-and-values */
export const OPTION_NAMES = {
  maxTokens: "num_predict",
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  minP: "min_p",
  seed: "seed",
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  repetitionPenalty: "repeat_penalty",
} as const;

/** How settings stand in `POST /api/chat`: https://docs.ollama.com/api/chat */
export const SETTINGS: Readonly<Record<SettingName, SettingEntry>> = {
  maxTokens: { name: "options.num_predict" },
  temperature: { name: "options.temperature" },
  topP: { name: "options.top_p" },
  topK: { name: "options.top_k" },
  minP: { name: "options.min_p" },
  seed: { name: "options.seed" },
  stop: { name: "options.stop" },
  frequencyPenalty: { name: "options.frequency_penalty" },
  presencePenalty: { name: "options.presence_penalty" },
  repetitionPenalty: { name: "options.repeat_penalty" },
  logitBias: null,
  choices: null,
  logprobs: { name: "logprobs" },
  topLogprobs: { name: "top_logprobs" },
  toolChoice: { name: "tools", note: "none: without tools; allowed: those only; nothing forces a call" },
  parallelToolCalls: null,
  responseFormat: { name: "format" },
  reasoning: { name: "think", note: "budgets become low, medium or high" },
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

/** Text files go into the message's text. */
export const CONTENT: ReadonlySet<ContentFeature> = new Set<ContentFeature>([
  "image-data",
  "file-text",
  "tool-result-image",
  "tool-result-file",
  "reasoning",
]);

/** Fields that say how the model is run, not what it says: elsewhere they may be left out. */
export const EXTRA_HINTS: ReadonlySet<string> = new Set([
  "keep_alive",
  "truncate",
  "shift",
  "options.num_ctx",
  "options.num_keep",
  "options.num_batch",
  "options.num_gpu",
  "options.main_gpu",
  "options.num_thread",
  "options.use_mmap",
  "options.use_mlock",
  "options.low_vram",
  "options.f16_kv",
  "options.numa",
  "options.repeat_last_n",
]);

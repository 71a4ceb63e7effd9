/** What of the neutral form Gemini's requests can say: https://ai.google.dev/api/generate-content */
import type { ContentFeature, Dialect } from "../dialect.ts";

export const SETTINGS: Dialect["settings"] = {
  maxTokens: { name: "generationConfig.maxOutputTokens" },
  temperature: { name: "generationConfig.temperature", note: "at most 2" },
  topP: { name: "generationConfig.topP" },
  topK: { name: "generationConfig.topK" },
  minP: null,
  seed: { name: "generationConfig.seed", note: "32 bits" },
  stop: { name: "generationConfig.stopSequences", note: "at most 5" },
  frequencyPenalty: { name: "generationConfig.frequencyPenalty" },
  presencePenalty: { name: "generationConfig.presencePenalty" },
  repetitionPenalty: null,
  logitBias: null,
  choices: { name: "generationConfig.candidateCount", note: "at most 8" },
  logprobs: { name: "generationConfig.responseLogprobs" },
  topLogprobs: { name: "generationConfig.logprobs", note: "at most 20" },
  toolChoice: { name: "toolConfig.functionCallingConfig" },
  parallelToolCalls: null,
  responseFormat: { name: "generationConfig.responseJsonSchema", note: "with responseMimeType" },
  reasoning: {
    name: "generationConfig.thinkingConfig",
    note: "an effort is a thinkingLevel (Gemini 3) or a thinkingBudget (Gemini 2.5)",
  },
  verbosity: null,
  modalities: { name: "generationConfig.responseModalities" },
  audio: { name: "generationConfig.speechConfig", note: "the voice; Gemini speaks 24 kHz PCM only" },
  prediction: null,
  user: null,
  metadata: null,
  serviceTier: { name: "serviceTier", note: "standard, flex, priority" },
  promptCacheKey: null,
  promptCacheRetention: null,
  cache: null,
  isStored: null,
  previousResponseId: null,
  safetySettings: { name: "safetySettings" },
};

export const CONTENT: ReadonlySet<ContentFeature> = new Set<ContentFeature>([
  "image-data",
  "image-url",
  "image-file-id",
  "audio-data",
  "video-data",
  "video-url",
  "file-data",
  "file-url",
  "file-text",
  "file-file-id",
  "tool-result-image",
  "tool-result-file",
  "tool-result-error",
  "reasoning",
  "web-search",
]);

/** Fields without bearing on what the answer says. */
export const EXTRA_HINTS: ReadonlySet<string> = new Set([
  "labels",
  "generationConfig.mediaResolution",
  "generationConfig.audioTimestamp",
  "generationConfig.enableEnhancedCivicAnswers",
  "toolConfig.includeServerSideToolInvocations",
  "toolConfig.functionCallingConfig.mode",
  "toolConfig.functionCallingConfig.streamFunctionCallArguments",
]);

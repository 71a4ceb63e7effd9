import type { ContentFeature, SettingEntry } from "../dialect.ts";
import type { SettingName } from "../neutral.ts";

const OPENAI_ONLY = "OpenAI's models only";

/**
 * How settings stand in Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. What is not common
 * to its models goes into `additionalModelRequestFields`, in the words of the model's own API.
 */
export const SETTINGS: Readonly<Record<SettingName, SettingEntry>> = {
  maxTokens: { name: "inferenceConfig.maxTokens" },
  temperature: { name: "inferenceConfig.temperature", note: "0 … 1" },
  topP: { name: "inferenceConfig.topP" },
  topK: { name: "additionalModelRequestFields.top_k", note: "Nova: inferenceConfig.topK; Cohere: k" },
  minP: null,
  seed: { name: "additionalModelRequestFields.seed", note: OPENAI_ONLY },
  stop: { name: "inferenceConfig.stopSequences" },
  frequencyPenalty: { name: "additionalModelRequestFields.frequency_penalty", note: OPENAI_ONLY },
  presencePenalty: { name: "additionalModelRequestFields.presence_penalty", note: OPENAI_ONLY },
  repetitionPenalty: null,
  logitBias: null,
  choices: null,
  logprobs: null,
  topLogprobs: null,
  toolChoice: { name: "toolConfig.toolChoice", note: "none: the tools are left out, where no earlier turn used one" },
  parallelToolCalls: { name: "additionalModelRequestFields.tool_choice", note: "Claude 4.5 and later" },
  responseFormat: { name: "outputConfig.textFormat", note: "through a tool where the model has no structured output" },
  reasoning: {
    name: "additionalModelRequestFields.thinking",
    note: "Nova: reasoningConfig; OpenAI: reasoning_effort; Qwen: reasoning_config",
  },
  verbosity: null,
  modalities: null,
  audio: null,
  prediction: null,
  user: null,
  metadata: { name: "requestMetadata", note: "texts only, at most 16" },
  serviceTier: { name: "serviceTier.type" },
  promptCacheKey: null,
  promptCacheRetention: null,
  cache: { name: "cachePoint", note: "behind the last message" },
  isStored: null,
  previousResponseId: null,
  safetySettings: null,
};

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html. URLs are those of S3 alone; the writer looks. */
export const CONTENT: ReadonlySet<ContentFeature> = new Set([
  "image-data",
  "image-url",
  "audio-data",
  "video-data",
  "video-url",
  "file-data",
  "file-url",
  "file-text",
  "tool-result-image",
  "tool-result-file",
  "tool-result-error",
  "reasoning",
  "cache-hint",
]);

/** How fast, what is logged, which of the model's own answer fields are wanted: the answer's words are the same without. */
export const EXTRA_HINTS: ReadonlySet<string> = new Set([
  "performanceConfig",
  "requestMetadata",
  "additionalModelResponseFieldPaths",
]);

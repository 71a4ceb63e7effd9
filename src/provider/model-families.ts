import { CLAUDE_FAMILIES } from "./claude-families.ts";
import type { ModelFamily } from "./model-family.ts";

const OPENAI = ["openai-chat", "openai-responses"];
const BEDROCK = ["bedrock-converse"];

const REASONING = "https://platform.openai.com/docs/guides/reasoning";
const EFFORTS = "https://platform.openai.com/docs/api-reference/chat/create#chat_create-reasoning_effort";
const AZURE_REASONING = "https://learn.microsoft.com/en-us/azure/ai-services/openai/how-to/reasoning";

/** "temperature, top_p, presence_penalty, frequency_penalty, logprobs, top_logprobs, logit_bias" are not there with reasoning models. */
const NOT_WITH_REASONING = [
  "temperature",
  "topP",
  "presencePenalty",
  "frequencyPenalty",
  "logprobs",
  "topLogprobs",
  "logitBias",
];

const OPENAI_FAMILIES: readonly ModelFamily[] = [
  // Of the GPT-5 line from 5.1 to 5.4 the main models begin without reasoning, and take these settings then.
  {
    models:
      /(?:^|\/)(?:gpt-5(?!\.|-chat)|gpt-5\.1-(?:codex|chat)|gpt-5\.[23]-chat|gpt-5\.[2-4]-pro|gpt-5\.[5-9]|gpt-6)/,
    dialects: OPENAI,
    quirks: { refuses: [...NOT_WITH_REASONING, "stop"] },
    source: REASONING,
  },
  // "parallel tool calls" is empty in the table's columns of the o-series.
  {
    models: /(?:^|\/)(?:o[134](?:-|$)|codex-mini)/,
    dialects: OPENAI,
    quirks: { refuses: [...NOT_WITH_REASONING, "parallelToolCalls"], efforts: ["low", "medium", "high"] },
    source: AZURE_REASONING,
  },
  { models: /(?:^|\/)gpt-5-pro/, dialects: OPENAI, quirks: { efforts: ["high"] }, source: EFFORTS },
  {
    models: /(?:^|\/)gpt-5-codex/,
    dialects: OPENAI,
    quirks: { efforts: ["low", "medium", "high"] },
    source: REASONING,
  },
  { models: /(?:^|\/)gpt-5-chat/, dialects: OPENAI, quirks: { reasoning: "none" }, source: REASONING },
  {
    models: /(?:^|\/)gpt-5(?!\.)/,
    dialects: OPENAI,
    quirks: { efforts: ["minimal", "low", "medium", "high"] },
    source: EFFORTS,
  },
  { models: /(?:^|\/)gpt-5\.[123]-chat/, dialects: OPENAI, quirks: { efforts: ["medium"] }, source: REASONING },
  {
    models: /(?:^|\/)gpt-5\.1-codex-max/,
    dialects: OPENAI,
    quirks: { efforts: ["low", "medium", "high", "xhigh"] },
    source: EFFORTS,
  },
  {
    models: /(?:^|\/)gpt-5\.1-codex/,
    dialects: OPENAI,
    quirks: { efforts: ["low", "medium", "high"] },
    source: EFFORTS,
  },
  {
    models: /(?:^|\/)gpt-5\.1/,
    dialects: OPENAI,
    quirks: { efforts: ["none", "low", "medium", "high"] },
    source: EFFORTS,
  },
  {
    models: /(?:^|\/)gpt-5\.[2-5]-pro/,
    dialects: OPENAI,
    quirks: { efforts: ["medium", "high", "xhigh"] },
    source: REASONING,
  },
  {
    models: /(?:^|\/)gpt-5\.[2-5]/,
    dialects: OPENAI,
    quirks: { efforts: ["none", "low", "medium", "high", "xhigh"] },
    source: EFFORTS,
  },
  {
    models: /(?:^|\/)gpt-5\.[6-9]/,
    dialects: OPENAI,
    quirks: { efforts: ["none", "low", "medium", "high", "xhigh", "max"] },
    source: "https://developers.openai.com/api/docs/guides/latest-model",
  },
  {
    models: /(?:^|\/)gpt-6/,
    dialects: OPENAI,
    quirks: { efforts: ["low", "medium", "high", "xhigh", "max"] },
    source: "https://developers.openai.com/api/docs/models/gpt-6-astra",
  },
  // Open weights, served by many.
  {
    models: /gpt-oss/,
    dialects: [...OPENAI, "ollama"],
    quirks: { efforts: ["low", "medium", "high"] },
    source: "https://developers.openai.com/cookbook/articles/openai-harmony",
  },
  // Elsewhere a system message is what everybody knows, and OpenAI itself reads it as a developer's.
  {
    models: /^(?:o[134](?:-|$)|gpt-5(?!-chat)|gpt-6)/,
    dialects: OPENAI,
    quirks: { systemRole: "developer" },
    source: REASONING,
  },
  // "not supported by reasoning models"
  {
    models: /(?:^|[/.])grok-4/,
    dialects: OPENAI,
    quirks: { refuses: ["presencePenalty", "frequencyPenalty", "stop"] },
    source: "https://docs.x.ai/docs/guides/reasoning",
  },
  {
    models: /(?:^|[/.])grok-3-mini/,
    dialects: OPENAI,
    quirks: { refuses: ["presencePenalty", "frequencyPenalty", "stop"], efforts: ["low", "high"] },
    source: "https://docs.x.ai/docs/guides/reasoning",
  },
  // "Setting logprobs, top_logprobs will trigger an error"; the sampling settings have no effect and do no harm.
  {
    models: /deepseek-reasoner/,
    dialects: ["openai-chat"],
    quirks: { refuses: ["logprobs", "topLogprobs"] },
    source: "https://api-docs.deepseek.com/guides/reasoning_model",
  },
];

const GEMINI_THINKING = "https://ai.google.dev/gemini-api/docs/thinking";
const VERTEX_THINKING = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thinking";
const GEMINI_COMPATIBLE = "https://ai.google.dev/gemini-api/docs/openai#thinking";

const GEMINI_FAMILIES: readonly ModelFamily[] = [
  { models: /gemini-(?:1\.|2\.0)/, dialects: ["gemini"], quirks: { reasoning: "none" }, source: GEMINI_THINKING },
  // 128 to 32,768 tokens; "thinking cannot be disabled".
  {
    models: /gemini-2\.5-pro/,
    dialects: ["gemini"],
    quirks: { reasoning: "budget", efforts: ["minimal", "low", "medium", "high", "xhigh", "max"] },
    source: GEMINI_THINKING,
  },
  { models: /gemini-2\.5/, dialects: ["gemini"], quirks: { reasoning: "budget" }, source: GEMINI_THINKING },
  {
    models: /gemini-3-pro/,
    dialects: ["gemini"],
    quirks: { reasoning: "level", efforts: ["low", "high"] },
    source: VERTEX_THINKING,
  },
  {
    models: /gemini-3\.[178]-(?:pro|flash(?!-lite))/,
    dialects: ["gemini"],
    quirks: { reasoning: "level", efforts: ["low", "medium", "high"] },
    source: VERTEX_THINKING,
  },
  {
    models: /gemini-(?:[3-9]|\d\d)/,
    dialects: ["gemini"],
    quirks: { reasoning: "level", efforts: ["minimal", "low", "medium", "high"] },
    source: VERTEX_THINKING,
  },
  // "Reasoning cannot be turned off for Gemini 2.5 Pro or 3 models."
  {
    models: /gemini-(?:2\.5-pro|[3-9])/,
    dialects: ["openai-chat"],
    quirks: { efforts: ["minimal", "low", "medium", "high"] },
    source: GEMINI_COMPATIBLE,
  },
  {
    models: /gemini-2\.5-flash/,
    dialects: ["openai-chat"],
    quirks: { efforts: ["none", "minimal", "low", "medium", "high"] },
    source: GEMINI_COMPATIBLE,
  },
];

const CONVERSE =
  "https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html";
const TOOL_CHOICE = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html";
const NO_IMAGES = ["image-data", "image-url", "tool-result-image"];
const NO_FILES = ["file-data", "file-text", "file-url", "tool-result-file"];

const BEDROCK_FAMILIES: readonly ModelFamily[] = [
  {
    models: /amazon\.titan/,
    dialects: BEDROCK,
    quirks: { refuses: ["system", "tools", "toolChoice"], refusesContent: NO_IMAGES, reasoning: "none" },
    source: CONVERSE,
  },
  {
    models: /amazon\.nova-micro/,
    dialects: BEDROCK,
    quirks: { refusesContent: [...NO_IMAGES, ...NO_FILES], reasoning: "none" },
    source: CONVERSE,
  },
  { models: /amazon\.nova-(?:lite|pro|premier)/, dialects: BEDROCK, quirks: { reasoning: "none" }, source: CONVERSE },
  {
    models: /amazon\.nova-2/,
    dialects: BEDROCK,
    quirks: { reasoning: "effort", efforts: ["none", "low", "medium", "high"] },
    source: "https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html",
  },
  {
    models: /anthropic\.claude-(?:v2|instant)/,
    dialects: BEDROCK,
    quirks: { refuses: ["tools", "toolChoice"], refusesContent: NO_IMAGES },
    source: CONVERSE,
  },
  { models: /anthropic\.claude-3-5-haiku/, dialects: BEDROCK, quirks: { refusesContent: NO_IMAGES }, source: CONVERSE },
  // The parameters of these models are max_gen_len, temperature and top_p: there is no stop.
  {
    models: /meta\.llama/,
    dialects: BEDROCK,
    quirks: { refuses: ["stop", "toolChoice"], reasoning: "none" },
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html",
  },
  { models: /meta\.llama(?:2|3-(?:8|70)b)/, dialects: BEDROCK, quirks: { refuses: ["tools"] }, source: CONVERSE },
  {
    models: /meta\.llama(?:2|3-(?:8|70)b|3-1|3-3|3-2-[13]b)/,
    dialects: BEDROCK,
    quirks: { refusesContent: NO_IMAGES },
    source: CONVERSE,
  },
  {
    models: /mistral\.mistral-large/,
    dialects: BEDROCK,
    quirks: { refuses: ["namedToolChoice"], refusesContent: NO_IMAGES, reasoning: "none" },
    source: TOOL_CHOICE,
  },
  {
    models: /mistral\.(?:mistral-7b|mixtral)/,
    dialects: BEDROCK,
    quirks: { refuses: ["system", "tools", "toolChoice"], refusesContent: NO_IMAGES, reasoning: "none" },
    source: CONVERSE,
  },
  {
    models: /mistral\.(?:mistral-small|pixtral)/,
    dialects: BEDROCK,
    quirks: { refuses: ["toolChoice"], reasoning: "none" },
    source: TOOL_CHOICE,
  },
  {
    models: /deepseek\.r1/,
    dialects: BEDROCK,
    quirks: { refuses: ["tools", "toolChoice"], refusesContent: NO_IMAGES, reasoning: "none" },
    source: CONVERSE,
  },
  {
    models: /deepseek\.v3/,
    dialects: BEDROCK,
    quirks: { refuses: ["toolChoice"], refusesContent: NO_IMAGES },
    source: TOOL_CHOICE,
  },
  {
    models: /cohere\.command-r/,
    dialects: BEDROCK,
    quirks: { refuses: ["toolChoice"], refusesContent: NO_IMAGES, reasoning: "none" },
    source: TOOL_CHOICE,
  },
  {
    models: /ai21\.jamba-(?:instruct|1)/,
    dialects: BEDROCK,
    quirks: { refuses: ["toolChoice"], refusesContent: NO_IMAGES, reasoning: "none" },
    source: CONVERSE,
  },
];

const OTHER_FAMILIES: readonly ModelFamily[] = [
  // `think` takes a level with gpt-oss and true or false with the others; models that do not think answer it with an error.
  {
    models: /gpt-oss/,
    dialects: ["ollama"],
    quirks: { reasoning: "level" },
    source: "https://docs.ollama.com/capabilities/thinking",
  },
  {
    models:
      /(?:^|\/)(?:llama|codellama|mistral|mixtral|gemma[23]?(?!\d)|phi3|phi4(?!-reasoning)|qwen2|starcoder|tinyllama|command-r|granite3(?!\.[2-9]))/,
    dialects: ["ollama"],
    quirks: { reasoning: "none" },
    source: "https://docs.ollama.com/capabilities/thinking",
  },
  {
    models: /command-(?!a-reasoning|a-plus)/,
    dialects: ["cohere"],
    quirks: { reasoning: "none" },
    source: "https://docs.cohere.com/docs/reasoning",
  },
];

/**
 * The first family that says something wins; refusals of all that match are added up, so families that refuse do not overlap.
 * `refuses` holds settings, and beside them these words that writers of requests ask for:
 *   temperature+topP   takes either of them, not both
 *   forcedToolChoice   takes no tool_choice that forces a call
 *   namedToolChoice    can be made to call a tool, but not one by name
 *   tools, system      takes no tools, no system prompt
 */
export const MODEL_FAMILIES: readonly ModelFamily[] = [
  ...CLAUDE_FAMILIES,
  ...OPENAI_FAMILIES,
  ...GEMINI_FAMILIES,
  ...BEDROCK_FAMILIES,
  ...OTHER_FAMILIES,
];

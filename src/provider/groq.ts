import { defineProvider } from "./define.ts";

/**
 * Groq: open models on its own chips.
 * logit_bias, logprobs, top_logprobs and n above 1 are answered with 400 (OpenAI compatibility page). JSON schemas
 * and reasoning_effort only by model family (structured outputs and reasoning pages). Its schema is closed:
 * reasoning_content in an earlier turn is answered with 400 (by many public reports).
 */
export default defineProvider({
  id: "groq",
  name: "Groq",
  baseUrl: "https://api.groq.com/openai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      models: /^openai\/gpt-oss/,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: ["choices", "logitBias", "logprobs", "topLogprobs", "topK", "minP", "repetitionPenalty"],
        reasoning: "effort",
        efforts: ["low", "medium", "high"],
        refusesContent: [
          "cache-hint",
          "custom-tool",
          "web-search",
          "reasoning",
          "audio-data",
          "video-data",
          "video-url",
          "file-data",
          "file-url",
          "file-file-id",
        ],
      },
    },
    {
      dialect: "openai-chat",
      models: /^(moonshotai\/kimi-k2|meta-llama\/llama-4)/,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: ["choices", "logitBias", "logprobs", "topLogprobs", "topK", "minP", "repetitionPenalty"],
        reasoning: "none",
        refusesContent: [
          "cache-hint",
          "custom-tool",
          "web-search",
          "reasoning",
          "audio-data",
          "video-data",
          "video-url",
          "file-data",
          "file-url",
          "file-file-id",
        ],
      },
    },
    {
      dialect: "openai-chat",
      models: /^qwen\//,
      endpoints: { "chat.completions": true },
      quirks: {
        refuses: ["choices", "logitBias", "logprobs", "topLogprobs", "topK", "minP", "repetitionPenalty"],
        reasoning: "effort",
        jsonSchema: "json-object",
        refusesContent: [
          "cache-hint",
          "custom-tool",
          "web-search",
          "reasoning",
          "audio-data",
          "video-data",
          "video-url",
          "file-data",
          "file-url",
          "file-file-id",
        ],
      },
    },
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        "audio.transcriptions": true,
        "audio.translations": true,
        "audio.speech": true,
      },
      quirks: {
        refuses: ["choices", "logitBias", "logprobs", "topLogprobs", "topK", "minP", "repetitionPenalty"],
        reasoning: "none",
        jsonSchema: "json-object",
        refusesContent: [
          "cache-hint",
          "custom-tool",
          "web-search",
          "reasoning",
          "audio-data",
          "video-data",
          "video-url",
          "file-data",
          "file-url",
          "file-file-id",
        ],
      },
    },
    {
      dialect: "openai-responses",
      endpoints: { responses: true },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["GROQ_API_KEY"] },
  rateLimitHeaders: ["x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"],
  source: [
    "https://console.groq.com/docs/openai",
    "https://console.groq.com/docs/reasoning",
    "https://console.groq.com/docs/structured-outputs",
  ],
  unchecked:
    'The list of models that take JSON schemas was not read in full; it changes. Qwen models take only the efforts "none" and "default". messages[].name is refused, which has no setting of its own here.',
});

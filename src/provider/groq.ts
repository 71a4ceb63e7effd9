import { ADDED_SAMPLING, PLAIN_CHAT, VIDEO_AND_FILES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * logit_bias, logprobs, top_logprobs and n above 1 are answered with 400 (OpenAI compatibility page), and so is
 * reasoning_content in an earlier turn (by many public reports).
 */
const CLOSED_SCHEMA = {
  refuses: ["choices", "logitBias", "logprobs", "topLogprobs", ...ADDED_SAMPLING],
  refusesContent: [...PLAIN_CHAT.refusesContent, "reasoning", "audio-data", ...VIDEO_AND_FILES],
};

/**
 * Groq: open models on its own chips.
 * JSON schemas and reasoning_effort only by model family (structured outputs and reasoning pages).
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
      quirks: { ...CLOSED_SCHEMA, reasoning: "effort", efforts: ["low", "medium", "high"] },
    },
    {
      dialect: "openai-chat",
      models: /^(moonshotai\/kimi-k2|meta-llama\/llama-4)/,
      endpoints: { "chat.completions": true },
      quirks: { ...CLOSED_SCHEMA, reasoning: "none" },
    },
    {
      dialect: "openai-chat",
      models: /^qwen\//,
      endpoints: { "chat.completions": true },
      quirks: { ...CLOSED_SCHEMA, reasoning: "effort", jsonSchema: "json-object" },
    },
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": true,
        "audio.transcriptions": true,
        "audio.translations": true,
        "audio.speech": true,
      },
      quirks: { ...CLOSED_SCHEMA, reasoning: "none", jsonSchema: "json-object" },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
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

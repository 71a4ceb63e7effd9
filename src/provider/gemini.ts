import { defineProvider } from "./define.ts";
import { makeGeminiAuthorizer } from "./google/gemini-key.ts";

/**
 * Google AI Studio. Gemini 3 is told a level of thinking, Gemini 2.5 a budget, models before that do not think; a model of another
 * name (an alias such as gemini-flash-latest) gets what the caller said, in either form.
 */
export default defineProvider({
  id: "gemini",
  name: "Google AI Studio (Gemini)",
  baseUrl: "https://generativelanguage.googleapis.com",
  surfaces: [
    {
      dialect: "gemini",
      models: /^gemini-3(?:\.\d+)?-pro/,
      quirks: { reasoning: "level", efforts: ["low", "medium", "high"] },
    },
    {
      dialect: "gemini",
      models: /^gemini-3/,
      quirks: { reasoning: "level", efforts: ["minimal", "low", "medium", "high"] },
    },
    { dialect: "gemini", models: /^gemini-2\.5/, quirks: { reasoning: "budget" } },
    { dialect: "gemini", models: /^gemini-(?:1|2\.0)/, quirks: { reasoning: "none" } },
    { dialect: "gemini" },
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": "/v1beta/openai/chat/completions",
        embeddings: "/v1beta/openai/embeddings",
        "images.generations": "/v1beta/openai/images/generations",
      },
    },
  ],
  credential: { header: "x-goog-api-key", scheme: "", env: ["GEMINI_API_KEY", "GOOGLE_API_KEY"] },
  makeAuthorizer: makeGeminiAuthorizer,
  source: [
    "https://ai.google.dev/api",
    "https://ai.google.dev/gemini-api/docs/api-key",
    "https://ai.google.dev/gemini-api/docs/thinking",
    "https://ai.google.dev/gemini-api/docs/openai",
  ],
});

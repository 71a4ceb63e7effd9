import { defineProvider } from "./define.ts";

/**
 * Cohere. Its OpenAI-compatible API (/compatibility/v1) is left out: by its own list it takes no `tool_choice`, no `dimensions`
 * and no reasoning between "none" and "high", all of which reach its own API through translation.
 * Transcription has a path of its own and OpenAI's form.
 */
export default defineProvider({
  id: "cohere",
  name: "Cohere",
  baseUrl: "https://api.cohere.com",
  baseUrlEnv: "CO_API_URL",
  surfaces: [
    { dialect: "cohere" },
    { dialect: "openai-chat", endpoints: { "audio.transcriptions": "/v2/audio/transcriptions" } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["CO_API_KEY", "COHERE_API_KEY"] },
  source: [
    "https://docs.cohere.com/reference/about",
    "https://docs.cohere.com/docs/compatibility-api",
    "https://docs.cohere.com/docs/rate-limits",
  ],
  unchecked: "The transcription path is from a recorded request.",
});

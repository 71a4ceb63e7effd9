import { defineProvider } from "./define.ts";

const GEMINI = "/v1beta1/publishers/google/models/{model}";

/** Vertex AI in express mode: Gemini by an API key, without project or location. */
export default defineProvider({
  id: "vertex-express",
  name: "Google Vertex AI (express mode)",
  baseUrl: "https://aiplatform.googleapis.com",
  surfaces: [
    {
      dialect: "gemini",
      endpoints: {
        "gemini.generate": `${GEMINI}:generateContent`,
        "gemini.stream": `${GEMINI}:streamGenerateContent`,
        "gemini.count": `${GEMINI}:countTokens`,
      },
      quirks: { renames: { generateContentRequest: "" } },
    },
  ],
  credential: { header: "x-goog-api-key", scheme: "", env: ["VERTEX_API_KEY"] },
  source: [
    "https://cloud.google.com/vertex-ai/generative-ai/docs/start/express-mode/vertex-ai-express-mode-api-reference",
    "https://github.com/googleapis/js-genai",
  ],
  unchecked:
    "VERTEX_API_KEY is what other programs call it; Google's SDKs read GOOGLE_API_KEY, which AI Studio's keys are in.",
});

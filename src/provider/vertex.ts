import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { makeGoogleAuthorizer } from "./google/authorizer.ts";

const PROJECT = "/v1/projects/{project}/locations/{region}";
const GEMINI = "/v1beta1/projects/{project}/locations/{region}/publishers/google/models/{model}";
const CLAUDE = `${PROJECT}/publishers/anthropic/models`;
const MISTRAL = `${PROJECT}/publishers/mistralai/models/{model}`;
const ANTHROPIC_VERSION = "vertex-2023-10-16";

/**
 * Vertex AI: Gemini, Claude, Mistral's own models, and by PUBLISHER/MODEL everything of the OpenAI-compatible endpoint.
 * Credentials: `api_key` with a service account's JSON (or another credentials file's), or what the surroundings give.
 */
export default defineProvider({
  id: "vertex",
  name: "Google Vertex AI",
  baseUrl: "https://{region}-aiplatform.googleapis.com",
  regionalBaseUrls: {
    global: "https://aiplatform.googleapis.com",
    us: "https://aiplatform.us.rep.googleapis.com",
    eu: "https://aiplatform.eu.rep.googleapis.com",
  },
  baseUrlEnv: "GOOGLE_VERTEX_BASE_URL",
  surfaces: [
    // Older embedding models have :predict alone, which no dialect speaks.
    {
      dialect: "gemini",
      models: /^gemini-embedding-(?!001)/,
      endpoints: { "gemini.embed": `${GEMINI}:embedContent` },
      // One input at a time: Vertex has no batches.
      quirks: { renames: { requests: "" } },
    },
    {
      dialect: "gemini",
      models: /^(?:gemini|gemma|learnlm|medlm)-(?!embedding)/,
      endpoints: {
        "gemini.generate": `${GEMINI}:generateContent`,
        "gemini.stream": `${GEMINI}:streamGenerateContent`,
        "gemini.count": `${GEMINI}:countTokens`,
      },
      quirks: { renames: { generateContentRequest: "" } },
    },
    {
      dialect: "anthropic-messages",
      models: /^claude-/,
      endpoints: { messages: `${CLAUDE}/{model}:rawPredict`, "messages#stream": `${CLAUDE}/{model}:streamRawPredict` },
      body: { anthropic_version: ANTHROPIC_VERSION, model: null },
      quirks: { refusesContent: ["file-url"] },
    },
    // Counting names the model in the body, as Anthropic's own API does.
    {
      dialect: "anthropic-messages",
      models: /^claude-/,
      endpoints: { "messages.count_tokens": `${CLAUDE}/count-tokens:rawPredict` },
      body: { anthropic_version: ANTHROPIC_VERSION },
      quirks: { refusesContent: ["file-url"] },
    },
    {
      dialect: "openai-chat",
      models: /^(?:mistral|ministral|codestral)-/,
      endpoints: {
        "chat.completions": `${MISTRAL}:rawPredict`,
        "chat.completions#stream": `${MISTRAL}:streamRawPredict`,
      },
      quirks: {
        renames: { ...PLAIN_CHAT.renames, seed: "random_seed" },
        refuses: ["streamUsage", "logitBias", "user", "serviceTier", "verbosity", "isStored", "topK", "minP"],
        reasoning: "none",
        refusesContent: [...PLAIN_CHAT.refusesContent, "reasoning"],
      },
    },
    {
      dialect: "openai-chat",
      models: /\//,
      endpoints: {
        "chat.completions": `${PROJECT}/endpoints/openapi/chat/completions`,
        embeddings: `${PROJECT}/endpoints/openapi/embeddings`,
      },
      quirks: PLAIN_CHAT,
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["GOOGLE_APPLICATION_CREDENTIALS"] },
  makeAuthorizer: makeGoogleAuthorizer,
  isKeyOptional: true,
  settings: [
    {
      key: "project",
      env: ["GOOGLE_CLOUD_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID"],
      default: null,
      expected: "a Google Cloud project's id",
    },
    {
      key: "region",
      env: ["GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION"],
      default: "global",
      expected: "a location such as europe-west4 or global",
    },
  ],
  source: [
    "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/use-claude",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/mistral",
    "https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/call-vertex-using-openai-library",
    "https://github.com/googleapis/js-genai",
    "https://github.com/anthropics/anthropic-sdk-typescript/tree/main/packages/vertex-sdk",
  ],
  unchecked:
    "Embeddings of text-embedding-* and gemini-embedding-001 have :predict alone, which is not served. The embeddings path of the OpenAI-compatible endpoint is known from programs that use it. Models deployed to an endpoint of one's own (/endpoints/ID) are not served. Federation from AWS, by certificate or by a program is not there.",
});

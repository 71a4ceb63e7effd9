import { makeDatabricksAuthorizer } from "./databricks-token.ts";
import { ANTHROPIC_VERSION_HEADER, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Databricks Model Serving: the model's name is the serving endpoint's. `base_url` is the workspace's URL, as in DATABRICKS_HOST.
 * Claude and Gemini are also served in their own APIs, OpenAI's models in the Responses API.
 */
export default defineProvider({
  id: "databricks",
  name: "Databricks Model Serving",
  baseUrl: null,
  baseUrlEnv: "DATABRICKS_HOST",
  surfaces: [
    {
      dialect: "anthropic-messages",
      models: /claude/,
      endpoints: { messages: "/serving-endpoints/anthropic/v1/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
    },
    // Its streams are not documented: they go through chat completions.
    {
      dialect: "gemini",
      models: /gemini/,
      endpoints: { "gemini.generate": "/serving-endpoints/gemini/v1beta/models/{model}:generateContent" },
    },
    {
      dialect: "openai-chat",
      endpoints: {
        "chat.completions": "/serving-endpoints/chat/completions",
        completions: "/serving-endpoints/completions",
        embeddings: "/serving-endpoints/embeddings",
      },
      quirks: PLAIN_CHAT,
    },
    { dialect: "openai-responses", models: /gpt/, endpoints: { responses: "/serving-endpoints/responses" } },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["DATABRICKS_TOKEN"] },
  makeAuthorizer: makeDatabricksAuthorizer,
  isKeyOptional: true,
  source: [
    "https://docs.databricks.com/aws/en/machine-learning/model-serving/score-foundation-models",
    "https://docs.databricks.com/aws/en/machine-learning/model-serving/query-anthropic-messages",
    "https://docs.databricks.com/aws/en/machine-learning/model-serving/query-gemini-api",
    "https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m",
  ],
  unchecked:
    "The native APIs serve Databricks' own foundation models and external ones; an endpoint of one's own whose name holds claude, gemini or gpt may have chat completions alone (then set dialect: openai-chat). Tokens of Microsoft Entra ID and Google are not fetched.",
});

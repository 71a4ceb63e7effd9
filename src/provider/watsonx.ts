import { PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";
import { makeWatsonxAuthorizer } from "./watsonx-token.ts";

const CHAT = "/ml/v1/text/chat";

/**
 * IBM watsonx.ai: chat completions in all but the names of the model and of the choice among tools; a project is charged.
 * Streams are another path, end without [DONE], and always tell the usage.
 */
export default defineProvider({
  id: "watsonx",
  name: "IBM watsonx.ai",
  baseUrl: "https://{region}.ml.cloud.ibm.com",
  baseUrlEnv: "WATSONX_URL",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": CHAT, "chat.completions#stream": `${CHAT}_stream` },
      body: { model: null, model_id: "{model}", project_id: "{project}", stream: null, stream_options: null },
      query: "version={api_version}",
      quirks: {
        renames: PLAIN_CHAT.renames,
        refuses: [
          "parallelToolCalls",
          "topK",
          "minP",
          "modalities",
          "audio",
          "prediction",
          "user",
          "metadata",
          "serviceTier",
          "promptCacheKey",
          "promptCacheRetention",
          "cache",
          "isStored",
          "verbosity",
        ],
        efforts: ["low", "medium", "high"],
        refusesContent: [...PLAIN_CHAT.refusesContent, "file-data", "file-url", "file-file-id"],
      },
    },
  ],
  credential: {
    header: "authorization",
    scheme: "Bearer",
    env: ["WATSONX_APIKEY", "WATSONX_API_KEY", "WATSONX_AI_APIKEY"],
  },
  makeAuthorizer: makeWatsonxAuthorizer,
  settings: [
    { key: "region", env: ["WATSONX_REGION"], default: "us-south", expected: "a region such as eu-de" },
    { key: "project", env: ["WATSONX_PROJECT_ID"], default: null, expected: "a watsonx project's id" },
    { key: "api_version", env: [], default: "2024-10-08", expected: "a date such as 2024-10-08" },
  ],
  source: [
    "https://www.ibm.com/docs/en/watsonx/saas?topic=solutions-chat",
    "https://dataplatform.cloud.ibm.com/docs/content/wsj/analyze-data/fm-api-chat-tools.html",
    "https://github.com/IBM/watsonx-ai-node-sdk",
  ],
  unchecked:
    "A choice among tools by a word (none, required) is tool_choice_option there and goes out as tool_choice; naming a tool is the same. A caller's own chat completion passes with the members it has, known there or not. Deployment spaces (space_id) are not served. repetition_penalty, include_reasoning and the like pass as members of the body.",
});

import { ADDED_SAMPLING, ANTHROPIC_VERSION_HEADER, PLAIN_CHAT, VIDEO_AND_FILES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * DeepSeek: its own models, over three APIs on one host.
 * response_format knows text and json_object; audio parts are answered with 400 (recorded); the Anthropic API ignores
 * thinking.budget_tokens and takes output_config.effort. /beta/completions is fill-in-the-middle.
 */
export default defineProvider({
  id: "deepseek",
  name: "DeepSeek",
  baseUrl: "https://api.deepseek.com",
  surfaces: [
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, completions: "/beta/completions" },
      quirks: {
        renames: { ...PLAIN_CHAT.renames, user: "user_id" },
        refuses: ADDED_SAMPLING,
        reasoning: "thinking-type",
        efforts: ["low", "high", "max"],
        jsonSchema: "json-object",
        refusesContent: [...PLAIN_CHAT.refusesContent, "audio-data", ...VIDEO_AND_FILES],
      },
    },
    { dialect: "openai-responses", endpoints: { responses: true } },
    {
      dialect: "anthropic-messages",
      endpoints: { messages: "/anthropic/v1/messages" },
      headers: ANTHROPIC_VERSION_HEADER,
      quirks: { reasoning: "effort-only", efforts: ["low", "high", "max"] },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["DEEPSEEK_API_KEY"] },
  source: [
    "https://api-docs.deepseek.com/guides/thinking_mode",
    "https://api-docs.deepseek.com/guides/anthropic_api",
    "https://api-docs.deepseek.com/api/create-chat-completion",
  ],
  unchecked:
    "Images are refused by deepseek-v4-flash in a recorded answer; newer models of the same name may take them, so that is left to the provider. Thinking mode refuses tool_choice (recorded), plain mode takes it.",
});

import type { Quirks } from "../exchange.ts";
import { ADDED_SAMPLING, PLAIN_CHAT, VIDEO_AND_FILES } from "./compatible-apis.ts";
import { defineProvider } from "./define.ts";

/**
 * Mistral's schema is closed: what it does not know (max_completion_tokens, user, messages[].name, reasoning_content …)
 * is answered with 422 extra_forbidden. stream_options is not sent: a stream's last chunk always holds the usage (45 of
 * 45 recorded).
 */
export const MISTRAL_CHAT = {
  renames: { ...PLAIN_CHAT.renames, seed: "random_seed", dimensions: "output_dimension" },
  refuses: [
    "streamUsage",
    "logitBias",
    "modalities",
    "audio",
    "user",
    "serviceTier",
    "verbosity",
    "isStored",
    "promptCacheRetention",
    "cache",
    ...ADDED_SAMPLING,
  ],
  refusesContent: [...PLAIN_CHAT.refusesContent, "reasoning", ...VIDEO_AND_FILES],
} satisfies Partial<Quirks>;

/**
 * Mistral AI: its own API, close to OpenAI's.
 * reasoning_effort is for Mistral Small 4, Medium 3.5 and Large 4; Magistral always reasons. Reasoning comes back as
 * content chunks of type "thinking". safe_prompt and prompt_mode pass as members of the body.
 */
export default defineProvider({
  id: "mistral",
  name: "Mistral AI",
  baseUrl: "https://api.mistral.ai/v1",
  surfaces: [
    {
      dialect: "openai-chat",
      models: /^mistral-(small-(latest|2603)|medium-3-5)/,
      endpoints: { "chat.completions": true },
      quirks: { ...MISTRAL_CHAT, reasoning: "effort", efforts: ["none", "high"] },
    },
    {
      dialect: "openai-chat",
      models: /^mistral-large-4/,
      endpoints: { "chat.completions": true },
      quirks: { ...MISTRAL_CHAT, reasoning: "effort" },
    },
    {
      dialect: "openai-chat",
      endpoints: { "chat.completions": true, embeddings: true, moderations: true, "audio.transcriptions": true },
      quirks: { ...MISTRAL_CHAT, reasoning: "none" },
    },
  ],
  credential: { header: "authorization", scheme: "Bearer", env: ["MISTRAL_API_KEY"] },
  source: [
    "https://docs.mistral.ai/api/",
    "https://docs.mistral.ai/capabilities/reasoning/adjustable",
    "https://docs.mistral.ai/inference/conversations/reasoning",
    "https://github.com/mistralai/platform-docs-public/issues/7",
  ],
  unchecked:
    "Tool-call ids other than nine letters or digits were refused once; recorded requests with ids of 15 characters were accepted, so none are rewritten. Its own parts for files (document_url) have no word here. Which efforts Large 4 takes.",
});

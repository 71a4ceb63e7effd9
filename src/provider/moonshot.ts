import { ADDED_SAMPLING, PLAIN_CHAT } from "./compatible-apis.ts";
import { defineProvider, type SurfaceDefinition } from "./define.ts";

const KIMI_QUIRKS = { ...PLAIN_CHAT, refuses: ADDED_SAMPLING };

/**
 * kimi-k2.5 and kimi-k2.6 switch reasoning with `thinking.type`; kimi-k2.7-code always reasons, older ones have no
 * setting. No effort, no budget.
 */
export const KIMI_CHAT = [
  {
    dialect: "openai-chat",
    models: /^kimi-k2\.(5|6)/,
    endpoints: { "chat.completions": true },
    quirks: { ...KIMI_QUIRKS, reasoning: "thinking-type" },
  },
  {
    dialect: "openai-chat",
    endpoints: { "chat.completions": true },
    quirks: { ...KIMI_QUIRKS, reasoning: "none" },
  },
] as const satisfies readonly SurfaceDefinition[];

/** Moonshot AI: the Kimi models. */
export default defineProvider({
  id: "moonshot",
  name: "Moonshot AI",
  baseUrl: "https://api.moonshot.ai/v1",
  surfaces: [...KIMI_CHAT, { dialect: "openai-responses", endpoints: { responses: true } }],
  credential: { header: "authorization", scheme: "Bearer", env: ["MOONSHOT_API_KEY"] },
  source: [
    "https://platform.moonshot.ai/docs/api/chat",
    "https://platform.kimi.ai/docs/api/overview.md",
    "https://github.com/anomalyco/models.dev/blob/dev/providers/moonshotai/provider.toml",
  ],
  unchecked:
    "Its Anthropic API stands at https://api.moonshot.ai/anthropic, outside this base URL: see moonshot-anthropic. temperature is bounded by 1.",
});

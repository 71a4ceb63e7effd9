/**
 * What providers have in common that offer an API made by another: stated once, so that each file says only how it differs.
 */
import type { Quirks } from "../exchange.ts";
import type { SurfaceDefinition } from "./define.ts";

/** Tools of OpenAI's own chat API that hardly anybody took over: free-form ("custom") tools and `web_search_options`. */
export const OPENAI_ONLY_TOOLS = ["custom-tool", "web-search"];

/**
 * The chat API as most know it: the limit of the answer is still `max_tokens`, there are no marks for a prompt cache
 * (`cache_control`, OpenRouter's addition) and none of the tools that are OpenAI's alone.
 */
export const PLAIN_CHAT = {
  renames: { max_completion_tokens: "max_tokens" },
  refusesContent: ["cache-hint", ...OPENAI_ONLY_TOOLS],
} satisfies Partial<Quirks>;

/** Sampling settings that vLLM and others added to OpenAI's chat API, for `refuses` where they are not known. */
export const ADDED_SAMPLING = ["topK", "minP", "repetitionPenalty"];

/** Parts of a message that chat APIs for text and images have no place for, for `refusesContent`. */
export const VIDEO_AND_FILES = ["video-data", "video-url", "file-data", "file-url", "file-file-id"];

/** Cohere's rerank beside an OpenAI-compatible API: one path for both versions; how much of a document is read cannot be set. */
export const COHERE_RERANK: SurfaceDefinition = {
  dialect: "cohere",
  endpoints: { "cohere.rerank": "/rerank", "cohere.rerank.v1": "/rerank" },
  quirks: { refuses: ["maxTokensPerDocument"] },
};

/** The one version of Anthropic's API there is: https://platform.claude.com/docs/en/api/versioning */
export const ANTHROPIC_VERSION_HEADER = { "anthropic-version": "2023-06-01" };

/** Anthropic's API at a base URL of its own, as labs offer it for Claude Code: reasoning is asked for by a budget, tokens are not counted. */
export const BUDGETED_MESSAGES: SurfaceDefinition = {
  dialect: "anthropic-messages",
  endpoints: { messages: "/v1/messages" },
  headers: ANTHROPIC_VERSION_HEADER,
  quirks: { reasoning: "budget" },
};

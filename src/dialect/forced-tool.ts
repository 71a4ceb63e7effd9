import type { NeutralRequest } from "./neutral.ts";

/**
 * Whether a request forces the one tool it offers, as clients do that ask for JSON through a tool (the Vercel AI SDK with Anthropic's API).
 * The model then makes that one call; asking for no more than one is a hint, where a target has no word for it.
 */
export function isOnlyToolForced({ tools, toolChoice }: Pick<NeutralRequest, "tools" | "toolChoice">): boolean {
  return tools.length === 1 && (toolChoice?.kind === "required" || toolChoice?.kind === "tool");
}

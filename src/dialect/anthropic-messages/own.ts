import type { DialectId, OpaqueOwner } from "../neutral.ts";

/** This dialect's id. */
export const OWN: DialectId = "anthropic-messages";

/** Whose signatures stand in its thinking blocks. */
export const OWNER: OpaqueOwner = "anthropic";

/** In a message's `extra`: the reader made it, with the one before, of one user message. */
export const SPLIT = "llmux_split";

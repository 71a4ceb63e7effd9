import type { DialectId, OpaqueOwner } from "../neutral.ts";

/** This dialect's id. */
export const OWN: DialectId = "bedrock-converse";

/** Whose signatures stand in its reasoning blocks: Claude's are the same here and at Anthropic. */
export const OWNER: OpaqueOwner = "anthropic";

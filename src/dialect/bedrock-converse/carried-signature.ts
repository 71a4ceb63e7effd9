import type { JsonObject } from "../../lib/json.ts";
import type { Opaque } from "../neutral.ts";
import { OWNER } from "./own.ts";
import { writeReasoningBlock } from "./reasoning-block.ts";

/** Blocks that carry another provider's signature (src/dialect/restore-signatures.ts): before a tool call encrypted reasoning. */
export function carryForToolUse(signature: Opaque | undefined): JsonObject | null {
  if (signature === undefined || signature.owner === OWNER) return null;
  return writeReasoningBlock({ kind: "reasoning", text: "", encrypted: signature }, false);
}

/** Behind a text reasoning without words. */
export function carryForText(signature: Opaque | undefined): JsonObject | null {
  if (signature === undefined || signature.owner === OWNER) return null;
  return writeReasoningBlock({ kind: "reasoning", text: "", signature }, false);
}

import type { JsonObject } from "../../lib/json.ts";
import type { Opaque } from "../neutral.ts";
import { wrapOpaque } from "../opaque.ts";
import { OWNER } from "./own.ts";

/** Blocks that carry another provider's signature (src/dialect/restore-signatures.ts): before a tool call `redacted_thinking`. */
export function carryForToolUse(signature: Opaque): JsonObject | null {
  return signature.owner === OWNER ? null : { type: "redacted_thinking", data: wrapOpaque(signature, OWNER) };
}

/** Behind a text a `thinking` without words. */
export function carryForText(signature: Opaque): JsonObject | null {
  return signature.owner === OWNER ? null : { type: "thinking", thinking: "", signature: wrapOpaque(signature, OWNER) };
}

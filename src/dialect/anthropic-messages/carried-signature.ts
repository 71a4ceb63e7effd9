import type { JsonObject } from "../../lib/json.ts";
import type { Opaque, Part } from "../neutral.ts";
import { wrapOpaque } from "../opaque.ts";
import { OWNER } from "./own.ts";

/**
 * Gemini signs tool calls and text, and wants the signatures back. Blocks here have no place for them, and SDKs drop members they do
 * not know; thinking blocks come back with every one of them. So a signature of another provider travels in a block of its own:
 * before a tool call as `redacted_thinking`, behind a text (whose signature comes last) as a `thinking` without words.
 */
export function carryForToolUse(signature: Opaque): JsonObject | null {
  return signature.owner === OWNER ? null : { type: "redacted_thinking", data: wrapOpaque(signature, OWNER) };
}

export function carryForText(signature: Opaque): JsonObject | null {
  return signature.owner === OWNER ? null : { type: "thinking", thinking: "", signature: wrapOpaque(signature, OWNER) };
}

/** Puts carried signatures back on the parts they belong to. */
export function restoreSignatures(parts: readonly Part[]): readonly Part[] {
  if (!parts.some((part) => carried(part) !== null)) return parts;
  const restored: Part[] = [];
  let pending: Opaque | null = null;
  for (const part of parts) {
    const signature = carried(part);
    const forCall = carriedForToolUse(part);
    if (forCall !== null) {
      pending = forCall;
      continue;
    }
    const previous = restored.at(-1);
    if (signature !== null && previous?.kind === "text") {
      restored[restored.length - 1] = { ...previous, signature };
      continue;
    }
    if (pending !== null && part.kind === "tool-call") restored.push({ ...part, signature: pending });
    else restored.push(part);
    pending = null;
  }
  return restored;
}

/** The signature that a part carries for the tool call behind it; null for any other part. */
export function carriedForToolUse(part: Part): Opaque | null {
  return part.kind === "reasoning" && part.encrypted !== undefined ? carried(part) : null;
}

/** The signature a part carries for another one; null for any other part. Only Google signs what is no reasoning. */
function carried(part: Part): Opaque | null {
  if (part.kind !== "reasoning" || part.text !== "") return null;
  const opaque = part.encrypted ?? part.signature;
  return opaque?.owner === "google" ? opaque : null;
}

/**
 * Gemini signs tool calls and text, and wants the signatures back. Blocks here have no place for them; reasoning blocks come back
 * whole. So a signature of another provider travels in a block of its own: before a tool call as encrypted reasoning, behind a text
 * (whose signature comes last in a stream) as reasoning without words.
 */
import type { JsonObject } from "../../lib/json.ts";
import type { Opaque, Part } from "../neutral.ts";
import { OWNER } from "./own.ts";
import { writeReasoningBlock } from "./reasoning-block.ts";

export function carryForToolUse(signature: Opaque | undefined): JsonObject | null {
  if (signature === undefined || signature.owner === OWNER) return null;
  return writeReasoningBlock({ kind: "reasoning", text: "", encrypted: signature }, false);
}

export function carryForText(signature: Opaque | undefined): JsonObject | null {
  if (signature === undefined || signature.owner === OWNER) return null;
  return writeReasoningBlock({ kind: "reasoning", text: "", signature }, false);
}

/** Puts carried signatures back on the parts they belong to. */
export function restoreSignatures(parts: readonly Part[]): readonly Part[] {
  if (!parts.some((part) => carriedBy(part) !== null)) return parts;
  const restored: Part[] = [];
  let pending: Opaque | null = null;
  for (const part of parts) {
    const signature = carriedBy(part);
    if (signature !== null && part.kind === "reasoning" && part.encrypted !== undefined) {
      pending = signature;
      continue;
    }
    const previous = restored.at(-1);
    if (signature !== null && previous?.kind === "text") {
      restored[restored.length - 1] = { ...previous, signature };
      continue;
    }
    restored.push(pending !== null && part.kind === "tool-call" ? { ...part, signature: pending } : part);
    pending = null;
  }
  return restored;
}

/** The signature a part carries for another one; null for any other part. Only Google signs what is no reasoning. */
function carriedBy(part: Part): Opaque | null {
  if (part.kind !== "reasoning" || part.text !== "") return null;
  const opaque = part.encrypted ?? part.signature;
  return opaque?.owner === "google" ? opaque : null;
}

/**
 * Gemini signs tool calls and text, and wants the signatures back. Blocks of other APIs have no place for them, and SDKs drop members
 * they do not know; reasoning blocks come back with every one of them. So such a signature travels in a reasoning block of its own:
 * before a tool call as encrypted reasoning, behind a text (whose signature comes last in a stream) as reasoning without words. How
 * that block is written is each dialect's business; here it is taken apart again.
 */
import type { Opaque, Part } from "./neutral.ts";

/** Puts carried signatures back on the parts they belong to. */
export function restoreSignatures(parts: readonly Part[]): readonly Part[] {
  if (!parts.some((part) => carriedBy(part) !== null)) return parts;
  const restored: Part[] = [];
  let pending: Opaque | null = null;
  for (const part of parts) {
    const forCall = carriedForToolUse(part);
    if (forCall !== null) {
      pending = forCall;
      continue;
    }
    const signature = carriedBy(part);
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

/** The signature that a part carries for the tool call behind it; null for any other part. */
export function carriedForToolUse(part: Part): Opaque | null {
  return part.kind === "reasoning" && part.encrypted !== undefined ? carriedBy(part) : null;
}

/** The signature a part carries for another one; null for any other part. Only Google signs what is no reasoning. */
function carriedBy(part: Part): Opaque | null {
  if (part.kind !== "reasoning" || part.text !== "") return null;
  const opaque = part.encrypted ?? part.signature;
  return opaque?.owner === "google" ? opaque : null;
}

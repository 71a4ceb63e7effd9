/** The neutral parts as Gemini's, for requests and answers. */
import type { Json, JsonObject } from "../../lib/json.ts";
import type { Opaque, Part, TextPart, ToolCallPart } from "../neutral.ts";
import { writeMedia } from "./media.ts";
import { argumentsOf, signatureText } from "./parts.ts";

/** Members of a part's `extra` that belong inside another member. */
const INNER = new Set(["functionCall", "functionResponse", "inlineData", "fileData"]);

/** A signature as it may go out, or undefined; `slot`: which of a reasoning part's two. */
export type SignatureWriter = (opaque: Opaque | undefined, slot?: "signature" | "encrypted") => string | undefined;

/** For a provider: it refuses signatures that are not its own. */
export const ownSignatures: SignatureWriter = (opaque) => (opaque?.owner === "google" ? opaque.data : undefined);

/** For a caller, who brings it back. */
export const allSignatures: SignatureWriter = (opaque, slot = "signature") =>
  opaque === undefined ? undefined : signatureText(opaque, slot);

/**
 * A part on the wire; null for one that says nothing there. `isOwn`: this dialect read it, so that its `extra` is ours.
 * Tool results stand in requests alone (write-contents.ts).
 */
export function writePart(part: Part, isOwn: boolean, sign: SignatureWriter): JsonObject | null {
  switch (part.kind) {
    case "text":
      return writeText(part, isOwn, sign);
    case "refusal":
      return part.text === "" ? null : { text: part.text };
    case "reasoning": {
      const signature = sign(part.signature) ?? sign(part.encrypted, "encrypted");
      // Neither words nor a proof of them: encrypted for another provider.
      if (part.text === "" && signature === undefined && !isOwn) return null;
      return withRest({ text: part.text, thought: true }, signature, part, isOwn);
    }
    case "tool-call":
      return writeCall(part, isOwn, sign(part.signature));
    case "image":
      return withRest(writeMedia(part, isOwn), sign(part.signature), part, isOwn);
    case "audio":
      // What another model spoke before is held by its provider; its words remain.
      if (part.source.kind === "data" && part.source.data === "") {
        return part.transcript === undefined || part.transcript === "" ? null : { text: part.transcript };
      }
      return withRest(writeMedia(part, isOwn), undefined, part, isOwn);
    case "video":
    case "file":
      return withRest(writeMedia(part, isOwn), undefined, part, isOwn);
    case "native":
      return part.dialect === "gemini" ? part.value : null;
    case "tool-result":
      return null;
    default:
      return part satisfies never;
  }
}

function writeText(part: TextPart, isOwn: boolean, sign: SignatureWriter): JsonObject | null {
  const signature = sign(part.signature);
  // The API refuses empty texts; its own last part may be one with a signature.
  if (part.text === "" && signature === undefined && !isOwn) return null;
  return withRest({ text: part.text }, signature, part, isOwn);
}

export function writeCall(part: ToolCallPart, isOwn: boolean, signature: string | undefined): JsonObject {
  const kept = isOwn ? (part.extra?.["functionCall"] as JsonObject | undefined) : undefined;
  const call: Record<string, Json> = {};
  if (kept?.["id"] !== null) call["id"] = part.id;
  call["name"] = part.name;
  if (kept?.["args"] !== null || part.arguments !== "{}") call["args"] = argumentsOf(part.arguments);
  for (const key in kept) if (key !== "id" && key !== "args") call[key] = kept[key] as Json;
  return withRest({ functionCall: call }, signature, part, isOwn);
}

/** Adds the signature, and what else stood in a part that this dialect read. */
export function withRest(
  written: Record<string, Json>,
  signature: string | undefined,
  { extra }: Part,
  isOwn: boolean,
): JsonObject {
  if (signature !== undefined) written["thoughtSignature"] = signature;
  if (isOwn && extra !== undefined) {
    for (const key in extra) if (!INNER.has(key)) written[key] = extra[key] as Json;
  }
  return written;
}

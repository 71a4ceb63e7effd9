/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ReasoningContentBlock.html */
import { asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { Opaque, ReasoningPart } from "../neutral.ts";
import { unwrapOpaque, wrapOpaque } from "../opaque.ts";
import { OWNER } from "./own.ts";

const BLOCK: ReadonlySet<string> = new Set(["reasoningContent"]);
const TEXT: ReadonlySet<string> = new Set(["text", "signature"]);
const BYTES = "bytes:";

/** Reasoning with its signature, or encrypted; null for any other form. */
export function readReasoningBlock(block: JsonObject): ReasoningPart | null {
  const content = asObject(block["reasoningContent"]);
  if (content === null || Object.keys(content).length !== 1) return null;
  const outer = restOf(block, BLOCK);
  const redacted = asString(content["redactedContent"]);
  if (redacted !== null) {
    return {
      kind: "reasoning",
      text: "",
      encrypted: readRedacted(redacted),
      ...(outer === null ? {} : { extra: outer }),
    };
  }
  const reasoning = asObject(content["reasoningText"]);
  if (reasoning === null) return null;
  const signature = asString(reasoning["signature"]);
  const inner = restOf(reasoning, TEXT);
  const rest = inner === null ? outer : { ...outer, reasoningText: inner };
  return {
    kind: "reasoning",
    text: asString(reasoning["text"]) ?? "",
    ...(signature === null ? {} : readSignature(signature)),
    ...(rest === null ? {} : { extra: rest }),
  };
}

/** What stands in a `signature`: OpenAI's reasoning is always an encrypted block and found its way into it. */
export function readSignature(signature: string): Pick<ReasoningPart, "signature" | "encrypted"> {
  const opaque = unwrapOpaque(signature, OWNER);
  return opaque.owner === "openai" ? { encrypted: opaque } : { signature: opaque };
}

/** The block; `isOwn`: its `extra` is this dialect's. Signatures of other providers are marked, so that they come back. */
export function writeReasoningBlock(part: ReasoningPart, isOwn: boolean): JsonObject {
  const { text, signature, encrypted } = part;
  const { reasoningText, ...outer } = (isOwn ? part.extra : undefined) ?? {};
  if (text === "" && encrypted !== undefined) {
    return { reasoningContent: { redactedContent: writeRedacted(encrypted) }, ...outer };
  }
  const written: Record<string, Json> = { text };
  // A summary in the clear and the reasoning itself encrypted: the one field for proof carries it.
  const proof = signature ?? encrypted;
  if (proof !== undefined) written["signature"] = wrapOpaque(proof, OWNER);
  return { reasoningContent: { reasoningText: Object.assign(written, asObject(reasoningText)) }, ...outer };
}

/**
 * Encrypted reasoning is a blob here, so base64 of what Anthropic's own API says as text. Bytes that are no such text (another maker's)
 * are kept as they stand.
 */
export function readRedacted(base64: string): Opaque {
  const opaque = unwrapOpaque(base64, OWNER, "base64");
  if (opaque.owner !== OWNER) return opaque;
  const text = Buffer.from(base64, "base64").toString("latin1");
  const isText = text !== "" && /^[\x21-\x7e]+$/.test(text) && !text.startsWith(BYTES);
  const isSame = isText && Buffer.from(text, "latin1").toString("base64") === base64;
  return { owner: OWNER, data: isSame ? text : BYTES + base64 };
}

export function writeRedacted(opaque: Opaque): string {
  if (opaque.owner !== OWNER) return wrapOpaque(opaque, OWNER, "base64");
  if (opaque.data.startsWith(BYTES)) return opaque.data.slice(BYTES.length);
  return Buffer.from(opaque.data, "utf8").toString("base64");
}

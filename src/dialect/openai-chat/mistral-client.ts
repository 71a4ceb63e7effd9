/**
 * Answers for Mistral's own SDKs, which call the same path as OpenAI's and say who they are in `user-agent`. Their validators refuse what
 * OpenAI streams (a tool call in pieces, of which only the first has a name) and take away what Mistral's API does not know
 * (`reasoning_content`). So to them calls go out whole, usage always, and reasoning as content of type "thinking", whose `signature` is
 * for replaying it: https://docs.mistral.ai/capabilities/reasoning, https://docs.mistral.ai/api/#tag/chat
 */
import { asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { NeutralChoice, Opaque, Part, ReasoningPart } from "../neutral.ts";
import { unwrapOpaque, wrapOpaque } from "../opaque.ts";

const OWN = "openai-chat";

/** An answer's message with its reasoning as Mistral says it. */
export function withThinking(message: JsonObject, { parts }: NeutralChoice): JsonObject {
  const chunks = parts.flatMap((part): JsonObject[] => {
    if (part.kind === "reasoning") return thinkingOf(part);
    const signature = part.kind === "text" || part.kind === "tool-call" ? part.signature : undefined;
    return signature === undefined ? [] : [signatureChunk(signature)];
  });
  if (chunks.length === 0) return message;
  const { reasoning_content: _, reasoning_details: __, extra_content: ___, content, ...rest } = message;
  const text = asString(content);
  return { ...rest, content: [...chunks, ...(text === null || text === "" ? [] : [{ type: "text", text }])] };
}

function thinkingOf({ text, signature, encrypted }: ReasoningPart): JsonObject[] {
  const opaque = signature ?? encrypted;
  if (text === "" && opaque === undefined) return [];
  return [{ ...thinkingChunk(text), ...(opaque === undefined ? {} : { signature: wrapOpaque(opaque, OWN) }) }];
}

export function thinkingChunk(text: string): { readonly [key: string]: Json } {
  return { type: "thinking", thinking: text === "" ? [] : [{ type: "text", text }] };
}

export function signatureChunk(opaque: Opaque): JsonObject {
  return { type: "thinking", thinking: [], signature: wrapOpaque(opaque, OWN) };
}

/** A thinking chunk's signature, where it is another provider's that has come this way. */
export function readThinkingSignature(chunk: JsonObject): Pick<ReasoningPart, "signature" | "encrypted"> {
  const text = asString(chunk["signature"]);
  if (text === null) return {};
  const opaque = unwrapOpaque(text, OWN);
  if (opaque.owner === OWN) return {};
  // OpenAI has no other: its reasoning is encrypted.
  return opaque.owner === "openai" ? { encrypted: opaque } : { signature: opaque };
}

/** Gemini's signatures back from the chunks that carried them: on the first call, or where there is none on the last text. */
export function restoreSignatures(parts: readonly Part[]): readonly Part[] {
  const carriers = parts.filter(
    (part) => part.kind === "reasoning" && part.text === "" && part.signature?.owner === "google",
  );
  if (carriers.length === 0) return parts;
  const gone = new Set(carriers);
  const rest = parts.filter((part) => !gone.has(part));
  const firstCall = rest.findIndex(({ kind }) => kind === "tool-call");
  const place = firstCall === -1 ? rest.findLastIndex(({ kind }) => kind === "text") : firstCall;
  const signed = rest[place];
  const signature = (carriers[0] as ReasoningPart).signature;
  if (signed === undefined || signature === undefined) return parts;
  return rest.with(place, { ...signed, signature } as Part);
}

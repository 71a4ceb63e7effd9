import { type Json, type JsonObject, asObject, asString, compact, parseObject, restOf } from "../../lib/json.ts";
import type { Opaque, OpaqueOwner, ReasoningPart } from "../neutral.ts";
import { unwrapOpaque, wrapOpaque } from "../opaque.ts";

/**
 * Reasoning in messages. OpenAI shows none; others say it as plain text in `reasoning_content` (DeepSeek's word, followed by most) or
 * `reasoning` (OpenRouter, Groq, Ollama, vLLM), and what must come back unchanged in `reasoning_details`:
 * https://openrouter.ai/docs/use-cases/reasoning-tokens#reasoning_details-array-structure
 *
 * A signature or encrypted block of a provider's own is kept as the JSON of its detail without the text: its format, id and index
 * belong to it, and so come back wherever the conversation went in between.
 */
const OWN = "openai-chat";

/** Who made a detail, in OpenRouter's words. */
const FORMATS: Readonly<Record<OpaqueOwner, string>> = {
  openai: "openai-responses-v1",
  anthropic: "anthropic-claude-v1",
  google: "google-gemini-v1",
  "openai-chat": "unknown",
  cohere: "unknown",
};

const DETAIL_KEYS: ReadonlySet<string> = new Set(["type", "text", "summary", "signature", "data", "id"]);

/** Members of a message in which reasoning stands as plain text, the likelier first. */
export const PLAIN_FIELDS = ["reasoning_content", "reasoning"] as const;

export type DetailKind = "text" | "summary" | "encrypted";

export function kindOfDetail(detail: JsonObject): DetailKind {
  switch (detail["type"]) {
    case "reasoning.encrypted":
      return "encrypted";
    case "reasoning.summary":
      return "summary";
    default:
      return "text";
  }
}

/** A detail's signature or encrypted block; null where it has none. */
export function opaqueOfDetail(detail: JsonObject, member: "signature" | "data"): Opaque | null {
  const value = asString(detail[member]);
  if (value === null || value === "") return null;
  const opaque = unwrapOpaque(value, OWN);
  if (opaque.owner !== OWN) return opaque;
  const { text: _text, summary: _summary, ...rest } = detail;
  return { owner: OWN, data: JSON.stringify(rest) };
}

/** The reasoning parts of `reasoning_details`, and signatures that belong to tool calls (Gemini's, by the call's id). */
export type ReadDetails = {
  readonly parts: readonly ReasoningPart[];
  readonly callSignatures: ReadonlyMap<string, Opaque>;
};

/**
 * An encrypted block that follows a text or summary belongs to it: OpenAI gives both for one reasoning item. Behind a signed text it
 * is a block of its own: Anthropic's redacted thinking.
 */
export function readDetails(details: readonly Json[], isCallId: (id: string) => boolean): ReadDetails {
  const parts: ReasoningPart[] = [];
  const callSignatures = new Map<string, Opaque>();
  for (const entry of details) {
    const detail = asObject(entry);
    if (detail === null) continue;
    const kind = kindOfDetail(detail);
    const id = asString(detail["id"]);
    if (kind === "encrypted") {
      const opaque = opaqueOfDetail(detail, "data");
      if (opaque === null) continue;
      const last = parts.at(-1);
      if (id !== null && isCallId(id)) callSignatures.set(id, opaque);
      else if (last !== undefined && last.text !== "" && last.encrypted === undefined && last.signature === undefined) {
        parts[parts.length - 1] = { ...last, encrypted: opaque, ...(id === null ? {} : { id }) };
      } else parts.push({ kind: "reasoning", text: "", encrypted: opaque, ...(id === null ? {} : { id }) });
      continue;
    }
    const signature = opaqueOfDetail(detail, "signature");
    const rest = restOf(detail, DETAIL_KEYS);
    parts.push({
      kind: "reasoning",
      text: asString(detail[kind]) ?? "",
      ...(kind === "summary" ? { isSummary: true } : {}),
      ...(id === null ? {} : { id }),
      ...(signature === null ? {} : { signature }),
      ...(rest === null ? {} : { extra: rest }),
    });
  }
  return { parts, callSignatures };
}

/** `reasoning_details` of the parts. `isOwn`: they were read from this dialect. `isForProvider`: others' opaque data is left out. */
export function writeDetails(
  parts: readonly ReasoningPart[],
  { isOwn, isForProvider }: { readonly isOwn: boolean; readonly isForProvider: boolean },
): JsonObject[] {
  const details: JsonObject[] = [];
  for (const [index, part] of parts.entries()) {
    const kind = part.isSummary === true ? "summary" : "text";
    const signature = part.signature === undefined ? null : detailOf(part.signature, "signature", isForProvider);
    if (part.text !== "" || signature !== null) {
      const base = signature ?? {
        type: `reasoning.${kind}`,
        // an id that came with the encrypted block is that block's
        ...(part.id === undefined || part.encrypted !== undefined ? {} : { id: part.id }),
        ...(isOwn && part.extra !== undefined ? part.extra : { format: formatOf(part), index }),
      };
      details.push(part.text === "" ? base : { ...base, [kind]: part.text });
    }
    const encrypted = part.encrypted === undefined ? null : detailOf(part.encrypted, "data", isForProvider);
    if (encrypted === null) continue;
    if (part.encrypted?.owner === OWN) details.push(encrypted);
    else details.push(compact({ ...encrypted, id: part.id, index }));
  }
  return details;
}

function formatOf(part: ReasoningPart): string {
  const own = part.encrypted?.owner === OWN ? parseObject(part.encrypted.data) : null;
  return asString(own?.["format"]) ?? FORMATS[part.encrypted?.owner ?? OWN];
}

/** A detail without text for a signature or encrypted block; null where it is not the provider's to see. */
export function detailOf(opaque: Opaque, member: "signature" | "data", isForProvider: boolean): JsonObject | null {
  if (opaque.owner === OWN) return parseObject(opaque.data) ?? { type: typeOf(member), [member]: opaque.data };
  if (isForProvider) return null;
  return { type: typeOf(member), [member]: wrapOpaque(opaque, OWN), format: FORMATS[opaque.owner] };
}

function typeOf(member: "signature" | "data"): string {
  return member === "data" ? "reasoning.encrypted" : "reasoning.text";
}

/** A message's reasoning: of a request's assistant or of an answer. */
export type ReadReasoning = ReadDetails & {
  /** Members in which it stood as plain text. */
  readonly plain: readonly string[];
  readonly hasDetails: boolean;
};

const NO_SIGNATURES: ReadonlyMap<string, Opaque> = new Map();

export function readMessageReasoning(message: JsonObject, isCallId: (id: string) => boolean): ReadReasoning {
  const plain: string[] = [];
  let text = "";
  for (const field of PLAIN_FIELDS) {
    const value = asString(message[field]);
    if (value === null || value === "") continue;
    // Two members with two texts: the likelier one is meant, the other says nothing new that could be told apart.
    if (text === "" || text === value) plain.push(field);
    if (text === "") text = value;
  }
  const details = message["reasoning_details"];
  if (!Array.isArray(details) || details.length === 0) {
    const parts: ReasoningPart[] = text === "" ? [] : [{ kind: "reasoning", text }];
    return { parts, callSignatures: NO_SIGNATURES, plain, hasDetails: false };
  }
  const { parts, callSignatures } = readDetails(details as readonly Json[], isCallId);
  const isTextless = parts.every((part) => part.text === "");
  if (text === "" || !isTextless) return { parts, callSignatures, plain, hasDetails: true };
  const [first, ...others] = parts;
  const spoken: ReasoningPart = first === undefined ? { kind: "reasoning", text } : { ...first, text };
  return { parts: [spoken, ...others], callSignatures, plain, hasDetails: true };
}

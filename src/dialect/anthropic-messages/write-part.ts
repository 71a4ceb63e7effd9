import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { FilePart, ImagePart, MediaSource, Part, ReasoningPart, TextPart, ToolCallPart } from "../neutral.ts";
import { wrapOpaque } from "../opaque.ts";
import { writeCache } from "./cache.ts";
import { writeCitations } from "./citations.ts";
import { OWN, OWNER } from "./own.ts";

/** `isOwn` in this file: the part was read from this dialect, so that its `extra` is put back. */

/** A block with its cache hint and, in its own dialect, the members that the neutral form has no word for. */
export function withBase(block: Record<string, Json>, part: Part, isOwn: boolean): JsonObject {
  if (part.cache !== undefined) block["cache_control"] = writeCache(part.cache);
  return isOwn && part.extra !== undefined ? Object.assign(block, part.extra) : block;
}

export function writeText(part: TextPart, isOwn: boolean): JsonObject {
  const block: Record<string, Json> = { type: "text", text: part.text };
  const citations = writeCitations(part.citations, isOwn);
  if (citations.length > 0) block["citations"] = citations;
  return withBase(block, part, isOwn);
}

export function writeImage(part: ImagePart, isOwn: boolean): JsonObject {
  return withBase({ type: "image", source: writeSource(part.source) }, part, isOwn);
}

/** A document block; a text of any kind goes as plain text, which is all the API takes beside PDF. */
export function writeDocument(part: FilePart, isOwn: boolean): JsonObject {
  const { source } = part;
  const block: Record<string, Json> = {
    type: "document",
    source:
      source.kind === "data" && isText(source.mediaType)
        ? { type: "text", media_type: "text/plain", data: Buffer.from(source.data, "base64").toString("utf8") }
        : writeSource(source),
  };
  if (part.name !== undefined) block["title"] = part.name;
  if (part.context !== undefined) block["context"] = part.context;
  if (part.isCited !== undefined) block["citations"] = { enabled: part.isCited };
  return withBase(block, part, isOwn);
}

function writeSource(source: MediaSource): JsonObject {
  switch (source.kind) {
    case "data":
      return { type: "base64", media_type: source.mediaType, data: source.data };
    case "url":
      return { type: "url", url: source.url };
    case "file-id":
      return { type: "file", file_id: source.id };
    default:
      return source satisfies never;
  }
}

/** Whether a document is text that can be said as it is. */
export function isText(mediaType: string): boolean {
  const [type = ""] = mediaType.toLowerCase().split(";", 1);
  return type.startsWith("text/") || TEXT_TYPES.has(type.trim());
}

const TEXT_TYPES: ReadonlySet<string> = new Set([
  "application/json",
  "application/xml",
  "application/yaml",
  "application/x-yaml",
  "application/javascript",
]);

/** `id`: as it stands on the wire, where the API is stricter about ids than the caller's dialect. */
export function writeToolUse(part: ToolCallPart, id: string, isOwn: boolean): JsonObject {
  return withBase({ type: "tool_use", id, name: part.name, input: inputOf(part) }, part, isOwn);
}

/** The input must be an object; what a model wrote that is none stands in one, as `input`. */
function inputOf(part: ToolCallPart): Json {
  if (part.isCustom !== true) {
    try {
      const value: unknown = part.arguments === "" ? null : JSON.parse(part.arguments);
      const input = value === null ? {} : asObject(value);
      if (input !== null) return input;
    } catch {
      // broken JSON of a model's making is part of the conversation all the same
    }
  }
  return { input: part.arguments };
}

/** A thinking block as answers hold it: signatures of other providers are marked, so that they come back. */
export function writeReasoning(part: ReasoningPart, isOwn: boolean): JsonObject {
  const { text, signature, encrypted } = part;
  if (text === "" && encrypted !== undefined) {
    return withBase({ type: "redacted_thinking", data: wrapOpaque(encrypted, OWNER) }, part, isOwn);
  }
  const opaque = signature ?? encrypted;
  const written = opaque === undefined ? "" : wrapOpaque(opaque, OWNER);
  return withBase({ type: "thinking", thinking: text, signature: written }, part, isOwn);
}

/** A native block of this dialect; null for another's. */
export function writeNative(part: Extract<Part, { kind: "native" }>): JsonObject | null {
  return part.dialect === OWN ? part.value : null;
}

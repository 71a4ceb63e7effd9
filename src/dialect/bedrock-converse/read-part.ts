import { asArray, asBoolean, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { CacheHint, Citation, NativePart, Part } from "../neutral.ts";
import { plainText } from "../text-file.ts";
import { readCitation } from "./citations.ts";
import { type MediaKind, mediaTypeOf, readSource } from "./media.ts";
import { OWN } from "./own.ts";
import { readReasoningBlock } from "./reasoning-block.ts";

const MEDIA: ReadonlySet<string> = new Set(["format", "source"]);
const DOCUMENT: ReadonlySet<string> = new Set(["format", "name", "source", "context", "citations"]);
const TOOL_USE: ReadonlySet<string> = new Set(["toolUseId", "name", "input"]);
const TOOL_RESULT: ReadonlySet<string> = new Set(["toolUseId", "content", "status"]);

/** A block as this dialect alone knows it. */
export function native(value: JsonObject): NativePart {
  return { kind: "native", dialect: OWN, value };
}

/**
 * One content block. `isAnswer`: the model wrote it, so a tool's result in it is that of a tool which Bedrock ran by itself. Blocks of
 * an unknown or a broken form are native.
 */
export function readPart(block: JsonObject, isAnswer: boolean): Part {
  for (const name in block) {
    // A `type` or another unknown member may stand before the one that counts.
    if (!BLOCKS.has(name)) continue;
    const rest = restOf(block, new Set([name]));
    const value = block[name];
    const object = asObject(value);
    switch (name) {
      case "text":
        return typeof value === "string" ? { kind: "text", text: value, ...extraOf(rest) } : native(block);
      case "image":
      case "video":
      case "audio":
        return readMedia(name, object, block, rest);
      case "document":
        return readDocument(object, block, rest);
      case "toolUse":
        return readToolUse(object, block, rest);
      case "toolResult":
        return isAnswer ? native(block) : readToolResult(object, block, rest);
      case "reasoningContent":
        return readReasoningBlock(block) ?? native(block);
      case "citationsContent":
        return readCitations(object, block, rest);
      case "guardContent":
        return readGuarded(object, block, rest);
      case "searchResult":
        return readSearchResult(object, block);
      case "json":
        // Only in a tool's result: to other dialects its text.
        return { kind: "text", text: JSON.stringify(value ?? null), extra: { json: value ?? null } };
      default:
    }
  }
  return native(block);
}

/** Members that say what a block is. */
const BLOCKS: ReadonlySet<string> = new Set([
  "text",
  "image",
  "video",
  "audio",
  "document",
  "toolUse",
  "toolResult",
  "reasoningContent",
  "citationsContent",
  "guardContent",
  "searchResult",
  "json",
]);

function extraOf(extra: JsonObject | null): { extra?: JsonObject } {
  return extra === null ? {} : { extra };
}

function readMedia(
  kind: "image" | "video" | "audio",
  media: JsonObject | null,
  block: JsonObject,
  rest: JsonObject | null,
): Part {
  const read = readFormatted(kind, media);
  if (media === null || read === null) return native(block);
  const extra = { ...rest, ...nonEmpty(kind, { ...restOf(media, MEDIA), ...read.rest }) };
  return { kind, source: read.source, ...extraOf(Object.keys(extra).length === 0 ? null : extra) };
}

/** `format` and `source` together; `rest` holds a format of an unknown name, and what S3 says beside the place. */
function readFormatted(kind: MediaKind, media: JsonObject | null) {
  const format = asString(media?.["format"]);
  const known = mediaTypeOf(kind, format);
  // Callers have been seen to write the media type itself.
  const mediaType = known ?? (format?.includes("/") === true ? format : "application/octet-stream");
  const read = readSource(asObject(media?.["source"]), mediaType);
  if (read === null) return null;
  const rest: Record<string, Json> = {};
  if (read.rest !== null) rest["s3Location"] = read.rest;
  if (known === null && media?.["format"] !== undefined) rest["format"] = media["format"];
  return { source: read.source, rest };
}

function nonEmpty(key: string, object: JsonObject): JsonObject {
  return Object.keys(object).length === 0 ? {} : { [key]: object };
}

function readDocument(document: JsonObject | null, block: JsonObject, outer: JsonObject | null): Part {
  if (document === null) return native(block);
  const name = asString(document["name"]);
  const context = asString(document["context"]);
  const citations = asObject(document["citations"]);
  const isCited = asBoolean(citations?.["enabled"]);
  const inner: Record<string, Json | undefined> = { ...restOf(document, DOCUMENT) };
  if (document["citations"] !== undefined && (isCited === null || Object.keys(citations ?? {}).length > 1)) {
    inner["citations"] = document["citations"];
  }
  let read = readFormatted("document", document);
  if (read === null) {
    // A source in words (`text`, or `content` in pieces) is plain text to the others.
    const text = textOfSource(asObject(document["source"]));
    if (text === null) return native(block);
    read = {
      source: plainText(text),
      rest: { source: document["source"] ?? null, format: document["format"] ?? null },
    };
    if (document["format"] === undefined) delete read.rest["format"];
  }
  const extra = { ...outer, ...nonEmpty("document", { ...inner, ...read.rest }) };
  return {
    kind: "file",
    source: read.source,
    ...(name === null ? {} : { name }),
    ...(context === null ? {} : { context }),
    ...(isCited === null ? {} : { isCited }),
    ...extraOf(Object.keys(extra).length === 0 ? null : extra),
  };
}

function textOfSource(source: JsonObject | null): string | null {
  return asString(source?.["text"]) ?? joinTexts(source?.["content"]);
}

/** The texts of [{ text }, …]; null where something else is among them. */
function joinTexts(content: Json | undefined): string | null {
  if (!Array.isArray(content) || content.length === 0) return null;
  const texts = asArray(content).map((item) => asString(asObject(item)?.["text"]));
  return texts.every((text) => text !== null) ? texts.join("\n") : null;
}

function readToolUse(use: JsonObject | null, block: JsonObject, outer: JsonObject | null): Part {
  if (use === null || isServerTool(use)) return native(block);
  const extra = { ...outer, ...nonEmpty("toolUse", restOf(use, TOOL_USE) ?? {}) };
  return {
    kind: "tool-call",
    id: asString(use["toolUseId"]) ?? "",
    name: asString(use["name"]) ?? "",
    arguments: JSON.stringify(use["input"] ?? {}),
    ...extraOf(Object.keys(extra).length === 0 ? null : extra),
  };
}

/** Whether Bedrock runs the tool by itself (Nova's code interpreter and grounding). */
export function isServerTool(use: JsonObject): boolean {
  return use["type"] === "server_tool_use";
}

function readToolResult(result: JsonObject | null, block: JsonObject, outer: JsonObject | null): Part {
  // The result of a tool that Bedrock ran goes back as it came.
  if (result === null || asString(result["type"])?.startsWith("nova_") === true) return native(block);
  const status = asString(result["status"]);
  const inner: Record<string, Json | undefined> = { ...restOf(result, TOOL_RESULT) };
  if (status !== null && status !== "success" && status !== "error") inner["status"] = status;
  const extra = { ...outer, ...nonEmpty("toolResult", inner) };
  return {
    kind: "tool-result",
    callId: asString(result["toolUseId"]) ?? "",
    content: asArray(result["content"]).flatMap((item) => {
      const object = asObject(item);
      return object === null ? [] : [readPart(object, false)];
    }),
    ...(status === "success" || status === "error" ? { isError: status === "error" } : {}),
    ...extraOf(Object.keys(extra).length === 0 ? null : extra),
  };
}

function readCitations(content: JsonObject | null, block: JsonObject, outer: JsonObject | null): Part {
  const texts = asArray(content?.["content"]).map((item) => asString(asObject(item)?.["text"]));
  if (content === null || texts.includes(null)) return native(block);
  const citations: readonly Citation[] = asArray(content["citations"]).flatMap((item) => {
    const citation = asObject(item);
    return citation === null ? [] : [readCitation(citation)];
  });
  const inner: Record<string, Json | undefined> = { ...restOf(content, new Set(["content", "citations"])) };
  if (texts.length !== 1) inner["content"] = content["content"] ?? null;
  const extra = { ...outer, ...nonEmpty("citationsContent", inner) };
  return {
    kind: "text",
    text: texts.join(""),
    citations,
    ...extraOf(Object.keys(extra).length === 0 ? null : extra),
  };
}

/** What a guardrail is to look at is text (or a picture) to everybody else. */
function readGuarded(content: JsonObject | null, block: JsonObject, outer: JsonObject | null): Part {
  const text = asObject(content?.["text"]);
  const words = asString(text?.["text"]);
  if (text !== null && words !== null) {
    return { kind: "text", text: words, extra: { ...outer, guardContent: restOf(text, new Set(["text"])) ?? {} } };
  }
  const image = asObject(content?.["image"]);
  const read = readFormatted("image", image);
  if (image === null || read === null) return native(block);
  return {
    kind: "image",
    source: read.source,
    extra: { ...outer, guardContent: { ...restOf(image, MEDIA), ...read.rest } },
  };
}

/** A find of the caller's own search: to other dialects, a document of text. */
function readSearchResult(result: JsonObject | null, block: JsonObject): Part {
  const text = joinTexts(result?.["content"]);
  const title = asString(result?.["title"]);
  const isCited = asBoolean(asObject(result?.["citations"])?.["enabled"]);
  if (text === null) return native(block);
  return {
    kind: "file",
    source: plainText(text),
    ...(title === null ? {} : { name: title }),
    ...(isCited === null ? {} : { isCited }),
    extra: block,
  };
}

/** A `cachePoint` in the form the neutral hint has words for; null for any other. */
export function readCachePoint(block: JsonObject): CacheHint | null {
  const point = asObject(block["cachePoint"]);
  if (point === null || point["type"] !== "default" || Object.keys(block).length !== 1) return null;
  for (const key in point) if (key !== "type" && key !== "ttl") return null;
  const ttl = point["ttl"];
  if (ttl === undefined) return { ttl: null };
  return ttl === "5m" || ttl === "1h" ? { ttl } : null;
}

/** Content blocks; a cache point becomes a hint on the part before it. */
export function readParts(blocks: readonly JsonObject[], isAnswer: boolean): Part[] {
  const parts: Part[] = [];
  for (const block of blocks) {
    const cache = block["cachePoint"] === undefined ? null : readCachePoint(block);
    const previous = parts.at(-1);
    if (cache !== null && previous !== undefined && previous.cache === undefined && previous.kind !== "native") {
      parts[parts.length - 1] = { ...previous, cache };
    } else parts.push(readPart(block, isAnswer));
  }
  return parts;
}

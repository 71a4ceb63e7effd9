import { asArray, asBoolean, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { CacheHint, MediaSource, Part, ReasoningPart } from "../neutral.ts";
import { unwrapOpaque } from "../opaque.ts";
import { plainText } from "../text-file.ts";
import { readCache } from "./cache.ts";
import { readCitations } from "./citations.ts";
import { OWN, OWNER } from "./own.ts";

const COMMON = ["type", "cache_control"];
const TEXT = new Set([...COMMON, "text", "citations"]);
const IMAGE = new Set([...COMMON, "source"]);
const DOCUMENT = new Set([...COMMON, "source", "title", "context", "citations"]);
const THINKING = new Set([...COMMON, "thinking", "signature"]);
const REDACTED = new Set([...COMMON, "data"]);
const TOOL_USE = new Set([...COMMON, "id", "name", "input"]);
const TOOL_RESULT = new Set([...COMMON, "tool_use_id", "content", "is_error"]);

/**
 * A content block of a request or an answer: https://platform.claude.com/docs/en/api/messages. Server tools, their results and
 * what is not known are kept whole, as native parts.
 */
export function readPart(block: JsonObject): Part {
  switch (block["type"]) {
    case "text":
      return readText(block);
    case "image":
      return readImage(block);
    case "document":
      return readDocument(block);
    case "search_result":
      return readSearchResult(block);
    case "thinking":
    case "redacted_thinking":
      return readReasoning(block);
    case "tool_use":
      return {
        kind: "tool-call",
        id: asString(block["id"]) ?? "",
        name: asString(block["name"]) ?? "",
        arguments: JSON.stringify(block["input"] ?? {}),
        ...baseOf(block, TOOL_USE),
      };
    case "tool_result":
      return readToolResult(block);
    default:
      return native(block);
  }
}

/** A block as its own dialect alone knows it. */
export function native(value: JsonObject): Part {
  return { kind: "native", dialect: OWN, value };
}

/**
 * Content that may be a string or blocks. A single plain block gets an empty `extra`: that alone tells it from a string when it
 * is written in this dialect again.
 */
export function readContent(content: Json | undefined): readonly Part[] {
  if (typeof content === "string") return [{ kind: "text", text: content }];
  const parts = asArray(content).flatMap((item) => {
    const block = asObject(item);
    return block === null ? [] : [readPart(block)];
  });
  const [first] = parts;
  if (parts.length !== 1 || first?.kind !== "text") return parts;
  return [{ ...first, extra: first.extra ?? {} }];
}

/** Cache hint and unknown members of a block. */
function baseOf(
  block: JsonObject,
  known: ReadonlySet<string>,
  kept: JsonObject | null = null,
): { cache?: CacheHint; extra?: JsonObject } {
  const control = block["cache_control"];
  const cache = control === undefined ? null : readCache(control);
  const rest = restOf(block, known);
  let extra = kept === null ? rest : { ...rest, ...kept };
  if (control !== undefined && cache === null) extra = { ...extra, cache_control: control };
  if (cache === null) return extra === null ? {} : { extra };
  return extra === null ? { cache } : { cache, extra };
}

function readText(block: JsonObject): Part {
  const citations = readCitations(block["citations"]);
  // null and [] are kept apart from nothing at all.
  const kept = citations.length === 0 && block["citations"] !== undefined ? { citations: block["citations"] } : null;
  return {
    kind: "text",
    text: asString(block["text"]) ?? "",
    ...baseOf(block, TEXT, kept),
    ...(citations.length === 0 ? {} : { citations }),
  };
}

function readImage(block: JsonObject): Part {
  const read = readSource(asObject(block["source"]));
  if (read === null) return native(block);
  return { kind: "image", source: read.source, ...baseOf(block, IMAGE, read.kept) };
}

function readDocument(block: JsonObject): Part {
  const read = readSource(asObject(block["source"]));
  if (read === null) return native(block);
  const { title, context, citations } = block;
  const cited = asObject(citations);
  const isCited = asBoolean(cited?.["enabled"]);
  let { kept } = read;
  if (citations !== undefined && (isCited === null || Object.keys(cited as JsonObject).length > 1)) {
    kept = { ...kept, citations };
  }
  if (title === null) kept = { ...kept, title };
  if (context === null) kept = { ...kept, context };
  return {
    kind: "file",
    source: read.source,
    ...(typeof title === "string" ? { name: title } : {}),
    ...(typeof context === "string" ? { context } : {}),
    ...(isCited === null ? {} : { isCited }),
    ...baseOf(block, DOCUMENT, kept),
  };
}

/** A find of the caller's own search: to other dialects, a document of text. https://platform.claude.com/docs/en/build-with-claude/search-results */
function readSearchResult(block: JsonObject): Part {
  const text = textOf(block["content"]);
  if (text === null) return native(block);
  const { type, source, content, citations, title } = block;
  const isCited = asBoolean(asObject(citations)?.["enabled"]);
  const kept = {
    type,
    source,
    content,
    ...(citations === undefined ? {} : { citations }),
  };
  return {
    kind: "file",
    source: plainText(text),
    ...(typeof title === "string" ? { name: title } : {}),
    ...(isCited === null ? {} : { isCited }),
    ...baseOf(block, new Set([...DOCUMENT, "content"]), kept),
  };
}

function readReasoning(block: JsonObject): Part {
  if (block["type"] === "redacted_thinking") {
    const encrypted = unwrapOpaque(asString(block["data"]) ?? "", OWNER);
    return { kind: "reasoning", text: "", encrypted, ...baseOf(block, REDACTED) };
  }
  const signature = asString(block["signature"]) ?? "";
  return {
    kind: "reasoning",
    text: asString(block["thinking"]) ?? "",
    ...(signature === "" ? {} : readSignature(signature)),
    ...baseOf(block, THINKING),
  };
}

/** What stands in a thinking block's `signature`: OpenAI's reasoning is always an encrypted block and found its way into it. */
export function readSignature(signature: string): Pick<ReasoningPart, "signature" | "encrypted"> {
  const opaque = unwrapOpaque(signature, OWNER);
  return opaque.owner === "openai" ? { encrypted: opaque } : { signature: opaque };
}

function readToolResult(block: JsonObject): Part {
  const isError = asBoolean(block["is_error"]);
  return {
    kind: "tool-result",
    callId: asString(block["tool_use_id"]) ?? "",
    content: readContent(block["content"]),
    ...(isError === null ? {} : { isError }),
    ...baseOf(block, TOOL_RESULT),
  };
}

type ReadSource = { readonly source: MediaSource; readonly kept: JsonObject | null };

/** Where an image or a document comes from; `kept`: the source itself, where the neutral form does not hold all of it. */
function readSource(source: JsonObject | null): ReadSource | null {
  if (source === null) return null;
  const size = Object.keys(source).length;
  const keptIf = (members: number): JsonObject | null => (size > members ? { source } : null);
  switch (source["type"]) {
    case "base64": {
      const data = asString(source["data"]);
      const mediaType = asString(source["media_type"]);
      return data === null || mediaType === null
        ? null
        : { source: { kind: "data", mediaType, data }, kept: keptIf(3) };
    }
    case "url": {
      const url = asString(source["url"]);
      return url === null ? null : { source: { kind: "url", url, mediaType: null }, kept: keptIf(2) };
    }
    case "file": {
      const id = asString(source["file_id"]);
      return id === null ? null : { source: { kind: "file-id", id, mediaType: null }, kept: keptIf(2) };
    }
    case "text": {
      const data = asString(source["data"]);
      if (data === null) return null;
      const isPlain = source["media_type"] === "text/plain" && size === 3;
      return { source: plainText(data), kept: isPlain ? null : { source } };
    }
    case "content": {
      const text = textOf(source["content"]);
      return text === null ? null : { source: plainText(text), kept: { source } };
    }
    default:
      return null;
  }
}

/** Content of nothing but text, as one; null where there is anything else. */
function textOf(content: Json | undefined): string | null {
  if (typeof content === "string") return content;
  const texts: string[] = [];
  for (const item of asArray(content)) {
    const block = asObject(item);
    const text = block?.["type"] === "text" ? asString(block["text"]) : null;
    if (text === null) return null;
    texts.push(text);
  }
  return texts.length === 0 ? null : texts.join("\n\n");
}

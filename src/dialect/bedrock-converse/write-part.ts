import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { CacheHint, FilePart, Part, TextPart, ToolCallPart } from "../neutral.ts";
import { writeCitation } from "./citations.ts";
import { formatOf, formatOfUrl, type MediaKind, writeSource } from "./media.ts";
import { OWN } from "./own.ts";

/** `isOwn` in this file: the part was read from this dialect, so that its `extra` is put back. */

/** What this dialect had no neutral word for, with what stood inside its block taken apart from it. */
function splitExtra(part: Part, name: string, isOwn: boolean): readonly [outer: JsonObject, inner: JsonObject] {
  const { [name]: inner, ...outer } = (isOwn ? part.extra : undefined) ?? {};
  return [outer, asObject(inner) ?? {}];
}

export function writeCachePoint({ ttl }: CacheHint): JsonObject {
  return { cachePoint: { type: "default", ...(ttl === null ? {} : { ttl }) } };
}

/** A text; one with citations is `citationsContent`. */
export function writeText(part: TextPart, isOwn: boolean): JsonObject {
  const extra = isOwn ? part.extra : undefined;
  const guard = asObject(extra?.["guardContent"]);
  if (guard !== null && extra !== undefined) {
    const { guardContent: _, ...outer } = extra;
    return { guardContent: { text: { text: part.text, ...guard } }, ...outer };
  }
  if (extra?.["json"] !== undefined) return { json: extra["json"] };
  if (part.citations === undefined) return { text: part.text, ...extra };
  const [outer, inner] = splitExtra(part, "citationsContent", isOwn);
  return {
    citationsContent: {
      content: [{ text: part.text }],
      citations: part.citations.map((citation) => writeCitation(citation, isOwn)),
      ...inner,
    },
    ...outer,
  };
}

/** A picture, film or sound; null where Converse cannot have it (a URL that is not in S3, a format it does not know). */
export function writeMedia(
  part: Extract<Part, { kind: "image" | "video" | "audio" }>,
  isOwn: boolean,
): JsonObject | null {
  const guard = part.kind === "image" && isOwn ? asObject(part.extra?.["guardContent"]) : null;
  const [outer, inner] = splitExtra(part, guard === null ? part.kind : "guardContent", isOwn);
  const media = writeFormatted(part.kind, part.source, guard ?? inner);
  if (media === null) return null;
  return guard === null ? { [part.kind]: media, ...outer } : { guardContent: { image: media }, ...outer };
}

function writeFormatted(kind: MediaKind, source: FilePart["source"], inner: JsonObject): JsonObject | null {
  const { s3Location, ...rest } = inner;
  const written = writeSource(source, asObject(s3Location));
  const format =
    (source.mediaType === null ? null : formatOf(kind, source.mediaType)) ??
    (source.kind === "url" ? formatOfUrl(kind, source.url) : null);
  if (written === null || (format === null && rest["format"] === undefined)) return null;
  return { format, source: written, ...rest };
}

/** `name`: as Converse allows it and different from the request's other documents; the writer of requests finds it. */
export function writeDocument(part: FilePart, name: string | null, isOwn: boolean): JsonObject | null {
  if (isOwn && part.extra?.["searchResult"] !== undefined) return part.extra;
  const [outer, inner] = splitExtra(part, "document", isOwn);
  const document = inner["source"] === undefined ? writeFormatted("document", part.source, inner) : inner;
  if (document === null) return null;
  return {
    document: {
      ...(name === null ? {} : { name }),
      ...document,
      ...(part.context === undefined ? {} : { context: part.context }),
      ...(part.isCited === undefined || inner["citations"] !== undefined
        ? {}
        : { citations: { enabled: part.isCited } }),
    },
    ...outer,
  };
}

/** `id`: as it stands on the wire, where Converse is stricter about ids than the caller's dialect. */
export function writeToolUse(part: ToolCallPart, id: string, isOwn: boolean): JsonObject {
  const [outer, inner] = splitExtra(part, "toolUse", isOwn);
  return { toolUse: { toolUseId: id, name: part.name, input: inputOf(part, isOwn), ...inner }, ...outer };
}

/** The input is one JSON value, an object to every model; what a model wrote that is none stands in one, as `input`. */
function inputOf(part: ToolCallPart, isOwn: boolean): Json {
  if (part.isCustom !== true) {
    try {
      const input = JSON.parse(part.arguments === "" ? "{}" : part.arguments) as Json;
      if (isOwn || asObject(input) !== null) return input;
    } catch {
      // broken JSON of a model's making is part of the conversation all the same
    }
  }
  return { input: part.arguments };
}

/** The result of a tool; `content` as written by the caller of this. */
export function writeToolResult(
  part: Extract<Part, { kind: "tool-result" }>,
  id: string,
  content: readonly JsonObject[],
  isOwn: boolean,
): JsonObject {
  const [outer, inner] = splitExtra(part, "toolResult", isOwn);
  return {
    toolResult: {
      toolUseId: id,
      content,
      ...(part.isError === undefined ? {} : { status: part.isError ? "error" : "success" }),
      ...inner,
    },
    ...outer,
  };
}

/** A native block of this dialect; null for another's. */
export function writeNative(part: Extract<Part, { kind: "native" }>): JsonObject | null {
  return part.dialect === OWN ? part.value : null;
}

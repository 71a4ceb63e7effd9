import type { Json, JsonObject } from "../../lib/json.ts";
import { nameOfFile } from "../file-types.ts";
import type { AudioPart, CacheHint, FilePart, ImagePart, Part, ReasoningPart, VideoPart } from "../neutral.ts";
import { textOfFile } from "../text-file.ts";
import { formOf } from "./form.ts";
import { audioFormatOf, urlOf } from "./media.ts";

/** How parts are written: for the dialect they were read from or another, with cache hints or without. */
export type ContentScope = {
  readonly isOwn: boolean;
  readonly takesCache: boolean;
};

/** A content part of a request; null for one that has no place in content (calls, results, reasoning in its own member). */
export function writePart(part: Part, scope: ContentScope): JsonObject | null {
  const body = writeBody(part, scope.isOwn);
  if (body === null) return null;
  const extra = scope.isOwn ? part.extra : undefined;
  const cache = part.cache !== undefined && scope.takesCache ? { cache_control: writeCache(part.cache) } : null;
  return extra === undefined && cache === null ? body : { ...mergeInner(body, extra), ...cache };
}

/** Unknown members of a part's inner object stand in `extra` under its name. */
function mergeInner(body: JsonObject, extra: JsonObject | undefined): JsonObject {
  if (extra === undefined) return body;
  const merged: Record<string, Json | undefined> = { ...body, ...extra };
  for (const name of INNER) {
    const inner = body[name];
    const rest = extra[name];
    if (typeof inner === "object" && typeof rest === "object") {
      merged[name] = { ...(inner as JsonObject), ...(rest as JsonObject) };
    }
  }
  return merged;
}

const INNER = ["image_url", "input_audio", "file", "video_url", "file_url"];

export function writeCache({ ttl }: CacheHint): JsonObject {
  return ttl === null ? { type: "ephemeral" } : { type: "ephemeral", ttl };
}

function writeBody(part: Part, isOwn: boolean): JsonObject | null {
  switch (part.kind) {
    case "text":
      return { type: "text", text: part.text };
    case "refusal":
      return { type: "refusal", refusal: part.text };
    case "image":
      return writeImage(part, isOwn);
    case "audio":
      return writeAudio(part, isOwn);
    case "video":
      return writeVideo(part);
    case "file":
      return writeFile(part, isOwn);
    case "reasoning":
      return isOwn ? writeThinking(part) : null;
    case "native":
      return part.dialect === "openai-chat" ? part.value : null;
    case "tool-call":
    case "tool-result":
      return null;
    default:
      return part satisfies never;
  }
}

function writeImage(part: ImagePart, isOwn: boolean): JsonObject | null {
  const url = urlOf(part.source);
  if (url === null) return null;
  if (isOwn && formOf(part).said === "url") return { type: "image_url", image_url: url };
  const { detail } = part;
  return {
    type: "image_url",
    // "original" is a word of the Responses API only.
    image_url: detail === undefined ? { url } : { url, detail: detail === "original" ? "high" : detail },
  };
}

function writeAudio({ source, ...part }: AudioPart, isOwn: boolean): JsonObject | null {
  if (isOwn && formOf(part).said === "bare") {
    return { type: "input_audio", input_audio: source.kind === "data" ? source.data : (urlOf(source) ?? "") };
  }
  if (source.kind !== "data") return null;
  return { type: "input_audio", input_audio: { data: source.data, format: audioFormatOf(source.mediaType) } };
}

function writeVideo({ source }: VideoPart): JsonObject | null {
  const url = urlOf(source);
  return url === null ? null : { type: "video_url", video_url: { url } };
}

function writeFile(part: FilePart, isOwn: boolean): JsonObject {
  const { source } = part;
  const type = isOwn ? part.extra?.["type"] : undefined;
  if (type === "file_url") return { type, file_url: { url: urlOf(source) ?? "" } };
  if (type === "document_url") {
    const name = part.name === undefined ? {} : { document_name: part.name };
    return { type, document_url: urlOf(source) ?? "", ...name };
  }
  if (source.kind === "file-id") {
    return { type: "file", file: { file_id: source.id, ...(part.name === undefined ? {} : { filename: part.name }) } };
  }
  // OpenAI takes PDF here and nothing else: https://platform.openai.com/docs/guides/pdf-files. Text is as good as text.
  if (!isOwn && source.kind === "data" && source.mediaType.startsWith("text/")) {
    return { type: "text", text: textOfFile(part) };
  }
  const name = isOwn && part.name === undefined ? {} : { filename: part.name ?? nameOfFile(source.mediaType ?? "") };
  return { type: "file", file: { ...name, file_data: urlOf(source) ?? "" } };
}

/** Mistral's form; null where the reasoning did not stand in the content. */
function writeThinking(part: ReasoningPart): JsonObject | null {
  const { pieces } = formOf(part);
  if (pieces === undefined) return null;
  let at = 0;
  const thinking = pieces.map((length) => ({ type: "text", text: part.text.slice(at, (at += length)) }));
  return { type: "thinking", thinking };
}

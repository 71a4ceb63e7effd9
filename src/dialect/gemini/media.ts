/** Images, sound, video and documents in Gemini's parts: https://ai.google.dev/gemini-api/docs/file-input-methods */
import { asString, compact, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import type { AudioPart, FilePart, ImagePart, MediaSource, VideoPart } from "../neutral.ts";

export type MediaPart = ImagePart | AudioPart | VideoPart | FilePart;

/** What a file's ending says, for URLs that come without a type; as the API's pages name them. */
const TYPE_OF_ENDING: Readonly<Record<string, string>> = tableOf({
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  heic: "image/heic",
  heif: "image/heif",
  wav: "audio/wav",
  mp3: "audio/mp3",
  aiff: "audio/aiff",
  aac: "audio/aac",
  ogg: "audio/ogg",
  flac: "audio/flac",
  mp4: "video/mp4",
  mpeg: "video/mpeg",
  mov: "video/mov",
  avi: "video/avi",
  webm: "video/webm",
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  html: "text/html",
});

/** Files that the Files API holds are named by an address of the API's own: https://ai.google.dev/api/files */
const HELD_FILE = /^(?:https:\/\/generativelanguage\.googleapis\.com\/[^/]+\/)?files\//;

/** YouTube's videos are given without a type: https://ai.google.dev/gemini-api/docs/video-understanding#youtube */
const YOUTUBE = /^https:\/\/(?:www\.)?(?:youtube\.com|youtu\.be)\//;

const INLINE_FIELDS = new Set(["mimeType", "data", "displayName"]);
const FILE_FIELDS = new Set(["mimeType", "fileUri", "displayName"]);

/** Whether a file's id is one of Gemini's. */
export function isHeldByGemini(id: string): boolean {
  return HELD_FILE.test(id);
}

/** A part of `inlineData` (a `Blob`), its fields in camel case. */
export function readInlineData(blob: JsonObject): MediaPart {
  const mediaType = asString(blob["mimeType"]) ?? "application/octet-stream";
  const source: MediaSource = { kind: "data", mediaType, data: asString(blob["data"]) ?? "" };
  return mediaPart(source, mediaType, asString(blob["displayName"]), restOf(blob, INLINE_FIELDS), "inlineData");
}

/** A part of `fileData`, its fields in camel case. */
export function readFileData(file: JsonObject): MediaPart {
  const uri = asString(file["fileUri"]) ?? "";
  const said = asString(file["mimeType"]);
  const source: MediaSource = isHeldByGemini(uri)
    ? { kind: "file-id", id: uri, mediaType: said }
    : { kind: "url", url: uri, mediaType: said };
  const mediaType = said ?? (YOUTUBE.test(uri) ? "video/*" : (typeOfUrl(uri) ?? ""));
  return mediaPart(source, mediaType, asString(file["displayName"]), restOf(file, FILE_FIELDS), "fileData");
}

function mediaPart(
  source: MediaSource,
  mediaType: string,
  name: string | null,
  rest: JsonObject | null,
  field: string,
): MediaPart {
  const said = kindOf(mediaType);
  // Sound by its address is a file to other APIs: they take sound as data only.
  const kind = said === "audio" && source.kind !== "data" ? "file" : said;
  const isNamed = name !== null && kind === "file";
  const kept = name === null || isNamed ? rest : { ...rest, displayName: name };
  const extra = kept === null ? {} : { extra: { [field]: kept } };
  return isNamed ? { kind: "file", source, name, ...extra } : { kind, source, ...extra };
}

function kindOf(mediaType: string): MediaPart["kind"] {
  if (mediaType.startsWith("image/")) return "image";
  if (mediaType.startsWith("audio/")) return "audio";
  return mediaType.startsWith("video/") ? "video" : "file";
}

/** The media type that a URL's ending says, or null. */
export function typeOfUrl(url: string): string | null {
  const ending = /\.([a-z0-9]{2,4})(?:[?#]|$)/i.exec(url)?.[1];
  return ending === undefined ? null : (TYPE_OF_ENDING[ending.toLowerCase()] ?? null);
}

/** The `inlineData` or `fileData` member of a part. `isOwn`: the part was read by this dialect, its `extra` is ours. */
export function writeMedia(part: MediaPart, isOwn: boolean): Record<string, Json> {
  const { source } = part;
  const extra = isOwn ? (part.extra ?? {}) : {};
  // AI Studio refuses a name that it did not ask for: it goes back only where it came from.
  const displayName = part.kind === "file" && isOwn ? part.name : undefined;
  if (source.kind === "data") {
    const mimeType = mimeTypeOf(source.mediaType, part.kind);
    return {
      inlineData: compact({ mimeType, data: source.data, displayName, ...(extra["inlineData"] as JsonObject) }),
    };
  }
  const fileUri = source.kind === "url" ? source.url : source.id;
  const mimeType = source.mediaType ?? (isOwn ? undefined : (typeOfUrl(fileUri) ?? undefined));
  return { fileData: compact({ fileUri, mimeType, displayName, ...(extra["fileData"] as JsonObject) }) };
}

/** 24 kHz, 16 bit, one channel: what Gemini speaks and what OpenAI calls pcm16. https://ai.google.dev/gemini-api/docs/speech-generation */
export const PCM_TYPE = "audio/L16;codec=pcm;rate=24000";

/** A media type from another dialect's word: some say "wav" or "pcm16" only. */
export function mimeTypeOf(mediaType: string, kind: MediaPart["kind"]): string {
  if (mediaType === "pcm16") return PCM_TYPE;
  return mediaType.includes("/") || kind !== "audio" ? mediaType : `audio/${mediaType}`;
}

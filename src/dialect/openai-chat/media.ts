import { type JsonObject, asString } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import type { FilePart, MediaSource } from "../neutral.ts";

/** A `data:` URL or any other. */
export function sourceOfUrl(url: string, mediaType: string | null = null): MediaSource {
  if (url.startsWith("data:")) {
    const comma = url.indexOf(",");
    const head = comma === -1 ? "" : url.slice(5, comma);
    if (head.endsWith(";base64")) {
      return {
        kind: "data",
        mediaType: head.slice(0, -7) || (mediaType ?? "application/octet-stream"),
        data: url.slice(comma + 1),
      };
    }
  }
  return { kind: "url", url, mediaType };
}

/** The URL of a source; null for a file the provider holds. */
export function urlOf(source: MediaSource): string | null {
  switch (source.kind) {
    case "data":
      return `data:${source.mediaType};base64,${source.data}`;
    case "url":
      return source.url;
    case "file-id":
      return null;
    default:
      return source satisfies never;
  }
}

/** Formats of `input_audio` by media type: https://platform.openai.com/docs/guides/audio; others go by their subtype. */
const AUDIO_FORMATS: Readonly<Record<string, string>> = tableOf({
  "audio/mpeg": "mp3",
  "audio/mp3": "mp3",
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/wave": "wav",
  "audio/vnd.wave": "wav",
  "audio/x-flac": "flac",
  "audio/x-m4a": "m4a",
  "audio/mp4": "m4a",
});

export function audioFormatOf(mediaType: string): string {
  const plain = mediaType.split(";")[0] ?? mediaType;
  return AUDIO_FORMATS[plain] ?? plain.slice(plain.indexOf("/") + 1);
}

export function audioTypeOf(format: string): string {
  return format === "mp3" ? "audio/mpeg" : format.includes("/") ? format : `audio/${format}`;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = tableOf({
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  html: "text/html",
  json: "application/json",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  mp4: "video/mp4",
  mov: "video/quicktime",
  webm: "video/webm",
});

/** The media type that a file's name or address speaks of; null where it says none. */
export function mediaTypeOfName(name: string): string | null {
  const path = name.split(/[?#]/)[0] ?? name;
  const dot = path.lastIndexOf(".");
  return dot === -1 ? null : (MEDIA_TYPES[path.slice(dot + 1).toLowerCase()] ?? null);
}

/** The file name that OpenAI wants beside a file's data. */
export function nameOfFile(part: FilePart): string {
  if (part.name !== undefined) return part.name;
  const found = Object.entries(MEDIA_TYPES).find(([, type]) => type === part.source.mediaType);
  return `file.${found?.[0] ?? "bin"}`;
}

/** A member that is an address itself or an object with one: Mistral's `image_url` is either. */
export function urlMember(part: JsonObject, name: string): string | null {
  const value = part[name];
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? asString((value as JsonObject)["url"])
    : null;
}

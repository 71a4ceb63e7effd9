import { type JsonObject, asString } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import type { MediaSource } from "../neutral.ts";

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

/** A member that is an address itself or an object with one: Mistral's `image_url` is either. */
export function urlMember(part: JsonObject, name: string): string | null {
  const value = part[name];
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? asString((value as JsonObject)["url"])
    : null;
}

import { tableOf } from "../lib/table.ts";

/** Media types by the endings of files' names. */
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

/** The name that OpenAI's APIs want beside a file's data: its ending tells them what it is. */
export function nameOfFile(mediaType: string): string {
  const known = Object.keys(MEDIA_TYPES).find((ending) => MEDIA_TYPES[ending] === mediaType);
  return `file.${known ?? /\/([a-z0-9]+)$/.exec(mediaType)?.[1] ?? "bin"}`;
}

/** Formats by their names in Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html and its neighbours. */
import { asObject, asString, type JsonObject, restOf } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import type { MediaSource } from "../neutral.ts";

export type MediaKind = "image" | "video" | "audio" | "document";

/** The first media type of a format is the one it is read as; the others are also written as it. */
const FORMATS: Readonly<Record<MediaKind, Readonly<Record<string, readonly [string, ...string[]]>>>> = {
  image: tableOf({
    png: ["image/png"],
    jpeg: ["image/jpeg", "image/jpg"],
    gif: ["image/gif"],
    webp: ["image/webp"],
  }),
  video: tableOf({
    mkv: ["video/x-matroska", "video/matroska"],
    mov: ["video/quicktime", "video/mov"],
    mp4: ["video/mp4"],
    webm: ["video/webm"],
    flv: ["video/x-flv"],
    mpeg: ["video/mpeg"],
    mpg: ["video/mpg"],
    wmv: ["video/x-ms-wmv", "video/wmv"],
    three_gp: ["video/3gpp"],
  }),
  audio: tableOf({
    mp3: ["audio/mpeg", "audio/mp3"],
    wav: ["audio/wav", "audio/x-wav", "audio/wave"],
    flac: ["audio/flac"],
    ogg: ["audio/ogg"],
    opus: ["audio/opus"],
    aac: ["audio/aac"],
    m4a: ["audio/mp4", "audio/m4a", "audio/x-m4a"],
    webm: ["audio/webm"],
    mka: ["audio/x-matroska"],
    pcm: ["audio/pcm", "audio/l16"],
    "x-aac": ["audio/x-aac"],
    mpga: ["audio/mpga"],
  }),
  document: tableOf({
    pdf: ["application/pdf"],
    csv: ["text/csv"],
    doc: ["application/msword"],
    docx: ["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
    xls: ["application/vnd.ms-excel"],
    xlsx: ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
    html: ["text/html"],
    md: ["text/markdown", "text/x-markdown"],
    txt: ["text/plain"],
  }),
};

/** The media type of a format; null for one that is not known. */
export function mediaTypeOf(kind: MediaKind, format: string | null): string | null {
  return (format === null ? undefined : FORMATS[kind][format]?.[0]) ?? null;
}

/** Converse's format for a media type; null where it has none. A text of any other kind is plain text to it. */
export function formatOf(kind: MediaKind, mediaType: string): string | null {
  const [bare = ""] = mediaType.toLowerCase().split(";", 1);
  const type = bare.trim();
  for (const format in FORMATS[kind]) if (FORMATS[kind][format]?.includes(type) === true) return format;
  const isText = type.startsWith("text/") || type === "application/json" || type === "application/xml";
  return kind === "document" && isText ? "txt" : null;
}

/** The format that a URL's path ends with; null where it says none. */
export function formatOfUrl(kind: MediaKind, url: string): string | null {
  const ending = /\.([a-z0-9]+)(?:[?#].*)?$/i.exec(url)?.[1]?.toLowerCase() ?? "";
  const format = ending === "jpg" ? "jpeg" : ending === "3gp" ? "three_gp" : ending === "htm" ? "html" : ending;
  return format in FORMATS[kind] ? format : null;
}

const SOURCE: ReadonlySet<string> = new Set(["bytes", "s3Location"]);
const S3: ReadonlySet<string> = new Set(["uri"]);

/** `{ bytes }` or `{ s3Location }`; `rest`: what of it the neutral form has no word for. Null for any other source. */
export function readSource(
  source: JsonObject | null,
  mediaType: string,
): { readonly source: MediaSource; readonly rest: JsonObject | null } | null {
  const bytes = asString(source?.["bytes"]);
  if (source === null || restOf(source, SOURCE) !== null) return null;
  if (bytes !== null) return { source: { kind: "data", mediaType, data: bytes }, rest: null };
  const s3 = asObject(source["s3Location"]);
  const uri = asString(s3?.["uri"]);
  if (s3 === null || uri === null) return null;
  return { source: { kind: "url", url: uri, mediaType }, rest: restOf(s3, S3) };
}

/** Bytes, or a place in S3; null for what Converse cannot be pointed at. */
export function writeSource(source: MediaSource, rest: JsonObject | null): JsonObject | null {
  if (source.kind === "data") return { bytes: source.data };
  if (source.kind === "url" && source.url.startsWith("s3://")) return { s3Location: { uri: source.url, ...rest } };
  return null;
}

import type { MediaSource } from "../neutral.ts";

/** A base64 `data:` URL (RFC 2397) as data; null for any other URL. Parameters of the media type are left out. */
export function parseDataUrl(url: string): Extract<MediaSource, { kind: "data" }> | null {
  if (!url.startsWith("data:")) return null;
  const comma = url.indexOf(",");
  if (comma === -1) return null;
  const [mediaType, ...parameters] = url.slice(5, comma).split(";");
  const payload = url.slice(comma + 1);
  const data = parameters.includes("base64") ? payload : Buffer.from(decodeLoosely(payload), "utf8").toString("base64");
  return { kind: "data", mediaType: mediaType === undefined || mediaType === "" ? "text/plain" : mediaType, data };
}

export function writeDataUrl({ mediaType, data }: Extract<MediaSource, { kind: "data" }>): string {
  return `data:${mediaType};base64,${data}`;
}

function decodeLoosely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray "%": the text as it stands is the best reading of it
  }
}

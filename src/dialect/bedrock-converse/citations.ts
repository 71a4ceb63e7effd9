/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Citation.html */
import { asArray, asCount, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import type { Citation } from "../neutral.ts";

const UNITS = tableOf({ documentChar: "char", documentPage: "page", documentChunk: "block" } as const);

/** A citation; what could not be written again as it was is kept whole. */
export function readCitation(citation: JsonObject): Citation {
  const location = asObject(citation["location"]);
  const [name = "", place = null] = location === null ? [] : firstMember(location);
  const unit = name === "searchResultLocation" ? "block" : (UNITS[name as keyof typeof UNITS] ?? null);
  const sources = asArray(citation["sourceContent"]).flatMap((item) => asString(asObject(item)?.["text"]) ?? []);
  const read: Citation = {
    url: name === "web" ? asString(place?.["url"]) : asString(citation["source"]),
    title: asString(citation["title"]),
    documentIndex: asCount(place?.["documentIndex"]) ?? asCount(place?.["searchResultIndex"]),
    documentId: null,
    citedText: sources.length === 0 ? null : sources.join(""),
    start: null,
    end: null,
    sourceStart: asCount(place?.["start"]),
    sourceEnd: asCount(place?.["end"]),
    sourceUnit: unit,
    extra: null,
  };
  return Bun.deepEquals(writeCitation(read, false), citation) ? read : { ...read, extra: citation };
}

function firstMember(location: JsonObject): [string, JsonObject | null] {
  const [name = ""] = Object.keys(location);
  return [name, asObject(location[name])];
}

/** The citation in this dialect's words; `isOwn`: it was read from this dialect. */
export function writeCitation(citation: Citation, isOwn: boolean): JsonObject {
  if (isOwn && citation.extra !== null) return citation.extra;
  const { url, title, citedText, documentIndex } = citation;
  const location = locationOf(citation);
  return {
    ...(title === null ? null : { title }),
    ...(url === null || location?.["web"] !== undefined ? null : { source: url }),
    ...(citedText === null ? null : { sourceContent: [{ text: citedText }] }),
    ...(location === null || (documentIndex === null && location["web"] === undefined) ? null : { location }),
  };
}

function locationOf(citation: Citation): JsonObject | null {
  const { url, documentIndex, sourceUnit } = citation;
  const range: Record<string, Json> = {};
  if (citation.sourceStart !== null) range["start"] = citation.sourceStart;
  if (citation.sourceEnd !== null) range["end"] = citation.sourceEnd;
  if (documentIndex === null) return url === null ? null : { web: { url } };
  if (sourceUnit === "block" && url !== null) {
    return { searchResultLocation: { searchResultIndex: documentIndex, ...range } };
  }
  switch (sourceUnit) {
    case "page":
      return { documentPage: { documentIndex, ...range } };
    case "block":
      return { documentChunk: { documentIndex, ...range } };
    case "char":
    case null:
      return { documentChar: { documentIndex, ...range } };
    default:
      return sourceUnit satisfies never;
  }
}

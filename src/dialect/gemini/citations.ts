/**
 * `groundingMetadata` (https://ai.google.dev/api/generate-content#GroundingMetadata) and `citationMetadata` of a candidate as citations
 * of its texts, and back. What they hold beside (search queries, the widget Google wants shown) stays in the choice's `extra`.
 */
import { asArray, asCount, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import { type Citation, NO_CITATION } from "../neutral.ts";
import { CountedText } from "./counted-text.ts";

/** What one candidate may cite: real ones have some dozens. */
const MAX_CITATIONS = 1_000;
/** A sentence or a paragraph; a citation of all of a longer text says its places alone. */
const MAX_SEGMENT_CHARS = 4_096;

/** A text in which a segment is looked for where its place is wrong. */
const MAX_SEARCHED_CHARS = 1024 * 1024;

/** A citation and which of the texts it belongs to. */
export type PlacedCitation = { readonly text: number; readonly citation: Citation };

/** `words`: the candidate's text parts in order; without any there is nothing to cite for. */
export function readCitations(candidate: JsonObject, words: readonly string[]): readonly PlacedCitation[] {
  if (words.length === 0) return [];
  const texts = words.map((text) => new CountedText(text));
  const placed: PlacedCitation[] = [];
  readGrounding(asObject(candidate["groundingMetadata"]), texts, placed);
  const metadata = asObject(candidate["citationMetadata"]);
  for (const item of asArray(metadata?.["citations"] ?? metadata?.["citationSources"]).slice(0, MAX_CITATIONS)) {
    const source = asObject(item);
    const url = asString(source?.["uri"]);
    const title = asString(source?.["title"]);
    if (source === null || (url === null && title === null) || placed.length >= MAX_CITATIONS) continue;
    const end = asCount(source["endIndex"]);
    const span = spanOf(texts, asCount(source["startIndex"]) ?? 0, end, null);
    placed.push({ text: span.text, citation: { ...NO_CITATION, url, title, start: span.start, end: span.end } });
  }
  return placed;
}

function readGrounding(grounding: JsonObject | null, texts: readonly CountedText[], placed: PlacedCitation[]): void {
  if (grounding === null) return;
  const chunks = asArray(grounding["groundingChunks"]).map(sourceOf);
  const cited = new Set<number>();
  for (const item of asArray(grounding["groundingSupports"]).slice(0, MAX_CITATIONS)) {
    const support = asObject(item);
    const segment = asObject(support?.["segment"]);
    if (support === null || segment === null) continue;
    // 0 is left out of the API's JSON.
    const start = asCount(segment["startIndex"]) ?? 0;
    const span = spanOf(texts, start, asCount(segment["endIndex"]), asString(segment["text"]));
    for (const chunk of asArray(support["groundingChunkIndices"])) {
      const index = asNumber(chunk);
      const source = index === null ? undefined : chunks[index];
      if (source === undefined || source === null || index === null || placed.length >= MAX_CITATIONS) continue;
      cited.add(index);
      placed.push({ text: span.text, citation: { ...source, start: span.start, end: span.end } });
    }
  }
  for (const [index, source] of chunks.entries()) {
    if (source === null || cited.has(index) || placed.length >= MAX_CITATIONS) continue;
    placed.push({ text: texts.length - 1, citation: source });
  }
}

/** A chunk of the web, of a retrieved document, of a map; null for anything else. */
function sourceOf(item: Json): Citation | null {
  const chunk = asObject(item) ?? {};
  const source = asObject(chunk["web"] ?? chunk["retrievedContext"] ?? chunk["maps"] ?? chunk["image"]);
  if (source === null) return null;
  return {
    ...NO_CITATION,
    url: asString(source["uri"]) ?? asString(source["sourceUri"]),
    title: asString(source["title"]),
    documentId: asString(source["documentName"]),
    citedText: asString(source["text"]),
  };
}

type Span = { readonly text: number; readonly start: number | null; readonly end: number | null };

/** Bytes of UTF-8 as UTF-16 units of the text that holds them; the segment's own text proves the place where it is given. */
function spanOf(texts: readonly CountedText[], start: number, end: number | null, proof: string | null): Span {
  for (const [index, counted] of texts.entries()) {
    if (end === null) break;
    const from = counted.unitsOf(start);
    const to = counted.unitsOf(end);
    if (from === null || to === null || (proof !== null && counted.text.slice(from, to) !== proof)) continue;
    return { text: index, start: from, end: to };
  }
  if (proof !== null && proof !== "") {
    for (const [index, { text }] of texts.entries()) {
      const at = text.length > MAX_SEARCHED_CHARS ? -1 : text.indexOf(proof);
      if (at !== -1) return { text: index, start: at, end: at + proof.length };
    }
  }
  return { text: texts.length - 1, start: null, end: null };
}

/** `groundingMetadata` for citations of another API, the first thousand; null where there are none. */
export function writeGrounding(
  texts: readonly { readonly text: string; readonly citations: readonly Citation[]; readonly partIndex: number }[],
): JsonObject | null {
  const chunks: JsonObject[] = [];
  const indices = new Map<string, number>();
  const supports: JsonObject[] = [];
  for (const { text, citations, partIndex } of texts) {
    const told = citations.slice(0, MAX_CITATIONS - supports.length);
    if (told.length === 0) continue;
    const bytesBefore = countBytes(text, told);
    for (const citation of told) {
      const key = `${citation.url} ${citation.documentId} ${citation.documentIndex} ${citation.title}`;
      let index = indices.get(key);
      if (index === undefined) {
        index = chunks.push(chunkOf(citation)) - 1;
        indices.set(key, index);
      }
      const { from, to } = placeOf(citation, text);
      supports.push({
        segment: {
          ...(partIndex === 0 ? {} : { partIndex }),
          ...(from === 0 ? {} : { startIndex: bytesBefore.get(from) ?? 0 }),
          endIndex: bytesBefore.get(to) ?? 0,
          // Said again of each citation: of a long text a thousand times would be gigabytes.
          ...(to - from > MAX_SEGMENT_CHARS ? {} : { text: text.slice(from, to) }),
        },
        groundingChunkIndices: [index],
      });
    }
  }
  return chunks.length === 0 ? null : { groundingChunks: chunks, groundingSupports: supports };
}

function placeOf({ start, end }: Citation, text: string): { readonly from: number; readonly to: number } {
  const inside = (offset: number): number => Math.max(0, Math.min(text.length, Math.trunc(offset)));
  return { from: inside(start ?? 0), to: inside(end ?? text.length) };
}

/** Bytes of UTF-8 before each place that is cited, in one walk through the text. */
function countBytes(text: string, citations: readonly Citation[]): ReadonlyMap<number, number> {
  const places = citations.flatMap((citation) => {
    const { from, to } = placeOf(citation, text);
    return [from, to];
  });
  const counted = new Map<number, number>();
  let at = 0;
  let bytes = 0;
  for (const place of places.toSorted((one, other) => one - other)) {
    bytes += Buffer.byteLength(text.slice(at, place));
    at = place;
    counted.set(place, bytes);
  }
  return counted;
}

function chunkOf({ url, title, citedText, documentId, documentIndex }: Citation): JsonObject {
  if (url !== null) return { web: { uri: url, ...(title === null ? {} : { title }) } };
  const name = documentId ?? (documentIndex === null ? null : `documents/${documentIndex}`);
  return {
    retrievedContext: {
      ...(title === null ? {} : { title }),
      ...(citedText === null ? {} : { text: citedText }),
      ...(name === null ? {} : { documentName: name }),
    },
  };
}

/**
 * `groundingMetadata` (https://ai.google.dev/api/generate-content#GroundingMetadata) and `citationMetadata` of a candidate as citations
 * of its texts, and back. What they hold beside (search queries, the widget Google wants shown) stays in the choice's `extra`.
 */
import { asArray, asCount, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import { type Citation, NO_CITATION } from "../neutral.ts";

/** What one candidate may cite: real ones have some dozens. */
const MAX_CITATIONS = 1_000;

/** A citation and which of the texts it belongs to. */
export type PlacedCitation = { readonly text: number; readonly citation: Citation };

/** `texts`: the candidate's text parts in order; without any there is nothing to cite for. */
export function readCitations(candidate: JsonObject, texts: readonly string[]): readonly PlacedCitation[] {
  if (texts.length === 0) return [];
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

function readGrounding(grounding: JsonObject | null, texts: readonly string[], placed: PlacedCitation[]): void {
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
function spanOf(texts: readonly string[], start: number, end: number | null, proof: string | null): Span {
  for (const [index, text] of texts.entries()) {
    if (end === null) break;
    const from = unitsOf(text, start);
    const to = unitsOf(text, end);
    if (from === null || to === null || (proof !== null && text.slice(from, to) !== proof)) continue;
    return { text: index, start: from, end: to };
  }
  if (proof !== null && proof !== "") {
    for (const [index, text] of texts.entries()) {
      const at = text.indexOf(proof);
      if (at !== -1) return { text: index, start: at, end: at + proof.length };
    }
  }
  return { text: texts.length - 1, start: null, end: null };
}

/** UTF-16 units that the first bytes of a text make; null beyond its end. */
function unitsOf(text: string, bytes: number): number | null {
  // Fewer units than bytes, so a text without any other than ASCII is the common and the quick case.
  const encoded = Buffer.from(text, "utf8");
  if (bytes > encoded.length) return null;
  return encoded.length === text.length ? bytes : encoded.toString("utf8", 0, bytes).length;
}

/** `groundingMetadata` for citations of another API; null where there are none. */
export function writeGrounding(
  texts: readonly { readonly text: string; readonly citations: readonly Citation[]; readonly partIndex: number }[],
): JsonObject | null {
  const chunks: JsonObject[] = [];
  const indices = new Map<string, number>();
  const supports: JsonObject[] = [];
  for (const { text, citations, partIndex } of texts) {
    for (const citation of citations) {
      const key = `${citation.url} ${citation.documentId} ${citation.documentIndex} ${citation.title}`;
      let index = indices.get(key);
      if (index === undefined) {
        index = chunks.push(chunkOf(citation)) - 1;
        indices.set(key, index);
      }
      const { start, end } = citation;
      const from = start ?? 0;
      const to = end ?? text.length;
      supports.push({
        segment: {
          ...(partIndex === 0 ? {} : { partIndex }),
          ...(from === 0 ? {} : { startIndex: Buffer.byteLength(text.slice(0, from)) }),
          endIndex: Buffer.byteLength(text.slice(0, to)),
          text: text.slice(from, to),
        },
        groundingChunkIndices: [index],
      });
    }
  }
  return chunks.length === 0 ? null : { groundingChunks: chunks, groundingSupports: supports };
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

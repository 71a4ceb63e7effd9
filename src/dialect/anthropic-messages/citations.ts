import { asCount, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { type Citation, NO_CITATION } from "../neutral.ts";

/** Members with a word in the neutral form, by the citation's type: https://platform.claude.com/docs/en/build-with-claude/citations */
const COMMON = ["type", "cited_text"];
const CHAR = new Set([...COMMON, "document_index", "document_title", "start_char_index", "end_char_index"]);
const PAGE = new Set([...COMMON, "document_index", "document_title", "start_page_number", "end_page_number"]);
const BLOCK = new Set([...COMMON, "document_index", "document_title", "start_block_index", "end_block_index"]);
const WEB = new Set([...COMMON, "url", "title"]);
const SEARCH = new Set([...COMMON, "source", "title", "start_block_index", "end_block_index"]);

/** A citation of any type; one of an unknown type is kept whole. */
export function readCitation(citation: JsonObject): Citation {
  const citedText = asString(citation["cited_text"]);
  switch (citation["type"]) {
    case "char_location":
      return located(citation, CHAR, "char", "start_char_index", "end_char_index");
    case "page_location":
      return located(citation, PAGE, "page", "start_page_number", "end_page_number");
    case "content_block_location":
      return located(citation, BLOCK, "block", "start_block_index", "end_block_index");
    case "web_search_result_location":
      return {
        ...NO_CITATION,
        citedText,
        url: asString(citation["url"]),
        title: asString(citation["title"]),
        extra: restOf(citation, WEB),
      };
    case "search_result_location":
      return {
        ...NO_CITATION,
        citedText,
        url: asString(citation["source"]),
        title: asString(citation["title"]),
        sourceStart: asCount(citation["start_block_index"]),
        sourceEnd: asCount(citation["end_block_index"]),
        sourceUnit: "block",
        extra: restOf(citation, SEARCH),
      };
    default:
      return { ...NO_CITATION, citedText, extra: citation };
  }
}

function located(
  citation: JsonObject,
  known: ReadonlySet<string>,
  sourceUnit: "char" | "page" | "block",
  start: string,
  end: string,
): Citation {
  return {
    ...NO_CITATION,
    citedText: asString(citation["cited_text"]),
    title: asString(citation["document_title"]),
    documentIndex: asCount(citation["document_index"]),
    sourceStart: asCount(citation[start]),
    sourceEnd: asCount(citation[end]),
    sourceUnit,
    extra: restOf(citation, known),
  };
}

/** The citation in this dialect's words; null for one that names neither a page nor a document. */
export function writeCitation(citation: Citation, isOwn: boolean): JsonObject | null {
  const extra = isOwn ? citation.extra : null;
  if (typeof extra?.["type"] === "string") return extra;
  const { url, title, sourceUnit, documentIndex } = citation;
  const cited_text = citation.citedText ?? "";
  if (sourceUnit === "block" && url !== null) {
    const { sourceStart, sourceEnd } = citation;
    return {
      type: "search_result_location",
      cited_text,
      source: url,
      title,
      start_block_index: sourceStart ?? 0,
      end_block_index: sourceEnd ?? 0,
      ...(isOwn ? extra : { search_result_index: documentIndex ?? 0 }),
    };
  }
  if (url !== null) {
    // The index is Anthropic's own proof of the find; of another provider's there is none.
    return { type: "web_search_result_location", cited_text, url, title, ...(isOwn ? extra : { encrypted_index: "" }) };
  }
  if (documentIndex === null) return null;
  const written: Record<string, Json> = { type: "", cited_text, document_index: documentIndex, document_title: title };
  const start = citation.sourceStart ?? 0;
  const end = citation.sourceEnd ?? 0;
  switch (sourceUnit) {
    case "page":
      Object.assign(written, { type: "page_location", start_page_number: start, end_page_number: end });
      break;
    case "block":
      Object.assign(written, { type: "content_block_location", start_block_index: start, end_block_index: end });
      break;
    case "char":
    case null:
      Object.assign(written, { type: "char_location", start_char_index: start, end_char_index: end });
      break;
    default:
      sourceUnit satisfies never;
  }
  return Object.assign(written, isOwn ? extra : { file_id: null });
}

/** A list of citations, for a text block. */
export function readCitations(value: Json | undefined): readonly Citation[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).flatMap((item) => {
    const citation = asObject(item);
    return citation === null ? [] : [readCitation(citation)];
  });
}

export function writeCitations(citations: readonly Citation[] | undefined, isOwn: boolean): JsonObject[] {
  return (citations ?? []).flatMap((citation) => {
    const written = writeCitation(citation, isOwn);
    return written === null ? [] : [written];
  });
}

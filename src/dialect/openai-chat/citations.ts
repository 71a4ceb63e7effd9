import { type Json, type JsonObject, asArray, asNumber, asObject, asString, restOf } from "../../lib/json.ts";
import { type Citation, NO_CITATION } from "../neutral.ts";

const KNOWN: ReadonlySet<string> = new Set(["url", "title", "start_index", "end_index", "content"]);

/** A text's numbers refer to a few dozen pages; each choice tells all of them. */
const MAX_LISTED = 1_000;

/** A message's annotations: those of web pages as citations, the others (OpenRouter's parsed files) as they are. */
export type ReadAnnotations = { readonly citations: readonly Citation[]; readonly others: readonly Json[] };

/** https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat#output-and-citations; `content` is OpenRouter's. */
export function readAnnotations(value: Json | undefined): ReadAnnotations {
  const citations: Citation[] = [];
  const others: Json[] = [];
  for (const annotation of asArray(value)) {
    const page = asObject(asObject(annotation)?.["url_citation"]);
    if (page === null) others.push(annotation);
    else citations.push(citationOf(page));
  }
  return { citations, others };
}

function citationOf(page: JsonObject): Citation {
  const start = asNumber(page["start_index"]);
  const end = asNumber(page["end_index"]);
  // OpenRouter says 0 to 0 of a page that is cited as a whole: that is no place in the text.
  const isPlaced = start !== null && end !== null && end > start;
  const rest: Record<string, Json> = { ...(restOf(page, KNOWN) as Record<string, Json> | null) };
  if (!isPlaced && page["start_index"] !== undefined) rest["start_index"] = page["start_index"];
  if (!isPlaced && page["end_index"] !== undefined) rest["end_index"] = page["end_index"];
  return {
    ...NO_CITATION,
    url: asString(page["url"]),
    title: asString(page["title"]),
    citedText: asString(page["content"]),
    start: isPlaced ? start : null,
    end: isPlaced ? end : null,
    extra: Object.keys(rest).length === 0 ? null : rest,
  };
}

/**
 * Perplexity's `citations`: addresses, to which the text's [1], [2] … refer, with titles in `search_results`
 * (https://docs.perplexity.ai/api-reference/chat-completions-post). The lists themselves are kept among the answer's extra members;
 * `extra.citations` marks what came from there.
 */
export function readCitationList(citations: Json | undefined, results: Json | undefined): readonly Citation[] {
  const found = new Map<unknown, JsonObject | null>();
  for (const result of asArray(results).slice(0, MAX_LISTED)) {
    const page = asObject(result);
    if (!found.has(page?.["url"])) found.set(page?.["url"], page);
  }
  const listed = asArray(citations).slice(0, MAX_LISTED);
  return listed.flatMap((url, at) => {
    if (typeof url !== "string") return [];
    const result = found.get(url);
    return [{ ...NO_CITATION, url, title: asString(result?.["title"]), extra: { citations: at } }];
  });
}

/** An annotation; null for what is no web page, or stands in a list of its own. `isOwn`: it was read from this dialect. */
export function writeAnnotation(citation: Citation, isOwn: boolean): JsonObject | null {
  const extra = isOwn ? citation.extra : null;
  if (citation.url === null || extra?.["citations"] !== undefined) return null;
  const page: Record<string, Json> = { url: citation.url };
  if (citation.title !== null || !isOwn) page["title"] = citation.title ?? "";
  if (citation.start !== null || !isOwn) page["start_index"] = citation.start ?? 0;
  if (citation.end !== null || !isOwn) page["end_index"] = citation.end ?? 0;
  if (citation.citedText !== null) page["content"] = citation.citedText;
  return { type: "url_citation", url_citation: { ...page, ...extra } };
}

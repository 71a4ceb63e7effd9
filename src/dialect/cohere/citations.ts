import { asArray, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import { type Citation, NO_CITATION } from "../neutral.ts";
import type { OffsetMap } from "./offsets.ts";

/** The id Cohere gives a document that came without one: its place among them. */
const AUTOMATIC_ID = /^doc:(\d{1,6})$/;

/**
 * A citation of Cohere's (https://docs.cohere.com/docs/citations) as neutral ones, one for each of its sources. `extra` keeps
 * what the neutral form has no word for: the source as it came, `type`, `content_index` and `text`, which is the cited piece of
 * the answer, not of the source.
 */
export function readCitation(citation: JsonObject, offsets: OffsetMap): readonly Citation[] {
  const { start, end, sources, ...rest } = citation;
  const from = asNumber(start);
  const to = asNumber(end);
  const placed: Citation = {
    ...NO_CITATION,
    start: from === null ? null : offsets.toUnits(from),
    end: to === null ? null : offsets.toUnits(to),
  };
  const list = asArray(sources);
  if (list.length === 0) return [{ ...placed, extra: rest }];
  return list.map((item) => {
    const source = asObject(item);
    const id = asString(source?.["id"]);
    const document = asObject(source?.["document"]);
    const place = source?.["type"] === "document" && id !== null ? AUTOMATIC_ID.exec(id) : null;
    return {
      ...placed,
      url: asString(document?.["url"]),
      title: asString(document?.["title"]),
      documentIndex: place === null ? null : Number(place[1]),
      documentId: id,
      extra: { ...rest, source: item },
    };
  });
}

/** One citation as Cohere writes it; `text` is the whole of the part it stands on, or null where that was not kept. */
export function writeCitation(
  group: readonly Citation[],
  index: number,
  text: string | null,
  offsets: OffsetMap,
): JsonObject {
  const first = group[0] as Citation;
  const start = first.start ?? 0;
  const end = first.end ?? offsets.length;
  const own = asObject(first.extra?.["source"]) !== null || first.extra?.["type"] !== undefined ? first.extra : null;
  const { source: _, ...kept } = own ?? {};
  const members =
    own === null
      ? { ...(text === null ? {} : { text: text.slice(start, end) }), type: "TEXT_CONTENT", content_index: index }
      : kept;
  return {
    start: offsets.toCodePoints(start),
    end: offsets.toCodePoints(end),
    ...members,
    sources: group.flatMap((citation): Json[] => {
      const source = asObject(citation.extra?.["source"]);
      if (source !== null) return [source];
      return own === null ? [writeSource(citation)] : [];
    }),
  };
}

function writeSource({ url, title, documentIndex, documentId, citedText }: Citation): JsonObject {
  const id = documentId ?? (documentIndex === null ? (url ?? "doc:0") : `doc:${documentIndex}`);
  return {
    type: "document",
    id,
    document: {
      id,
      ...(title === null ? {} : { title }),
      ...(url === null ? {} : { url }),
      ...(citedText === null ? {} : { text: citedText }),
    },
  };
}

/** Whether two neutral citations are one of Cohere's with two sources. */
export function isSamePlace(one: Citation, other: Citation): boolean {
  return one.start === other.start && one.end === other.end;
}

/** Neighbours at the same place, together. */
export function groupCitations(citations: readonly Citation[]): readonly (readonly Citation[])[] {
  const groups: Citation[][] = [];
  for (const citation of citations) {
    const last = groups.at(-1);
    if (last !== undefined && isSamePlace(last[0] as Citation, citation)) last.push(citation);
    else groups.push([citation]);
  }
  return groups;
}

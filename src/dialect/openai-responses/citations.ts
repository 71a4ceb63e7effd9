import { asNumber, asObject, asString, type JsonObject } from "../../lib/json.ts";
import { type Citation, NO_CITATION } from "../neutral.ts";
import { leftover } from "./leftover.ts";

/** An annotation of an `output_text`; its `type`, and what has no neutral word, stay in `extra`. */
export function readCitation(annotation: JsonObject): Citation {
  const type = asString(annotation["type"]);
  switch (type) {
    case "url_citation": {
      const read = {
        url: asString(annotation["url"]),
        title: asString(annotation["title"]),
        start: asNumber(annotation["start_index"]),
        end: asNumber(annotation["end_index"]),
      };
      const { url, title, start, end } = read;
      return {
        ...NO_CITATION,
        ...read,
        extra: leftover(annotation, { url, title, start_index: start, end_index: end }),
      };
    }
    case "file_citation":
    case "file_path":
    case "container_file_citation": {
      const documentId = asString(annotation["file_id"]);
      const title = asString(annotation["filename"]);
      const index = asNumber(annotation["index"]);
      const start = asNumber(annotation["start_index"]);
      const end = asNumber(annotation["end_index"]);
      return {
        ...NO_CITATION,
        documentId,
        title,
        start: start ?? index,
        end: end ?? index,
        extra: leftover(annotation, {
          file_id: documentId,
          filename: title,
          index,
          start_index: start,
          end_index: end,
        }),
      };
    }
    default:
      return { ...NO_CITATION, extra: annotation };
  }
}

/**
 * An annotation for a citation. `textLength` is the length of the text it stands in, for a citation of the whole part: this API
 * always says where.
 */
export function writeCitation(citation: Citation, textLength: number): JsonObject {
  const { url, title, documentId, start, end, extra } = citation;
  const type = asString(extra?.["type"]);
  switch (type) {
    case "url_citation":
      return withoutNulls({ url, title, start_index: start, end_index: end, ...asObject(extra) });
    case "container_file_citation":
      return withoutNulls({ file_id: documentId, filename: title, start_index: start, end_index: end, ...extra });
    case "file_citation":
    case "file_path":
      return start === end
        ? withoutNulls({ file_id: documentId, filename: title, index: start, ...extra })
        : withoutNulls({ file_id: documentId, filename: title, start_index: start, end_index: end, ...extra });
    default:
      break;
  }
  if (type !== null && isUnread(citation)) return extra as JsonObject;
  if (url !== null) {
    return {
      type: "url_citation",
      url,
      title: title ?? url,
      start_index: start ?? 0,
      end_index: end ?? textLength,
    };
  }
  // A document of the request: it has no file id here, and what it is called is all there is to name it by.
  const name = title ?? documentId ?? `document ${(citation.documentIndex ?? 0) + 1}`;
  return {
    type: "file_citation",
    file_id: documentId ?? `document_${citation.documentIndex ?? 0}`,
    filename: name,
    index: end ?? textLength,
  };
}

/** An annotation of a type we do not know: all of it is in `extra`. */
function isUnread({ url, title, documentId, documentIndex, citedText }: Citation): boolean {
  return url === null && title === null && documentId === null && documentIndex === null && citedText === null;
}

function withoutNulls(object: Record<string, JsonObject[string]>): JsonObject {
  for (const key in object) if (object[key] === null || object[key] === undefined) delete object[key];
  return object;
}

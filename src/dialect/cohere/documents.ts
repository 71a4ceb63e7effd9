import { asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { FilePart, TextPart } from "../neutral.ts";
import { plainText } from "../text-file.ts";

/** Members of a document's data that have a word in the neutral form. */
const KNOWN_DATA = new Set(["text", "snippet", "title"]);

/**
 * A document that the answer may cite (https://docs.cohere.com/reference/chat, `documents`): a string, or data fields with an
 * id. It becomes a text file to be cited; fields beside text and title are its context, as JSON, so that another model reads
 * them too. `extra.document` is the document as it came.
 */
export function readDocument(document: Json): FilePart {
  if (typeof document === "string") return textFile(document, { isCited: true });
  const object = asObject(document) ?? {};
  // A string for data is allowed in a tool's result.
  const data = asObject(object["data"]) ?? { text: asString(object["data"]) ?? "" };
  const id = asString(object["id"]);
  const text = asString(data["text"]) ?? asString(data["snippet"]);
  const others: Record<string, Json> = {};
  for (const key in data) {
    const value = data[key];
    if (value !== undefined && !(KNOWN_DATA.has(key) && typeof value === "string")) others[key] = value;
  }
  const hasOthers = Object.keys(others).length > 0;
  const name = asString(data["title"]) ?? id;
  return textFile(text ?? (hasOthers ? JSON.stringify(others) : ""), {
    isCited: true,
    ...(name === null ? {} : { name }),
    ...(text !== null && hasOthers ? { context: JSON.stringify(others) } : {}),
    extra: { document },
  });
}

/**
 * A document of a tool's result. Elsewhere results are text (files in them only few models take), and a tool's data is what the model
 * reads: it is said as its JSON. `extra.document` is the document as it came.
 */
export function readResultDocument(document: Json): TextPart {
  const data = typeof document === "string" ? document : (asObject(document)?.["data"] ?? "");
  return { kind: "text", text: typeof data === "string" ? data : JSON.stringify(data), extra: { document } };
}

function textFile(text: string, rest: Omit<FilePart, "kind" | "source">): FilePart {
  return {
    kind: "file",
    source: plainText(text),
    ...rest,
  };
}

/** A text file as a document; where it was read from one, that one. `null`: it holds no text. */
export function writeDocument(part: FilePart, isOwn: boolean): string | JsonObject | null {
  const own = isOwn ? part.extra?.["document"] : undefined;
  if (typeof own === "string" || asObject(own) !== null) return own as string | JsonObject;
  if (part.source.kind !== "data") return null;
  const text = Buffer.from(part.source.data, "base64").toString("utf8");
  if (part.name === undefined && part.context === undefined) return isOwn ? text : { data: { text } };
  return {
    data: {
      ...(part.name === undefined ? {} : { title: part.name }),
      ...(part.context === undefined ? {} : { context: part.context }),
      text,
    },
  };
}

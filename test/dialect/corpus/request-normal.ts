/** A request without what says nothing, so that writing it back may leave it out. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import { isObject, object, type MutableJson } from "./oracle/oracle.ts";

const TEXT_TYPES = new Set(["text", "input_text", "output_text"]);

/**
 * Null and absent are the same, so are an empty list and none, `stream: false` and no word of it, one text as a list of one and as
 * a string, a settings object without members and none. Inside schemas and tools' arguments nothing is touched.
 */
export function normaliseRequest(body: JsonObject, dialect: DialectId): JsonObject {
  const clean: MutableJson = { ...object(tidy(body, "", dialect === "gemini")) };
  if (clean["stream"] === false) delete clean["stream"];
  for (const [key, value] of Object.entries(clean)) {
    if (isObject(value) && Object.keys(value).length === 0) delete clean[key];
  }
  return clean as JsonObject;
}

/** Members whose inside is the caller's own JSON. */
const FOREIGN = new Set([
  "parameters",
  "input_schema",
  "schema",
  "parametersJsonSchema",
  "parameters_json_schema",
  "responseSchema",
  "responseJsonSchema",
  "inputSchema",
  "args",
  "metadata",
]);

/** Gemini's servers read both spellings of a member's name (https://protobuf.dev/programming-guides/json/). */
function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function tidy(value: Json, key: string, isCamel: boolean): Json {
  if (FOREIGN.has(key) && isObject(value)) return value;
  if (Array.isArray(value)) {
    const items = value.map((one) => tidy(one as Json, "", isCamel));
    const only = items.length === 1 ? object(items[0]) : {};
    const isBareText =
      Object.keys(only).length === 2 && TEXT_TYPES.has(String(only["type"])) && typeof only["text"] === "string";
    return isBareText && (key === "content" || key === "system" || key === "output") ? (only["text"] as string) : items;
  }
  if (!isObject(value)) return value;
  const clean: MutableJson = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === null || member === undefined) continue;
    const inner = tidy(member, name, isCamel);
    if (Array.isArray(inner) && inner.length === 0) continue;
    clean[isCamel ? camelCase(name) : name] = inner;
  }
  return clean as JsonObject;
}

import { asArray, asObject, type Json, type JsonObject } from "../../lib/json.ts";

/** Constraints that structured outputs refuse; they are told to the model in the description instead. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "maxItems",
  "uniqueItems",
  "contains",
  "minContains",
  "maxContains",
  "prefixItems",
  "unevaluatedItems",
  "minProperties",
  "maxProperties",
  "patternProperties",
  "propertyNames",
  "propertyOrdering",
  "nullable",
  "example",
]);
const FORMATS: ReadonlySet<string> = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid",
]);
/** A schema this deep is none that a model could follow. */
const MAX_DEPTH = 64;

/**
 * A JSON schema as structured outputs take it: objects are closed, and constraints that are refused become words:
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 */
export function writeSchema(schema: JsonObject, depth = 0): JsonObject {
  if (depth > MAX_DEPTH) return schema;
  const inner = (value: Json | undefined): Json => {
    const object = asObject(value);
    return object === null ? (value ?? null) : writeSchema(object, depth + 1);
  };
  const each = (value: Json | undefined): Json => {
    const object = asObject(value);
    if (object === null) return value ?? null;
    return Object.fromEntries(Object.entries(object).map(([name, member]) => [name, inner(member)]));
  };
  const written: Record<string, Json> = {};
  const told: string[] = [];
  for (const key in schema) {
    const value = schema[key];
    if (value === undefined || key === "$schema") continue;
    if (key === "properties" || key === "$defs" || key === "definitions") written[key] = each(value);
    else if (key === "items") written[key] = inner(value);
    else if (key === "anyOf" || key === "allOf") written[key] = asArray(value).map(inner);
    else if (key === "oneOf") written["anyOf"] = asArray(value).map(inner);
    else if (key === "additionalProperties") continue;
    else if (key === "minItems" && value !== 0 && value !== 1) told.push(`${key}: ${JSON.stringify(value)}`);
    else if (key === "format" && !FORMATS.has(String(value))) told.push(`${key}: ${JSON.stringify(value)}`);
    else if (UNSUPPORTED.has(key)) told.push(`${key}: ${JSON.stringify(value)}`);
    else written[key] = value;
  }
  const type = schema["type"];
  const isObject = type === "object" || (Array.isArray(type) && type.includes("object"));
  if (isObject || schema["properties"] !== undefined) written["additionalProperties"] = false;
  if (told.length > 0) {
    const description = typeof schema["description"] === "string" ? `${schema["description"]}\n\n` : "";
    written["description"] = `${description}{${told.join(", ")}}`;
  }
  return written;
}

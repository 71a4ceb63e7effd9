/** Between JSON Schema and Gemini's `Schema`, a subset of OpenAPI's: https://ai.google.dev/api/caching#Schema */
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import { camelize } from "./spelling.ts";

/** The `Schema` that a JSON Schema was read from, so that the same dialect gets it back as it came. */
const ORIGINALS = new WeakMap<JsonObject, JsonObject>();

/** Fields that hold one schema, a list of them, a map of them. */
const ONE = new Set(["items", "additionalProperties", "not"]);
const MANY = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const MAPS = new Set(["properties", "$defs", "patternProperties"]);
/** int64 in the .proto file, which its JSON writes as a string. */
const COUNTS = new Set(["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"]);

/** A `Schema` as JSON Schema: types in lower case, `nullable` as a type, and properties in the order that was asked for. */
export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const read = readSchema(schema);
  ORIGINALS.set(read, schema);
  return read;
}

/**
 * A JSON Schema as a Gemini request carries it: whole, in the field for JSON Schema, so that no keyword is lost. (`parametersJsonSchema`
 * at https://ai.google.dev/api/caching#FunctionDeclaration, `responseJsonSchema` at
 * https://ai.google.dev/api/generate-content#GenerationConfig; each excludes the field of the other form.)
 */
export function writtenSchemaOf(schema: JsonObject): { readonly isJsonSchema: boolean; readonly value: JsonObject } {
  const original = ORIGINALS.get(schema);
  return original === undefined ? { isJsonSchema: true, value: schema } : { isJsonSchema: false, value: original };
}

function readSchema(spelled: JsonObject): JsonObject {
  const schema = camelize(spelled);
  const read: Record<string, Json> = {};
  for (const key in schema) {
    const value = schema[key] as Json;
    switch (key) {
      case "type": {
        const type = asString(value)?.toLowerCase();
        if (type === undefined) read["type"] = value;
        else if (type !== "type_unspecified") read["type"] = type;
        break;
      }
      case "nullable":
      case "propertyOrdering":
        break;
      case "format":
        // Says no more than `enum` itself.
        if (value !== "enum") read["format"] = value;
        break;
      case "example":
        read["examples"] = [value];
        break;
      case "ref":
      case "$ref":
        read["$ref"] = typeof value === "string" ? value.replace("#/defs/", "#/$defs/") : value;
        break;
      case "defs":
        read["$defs"] = readMap(value);
        break;
      default:
        read[key] = readMember(key, value);
    }
  }
  if (schema["nullable"] === true) allowNull(read);
  const order = asArray(schema["propertyOrdering"]);
  const properties = asObject(read["properties"]);
  if (order.length > 0 && properties !== null) read["properties"] = inOrder(properties, order);
  return read;
}

function readMember(key: string, value: Json): Json {
  if (ONE.has(key)) return readAny(value);
  if (MANY.has(key)) return asArray(value).map(readAny);
  if (MAPS.has(key)) return readMap(value);
  if (COUNTS.has(key) && typeof value === "string" && /^\d+$/.test(value)) return Number(value);
  return value;
}

function readAny(value: Json): Json {
  const schema = asObject(value);
  return schema === null ? value : readSchema(schema);
}

function readMap(value: Json): Json {
  const map = asObject(value);
  if (map === null) return value;
  return Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, readAny(schema as Json)]));
}

function allowNull(schema: Record<string, Json>): void {
  const { type, anyOf } = schema;
  if (type !== undefined) {
    schema["type"] = [...(Array.isArray(type) ? (type as Json[]) : [type]), "null"];
    const values = schema["enum"];
    if (Array.isArray(values) && !values.includes(null)) schema["enum"] = [...(values as Json[]), null];
  } else if (Array.isArray(anyOf)) schema["anyOf"] = [...(anyOf as Json[]), { type: "null" }];
}

function inOrder(properties: JsonObject, order: readonly Json[]): JsonObject {
  const sorted: Record<string, Json> = {};
  for (const name of order) {
    const schema = typeof name === "string" && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (schema !== undefined) sorted[name as string] = schema;
  }
  for (const name in properties) sorted[name] ??= properties[name] as Json;
  return sorted;
}

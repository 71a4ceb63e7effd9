import { asBoolean, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { NeutralRequest, ResponseFormat } from "../neutral.ts";
import { invalidType, invalidValue, missingParameter } from "../openai-invalid.ts";
import { leftover } from "./leftover.ts";

const FORMATS = ["json_object", "json_schema", "text"];
const VERBOSITIES = ["low", "medium", "high"] as const;

export type ReadText = {
  readonly responseFormat: ResponseFormat | null;
  readonly verbosity: NeutralRequest["verbosity"];
  /** What of `text` has no neutral word. */
  readonly rest: JsonObject | null;
};

/** `text` of a request: https://platform.openai.com/docs/api-reference/responses/create#responses-create-text */
export function readText(value: Json | undefined): ReadText {
  if (value === undefined || value === null) return { responseFormat: null, verbosity: null, rest: null };
  const text = asObject(value);
  if (text === null) throw invalidType("text", "an object", value);
  const format = asObject(text["format"]);
  const word = asString(text["verbosity"]);
  const verbosity = VERBOSITIES.find((known) => known === word) ?? null;
  if (word !== null && verbosity === null) throw invalidValue("text.verbosity", word, VERBOSITIES);
  return {
    responseFormat: format === null ? null : readFormat(format),
    verbosity,
    rest: leftover(text, { format, verbosity }),
  };
}

function readFormat(format: JsonObject): ResponseFormat {
  const type = asString(format["type"]);
  switch (type) {
    case "text":
      return { kind: "text" };
    case "json_object":
      return { kind: "json" };
    case "json_schema": {
      const name = asString(format["name"]);
      const schema = asObject(format["schema"]);
      if (name === null) throw missingParameter("text.format.name");
      if (schema === null) throw missingParameter("text.format.schema");
      return {
        kind: "json-schema",
        name,
        description: asString(format["description"]),
        schema,
        isStrict: asBoolean(format["strict"]),
      };
    }
    case null:
      throw missingParameter("text.format.type");
    default:
      throw invalidValue("text.format.type", type, FORMATS);
  }
}

export function writeFormat(format: ResponseFormat): JsonObject {
  switch (format.kind) {
    case "text":
      return { type: "text" };
    case "json":
      return { type: "json_object" };
    case "json-schema":
      return {
        type: "json_schema",
        name: format.name,
        ...(format.description === null ? {} : { description: format.description }),
        schema: format.schema,
        ...(format.isStrict === null ? {} : { strict: format.isStrict }),
      };
    default:
      return format satisfies never;
  }
}

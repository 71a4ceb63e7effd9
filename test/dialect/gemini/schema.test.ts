import { describe, expect, test } from "bun:test";
import { jsonSchemaOf, writtenSchemaOf } from "../../../src/dialect/gemini/schema.ts";

describe("Gemini's schemas", () => {
  const OPEN_API = {
    type: "OBJECT",
    property_ordering: ["b", "a"],
    properties: {
      a: { type: "STRING", nullable: true, format: "enum", enum: ["x"], max_length: "9" },
      b: { type: "ARRAY", minItems: "2", items: { anyOf: [{ type: "INTEGER" }, { ref: "#/defs/C" }], nullable: true } },
      some_name: { type: "TYPE_UNSPECIFIED", example: 1 },
    },
    defs: { C: { type: "NUMBER" } },
    required: ["a"],
  };

  test("become JSON Schema, and the caller's own names stay", () => {
    const schema = jsonSchemaOf(OPEN_API);
    expect(schema).toEqual({
      type: "object",
      properties: {
        b: {
          type: "array",
          minItems: 2,
          items: { anyOf: [{ type: "integer" }, { $ref: "#/$defs/C" }, { type: "null" }] },
        },
        a: { type: ["string", "null"], enum: ["x", null], maxLength: 9 },
        some_name: { examples: [1] },
      },
      $defs: { C: { type: "number" } },
      required: ["a"],
    });
    expect(Object.keys(schema["properties"] as object)).toEqual(["b", "a", "some_name"]);
  });

  test("go back as they came, and JSON Schema goes whole", () => {
    expect(writtenSchemaOf(jsonSchemaOf(OPEN_API))).toEqual({ isJsonSchema: false, value: OPEN_API });
    const schema = { type: "object", patternProperties: { "^x": { not: {} } } };
    expect(writtenSchemaOf(schema)).toEqual({ isJsonSchema: true, value: schema });
  });
});

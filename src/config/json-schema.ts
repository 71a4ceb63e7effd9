/**
 * The config's schema as JSON Schema (draft 2020-12), for editors and charts. Made from the same valibot schema that
 * checks a config; covers the kinds that `shape.ts` knows.
 */
import type * as v from "valibot";
import { configSchema } from "./schema.ts";
import { type Facts, readFacts } from "./shape.ts";
import { strategy } from "./schema-strategies.ts";
import { DELAY_PATTERN, DURATION_PATTERN, ENVIRONMENT_PATTERN, PERCENT_PATTERN, SIZE_PATTERN } from "./values.ts";

export type JsonSchema = { readonly [key: string]: unknown };

const ENVIRONMENT = { $ref: "#/$defs/environment" };

/** Values that come back in many places, named once. */
const DEFINITIONS = {
  environment: {
    description: "An environment variable: ${NAME}.",
    type: "string",
    pattern: ENVIRONMENT_PATTERN.source,
  },
  duration: {
    description: "A duration: 250ms, 5s, 10m, 1h.",
    anyOf: [{ type: "string", pattern: DURATION_PATTERN.source }, ENVIRONMENT],
  },
  delay: {
    description: "p95, or a duration: 250ms, 5s, 10m, 1h.",
    anyOf: [{ type: "string", pattern: DELAY_PATTERN.source }, ENVIRONMENT],
  },
  size: {
    description: "A size: 64KiB, 1MiB, 64MB, or a number of bytes.",
    anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: SIZE_PATTERN.source }, ENVIRONMENT],
  },
  percent: {
    description: "A percentage: 5%.",
    anyOf: [{ type: "string", pattern: PERCENT_PATTERN.source }, ENVIRONMENT],
  },
  text: {
    description: "A text, which may hold ${NAME}, or the contents of a file.",
    anyOf: [
      { type: "string", minLength: 1 },
      {
        type: "object",
        properties: {
          file: { type: "string", minLength: 1, description: "Path of the file; followed when it changes." },
        },
        required: ["file"],
        additionalProperties: false,
      },
    ],
  },
};

/** The whole JSON Schema. */
export function createJsonSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...convert(configSchema),
    $defs: { ...DEFINITIONS, strategy: convertForms(readFacts(strategy)) },
  };
}

function convert(schema: v.GenericSchema): JsonSchema {
  const facts = readFacts(schema);
  const description = describe(facts);
  const core = convertShape(facts);
  const notes = {
    ...(facts.title === undefined ? {} : { title: facts.title }),
    ...(description === undefined ? {} : { description }),
    ...(facts.default === undefined ? {} : { default: facts.default }),
  };
  return facts.isNullable ? { ...notes, anyOf: [core, { type: "null" }] } : { ...notes, ...core };
}

function describe(facts: Facts): string | undefined {
  if (facts.marks.isPlanned !== true) return facts.description;
  return `${facts.description ?? ""} No effect in this version.`.trim();
}

function convertShape(facts: Facts): JsonSchema {
  const { shape, limits, marks } = facts;
  if (marks.kind !== undefined) return { $ref: `#/$defs/${marks.kind}` };
  switch (shape.kind) {
    case "map": {
      const entries = Object.entries(shape.entries);
      const required = entries.filter(([, entry]) => readFacts(entry).isRequired).map(([key]) => key);
      return {
        type: "object",
        properties: Object.fromEntries(entries.map(([key, entry]) => [key, convert(entry)])),
        ...(required.length === 0 ? {} : { required }),
        additionalProperties: false,
      };
    }
    case "record":
      return {
        type: "object",
        propertyNames: convertString(readFacts(shape.key)),
        additionalProperties: convert(shape.value),
        ...pick(limits, { max_entries: "maxProperties" }),
      };
    case "list":
      return {
        type: "array",
        items: convert(shape.item),
        ...pick(limits, { min_length: "minItems", max_length: "maxItems" }),
      };
    case "string":
      return convertText(facts);
    case "number":
      return withEnvironment({
        type: limits.has("integer") ? "integer" : "number",
        ...pick(limits, { min_value: "minimum", max_value: "maximum" }),
      });
    case "boolean":
      return withEnvironment({ type: "boolean" });
    case "words":
      return withEnvironment({ enum: shape.words });
    case "variant":
      return { anyOf: [...shape.options.values()].map(convert) };
    case "forms":
      return convertForms(facts);
    case "union":
      throw new Error("a union in the config schema needs a mark that names its kind");
    default:
      return shape satisfies never;
  }
}

function convertForms({ shape }: Facts): JsonSchema {
  if (shape.kind !== "forms") throw new Error("expected a schema with several forms");
  const { text, list, map } = shape.forms;
  return { anyOf: [text, list, map].filter((form) => form !== undefined).map(convert) };
}

function convertString({ limits }: Facts): JsonSchema {
  const pattern = limits.get("regex");
  return {
    type: "string",
    ...(limits.has("non_empty") ? { minLength: 1 } : {}),
    ...pick(limits, { min_length: "minLength", max_length: "maxLength" }),
    ...(pattern instanceof RegExp ? { pattern: pattern.source } : {}),
  };
}

/** A text that must have a form may still be written as `${NAME}`. */
function convertText(facts: Facts): JsonSchema {
  const text = convertString(facts);
  return facts.limits.has("regex") ? withEnvironment(text) : text;
}

function withEnvironment(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, ENVIRONMENT] };
}

function pick(limits: ReadonlyMap<string, unknown>, names: Readonly<Record<string, string>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) => (limits.has(from) ? [[to, limits.get(from)]] : [])),
  );
}

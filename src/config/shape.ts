/**
 * Reads a valibot schema as data: the walk over a config, the JSON Schema and the reference page need to know what
 * a schema is made of. Only the kinds that `schema.ts` uses are known; another kind is a programming error.
 */
import type * as v from "valibot";
import type { Forms, Marks } from "./values.ts";

export type Shape =
  | { readonly kind: "map"; readonly entries: Readonly<Record<string, v.GenericSchema>> }
  | { readonly kind: "record"; readonly key: v.GenericSchema; readonly value: v.GenericSchema }
  | { readonly kind: "list"; readonly item: v.GenericSchema }
  | { readonly kind: "string" | "number" | "boolean" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** A map whose keys depend on the word under one of them. */
  | { readonly kind: "variant"; readonly key: string; readonly options: ReadonlyMap<string, v.GenericSchema> }
  /** Told apart by the form it is written in. */
  | { readonly kind: "forms"; readonly forms: Forms }
  /** Told apart by its mark: a size, a text or a file. */
  | { readonly kind: "union" };

export type Facts = {
  readonly shape: Shape;
  readonly marks: Marks;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly isRequired: boolean;
  readonly isNullable: boolean;
  /** As it would be written in a config; undefined when there is none. */
  readonly default: unknown;
  /** Limits from the pipe, by the action's name: `min_value`, `max_length`, `regex` … */
  readonly limits: ReadonlyMap<string, unknown>;
};

/** What valibot's schema objects look like inside; the one place that says so. */
type Inside = {
  readonly type: string;
  readonly wrapped?: v.GenericSchema;
  readonly default?: unknown;
  readonly entries?: Record<string, v.GenericSchema>;
  readonly key?: v.GenericSchema;
  readonly value?: v.GenericSchema;
  readonly item?: v.GenericSchema;
  readonly options?: readonly (string | v.GenericSchema)[];
  readonly pipe?: readonly (Inside & { readonly kind: string; readonly requirement?: unknown })[];
};

const known = new WeakMap<v.GenericSchema, Facts>();

/** Everything there is to know about one schema; read once, because a config asks for the same ones again and again. */
export function readFacts(schema: v.GenericSchema): Facts {
  const facts = known.get(schema) ?? collectFacts(schema);
  known.set(schema, facts);
  return facts;
}

function collectFacts(schema: v.GenericSchema): Facts {
  let inside = schema as unknown as Inside;
  let isRequired = true;
  let isNullable = false;
  let fallback: unknown;
  const allMarks: Marks[] = [];
  const limits = new Map<string, unknown>();
  let title: string | undefined;
  let description: string | undefined;
  for (;;) {
    for (const step of inside.pipe ?? []) collect(step);
    if (inside.type === "optional" || inside.type === "nullish") {
      isRequired = false;
      fallback ??= inside.default;
    }
    if (inside.type === "nullable" || inside.type === "nullish") isNullable = true;
    if (inside.wrapped === undefined) break;
    inside = inside.wrapped as unknown as Inside;
  }
  const marks = Object.assign({}, ...allMarks) as Marks;
  return {
    shape: readShape(inside, marks),
    marks,
    title,
    description,
    isRequired,
    isNullable,
    default: fallback,
    limits,
  };

  function collect(step: Inside & { readonly kind: string; readonly requirement?: unknown }): void {
    if (step.kind === "schema") {
      // The first step of a pipe is the schema itself, which may be a pipe again (`planned`).
      for (const inner of step.pipe ?? []) if (inner !== step) collect(inner);
      return;
    }
    const data = step as unknown as {
      readonly metadata?: Marks;
      readonly description?: string;
      readonly title?: string;
    };
    if (step.kind === "metadata") {
      if (step.type === "metadata" && data.metadata !== undefined) allMarks.push(data.metadata);
      if (step.type === "description") description ??= data.description;
      if (step.type === "title") title ??= data.title;
    }
    if (step.kind === "validation") limits.set(step.type, step.requirement);
  }
}

function readShape(inside: Inside, marks: Marks): Shape {
  switch (inside.type) {
    case "strict_object":
      return { kind: "map", entries: inside.entries ?? {} };
    case "record":
      return { kind: "record", key: inside.key as v.GenericSchema, value: inside.value as v.GenericSchema };
    case "array":
      return { kind: "list", item: inside.item as v.GenericSchema };
    case "string":
    case "number":
    case "boolean":
      return { kind: inside.type };
    case "picklist":
      return { kind: "words", words: (inside.options ?? []) as readonly string[] };
    case "variant": {
      const key = inside.key as unknown as string;
      return { kind: "variant", key, options: readVariants(key, (inside.options ?? []) as readonly v.GenericSchema[]) };
    }
    case "lazy":
      if (marks.forms === undefined) throw new Error("a lazy schema in the config schema needs a mark with its forms");
      return { kind: "forms", forms: marks.forms };
    case "union":
      return { kind: "union" };
    default:
      throw new Error(`the config schema uses a kind that shape.ts does not know: ${inside.type}`);
  }
}

/** The options of a variant by the one word that each has under its key. */
function readVariants(key: string, options: readonly v.GenericSchema[]): ReadonlyMap<string, v.GenericSchema> {
  return new Map(
    options.map((option) => {
      const { shape } = readFacts(option);
      const name = shape.kind === "map" ? shape.entries[key] : undefined;
      const word = name === undefined ? undefined : readFacts(name).shape;
      if (word?.kind !== "words" || word.words[0] === undefined) throw new Error(`a variant needs a word under ${key}`);
      return [word.words[0], option] as const;
    }),
  );
}

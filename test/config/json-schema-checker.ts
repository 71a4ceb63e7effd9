/** A JSON Schema checker for exactly the keywords that our own schema uses; an unknown keyword is an error. */
type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(["$schema", "$defs", "title", "description", "default"]);

/** Paths at which a value does not fit; [] when it does. */
export function findMisfits(root: Schema, value: unknown, schema: Schema = root, path = "$"): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, rule]): readonly string[] => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`the checker does not know the keyword ${keyword} at ${path}`);
    return check({ root, value, schema, path }, rule);
  });
}

type At = { readonly root: Schema; readonly value: unknown; readonly schema: Schema; readonly path: string };

const when = (isFit: boolean, at: At, keyword: string): readonly string[] => (isFit ? [] : [`${at.path}: ${keyword}`]);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const CHECKS: Readonly<Record<string, (at: At, rule: unknown) => readonly string[]>> = {
  $ref(at, rule) {
    const name = String(rule).replace("#/$defs/", "");
    return findMisfits(at.root, at.value, (at.root["$defs"] as Record<string, Schema>)[name] as Schema, at.path);
  },
  anyOf(at, rule) {
    const tries = (rule as Schema[]).map((option) => findMisfits(at.root, at.value, option, at.path));
    return tries.some((misfits) => misfits.length === 0)
      ? []
      : (tries.toSorted((a, b) => b.join().length - a.join().length)[0] ?? []);
  },
  enum: (at, rule) => when((rule as unknown[]).includes(at.value), at, "enum"),
  type(at, rule) {
    const { value } = at;
    const types: Readonly<Record<string, boolean>> = {
      object: isObject(value),
      array: Array.isArray(value),
      string: typeof value === "string",
      integer: Number.isInteger(value),
      number: typeof value === "number",
      boolean: typeof value === "boolean",
      null: value === null,
    };
    return when(types[String(rule)] === true, at, `type ${String(rule)}`);
  },
  properties(at, rule) {
    if (!isObject(at.value)) return [];
    return Object.entries(at.value).flatMap(([key, child]) => {
      const schema = (rule as Record<string, Schema>)[key];
      return schema === undefined ? [] : findMisfits(at.root, child, schema, `${at.path}.${key}`);
    });
  },
  additionalProperties(at, rule) {
    if (!isObject(at.value)) return [];
    const known = at.schema["properties"] ?? {};
    return Object.entries(at.value).flatMap(([key, child]) => {
      if (Object.hasOwn(known as object, key)) return [];
      return rule === false
        ? [`${at.path}.${key}: unknown`]
        : findMisfits(at.root, child, rule as Schema, `${at.path}.${key}`);
    });
  },
  propertyNames: (at, rule) =>
    isObject(at.value)
      ? Object.keys(at.value).flatMap((key) => findMisfits(at.root, key, rule as Schema, `${at.path}.${key}`))
      : [],
  required: (at, rule) =>
    isObject(at.value)
      ? (rule as string[])
          .filter((key) => !Object.hasOwn(at.value as object, key))
          .map((key) => `${at.path}.${key}: required`)
      : [],
  items: (at, rule) =>
    Array.isArray(at.value)
      ? at.value.flatMap((item, index) => findMisfits(at.root, item, rule as Schema, `${at.path}[${index}]`))
      : [],
  pattern: (at, rule) =>
    when(typeof at.value !== "string" || new RegExp(String(rule), "u").test(at.value), at, "pattern"),
  minLength: (at, rule) => when(typeof at.value !== "string" || at.value.length >= Number(rule), at, "minLength"),
  maxLength: (at, rule) => when(typeof at.value !== "string" || at.value.length <= Number(rule), at, "maxLength"),
  minimum: (at, rule) => when(typeof at.value !== "number" || at.value >= Number(rule), at, "minimum"),
  maximum: (at, rule) => when(typeof at.value !== "number" || at.value <= Number(rule), at, "maximum"),
  minItems: (at, rule) => when(!Array.isArray(at.value) || at.value.length >= Number(rule), at, "minItems"),
  maxItems: (at, rule) => when(!Array.isArray(at.value) || at.value.length <= Number(rule), at, "maxItems"),
  maxProperties: (at, rule) =>
    when(!isObject(at.value) || Object.keys(at.value).length <= Number(rule), at, "maxProperties"),
};

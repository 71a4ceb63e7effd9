/**
 * A merged tree against the schema. Our own walk sees what valibot does not tell (every unknown key, a list where a
 * map belongs, keys without effect, references to files); valibot checks the values.
 */
import { isAbsolute, join } from "node:path";
import * as v from "valibot";
import { isPlainMap, type MergedTree, type Plain, type PlainMap } from "./document.ts";
import { checkCallers } from "./check-callers.ts";
import { checkReferences } from "./check-references.ts";
import { suggest } from "./nearest.ts";
import { type Path, pathKey, shorten } from "./problem.ts";
import type { ProblemList } from "./problem-list.ts";
import { type Config, configSchema } from "./schema.ts";
import { type Facts, readFacts } from "./shape.ts";

/** A `{ file: … }` in a config: where it stands and which file it names (absolute). */
export type FileReference = { readonly path: Path; readonly file: string };

/** Null where a section could not be read whole, so that nothing can be called unknown. */
export type KnownNames = {
  readonly providers: ReadonlySet<string> | null;
  readonly models: ReadonlySet<string> | null;
};

export type Checked = {
  /** Null when not even the entries without problems make a config. */
  readonly config: Config | null;
  /** Names as written, those of entries with problems included, so that references to them are not called unknown. */
  readonly names: KnownNames;
  /** Keys that are set and have no effect in this version. */
  readonly planned: readonly Path[];
  readonly references: readonly FileReference[];
  /** How a value may be shown in a message. */
  readonly show: (path: Path) => string;
};

const INTEGER = /^-?[0-9]{1,15}$/;
const DECIMAL = /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/;
const mayHaveDecimals = ({ shape, limits }: Facts): boolean => shape.kind === "number" && !limits.has("integer");

/** Checks everything the schema says; problems go to the list, and what is left of the config comes back. */
export function validateTree(tree: MergedTree, problems: ProblemList): Checked {
  const planned: Path[] = [];
  const references: FileReference[] = [];
  const show = (path: Path): string => showValue(tree, path);
  walk(configSchema, tree.root, [], () => undefined);
  const names = { providers: readNames(tree, "providers"), models: readNames(tree, "models") };

  const first = v.safeParse(configSchema, tree.root);
  for (const issue of first.issues ?? []) reportIssue(issue);
  let config: Config | null = first.success ? first.output : null;
  checkReferences(tree.root, names, problems, show);
  checkCallers(tree.root, tree.isComplete, problems, show);
  for (const isDeep of [true, false]) {
    if (config !== null) break;
    // What the problems touch is left out, so that the rest is checked to the end in the same run.
    const rest = v.safeParse(configSchema, prune(tree.root, problems.paths(), isDeep));
    if (rest.success) config = rest.output;
  }
  return { config, names, planned, references, show };

  function walk(schema: v.GenericSchema, value: Plain | undefined, path: Path, replace: (value: Plain) => void): void {
    if (value === undefined) return;
    const facts = readFacts(schema);
    if (value === null && facts.isNullable) return;
    if (facts.marks.isPlanned === true) planned.push(path);
    const { shape } = facts;
    switch (shape.kind) {
      case "map":
      case "record": {
        if (!isPlainMap(value)) return reportForm(path, schema, value);
        for (const [key, child] of Object.entries(value)) {
          const childSchema = shape.kind === "record" ? shape.value : shape.entries[key];
          const childPath = [...path, key];
          if (childSchema === undefined) {
            problems.add(childPath, describeUnknownKey(key, shape.kind === "map" ? Object.keys(shape.entries) : []), {
              at: "key",
            });
            delete value[key];
            continue;
          }
          walk(childSchema, child, childPath, (replacement) => {
            value[key] = replacement;
          });
        }
        return;
      }
      case "list":
        if (!Array.isArray(value)) return reportForm(path, schema, value);
        for (const [index, item] of value.entries()) {
          walk(shape.item, item, [...path, index], (replacement) => {
            value[index] = replacement;
          });
        }
        return;
      case "variant": {
        if (!isPlainMap(value)) return reportForm(path, schema, value);
        const word = value[shape.key];
        const option = typeof word === "string" ? shape.options.get(word) : undefined;
        if (option !== undefined) return walk(option, value, path, replace);
        const wordPath = [...path, shape.key];
        const expected = `expected one of ${[...shape.options.keys()].join(", ")}`;
        if (word === undefined) problems.add(wordPath, `${expected}, got nothing: the key is required`, { at: "key" });
        else
          problems.add(
            wordPath,
            `${expected}, got ${show(wordPath)}${suggestWord(word, wordPath, shape.options.keys())}`,
          );
        return;
      }
      case "forms": {
        const { text, list, map } = shape.forms;
        const form =
          typeof value === "string" ? text : isPlainMap(value) ? map : Array.isArray(value) ? list : undefined;
        if (form === undefined) return reportForm(path, schema, value);
        return walk(form, value, path, replace);
      }
      case "union":
        if (facts.marks.kind === "text" && isPlainMap(value)) readReference(value, path, schema);
        if (facts.marks.kind === "size") coerce(value, path, facts, replace);
        return;
      case "number":
      case "boolean":
        coerce(value, path, facts, replace);
        return;
      case "string":
      case "words":
        return;
      default:
        shape satisfies never;
    }
  }

  /** `max_concurrent: ${MAX}` is a text to YAML; where a number or a boolean belongs it is read as one. */
  function coerce(value: Plain, path: Path, facts: Facts, replace: (value: Plain) => void): void {
    if (typeof value !== "string" || tree.expanded.get(pathKey(path))?.isWhole !== true) return;
    if (facts.shape.kind === "boolean") {
      if (value === "true" || value === "false") replace(value === "true");
    } else if ((mayHaveDecimals(facts) ? DECIMAL : INTEGER).test(value)) replace(Number(value));
  }

  function readReference(value: PlainMap, path: Path, schema: v.GenericSchema): void {
    const file = value["file"];
    if (Object.keys(value).length !== 1 || typeof file !== "string" || file === "" || file.includes("\0")) {
      return reportForm(path, schema, value);
    }
    const directory = tree.directories.get(problems.placeOf(path, "value").file) ?? ".";
    references.push({ path, file: isAbsolute(file) ? file : join(directory, file) });
  }

  function reportForm(path: Path, schema: v.GenericSchema, value: Plain): void {
    problems.add(path, `expected ${expectedBy(schema)}, got ${nameKind(value)}`, { isStructural: true });
  }

  function reportIssue(issue: v.BaseIssue<unknown>): void {
    const path: Path = issue.path?.map((item) => item.key as string | number) ?? [];
    const last = issue.path?.at(-1);
    if (issue.type === "strict_object" && last?.origin === "key") {
      const schema = schemaAt(path, tree.root);
      const expected = schema === null ? "this key" : expectedBy(schema);
      return problems.add(path, `expected ${expected}, got nothing: the key is required`, { at: "key" });
    }
    if (last?.origin === "key") {
      return problems.add(path, `expected ${issue.message}, got ${JSON.stringify(shorten(String(last.key), 60))}`, {
        at: "key",
      });
    }
    const hint = issue.type === "picklist" ? suggestWord(valueAt(tree.root, path), path, wordsAt(path, tree.root)) : "";
    problems.add(path, `expected ${issue.message}, got ${showValue(tree, path)}${hint}`);
  }

  /** What a text most likely meant; nothing for one from the environment, whose letters are not to be told. */
  function suggestWord(value: Plain | undefined, path: Path, words: Iterable<string>): string {
    if (typeof value !== "string" || tree.expanded.has(pathKey(path))) return "";
    const known = [...words];
    return known.includes(value) ? "" : suggest(value, known);
  }
}

/** The words that could stand at a path; [] where any text can. */
function wordsAt(path: Path, root: Plain): readonly string[] {
  const schema = schemaAt(path, root);
  return schema === null ? [] : wordsIn(schema);
}

function wordsIn(schema: v.GenericSchema): readonly string[] {
  const { shape } = readFacts(schema);
  if (shape.kind === "words") return shape.words;
  if (shape.kind === "variant") return [...shape.options.keys()];
  return shape.kind === "forms" ? [...wordsIn(shape.forms.text), ...wordsIn(shape.forms.map)] : [];
}

/** The schema of the value at a path in a tree; null where the config has no such key. */
function schemaAt(path: Path, root: Plain): v.GenericSchema | null {
  let schema: v.GenericSchema | null = configSchema;
  let value: Plain | undefined = root;
  for (const part of path) {
    const shape: Facts["shape"] = chooseShape(readFacts(schema).shape, value);
    if (shape.kind === "record") schema = shape.value;
    else if (shape.kind === "list") schema = shape.item;
    else if (shape.kind === "map" && Object.hasOwn(shape.entries, part)) schema = shape.entries[part] ?? null;
    else return null;
    if (schema === null) return null;
    value = valueAt(value ?? null, [part]);
  }
  return schema;
}

/** Where a schema has several shapes: the one of the value that came. */
function chooseShape(shape: Facts["shape"], value: Plain | undefined): Facts["shape"] {
  if (shape.kind === "forms") {
    const form = Array.isArray(value) ? shape.forms.list : shape.forms.map;
    return form === undefined ? shape : chooseShape(readFacts(form).shape, value);
  }
  if (shape.kind !== "variant" || !isPlainMap(value)) return shape;
  // Under an unknown word there is still the word itself, which all of them have.
  const option = shape.options.get(String(value[shape.key])) ?? [...shape.options.values()][0];
  return option === undefined ? shape : readFacts(option).shape;
}

function expectedBy(schema: v.GenericSchema): string {
  const { shape } = readFacts(schema);
  if (shape.kind === "forms") return shape.forms.expected;
  let inside = schema as unknown as { readonly message?: unknown; readonly wrapped?: v.GenericSchema };
  while (inside.wrapped !== undefined) inside = inside.wrapped as unknown as typeof inside;
  return typeof inside.message === "string" ? inside.message : "a value of another kind";
}

function valueAt(root: Plain, path: Path): Plain | undefined {
  let value: Plain | undefined = root;
  for (const part of path) {
    if (typeof part === "number" ? Array.isArray(value) : isPlainMap(value)) {
      value = (value as Record<string | number, Plain>)[part];
    } else value = undefined;
  }
  return value;
}

/** What came, for a message: never a secret, never text from the environment, never a long text. */
function showValue(tree: MergedTree, path: Path): string {
  const value = valueAt(tree.root, path);
  const written = tree.expanded.get(pathKey(path))?.written;
  for (let length = path.length; length > 0; length--) {
    const schema = schemaAt(path.slice(0, length), tree.root);
    // An unknown place may hold anything, so it is not shown either.
    if (schema === null || readFacts(schema).marks.isSecret === true) return nameKind(value);
  }
  if (written !== undefined) return `what ${JSON.stringify(shorten(written, 60))} stands for`;
  if (typeof value === "string" && value !== "") return JSON.stringify(shorten(value, 60));
  return nameKind(value, true);
}

function nameKind(value: Plain | undefined, isShown = false): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return value === "" ? "an empty text" : "a text";
    case "number":
      return isShown ? String(value) : "a number";
    case "boolean":
      return isShown ? String(value) : "true or false";
    default:
      return "a map";
  }
}

function describeUnknownKey(key: string, known: readonly string[]): string {
  const hint = suggest(key, known);
  const rest = hint === "" ? `; known here: ${known.join(", ")}` : hint;
  return `expected a known key, got ${JSON.stringify(shorten(key, 60))}${rest}`;
}

function readNames(tree: MergedTree, name: "providers" | "models"): ReadonlySet<string> | null {
  const section = tree.root[name] ?? {};
  return tree.isComplete && isPlainMap(section) ? new Set(Object.keys(section)) : null;
}

/**
 * The tree without what has problems: a provider loses the key or what is in it (`isDeep`), other sections lose the
 * entry, because keys may be required there and lists must keep their indexes.
 */
function prune(root: PlainMap, paths: readonly Path[], isDeep: boolean): PlainMap {
  const rest = structuredClone(root);
  for (const path of paths) {
    const depth = isDeep && path[0] === "providers" ? path.length : 2;
    let around: PlainMap = rest;
    for (const [index, part] of path.entries()) {
      const key = String(part);
      const inside = around[key];
      if (index < Math.min(depth, path.length) - 1 && isPlainMap(inside)) around = inside;
      else {
        delete around[key];
        break;
      }
    }
  }
  return rest;
}

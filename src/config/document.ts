/**
 * YAML texts → one plain tree that remembers where everything stood. The `yaml` package's own conversion is not used:
 * it loses positions, and a walk of our own bounds aliases, depth and size at once, refuses what a config never needs
 * (tags, keys that are not strings), and reports a duplicate key with both of its places.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { expandEnvironment } from "./environment.ts";
import { type Path, pathKey, type Position, shorten } from "./problem.ts";
import type { ProblemList } from "./problem-list.ts";

export type Plain = string | number | boolean | null | Plain[] | PlainMap;
export type PlainMap = { [key: string]: Plain };

/** One YAML text; `directory` is where its relative `{ file: … }` paths start. */
export type SourceText = { readonly name: string; readonly directory: string; readonly text: string };

export type MergedTree = {
  readonly root: PlainMap;
  /** Whether every text could be parsed. */
  readonly isComplete: boolean;
  /** Values that hold text from the environment: the text as written, and whether it was nothing but one `${NAME}`. */
  readonly expanded: ReadonlyMap<string, { readonly written: string; readonly isWhole: boolean }>;
  /** Source file's directory by section entry, for relative paths. */
  readonly directories: ReadonlyMap<string, string>;
};

const MAX_DEPTH = 32;
const MAX_NODES = 500_000;
/** As in the `yaml` package: more than this many aliases is an attack, not a config. */
const MAX_ALIASES = 100;

/** Parses and merges texts: sections are merged entry by entry, a key that is there twice is a problem. */
export function mergeDocuments(
  sources: readonly SourceText[],
  problems: ProblemList,
  env: Readonly<Record<string, string | undefined>>,
): MergedTree {
  const root: PlainMap = {};
  const expanded = new Map<string, { written: string; isWhole: boolean }>();
  const directories = new Map<string, string>();
  let nodes = 0;
  let isComplete = true;
  for (const source of sources) {
    directories.set(source.name, source.directory);
    addSource(source);
  }
  return { root, isComplete, expanded, directories };

  function addSource(source: SourceText): void {
    const lines = new LineCounter();
    const at = (offset: number): Position => {
      const position = lines.linePos(offset);
      return { file: source.name, line: Math.max(1, position.line), column: Math.max(1, position.col) };
    };
    if (source.text.trim() === "") {
      // A file cut to nothing is what a half-done write looks like, and would read as "no providers".
      problems.addAt(at(0), "expected a map of sections such as providers and models, got an empty file");
      isComplete = false;
      return;
    }
    const document = parseOne(source.text, lines, at);
    if (document === null) {
      isComplete = false;
      return;
    }
    if (document.contents === null) return;
    if (!isMap(document.contents)) {
      const position = at(document.contents.range?.[0] ?? 0);
      problems.addAt(
        position,
        `expected a map of sections such as providers and models, got ${nameNode(document.contents)}`,
      );
      return;
    }
    if (hasTag(document.contents)) problems.addAt(at(document.contents.range?.[0] ?? 0), WITHOUT_TAG);
    let aliases = 0;
    addEntries(root, document.contents, [], 0);

    function addEntries(target: PlainMap, map: YAMLMap<unknown, unknown>, path: Path, depth: number): void {
      for (const pair of map.items) {
        if (nodes > MAX_NODES) return;
        const keyNode = pair.key as Node | null;
        const keyPosition = at(keyNode?.range?.[0] ?? map.range?.[0] ?? 0);
        const key = isScalar(keyNode) && !hasTag(keyNode) ? keyNode.value : undefined;
        if (typeof key !== "string") {
          const what = keyNode === null ? "nothing" : nameNode(keyNode);
          problems.addAt(keyPosition, `expected a key that is a string, got ${what}; quote it`, path);
          continue;
        }
        const childPath = [...path, key];
        // `__proto__`, `constructor`, `toString` … would be mistaken for what every object inherits.
        if (key in Object.prototype) {
          problems.addAt(keyPosition, `the key ${JSON.stringify(key)} is not allowed`, path);
          continue;
        }
        const valueNode = pair.value as Node | null;
        const earlier = problems.places.get(pathKey(childPath));
        if (earlier !== undefined) {
          const there = target[key];
          if (path.length === 0 && earlier.key.file !== source.name && isPlainMap(there) && isMap(valueNode)) {
            addEntries(there, valueNode, childPath, depth + 1);
            continue;
          }
          const { file, line, column } = earlier.key;
          problems.addAt(keyPosition, `expected every key once, it is already at ${file}:${line}:${column}`, childPath);
          continue;
        }
        const valuePosition = valueNode?.range ? at(valueNode.range[0]) : keyPosition;
        problems.places.set(pathKey(childPath), { key: keyPosition, value: valuePosition });
        target[key] = toPlain(valueNode, childPath, depth + 1);
      }
    }

    function toPlain(node: Node | null, path: Path, depth: number): Plain {
      if (node === null) return null;
      if (depth > MAX_DEPTH || ++nodes > MAX_NODES) {
        const bound = depth > MAX_DEPTH ? `at most ${MAX_DEPTH} levels` : `at most ${MAX_NODES} values`;
        problems.add(path, `expected ${bound}, got more`, { isStructural: true });
        return null;
      }
      if (hasTag(node)) problems.add(path, WITHOUT_TAG, { isStructural: true });
      if (isAlias(node)) {
        const target = node.resolve(document as NonNullable<typeof document>);
        if (++aliases > MAX_ALIASES || target === undefined) {
          problems.add(
            path,
            aliases > MAX_ALIASES
              ? `expected at most ${MAX_ALIASES} aliases in a file, got more`
              : "expected an alias of an anchor that stands before it",
          );
          return null;
        }
        return toPlain(target, path, depth + 1);
      }
      if (isMap(node)) {
        const map: PlainMap = {};
        addEntries(map, node, path, depth);
        return map;
      }
      if (isSeq(node)) {
        // After the bound a list repeated by aliases must not be walked again.
        const items = nodes > MAX_NODES ? [] : node.items;
        return items.map((item, index) => {
          const itemPath = [...path, index];
          const range = (item as Node | null)?.range;
          const position = range ? at(range[0]) : at(node.range?.[0] ?? 0);
          problems.places.set(pathKey(itemPath), { key: position, value: position });
          return toPlain(item as Node | null, itemPath, depth + 1);
        });
      }
      return toScalar(node as Scalar, path);
    }
  }

  function toScalar(node: Scalar, path: Path): Plain {
    const value = node.value;
    if (typeof value === "string") {
      const expansion = expandEnvironment(value, env);
      switch (expansion.kind) {
        case "plain":
          return expansion.text;
        case "problem":
          problems.add(path, expansion.message, { isStructural: true });
          return value;
        case "expanded":
          expanded.set(pathKey(path), { written: value, isWhole: expansion.isWhole && node.type === "PLAIN" });
          return expansion.text;
        default:
          return expansion satisfies never;
      }
    }
    if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
    problems.add(path, `expected a text, a number, true, false or null, got ${typeof value}`, { isStructural: true });
    return null;
  }

  function parseOne(text: string, lines: LineCounter, at: (offset: number) => Position) {
    // Pretty errors would quote the line, and with it a secret.
    const parsed = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      version: "1.2",
      schema: "core",
      logLevel: "silent",
    });
    if (!Array.isArray(parsed)) return null;
    const [document, second] = parsed;
    if (document === undefined) return null;
    if (second !== undefined) {
      problems.addAt(at(second.range[0]), "expected one YAML document in a file, got a second one");
      return null;
    }
    // What follows the first error is mostly its echo.
    const [error] = [...document.errors, ...document.warnings].toSorted((a, b) => a.pos[0] - b.pos[0]);
    if (error !== undefined) {
      problems.addAt(at(error.pos[0]), describeSyntaxError(error.code, error.message, text, error.pos[0]));
      return null;
    }
    return document;
  }
}

export function isPlainMap(value: Plain | undefined): value is PlainMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const WITHOUT_TAG = "expected a value without a tag, got one with a YAML tag";

/** Whether a tag was written; values without one get none from this schema. */
function hasTag(node: Node): boolean {
  return !isAlias(node) && node.tag !== undefined;
}

function nameNode(node: Node): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (isAlias(node)) return "an alias";
  if (isScalar(node)) {
    if (node.value === null) return "null";
    if (typeof node.value === "string") return "a text";
    return shorten(String(node.value), 40);
  }
  return "something else";
}

/** The parser's codes in our words: its own messages may quote the text, and the text may be a secret. */
const SYNTAX_SENTENCES: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias cannot have an anchor or a tag",
  BAD_ALIAS: "an alias or anchor is malformed or not defined before it is used",
  BAD_COLLECTION_TYPE: "a collection of this kind is not allowed here",
  BAD_DIRECTIVE: "a YAML directive is malformed",
  BAD_DQ_ESCAPE: "a double-quoted text has an invalid escape",
  BAD_INDENT: "the indentation is wrong",
  BAD_PROP_ORDER: "an anchor or tag stands in the wrong place",
  BAD_SCALAR_START: "a plain text cannot start with this character; quote it",
  BLOCK_AS_IMPLICIT_KEY: "a nested map must start on a line of its own (quote a text that has a colon in it)",
  BLOCK_IN_FLOW: "an indented collection cannot stand inside {} or []",
  DUPLICATE_KEY: "every key may be there once",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters",
  MISSING_CHAR: "a character is missing: a colon, a quote, a comma or a closing bracket",
  MULTILINE_IMPLICIT_KEY: "a key must stand on one line",
  MULTIPLE_ANCHORS: "a value can have one anchor",
  MULTIPLE_DOCS: "one YAML document is expected in a file",
  MULTIPLE_TAGS: "a value can have one tag",
  NON_STRING_KEY: "a key must be a string",
  RESOURCE_EXHAUSTION: "the file is nested too deep",
  TAB_AS_INDENT: "a tab cannot be used for indentation",
  TAG_RESOLVE_FAILED: "YAML tags are not supported",
  UNEXPECTED_TOKEN: "something stands here that does not belong",
};

function describeSyntaxError(code: string, message: string, text: string, offset: number): string {
  const sentence = SYNTAX_SENTENCES[code] ?? "it cannot be parsed";
  if (text.startsWith("${", offset - 1)) return `expected valid YAML: inside {} and [] a "\${NAME}" must be quoted`;
  // "Missing , or : between flow map items" and its like are fixed texts that say which character it is.
  const hint = code === "MISSING_CHAR" && /^[A-Za-z ,:"'[\]{}()-]{1,80}$/.test(message) ? ` (${message})` : "";
  return `expected valid YAML: ${sentence}${hint}`;
}

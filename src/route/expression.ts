/**
 * Conditions of the strategy `conditional`, in CEL (https://cel.dev, the language of Kubernetes' admission policies), by
 * @marcbachmann/cel-js: parsed and type-checked when the config is loaded, walked as a tree per request, never made into code.
 *
 * Bounded, because requests are not to be trusted and configs make mistakes:
 * - at most 1,000 characters, 500 nodes, 32 levels;
 * - only the functions in the tables below. Left out are `matches` (the library hands the pattern to `RegExp`, which can take for ever),
 *   what makes texts or lists that grow with each use (`split`, `join`, `map`, `filter`, `cel.bind`), bytes, and times;
 * - `exists`, `all` and `exists_one` do not nest, and their lists hold at most 100 tags, 64 values of metadata, or what is written out;
 * - of `metadata` only short values, and only one level of lists and objects in it: the library caches each type that it meets, so
 *   nesting that callers choose would grow its caches without end.
 * Whatever fails while it is evaluated (a header or key that is not there, a number where a text was meant) means: does not hold.
 */
import type * as Cel from "@marcbachmann/cel-js";
import type { Json, JsonObject } from "../lib/json.ts";
import type { Facts } from "./facts.ts";

export const MAX_EXPRESSION_LENGTH = 1_000;
const LIMITS = { maxAstNodes: 500, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 4 };
const MAX_TAGS = 100;
/** OpenAI allows 16 members of at most 512 characters. */
const MAX_METADATA_MEMBERS = 64;
const MAX_METADATA_TEXT = 1_024;

export type CompiledExpression =
  | { readonly test: (facts: unknown) => boolean }
  /** What is wrong, and where in the text it begins, counted in UTF-16 units from 0; null where it is the whole. */
  | { readonly problem: string; readonly offset: number | null };

/**
 * Compiles a condition. `test` takes `Facts`, never throws, and is false where the expression cannot be evaluated. It may use:
 *
 *   model, endpoint, key, team ("" for none), priority   string
 *   stream                                               bool
 *   tokens (estimated input), output_tokens              int: `tokens > 8000`
 *   tags                                                 list<string>: `"eu" in tags`
 *   headers       map<string, string>, asked by name alone: `headers["x-tier"] == "gold"`, `"x-tier" in headers`
 *   metadata      map<string, dyn>: `metadata.plan == "free"`, `has(metadata.plan)`; its numbers are doubles, as JSON's are
 *
 * `headers` reads only the names that are asked for, in any case; it cannot be counted or walked through.
 */
export function compileExpression(text: string): CompiledExpression {
  if (text.trim() === "") return { problem: "expected an expression, got nothing", offset: null };
  if (text.length > MAX_EXPRESSION_LENGTH) {
    return {
      problem: `expected at most ${MAX_EXPRESSION_LENGTH.toLocaleString("en")} characters, got ${text.length.toLocaleString("en")}`,
      offset: null,
    };
  }
  try {
    const run = (environment ??= makeEnvironment()).parse(text);
    const refused = findRefused(run.ast, false);
    if (refused !== null) return refused;
    const { valid, type, error } = run.check();
    if (!valid) return toProblem(error);
    if (type !== "bool" && type !== "dyn") return { problem: `expected true or false, got ${type}`, offset: null };
    return { test: (facts) => holds(run, facts as Facts) };
  } catch (error) {
    return toProblem(error); // it does not parse: whoever reads the config says where
  }
}

// ---- The request, as an expression sees it -------------------------------------------------------------------------

/** Read member by member, so that what an expression does not name is not looked up. */
class RequestView {
  facts: Facts | null = null;
  readonly headers = new HeaderView();
  readonly #metadata: Map<string, unknown> = new Map();
  #isMetadataRead = false;

  open(facts: Facts): void {
    this.facts = facts;
    this.headers.facts = facts;
  }

  /** Forgets the request: what is kept here would keep its body. */
  close(): void {
    this.facts = null;
    this.headers.facts = null;
    if (this.#isMetadataRead) this.#metadata.clear();
    this.#isMetadataRead = false;
  }

  get model(): string | undefined {
    return this.facts?.model;
  }
  get endpoint(): string | undefined {
    return this.facts?.endpoint;
  }
  get stream(): boolean | undefined {
    return this.facts?.isStream;
  }
  get tokens(): bigint | undefined {
    return toInt(this.facts?.inputTokens);
  }
  get output_tokens(): bigint | undefined {
    return toInt(this.facts?.outputTokens);
  }
  get key(): string | undefined {
    return this.facts?.caller;
  }
  get team(): string {
    return this.facts?.team ?? "";
  }
  get priority(): string | undefined {
    return this.facts?.priority;
  }

  get tags(): readonly string[] {
    const tags = this.facts?.tags ?? [];
    if (tags.length > MAX_TAGS) throw new RangeError(`expected at most ${MAX_TAGS} tags, got ${tags.length}`);
    return tags;
  }

  get metadata(): Map<string, unknown> {
    if (!this.#isMetadataRead && this.facts !== null) {
      this.#isMetadataRead = true;
      copyMetadata(this.facts.metadata, this.#metadata);
    }
    return this.#metadata;
  }
}

/** CEL's integers are 64 bits wide and are BigInts here. */
function toInt(count: number | undefined): bigint {
  return BigInt(Math.trunc(count ?? 0));
}

/** A map that asks the request for one header at a time. */
class HeaderView extends Map<string, string> {
  facts: Facts | null = null;

  override get(name: unknown): string | undefined {
    return typeof name === "string" ? (this.facts?.header(name.toLowerCase()) ?? undefined) : undefined;
  }
}
// The library knows a map by its constructor.
Object.defineProperty(HeaderView.prototype, "constructor", { value: Map });

/** Copies what is small enough; the rest is left out, as if it were not there. */
function copyMetadata(metadata: JsonObject, into: Map<string, unknown>): void {
  for (const name in metadata) {
    const value = metadata[name];
    if (into.size >= MAX_METADATA_MEMBERS) return;
    if (isShort(value)) into.set(name, value);
    else if (Array.isArray(value)) {
      if (value.length <= MAX_METADATA_MEMBERS && value.every(isShort)) into.set(name, value);
    } else if (typeof value === "object" && value !== null) into.set(name, copyMembers(value as JsonObject));
  }
}

function copyMembers(object: JsonObject): Map<string, unknown> {
  const members = new Map<string, unknown>();
  for (const name in object) {
    if (members.size >= MAX_METADATA_MEMBERS) break;
    if (isShort(object[name])) members.set(name, object[name]);
  }
  return members;
}

function isShort(value: Json | undefined): boolean {
  switch (typeof value) {
    case "string":
      return value.length <= MAX_METADATA_TEXT;
    case "number":
    case "boolean":
      return true;
    default:
      return value === null;
  }
}

const view = new RequestView();

function holds(run: (context: Record<string, unknown>) => unknown, facts: Facts): boolean {
  view.open(facts);
  try {
    return run(view as unknown as Record<string, unknown>) === true;
  } catch {
    return false; // it says something of a value that is not there, or not of its type: the rule does not hold
  } finally {
    view.close();
  }
}

// ---- What may be written -------------------------------------------------------------------------------------------

let environment: Cel.Environment | null = null;

function makeEnvironment(): Cel.Environment {
  // Loaded with the first expression: imported above, it would cost every start 6 ms, a config without conditions too.
  const cel = require("@marcbachmann/cel-js") as typeof Cel;
  return new cel.Environment({ limits: LIMITS })
    .registerVariable("model", "string")
    .registerVariable("endpoint", "string")
    .registerVariable("stream", "bool")
    .registerVariable("tokens", "int")
    .registerVariable("output_tokens", "int")
    .registerVariable("key", "string")
    .registerVariable("team", "string")
    .registerVariable("tags", "list<string>")
    .registerVariable("priority", "string")
    .registerVariable("headers", "map<string, string>")
    .registerVariable("metadata", "map<string, dyn>");
}

const FUNCTIONS: ReadonlySet<string> = new Set(["has", "size", "int", "double", "string", "bool"]);
const METHODS: ReadonlySet<string> = new Set([
  "startsWith",
  "endsWith",
  "contains",
  "lowerAscii",
  "upperAscii",
  "trim",
  "size",
]);
const LOOPS: ReadonlySet<string> = new Set(["exists", "all", "exists_one"]);

type Refused = { readonly problem: string; readonly offset: number };

/** The first thing in the tree that must not be there; null where there is none. */
function findRefused(node: Cel.ASTNode, isInLoop: boolean): Refused | null {
  switch (node.op) {
    case "value":
      return null;
    case "id":
      if (node.args !== "headers") return null;
      return refuse(node, `expected a header's name, as in headers["x-tier"] or "x-tier" in headers`);
    case ".":
    case ".?":
      return isHeaders(node.args[0]) ? null : findRefused(node.args[0], isInLoop);
    case "[]":
    case "[?]": {
      const [map, name] = node.args;
      if (isHeaders(map) && name.op === "value" && typeof name.args !== "string") {
        return refuse(name, `expected a header's name, got ${String(name.args)}`);
      }
      return (isHeaders(map) ? null : findRefused(map, isInLoop)) ?? findRefused(name, isInLoop);
    }
    case "in": {
      const [value, among] = node.args;
      return findRefused(value, isInLoop) ?? (isHeaders(among) ? null : findRefused(among, isInLoop));
    }
    case "call": {
      const [name, operands] = node.args;
      if (!FUNCTIONS.has(name)) return refuse(node, `expected one of ${sayNames(FUNCTIONS)}, got ${name}()`);
      return findAmong(operands, isInLoop);
    }
    case "rcall": {
      const [name, receiver, operands] = node.args;
      const isLoop = LOOPS.has(name);
      if (!isLoop && !METHODS.has(name)) {
        return refuse(node, `expected one of ${sayNames(METHODS)}, ${sayNames(LOOPS)}, got .${name}()`);
      }
      if (isLoop && isInLoop) return refuse(node, `expected no .${name}() within another loop`);
      return findRefused(receiver, isInLoop) ?? findAmong(operands, isInLoop || isLoop);
    }
    case "map":
      return findAmong(node.args.flat(), isInLoop);
    case "!_":
    case "-_":
      return findRefused(node.args, isInLoop);
    default:
      return findAmong(node.args, isInLoop);
  }
}

function findAmong(nodes: readonly Cel.ASTNode[], isInLoop: boolean): Refused | null {
  for (const node of nodes) {
    const refused = findRefused(node, isInLoop);
    if (refused !== null) return refused;
  }
  return null;
}

function isHeaders(node: Cel.ASTNode): boolean {
  return node.op === "id" && node.args === "headers";
}

function refuse(node: Cel.ASTNode, problem: string): Refused {
  return { problem, offset: node.start };
}

function sayNames(names: ReadonlySet<string>): string {
  return [...names].join(", ");
}

/** The library's errors have a summary in one line and, mostly, a range; their message has the text drawn below it. */
function toProblem(error: unknown): { readonly problem: string; readonly offset: number | null } {
  if (!(error instanceof Error)) return { problem: String(error), offset: null };
  const { summary, range } = error as Error & { summary?: unknown; range?: { readonly start: number } };
  return { problem: typeof summary === "string" ? summary : error.message, offset: range?.start ?? null };
}

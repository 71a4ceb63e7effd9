import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { KeptChars } from "../kept-members.ts";

const MAX_INDEX = 65_536;
const MAX_DEPTH = 128;

type Tree = { [key: string]: Node } | Node[];
type Node = null | boolean | number | string | Tree;

/**
 * Puts a function call's arguments together that come in pieces: each names its place by a JSONPath and brings a value, of which
 * strings may go on in later pieces (Vertex AI, `streamFunctionCallArguments`).
 * https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
 */
export class PartialArguments {
  readonly #root: { [key: string]: Node } = nothing();
  readonly #kept: KeptChars;

  constructor(kept: KeptChars) {
    this.#kept = kept;
  }

  /** Takes `partialArgs`. Throws GatewayError `upstream_error` beyond what a stream may keep, or for a place that is none. */
  add(partials: Json | undefined): void {
    for (const item of asArray(partials)) {
      const partial = asObject(item);
      const path = asString(partial?.["jsonPath"]);
      if (partial === null || path === null) continue;
      const value = valueOf(partial);
      this.#kept.charge(path.length + (typeof value === "string" ? value.length : 8));
      this.#put(keysOf(path), value);
    }
  }

  /** Takes whole `args`, where they come beside pieces, in an event of `chars` characters. */
  addWhole(args: JsonObject, chars: number): void {
    this.#kept.charge(chars);
    for (const key in args) this.#root[key] = args[key] as Node;
  }

  /** The arguments as JSON. */
  get json(): string {
    return JSON.stringify(this.#root);
  }

  #put(keys: readonly (string | number)[], value: Node): void {
    const last = keys.at(-1);
    if (last === undefined) return;
    let at: Tree = this.#root;
    for (const [depth, key] of keys.slice(0, -1).entries()) {
      const next: Node | undefined = get(at, key);
      if (typeof next === "object" && next !== null) at = next;
      else {
        const made: Tree = typeof keys[depth + 1] === "number" ? [] : nothing();
        this.#set(at, key, made);
        at = made;
      }
    }
    const before = get(at, last);
    this.#set(at, last, typeof before === "string" && typeof value === "string" ? before + value : value);
  }

  #set(tree: Tree, key: string | number, value: Node): void {
    if (Array.isArray(tree)) {
      // A list has elements and nothing else: by a name ("length", "__proto__") it would be another list, or all lists would.
      if (typeof key !== "number") throw broken(`a list's member called ${key.slice(0, 100)}`);
      // What is left out before an element is a null in the JSON.
      this.#kept.charge(Math.max(0, key - tree.length) * 5);
      for (let gap = tree.length; gap < key; gap++) tree[gap] = null;
      tree[key] = value;
    } else if (Object.getPrototypeOf(tree) === null) tree[key] = value;
    // An object that came whole is an ordinary one.
    else Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true });
  }
}

/** A member or element of its own: nothing that every object inherits. */
function get(tree: Tree, key: string | number): Node | undefined {
  return Object.hasOwn(tree, key) ? (tree as { [key: string]: Node })[key] : undefined;
}

/** An object without a prototype, so that no key means anything but itself. */
function nothing(): { [key: string]: Node } {
  return Object.create(null) as { [key: string]: Node };
}

function valueOf(partial: JsonObject): Node {
  const { stringValue, numberValue, boolValue } = partial;
  if (typeof stringValue === "string") return stringValue;
  if (typeof numberValue === "number") return numberValue;
  return typeof boolValue === "boolean" ? boolValue : null;
}

/** `$.operations[0].id`, `$['a key'].b` */
function keysOf(path: string): readonly (string | number)[] {
  const keys: (string | number)[] = [];
  const pattern = /\.([^.[\]]+)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\]/y;
  pattern.lastIndex = path.startsWith("$") ? 1 : 0;
  while (pattern.lastIndex < path.length) {
    const match = pattern.exec(path);
    if (match === null || keys.length >= MAX_DEPTH) throw broken(`the place of an argument, ${path.slice(0, 100)}`);
    const [, name, index, single, double] = match;
    if (index === undefined) keys.push(name ?? single ?? double ?? "");
    else if (Number(index) <= MAX_INDEX) keys.push(Number(index));
    else throw broken(`an argument's index of ${index.slice(0, 20)}`);
  }
  return keys;
}

function broken(what: string): GatewayError {
  return new GatewayError("upstream_error", `The provider sent ${what}, which cannot be read.`, {
    upstreamType: "protocol",
  });
}

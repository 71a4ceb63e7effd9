import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";

/** As much as one event of a stream may hold. */
const MAX_CHARS = 16 * 1024 * 1024;
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
  readonly #root: Tree = nothing();
  #chars = 0;

  /** Takes `partialArgs`. Throws GatewayError `upstream_error` beyond 16 Mi characters, or for a place that is none. */
  add(partials: Json | undefined): void {
    for (const item of asArray(partials)) {
      const partial = asObject(item);
      const path = asString(partial?.["jsonPath"]);
      if (partial === null || path === null) continue;
      const value = valueOf(partial);
      this.#chars += path.length + (typeof value === "string" ? value.length : 8);
      if (this.#chars > MAX_CHARS) throw broken(`a function call's arguments of more than ${MAX_CHARS} characters`);
      this.#put(keysOf(path), value);
    }
  }

  /** Takes whole `args`, where they come beside pieces. */
  addWhole(args: JsonObject): void {
    Object.assign(this.#root, args);
  }

  /** The arguments as JSON. */
  get json(): string {
    return JSON.stringify(this.#root);
  }

  #put(keys: readonly (string | number)[], value: Node): void {
    const last = keys.at(-1);
    if (last === undefined) return;
    let at = this.#root as { [key: string]: Node };
    for (const [depth, key] of keys.slice(0, -1).entries()) {
      const next = at[key];
      if (typeof next === "object" && next !== null) at = next as { [key: string]: Node };
      else at = at[key] = (typeof keys[depth + 1] === "number" ? [] : nothing()) as { [key: string]: Node };
    }
    const before = at[last];
    at[last] = typeof before === "string" && typeof value === "string" ? before + value : value;
  }
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

import type { Json, JsonObject } from "../lib/json.ts";
import type { DialectId } from "./neutral.ts";

/**
 * How something was said, where a dialect has two ways to say what is one word in the neutral form: content as a string or as a
 * list of one, a `null` or no member at all. Only the same dialect's writer looks at it, to say it again the same way. It rides on
 * a symbol, so it survives a spread, is no member of the neutral form, and without it everything is said the canonical way.
 */
const FORM: unique symbol = Symbol("wire form");

export type WireForm = {
  readonly dialect: DialectId;
  /** Members that said nothing (null, "", [], {}, false), as they stood. */
  readonly silent: JsonObject | null;
  /** It was said in the less usual of two ways; which ones these are is the dialect's business (content as a list of one text). */
  readonly isOther: boolean;
};

/** The same object, with its form; one that says nothing leaves no mark. */
export function withForm<T extends object>(value: T, form: WireForm): T {
  return form.silent === null && !form.isOther ? value : Object.assign(value, { [FORM]: form });
}

/** The form, if that dialect's reader left one. */
export function formOf(value: object, dialect: DialectId): WireForm | null {
  const form = (value as { readonly [FORM]?: WireForm })[FORM];
  return form?.dialect === dialect ? form : null;
}

/** Those of the known members that say nothing; null when there are none. */
export function silentMembers(object: JsonObject, known: ReadonlySet<string>): JsonObject | null {
  let silent: Record<string, Json> | null = null;
  for (const key in object) {
    const value = object[key];
    if (value === undefined || !known.has(key) || !isSilent(value)) continue;
    silent ??= {};
    silent[key] = value;
  }
  return silent;
}

function isSilent(value: Json): boolean {
  if (value === null || value === "" || value === false) return true;
  if (typeof value !== "object") return false;
  return Object.keys(value).length === 0;
}

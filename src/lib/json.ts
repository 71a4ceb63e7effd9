/** A parsed JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json | undefined };

/** The value as an object, or null where it is something else. */
export function asObject(value: unknown): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The value as an array; an empty one where it is something else. */
export function asArray(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

/** The value as a string, or null. */
export function asString(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The value as a finite number, or null. */
export function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The value as a count (a finite number of at least 0), or null. */
export function asCount(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

/** The value as a boolean, or null. */
export function asBoolean(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

/** What parses as a JSON object; null for any other text. */
export function parseObject(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return null; // not JSON: the caller of this says what that means
  }
}

/** The members of an object that are not among `known`; null when there are none. */
export function restOf(object: JsonObject, known: ReadonlySet<string>): JsonObject | null {
  let rest: Record<string, Json> | null = null;
  for (const key in object) {
    const value = object[key];
    // Set as a member, "__proto__" would become what the rest inherits from.
    if (known.has(key) || value === undefined || key === "__proto__") continue;
    rest ??= {};
    rest[key] = value;
  }
  return rest;
}

/** An object without its undefined members, which JSON does not know. */
export function compact(object: Record<string, Json | undefined>): Record<string, Json> {
  for (const key in object) if (object[key] === undefined) delete object[key];
  return object as Record<string, Json>;
}

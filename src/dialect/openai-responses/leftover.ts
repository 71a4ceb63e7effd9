import type { JsonObject } from "../../lib/json.ts";

/**
 * The members of a wire object that were not taken into the neutral form: those nobody reads, and those that were there but read
 * as nothing (`null` is another thing than absent, and comes back as it was). Null when there are none.
 */
export function leftover(object: JsonObject, read: Readonly<Record<string, unknown>>): JsonObject | null {
  let rest: Record<string, JsonObject[string]> | null = null;
  for (const key in object) {
    if (object[key] === undefined) continue;
    if (Object.hasOwn(read, key) && read[key] !== null && read[key] !== undefined) continue;
    rest ??= {};
    rest[key] = object[key];
  }
  return rest;
}

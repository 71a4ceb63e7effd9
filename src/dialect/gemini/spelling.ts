/** Callers may spell a field in camel case or as in the .proto file: https://protobuf.dev/programming-guides/json/#field-names */
import { asArray, asObject, type Json, type JsonObject } from "../../lib/json.ts";

/**
 * A message with its fields in camel case, as Google's own SDKs send them. Of this message only: what stands in its fields may be
 * the caller's own (arguments, schemas' properties, labels) and is not looked at. Members that are null count as absent.
 */
export function camelize(message: JsonObject): JsonObject {
  let changed: Record<string, Json> | null = null;
  for (const key in message) {
    const value = message[key];
    const isPlain = !key.includes("_", 1) && value !== null && value !== undefined;
    if (isPlain && changed === null) continue;
    changed ??= copyBefore(message, key);
    if (value === null || value === undefined) continue;
    const name = camelOf(key);
    // Both spellings at once: the first one counts.
    changed[name] ??= value;
  }
  return changed ?? message;
}

function copyBefore(message: JsonObject, end: string): Record<string, Json> {
  const copy: Record<string, Json> = {};
  for (const key in message) {
    if (key === end) break;
    copy[key] = message[key] as Json;
  }
  return copy;
}

function camelOf(key: string): string {
  if (!key.includes("_", 1)) return key;
  return key.replace(/(?<=.)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The member as a message in camel case, or null. */
export function messageOf(value: Json | undefined): JsonObject | null {
  const object = asObject(value);
  return object === null ? null : camelize(object);
}

/** Elements of a repeated field: Google's parser also takes one element without its array. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? asArray(value) : [value];
}

import type { Json, JsonObject } from "../../lib/json.ts";
import { invalidType } from "../openai-invalid.ts";

/** The member as a number; null where it is absent or null. Throws GatewayError `invalid_request` for anything else. */
export function readNumber(body: JsonObject, name: string): number | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number") throw invalidType(name, "a number", value);
  return value;
}

/** The member as a boolean; null where it is absent or null. Throws GatewayError `invalid_request` for anything else. */
export function readBoolean(body: JsonObject, name: string): boolean | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "boolean") throw invalidType(name, "a boolean", value);
  return value;
}

/** The member as a string; null where it is absent or null. Throws GatewayError `invalid_request` for anything else. */
export function readString(body: JsonObject, name: string, param = name): string | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw invalidType(param, "a string", value);
  return value;
}

/** The member as an object; null where it is absent or null. Throws GatewayError `invalid_request` for anything else. */
export function readObject(body: JsonObject, name: string, param = name): JsonObject | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "object" || Array.isArray(value)) throw invalidType(param, "an object", value);
  return value as JsonObject;
}

/** The member as a list; null where it is absent or null. Throws GatewayError `invalid_request` for anything else. */
export function readList(body: JsonObject, name: string, param = name): readonly Json[] | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw invalidType(param, "an array", value);
  return value as readonly Json[];
}

/** An element of a list as an object. Throws GatewayError `invalid_request` for anything else. */
export function toObject(value: Json | undefined, param: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalidType(param, "an object", value);
  return value as JsonObject;
}

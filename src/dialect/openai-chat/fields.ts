import { GatewayError } from "../../errors.ts";
import type { Json, JsonObject } from "../../lib/json.ts";

/** A request's member of the wrong type, in the words of the API. */
export function invalidType(param: string, expected: string, got: Json | undefined): GatewayError {
  return new GatewayError(
    "invalid_request",
    `Invalid type for '${param}': expected ${expected}, but got ${nameType(got)} instead.`,
    { param, detail: "invalid_type" },
  );
}

/** A request's member with a value that the API does not know. */
export function invalidValue(param: string, got: string, supported: readonly string[]): GatewayError {
  const known = supported.map((value) => `'${value}'`).join(", ");
  return new GatewayError("invalid_request", `Invalid value: '${got.slice(0, 100)}'. Supported values are: ${known}.`, {
    param,
    detail: "invalid_value",
  });
}

/** A member that must be there. */
export function missing(param: string): GatewayError {
  return new GatewayError("invalid_request", `Missing required parameter: '${param}'.`, {
    param,
    detail: "missing_required_parameter",
  });
}

function nameType(value: Json | undefined): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a decimal";
  return `a ${typeof value}`;
}

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

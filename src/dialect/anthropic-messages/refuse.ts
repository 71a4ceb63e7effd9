import { GatewayError } from "../../errors.ts";
import { asNumber, asString, type Json, type JsonObject } from "../../lib/json.ts";

/** A caller's request that is none, in the words of the API: "max_tokens: Field required". */
export function refuse(param: string, problem: string): GatewayError {
  return new GatewayError("invalid_request", `${param}: ${problem}`, { param });
}

/** A member that may be left out or null. */
export function optional<T>(
  body: JsonObject,
  key: string,
  narrow: (value: Json | undefined) => T | null,
  expected: string,
): T | null {
  const value = body[key];
  if (value === undefined || value === null) return null;
  const narrowed = narrow(value);
  if (narrowed === null) throw refuse(key, `Input should be a valid ${expected}`);
  return narrowed;
}

export function optionalNumber(body: JsonObject, key: string): number | null {
  return optional(body, key, asNumber, "number");
}

export function requiredString(object: JsonObject, key: string, path: string): string {
  const value = asString(object[key]);
  if (value !== null) return value;
  throw refuse(`${path}${key}`, object[key] === undefined ? "Field required" : "Input should be a valid string");
}

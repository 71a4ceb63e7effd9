import { GatewayError } from "../../errors.ts";
import { asArray, asObject, type Json, type JsonObject } from "../../lib/json.ts";

/** A caller's request that is none, in the words of Bedrock's ValidationException. */
export function invalid(param: string, problem: string): GatewayError {
  return new GatewayError(
    "invalid_request",
    `1 validation error detected: Value at '${param}' failed to satisfy constraint: ${problem}`,
    {
      param,
    },
  );
}

/** A member that is an object, or not there. */
export function optionalObject(body: JsonObject, key: string): JsonObject | null {
  const value = body[key];
  if (value === undefined || value === null) return null;
  const object = asObject(value);
  if (object === null) throw invalid(key, "Member must be an object");
  return object;
}

/** A member that is a list of objects, or not there. */
export function optionalObjects(body: JsonObject, key: string, path: string): readonly JsonObject[] | null {
  const value = body[key];
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw invalid(path, "Member must be a list");
  return asArray(value).map((item, index) => {
    const object = asObject(item);
    if (object === null) throw invalid(`${path}.${index}`, "Member must be an object");
    return object;
  });
}

/** A number within bounds, or not there. */
export function optionalNumber(
  object: JsonObject | null,
  key: string,
  path: string,
  bounds: readonly [least: number, most: number],
): number | null {
  const value: Json | undefined = object?.[key];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number") throw invalid(`${path}.${key}`, "Member must be a number");
  if (value < bounds[0])
    throw invalid(`${path}.${key}`, `Member must have value greater than or equal to ${bounds[0]}`);
  if (value > bounds[1]) throw invalid(`${path}.${key}`, `Member must have value less than or equal to ${bounds[1]}`);
  return value;
}

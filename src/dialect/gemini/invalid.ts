import { GatewayError } from "../../errors.ts";
import type { Json } from "../../lib/json.ts";

const MAX_SHOWN = 100;

/** A request that the API itself would refuse; `param` is the field as the API spells it in its answers. */
export function invalid(message: string, param: string): GatewayError {
  return new GatewayError("invalid_request", message, { param });
}

/** A value of the wrong type, in Google's words. */
export function invalidValue(param: string, type: string, value: Json): GatewayError {
  const shown = (JSON.stringify(value) ?? "nothing").slice(0, MAX_SHOWN);
  return invalid(`Invalid value at '${param}' (${type}), ${shown}`, param);
}

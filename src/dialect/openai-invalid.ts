import { GatewayError } from "../errors.ts";
import { nameType } from "../lib/name-type.ts";

/** A member that must be there, in the words of OpenAI's APIs. */
export function missingParameter(param: string): GatewayError {
  return new GatewayError("invalid_request", `Missing required parameter: '${param}'.`, {
    param,
    detail: "missing_required_parameter",
  });
}

/** A member of the wrong type; `expected`: "a string", "an array of objects". */
export function invalidType(param: string, expected: string, got: unknown): GatewayError {
  return new GatewayError(
    "invalid_request",
    `Invalid type for '${param}': expected ${expected}, but got ${nameOfType(got)} instead.`,
    { param, detail: "invalid_type" },
  );
}

/** A value that the API does not know. */
export function invalidValue(param: string, got: string, supported: readonly string[]): GatewayError {
  const quoted = supported.map((value) => `'${value}'`);
  const last = quoted.pop() ?? "";
  const list = quoted.length === 0 ? last : `${quoted.join(", ")}, and ${last}`;
  return new GatewayError("invalid_request", `Invalid value: '${got.slice(0, 100)}'. Supported values are: ${list}.`, {
    param,
    detail: "invalid_value",
  });
}

function nameOfType(value: unknown): string {
  if (typeof value !== "number") return nameType(value);
  return Number.isInteger(value) ? "an integer" : "a decimal number";
}

import { GatewayError } from "../../errors.ts";

/** Errors for what is no request of this API, in the API's own words. */
export function missingParameter(param: string): GatewayError {
  return new GatewayError("invalid_request", `Missing required parameter: '${param}'.`, {
    param,
    detail: "missing_required_parameter",
  });
}

/** A request with neither an input nor anything that stands for one. */
export function missingInput(): GatewayError {
  return new GatewayError(
    "invalid_request",
    'One of "input" or "previous_response_id" or "prompt" or "conversation" must be provided.',
    { param: "input", detail: "missing_required_parameter" },
  );
}

/** `expected`: "a string", "an array of objects". */
export function invalidType(param: string, expected: string, got: unknown): GatewayError {
  return new GatewayError(
    "invalid_request",
    `Invalid type for '${param}': expected ${expected}, but got ${nameOfType(got)} instead.`,
    { param, detail: "invalid_type" },
  );
}

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
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "string":
      return "a string";
    case "number":
      return Number.isInteger(value) ? "an integer" : "a decimal number";
    case "boolean":
      return "a boolean";
    case "object":
      return "an object";
    default:
      return "nothing";
  }
}

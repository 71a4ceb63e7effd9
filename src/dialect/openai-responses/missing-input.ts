import { GatewayError } from "../../errors.ts";

/** A request with neither an input nor anything that stands for one. */
export function missingInput(): GatewayError {
  return new GatewayError(
    "invalid_request",
    'One of "input" or "previous_response_id" or "prompt" or "conversation" must be provided.',
    { param: "input", detail: "missing_required_parameter" },
  );
}

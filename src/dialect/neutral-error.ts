import type { GatewayError } from "../errors.ts";
import type { NeutralError } from "./neutral.ts";

/** An error of ours in the neutral form, for the caller's dialect to write. */
export function neutralErrorOf(error: GatewayError): NeutralError {
  return {
    code: error.code,
    status: error.status,
    message: error.message,
    param: error.options.param ?? null,
    detail: error.options.detail ?? null,
    source: "gateway",
    retryAfterSeconds: error.options.retryAfterSeconds ?? null,
  };
}

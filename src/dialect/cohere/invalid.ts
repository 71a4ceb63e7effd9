import { GatewayError } from "../../errors.ts";

/** A request that Cohere's API would refuse, in its way of saying so. */
export function invalid(message: string, param: string): GatewayError {
  return new GatewayError("invalid_request", `invalid request: ${message}`, { param });
}

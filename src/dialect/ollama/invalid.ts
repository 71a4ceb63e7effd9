import { GatewayError } from "../../errors.ts";

/** A request that Ollama would refuse. */
export function invalid(message: string, param: string): GatewayError {
  return new GatewayError("invalid_request", message, { param });
}

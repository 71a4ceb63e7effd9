import { GatewayError } from "../../errors.ts";
import { type Endpoint, findEndpoint } from "./endpoints.ts";

/** What of a request's head decides where it goes. */
export type RequestLine = { readonly method: string; readonly path: string };

const MAX_PATH_IN_ERROR = 200;

/** The endpoint of a request, from its target alone. Throws GatewayError `not_found` or `method_not_allowed`. */
export function recogniseEndpoint({ method, path }: RequestLine): Endpoint {
  const endpoint = findEndpoint(path);
  if (endpoint === null) {
    throw new GatewayError("not_found", `Invalid URL (${method} ${path.slice(0, MAX_PATH_IN_ERROR)})`, {
      detail: "unknown_url",
    });
  }
  if (method !== endpoint.method) throw wrongMethod(method, endpoint.method);
  return endpoint;
}

/** A method that a path does not know; the answer's Allow says which it does. */
export function wrongMethod(got: string, allowed: string): GatewayError {
  return new GatewayError("method_not_allowed", `Not allowed to ${got} here; expected ${allowed}.`, {
    allow: allowed,
  });
}

import { GatewayError } from "../errors.ts";
import type { Endpoint } from "./dialect.ts";
import { ENDPOINTS } from "./dialects.ts";

/** What of a request's head decides where it goes. */
export type RequestLine = { readonly method: string; readonly path: string };

/** An endpoint, and the model where the path names it. */
export type Recognised = { readonly endpoint: Endpoint; readonly model: string | null };

const MAX_PATH_IN_ERROR = 200;

/** Paths without a model: found by one look. */
const BY_PATH = new Map<string, Recognised>();
/** Paths with one: few, tried in order. */
const WITH_MODEL: { readonly before: string; readonly after: string; readonly endpoint: Endpoint }[] = [];
for (const endpoint of ENDPOINTS) {
  const at = endpoint.path.indexOf("{model}");
  if (at === -1) BY_PATH.set(endpoint.path, { endpoint, model: null });
  else
    WITH_MODEL.push({
      before: endpoint.path.slice(0, at),
      after: endpoint.path.slice(at + "{model}".length),
      endpoint,
    });
}

/** Clients made for one provider bring its prefix along (Groq's SDK, Azure's newer URLs): the same API stands behind it. */
const PREFIX = "/openai";

/** The dialect a request speaks, for an error before its endpoint is known: by what only that API's clients send or ask for. */
export function guessDialect(path: string, hasHeader: (name: string) => boolean): string {
  const found =
    BY_PATH.get(path) ?? WITH_MODEL.find(({ before, after }) => path.startsWith(before) && path.endsWith(after));
  if (hasHeader("anthropic-version")) return "anthropic-messages";
  if (found !== undefined) return found.endpoint.dialect;
  for (const [prefix, dialect] of PREFIXES) if (path.startsWith(prefix)) return dialect;
  return "openai-chat";
}

const PREFIXES = [
  ["/v1beta/", "gemini"],
  ["/model/", "bedrock-converse"],
  ["/api/", "ollama"],
  ["/v1/messages", "anthropic-messages"],
  ["/v1/responses", "openai-responses"],
] as const;

/** The endpoint of a request, from its target alone. Throws GatewayError `not_found` or `method_not_allowed`. */
export function recogniseEndpoint({ method, path }: RequestLine): Recognised {
  const found =
    BY_PATH.get(path) ??
    findWithModel(path) ??
    (path.startsWith("/openai/v1/") ? BY_PATH.get(path.slice(PREFIX.length)) : undefined);
  if (found === undefined) {
    throw new GatewayError("not_found", `Invalid URL (${method} ${path.slice(0, MAX_PATH_IN_ERROR)})`, {
      detail: "unknown_url",
    });
  }
  if (method !== found.endpoint.method) throw wrongMethod(method, found.endpoint.method);
  return found;
}

function findWithModel(path: string): Recognised | undefined {
  for (const { before, after, endpoint } of WITH_MODEL) {
    if (path.length <= before.length + after.length || !path.startsWith(before) || !path.endsWith(after)) continue;
    return { endpoint, model: decodeModel(path.slice(before.length, path.length - after.length)) };
  }
  return undefined;
}

/** A model's name as a path holds it. Throws GatewayError for one that is no UTF-8. */
export function decodeModel(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    // percent-encoded bytes that are no UTF-8: no model is called that
    throw new GatewayError("invalid_request", "The model's name in the path is not valid UTF-8.", { param: "model" });
  }
}

/**
 * A path with the model's name filled in (RFC 6570): `{model}` is encoded whole but for "@", `{+model}` keeps its slashes, for
 * APIs whose paths continue with a name of several segments.
 */
export function fillModel(path: string, model: string): string {
  // Half a surrogate pair has no percent-encoding; JSON can hold one.
  if (!model.isWellFormed()) throw noPathName();
  if (path.includes("{model}")) return path.replace("{model}", () => encodeURIComponent(model).replaceAll("%40", "@"));
  if (!path.includes("{+model}")) return path;
  const encoded = model.split("/").map((part) => encodeURIComponent(part).replaceAll("%40", "@"));
  // A name may not climb out of the path it stands in.
  if (encoded.some((part) => part === "." || part === "..")) throw noPathName();
  return path.replace("{+model}", () => encoded.join("/"));
}

function noPathName(): GatewayError {
  return new GatewayError("invalid_request", "The model's name is no name for a path.", { param: "model" });
}

/** A method that a path does not know; the answer's Allow says which it does. */
export function wrongMethod(got: string, allowed: string): GatewayError {
  return new GatewayError("method_not_allowed", `Not allowed to ${got} here; expected ${allowed}.`, {
    allow: allowed,
  });
}

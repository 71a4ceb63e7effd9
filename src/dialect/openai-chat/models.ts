import { GatewayError } from "../../errors.ts";

/** `GET /v1/models`: https://platform.openai.com/docs/api-reference/models/list. `created` is when the config was loaded. */
export function renderModelList(names: readonly string[], createdAtMs: number): string {
  return JSON.stringify({ object: "list", data: names.map((name) => modelObject(name, createdAtMs)) });
}

/** `GET /v1/models/{id}` */
export function renderModel(name: string, createdAtMs: number): string {
  return JSON.stringify(modelObject(name, createdAtMs));
}

function modelObject(name: string, createdAtMs: number): Record<string, unknown> {
  return { id: name, object: "model", created: Math.floor(createdAtMs / 1000), owned_by: "llmux" };
}

/** Path of the list, and the prefix of a single model's. */
export const MODELS_PATH = "/v1/models";

/** The model a path asks for: null for the list. Throws GatewayError for a name that is no UTF-8. */
export function modelOfPath(path: string): string | null {
  if (path === MODELS_PATH) return null;
  try {
    return decodeURIComponent(path.slice(MODELS_PATH.length + 1));
  } catch {
    // percent-encoded bytes that are no UTF-8: no model is called that
    throw new GatewayError("invalid_request", "The model's name in the path is not valid UTF-8.", { param: "model" });
  }
}

/** Whether a path is the list of models or one of them. */
export function isModelsPath(path: string): boolean {
  return path === MODELS_PATH || (path.startsWith(MODELS_PATH) && path.charCodeAt(MODELS_PATH.length) === 47);
}

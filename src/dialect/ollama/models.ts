/** Answers about models that the gateway gives by itself, for clients that look before they ask: https://docs.ollama.com/api/tags */
import { createHash } from "node:crypto";
import { asString, type JsonObject } from "../../lib/json.ts";

/** Paths of these answers. */
export const TAGS_PATH = "/api/tags";
export const SHOW_PATH = "/api/show";
export const VERSION_PATH = "/api/version";

/** The version of Ollama whose API these answers follow; clients refuse to talk to older ones. */
const API_VERSION = "0.13.3";

/** What a file on a disk has and a model behind a gateway has not. */
const NO_DETAILS = {
  parent_model: "",
  format: "",
  family: "",
  families: [],
  parameter_size: "",
  quantization_level: "",
};

/** `GET /api/tags`. The digest stands for the name: clients shorten it, and compare it to see whether a model has changed. */
export function renderTags(names: readonly string[], createdAtMs: number): string {
  const modifiedAt = new Date(createdAtMs).toISOString();
  return JSON.stringify({
    models: names.map((name) => ({
      name,
      model: name,
      modified_at: modifiedAt,
      size: 0,
      digest: createHash("sha256").update(name).digest("hex"),
      details: NO_DETAILS,
    })),
  });
}

/** `POST /api/show`: nothing is known of a model but that it completes; what else it can is for `capabilities` to say. */
export function renderShow(createdAtMs: number, capabilities: readonly string[] = ["completion"]): string {
  return JSON.stringify({
    modelfile: "",
    parameters: "",
    template: "",
    details: NO_DETAILS,
    model_info: {},
    capabilities,
    modified_at: new Date(createdAtMs).toISOString(),
  });
}

/** The model that `POST /api/show` asks for; `name` is the field's older name. */
export function readShownModel(body: JsonObject): string | null {
  return asString(body["model"]) ?? asString(body["name"]);
}

/** `GET /api/version` */
export function renderVersion(): string {
  return JSON.stringify({ version: API_VERSION });
}

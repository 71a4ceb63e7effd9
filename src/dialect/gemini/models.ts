/** `GET /v1beta/models` and `/v1beta/models/{id}`: https://ai.google.dev/api/models */
import type { JsonObject } from "../../lib/json.ts";

/** Path of the list, and the prefix of a single model's. */
export const GEMINI_MODELS_PATH = "/v1beta/models";

/** The config does not say what a model can do; every method is offered, and one that cannot be served says so. */
const METHODS = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"];

export function renderGeminiModelList(names: readonly string[]): string {
  return JSON.stringify({ models: names.map(modelObject) });
}

export function renderGeminiModel(name: string): string {
  return JSON.stringify(modelObject(name));
}

function modelObject(name: string): JsonObject {
  return {
    name: `models/${name}`,
    baseModelId: name,
    version: "",
    displayName: name,
    supportedGenerationMethods: METHODS,
  };
}

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

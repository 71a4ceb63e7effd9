import type { Json, JsonObject } from "../../lib/json.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

/** `GET /v1/models` in Anthropic's form, with its pages: https://platform.claude.com/docs/en/api/models/list */
export function renderModelList(names: readonly string[], createdAtMs: number, query: URLSearchParams): string {
  const limit = limitOf(query.get("limit"));
  const after = names.indexOf(query.get("after_id") ?? "");
  const before = names.indexOf(query.get("before_id") ?? "");
  const end = before === -1 ? names.length : before;
  const start = before === -1 ? after + 1 : Math.max(0, end - limit);
  const page = names.slice(start, Math.min(end, start + limit));
  const list: Record<string, Json> = {
    data: page.map((name) => modelObject(name, createdAtMs)),
    has_more: before === -1 ? start + limit < names.length : start > 0,
    first_id: page[0] ?? null,
    last_id: page.at(-1) ?? null,
  };
  return JSON.stringify(list);
}

/** `GET /v1/models/{id}` */
export function renderModel(name: string, createdAtMs: number): string {
  return JSON.stringify(modelObject(name, createdAtMs));
}

/** `created_at` is when the config was loaded: a public name has no other day of birth. */
function modelObject(name: string, createdAtMs: number): JsonObject {
  return { type: "model", id: name, display_name: name, created_at: new Date(createdAtMs).toISOString() };
}

function limitOf(text: string | null): number {
  const limit = Number(text ?? DEFAULT_LIMIT);
  return Number.isInteger(limit) && limit >= 1 ? Math.min(limit, MAX_LIMIT) : DEFAULT_LIMIT;
}

import type { Json, JsonObject } from "../lib/json.ts";

/**
 * A body in the provider's own words (`Quirks.renames`): `{ top_n: "top_k" }` gives a member another name, and
 * `{ "purpose=search_query": "query" }` a member's value (or each of a list's) another word. Once a member has such words, a value
 * without one is left out. Names may change places.
 */
export function renameMembers(body: JsonObject, renames: Readonly<Record<string, string>>): JsonObject {
  const entries = Object.entries(renames);
  if (entries.length === 0) return body;
  const renamed: Record<string, Json | undefined> = { ...body };
  const names: (readonly [from: string, to: string])[] = [];
  const words = new Map<string, Map<string, string>>();
  for (const [from, to] of entries) {
    const at = from.indexOf("=");
    if (at === -1) names.push([from, to]);
    else {
      const name = from.slice(0, at);
      let known = words.get(name);
      if (known === undefined) words.set(name, (known = new Map()));
      known.set(from.slice(at + 1), to);
    }
  }
  for (const [name, known] of words) {
    if (body[name] !== undefined) renamed[name] = sayIn(known, body[name]);
  }
  const moved = names.map(([from, to]) => [to, renamed[from]] as const);
  for (const [from] of names) delete renamed[from];
  for (const [to, value] of moved) if (value !== undefined) renamed[to] = value;
  for (const key in renamed) if (renamed[key] === undefined) delete renamed[key];
  return renamed;
}

function sayIn(words: ReadonlyMap<string, string>, value: Json): Json | undefined {
  if (typeof value === "string") return words.get(value);
  if (!Array.isArray(value)) return value;
  const said = (value as readonly Json[]).flatMap((item) =>
    typeof item === "string" ? (words.get(item) ?? []) : item,
  );
  return said.length === 0 ? undefined : said;
}

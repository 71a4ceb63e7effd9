import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { CacheHint } from "../neutral.ts";

/** A `cache_control` in the form the neutral hint has words for; null for any other. */
export function readCache(value: Json | undefined): CacheHint | null {
  const control = asObject(value);
  if (control === null || control["type"] !== "ephemeral") return null;
  for (const key in control) if (key !== "type" && key !== "ttl") return null;
  const ttl = control["ttl"];
  if (ttl === undefined) return { ttl: null };
  return ttl === "5m" || ttl === "1h" ? { ttl } : null;
}

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
export function writeCache({ ttl }: CacheHint): JsonObject {
  return ttl === null ? { type: "ephemeral" } : { type: "ephemeral", ttl };
}

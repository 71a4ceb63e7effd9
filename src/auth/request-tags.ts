import { GatewayError } from "../errors.ts";
import type { Key } from "../policy.ts";

const MAX_TAGS = 20;
const MAX_TAG_CHARS = 64;
const NO_TAGS: readonly string[] = [];

/**
 * The tags of a request: its key's, those of `x-llmux-tags` (separated by commas) and those of the body's `metadata.tags` (a list of
 * texts, or one text in the header's form), each once. Throws GatewayError `invalid_request` for more than 20 of a caller's own, or
 * one of more than 64 characters.
 */
export function tagsOf(header: string | null, key: Key | null, metadataTags: unknown = null): readonly string[] {
  const own = key?.tags ?? NO_TAGS;
  if (header === null && metadataTags === null) return own;
  const tags = new Set(own);
  const given = [...split(header ?? "", "x-llmux-tags"), ...readMetadata(metadataTags)];
  if (given.length > MAX_TAGS) throw invalid("x-llmux-tags", `at most ${MAX_TAGS} tags, got ${given.length}`);
  for (const tag of given) tags.add(tag);
  return tags.size === own.length ? own : [...tags];
}

function readMetadata(tags: unknown): readonly string[] {
  if (typeof tags === "string") return split(tags, "metadata.tags");
  if (!Array.isArray(tags)) return NO_TAGS;
  // What else stands in it is the caller's own business.
  return tags.filter((tag): tag is string => typeof tag === "string").flatMap((tag) => check(tag, "metadata.tags"));
}

function split(text: string, where: string): readonly string[] {
  if (text === "") return NO_TAGS;
  return text.split(",").flatMap((tag) => check(tag, where));
}

function check(tag: string, where: string): readonly string[] {
  const trimmed = tag.trim();
  if (trimmed.length > MAX_TAG_CHARS) {
    throw invalid(where, `tags of at most ${MAX_TAG_CHARS} characters, got one of ${trimmed.length}`);
  }
  return trimmed === "" ? NO_TAGS : [trimmed];
}

function invalid(where: string, problem: string): GatewayError {
  return new GatewayError("invalid_request", `${where} should hold ${problem}.`, { param: where });
}

import type { StrategySettings } from "../../policy.ts";
import type { Candidate } from "../candidate.ts";
import type { Facts } from "../facts.ts";
import { type Keep, keepFitting, type Rule } from "./keep.ts";

const NO_TAGS: readonly string[] = [];

type TagSettings = Extract<StrategySettings, { name: "tags" }>;

/**
 * A rule: deployments that carry the request's tags, or where it has none, the tags in `default`.
 * - `match: any`: one of them is enough; `all`: every one of them.
 * - A key's tags hold first, and by themselves: what the caller asks for beside them can only narrow what is left.
 * - A request with no tags, where `default` is empty, is served by the deployments that have no tags, and by no others: what somebody
 *   set apart for "eu" is not handed to whoever does not ask.
 * - A deployment without tags serves no request that has some.
 * - Nobody fits: the list is empty, and the request goes to nobody. A tag is a promise (a region, a tenant); breaking it is worse than
 *   refusing.
 */
export function keepTagged(settings: TagSettings): Keep {
  const rule = new TagRule(settings);
  return (candidates, facts, context) => keepFitting(candidates, rule, facts, context);
}

class TagRule implements Rule {
  readonly name = "tags";
  readonly #default: readonly string[];
  readonly #needsAll: boolean;

  constructor(settings: TagSettings) {
    this.#default = settings.default;
    this.#needsAll = settings.match === "all";
  }

  fits({ deployment: { tags } }: Candidate, facts: Facts): boolean {
    const { keyTags } = facts;
    if (keyTags.length > 0 && !this.#carries(tags, keyTags, NO_TAGS)) return false;
    if (facts.tags.length > 0) return facts.tags.length === keyTags.length || this.#carries(tags, facts.tags, keyTags);
    return this.#default.length === 0 ? tags.length === 0 : this.#carries(tags, this.#default, NO_TAGS);
  }

  /** Whether it has one (or all) of the tags that are wanted, but for those in `besides`. */
  #carries(tags: readonly string[], wanted: readonly string[], besides: readonly string[]): boolean {
    if (this.#needsAll) {
      // More wanted than there are tags need not fail: a tag may be named twice.
      for (const tag of wanted) if (!besides.includes(tag) && !tags.includes(tag)) return false;
      return true;
    }
    for (const tag of tags) if (wanted.includes(tag) && !besides.includes(tag)) return true;
    return false;
  }

  explain({ deployment: { tags } }: Candidate, facts: Facts): string {
    const wanted = facts.tags.length > 0 ? facts.tags : this.#default;
    const has = tags.length === 0 ? "has no tags" : `tagged ${tags.join(", ")}`;
    if (wanted.length === 0) return `${has}, the request has no tags`;
    // The caller's own words, so not at any length.
    const named = wanted.slice(0, 8).join(", ").slice(0, 200);
    return `${has}, wanted ${this.#needsAll ? "all" : "one"} of ${named}${facts.keyTags.length > 0 ? ", the key's in any case" : ""}`;
  }
}

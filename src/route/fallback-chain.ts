import type { ModelGroup } from "../exchange.ts";
import type { FailureClass } from "../policy.ts";
import type { FoundGroup } from "./find-group.ts";
import type { Trace } from "./trace.ts";

/** Why a group is left, and so which of its lists is next. */
export type Chain = "fallbacks" | "contextWindowFallbacks" | "contentPolicyFallbacks";

/** Too long and not allowed are nothing that just any other model mends. */
export function chainOf(failureClass: FailureClass | null): Chain {
  if (failureClass === "context_window") return "contextWindowFallbacks";
  return failureClass === "content_policy" ? "contentPolicyFallbacks" : "fallbacks";
}

/** The groups after the first one, in order and each of them once, so that no loop in a config is one here. */
export class FallbackChain {
  readonly #root: ModelGroup;
  readonly #visited: string[];
  #chain: Chain = "fallbacks";
  #queue: string[] | null = null;

  constructor(root: FoundGroup) {
    this.#root = root.group;
    this.#visited = [visitOf(root)];
  }

  /**
   * The next group after `group`, which is left for the reason that `chain` stands for; null where none is left. A group's own list
   * stands behind what is already waiting: the first group's order is what the operator wrote for this model. Who is sent on for a
   * special reason stays with those who can deal with it.
   */
  next(
    group: ModelGroup,
    chain: Chain,
    resolve: (model: string) => FoundGroup | null,
    trace: Trace | null,
  ): FoundGroup | null {
    const own = group.policy[chain];
    if (this.#queue === null || (chain !== this.#chain && chain !== "fallbacks")) {
      this.#queue = group === this.#root ? [...own] : [...own, ...this.#root.policy[chain]];
      this.#chain = chain;
    } else this.#queue.push(...own);
    for (let name = this.#queue.shift(); name !== undefined; name = this.#queue.shift()) {
      const found = resolve(name);
      if (found === null) {
        trace?.add({ kind: "next", why: `the fallback ${name} is not there` });
        continue;
      }
      const visit = visitOf(found);
      if (this.#visited.includes(visit)) continue;
      this.#visited.push(visit);
      trace?.add({ kind: "next", why: `fall back to ${name} (${WORDS[this.#chain]})` });
      return found;
    }
    return null;
  }
}

const WORDS = {
  fallbacks: "fallbacks",
  contextWindowFallbacks: "context_window_fallbacks",
  contentPolicyFallbacks: "content_policy_fallbacks",
} as const satisfies Record<Chain, string>;

/** A wildcard's group is another one for every name that it stands for. */
function visitOf({ group: { name }, rest }: FoundGroup): string {
  return rest === "" ? name : `${name} ${rest}`;
}

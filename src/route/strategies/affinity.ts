import type { Deployment } from "../../exchange.ts";
import type { StrategySettings } from "../../policy.ts";
import type { Candidate, Strategy, StrategyContext } from "../candidate.ts";
import type { Facts } from "../facts.ts";

type AffinitySettings = Extract<StrategySettings, { name: "affinity" }>;

/**
 * The same key to the same deployment, so that the provider's prompt cache hits: by header, user, or the beginning of the prompt. The
 * inner strategies narrow first; among those they would choose freely from, the key decides. Without a key they choose by themselves.
 *
 * Weighted rendezvous hashing (Thaler and Ravishankar, 1998; weights as in Schindelhauer and Schomaker, "Weighted Distributed Hash
 * Tables", 2005): each deployment scores weight / -ln(u), u drawn by hashing key and id, and the highest wins. One that goes takes only
 * its own keys with it, one that comes takes only its share of each other's; no ring, no state, and every gateway agrees.
 * Only `weight` counts, 1 where none is given: rpm and tpm would make every key's place hang on who else has them.
 */
export class Affinity implements Strategy {
  readonly #by: AffinitySettings["by"];
  readonly #inner: Strategy;

  constructor(by: AffinitySettings["by"], inner: Strategy) {
    this.#by = by;
    this.#inner = inner;
  }

  narrow(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): readonly Candidate[] {
    return this.#inner.narrow(candidates, facts, context);
  }

  pick(candidates: readonly Candidate[], facts: Facts, context: StrategyContext): Candidate | null {
    const key = this.#readKey(facts);
    if (key === null || key === "") return this.#inner.pick(candidates, facts, context);
    const chosen = pickByKey(this.#inner.narrow(candidates, facts, context), key);
    if (chosen !== null && context.trace !== null) {
      const why = `the same ${this.#by.kind === "prompt-prefix" ? "beginning of the prompt" : this.#by.kind}`;
      context.trace.add({ kind: "chosen", deployment: chosen.deployment.id, by: "affinity", why });
    }
    return chosen;
  }

  #readKey(facts: Facts): string | null {
    const by = this.#by;
    switch (by.kind) {
      case "header":
        return facts.header(by.header);
      case "user":
        return facts.user;
      case "prompt-prefix":
        return facts.promptPrefix(by.bytes);
    }
    return by satisfies never;
  }
}

/** The candidate that a key belongs to. */
function pickByKey(candidates: readonly Candidate[], key: string): Candidate | null {
  const first = candidates[0];
  if (first === undefined || candidates.length === 1) return first ?? null;
  const keyHash = Bun.hash.xxHash32(key);
  let best = first;
  let bestScore = -1;
  for (const candidate of candidates) {
    const { deployment } = candidate;
    const hash = mix(keyHash ^ hashOfId(deployment));
    const score = (deployment.weight ?? 1) / -Math.log((hash + 0.5) / 4_294_967_296);
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** Hashes of ids, kept as long as their deployments. */
const idHashes = new WeakMap<Deployment, number>();

function hashOfId(deployment: Deployment): number {
  const known = idHashes.get(deployment);
  if (known !== undefined) return known;
  const hash = Bun.hash.xxHash32(deployment.id);
  idHashes.set(deployment, hash);
  return hash;
}

/** MurmurHash3's finalizer: every bit of the input moves every bit of the result. */
function mix(input: number): number {
  let hash = input;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

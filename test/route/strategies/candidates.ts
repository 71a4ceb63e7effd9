import type { Deployment, Provider } from "../../../src/exchange.ts";
import { NO_LIMITS } from "../../../src/policy.ts";
import type { Candidate, LiveDeployment, StrategyContext } from "../../../src/route/candidate.ts";
import type { Facts } from "../../../src/route/facts.ts";
import type { Trace } from "../../../src/route/trace.ts";
import { Random } from "../../instruments/random.ts";

/** What the strategies look at of a deployment; everything else is the same for all. */
export type CandidateTraits = {
  readonly id: string;
  readonly weight?: number | null;
  readonly rpm?: number | null;
  readonly tpm?: number | null;
  readonly tier?: number;
  readonly tags?: readonly string[];
  readonly provider?: string;
  readonly model?: string;
  readonly price?: { readonly input: number; readonly output: number } | null;
  readonly inFlight?: number;
  readonly firstByteMs?: number | null;
  readonly tokensPerSecond?: number | null;
  readonly usedShare?: number | null;
  readonly isOverBudget?: boolean;
};

/** Lets a test move what is known of a deployment. */
export type TestLive = { -readonly [Member in keyof LiveDeployment]: LiveDeployment[Member] };
export type TestCandidate = Omit<Candidate, "live"> & { readonly live: TestLive };

export function makeCandidate(traits: CandidateTraits): TestCandidate {
  const deployment: Deployment = {
    id: traits.id,
    group: "gpt-4o",
    // Strategies know a provider by its name.
    provider: { name: traits.provider ?? "openai" } as unknown as Provider,
    model: traits.model ?? "gpt-4o",
    timeouts: { connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 },
    weight: traits.weight ?? null,
    tier: traits.tier ?? 0,
    limits: { ...NO_LIMITS, rpm: traits.rpm ?? null, tpm: traits.tpm ?? null },
    tags: traits.tags ?? [],
    price: traits.price ?? null,
    contextWindow: null,
    budget: null,
    breaker: { consecutive: 5, failureShare: 0.5, windowMs: 60_000, minimum: 10, openMs: 30_000, slowStartMs: 30_000 },
    healthCheck: null,
  };
  const live: TestLive = {
    inFlight: traits.inFlight ?? 0,
    firstByteMs: traits.firstByteMs ?? null,
    tokensPerSecond: traits.tokensPerSecond ?? null,
    usedShare: () => traits.usedShare ?? null,
    isOverBudget: () => traits.isOverBudget ?? false,
    roundRobinCredit: 0,
  };
  return { deployment, upstreamModel: deployment.model === "*" ? "llama-3" : deployment.model, live };
}

/** Candidates named a, b, c … with these traits. */
export function makeCandidates(...traits: readonly Omit<CandidateTraits, "id">[]): readonly TestCandidate[] {
  return traits.map((own, index) => makeCandidate({ id: String.fromCodePoint(97 + index), ...own }));
}

export type FactTraits = Partial<Omit<Facts, "header" | "promptPrefix">> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly prompt?: string | null;
};

export function makeFacts(traits: FactTraits = {}): Facts {
  const { headers = {}, prompt = null, ...given } = traits;
  return {
    model: "gpt-4o",
    endpoint: "chat.completions",
    isStream: true,
    priority: "normal",
    caller: "shop",
    team: null,
    tags: [],
    keyTags: [],
    inputTokens: 0,
    outputTokens: 0,
    metadata: {},
    user: null,
    ...given,
    header: (name) => (Object.hasOwn(headers, name) ? (headers[name] ?? null) : null),
    promptPrefix: (bytes) => prompt?.slice(0, bytes) ?? null,
  };
}

/** A moment, with chance drawn from a seed. */
export function makeContext(seed = 42, trace: Trace | null = null): StrategyContext {
  const random = new Random(seed);
  return { nowMs: 1_000, wallNowMs: Date.UTC(2026, 0, 1), random: () => random.next(), trace };
}

export function idsOf(candidates: readonly Candidate[]): readonly string[] {
  return candidates.map(({ deployment }) => deployment.id);
}

/** What a course is tried out with: deployments, groups and a world around them that a test can turn as it likes. */
import type { Deployment, ModelGroup, Provider, Surface } from "../../src/exchange.ts";
import { FAILURE_CLASSES, type FailureClass, NO_LIMITS, type RoutePolicy } from "../../src/policy.ts";
import type { Candidate, LiveDeployment, Strategy } from "../../src/route/candidate.ts";
import { Course, type CourseOptions } from "../../src/route/course.ts";
import type { Facts } from "../../src/route/facts.ts";
import type { Availability, Failure, Move } from "../../src/route/move.ts";
import { RetryBudget } from "../../src/route/retry-budget.ts";

const READY: Availability = { kind: "ready" };

export function makeProvider(name: string): Provider {
  return {
    name,
    id: "openai-compatible",
    surfaces: [] satisfies readonly Surface[],
    origin: {
      tls: false,
      host: "localhost",
      port: 80,
      hostHeader: "localhost",
      pathPrefix: "",
      unixPath: null,
    },
    headers: [],
    credentials: [],
    maxConcurrent: null,
    maxInFlightTokens: null,
    queue: null,
    adaptive: null,
    retryBudget: { share: 0.2, minPerSecond: 10 },
    budget: null,
    rateLimitHeaders: [],
    tls: { caPem: null, certPem: null, keyPem: null, serverName: null, verify: true },
    proxy: null,
    poolKey: name,
    timeouts: { connectMs: 1_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 },
    isEmbedded: false,
  };
}

export function makeDeployment(id: string, provider: Provider, fields: Partial<Deployment> = {}): Deployment {
  return {
    id,
    group: "model",
    provider,
    model: "upstream",
    timeouts: provider.timeouts,
    weight: null,
    tier: 0,
    limits: NO_LIMITS,
    tags: [],
    price: null,
    contextWindow: null,
    budget: null,
    breaker: { consecutive: 5, failureShare: 0.5, windowMs: 60_000, minimum: 10, openMs: 5_000, slowStartMs: 10_000 },
    healthCheck: null,
    ...fields,
  };
}

export const BASE_POLICY: RoutePolicy = {
  strategy: [{ name: "simple-shuffle", by: "weight" }],
  retry: {
    max: 2,
    perClass: {
      connect: 2,
      timeout: 1,
      rate_limit: 2,
      server: 2,
      auth: 2,
      not_found: 1,
      context_window: 0,
      content_policy: 0,
      bad_request: 0,
    },
    backoff: { baseMs: 250, maxMs: 8_000 },
    maxRetryAfterMs: 10_000,
  },
  fallbacks: [],
  contextWindowFallbacks: [],
  contentPolicyFallbacks: [],
  hedge: null,
  slowAnswer: null,
  resume: "off",
  whenAllOut: "refuse",
};

export function makeGroup(
  name: string,
  deployments: readonly Deployment[],
  policy: Partial<RoutePolicy> = {},
): ModelGroup {
  return { name, deployments, limits: NO_LIMITS, policy: { ...BASE_POLICY, ...policy } };
}

/** A group of so many deployments, each at a provider of its own. */
export function makeFleet(name: string, count: number, policy: Partial<RoutePolicy> = {}): ModelGroup {
  const deployments = Array.from({ length: count }, (_, index) =>
    makeDeployment(`${name}-${index}`, makeProvider(`${name}-p${index}`), { group: name }),
  );
  return makeGroup(name, deployments, policy);
}

export function makeFacts(fields: Partial<Facts> = {}): Facts {
  return {
    model: "model",
    endpoint: "chat.completions",
    isStream: false,
    priority: "normal",
    caller: "anonymous",
    team: null,
    tags: [],
    keyTags: [],
    inputTokens: 100,
    outputTokens: 100,
    header: () => null,
    metadata: {},
    user: null,
    promptPrefix: () => null,
    ...fields,
  };
}

export function makeLive(): LiveDeployment {
  return {
    inFlight: 0,
    firstByteMs: null,
    tokensPerSecond: null,
    usedShare: () => null,
    isOverBudget: () => false,
    roundRobinCredit: 0,
  };
}

/** The first one in the list: a test can tell what comes. */
export const IN_ORDER: Strategy = {
  narrow: (candidates) => candidates,
  pick: (candidates) => candidates[0] ?? null,
};

/** A world in which everybody is ready and every budget is full, until a test says otherwise. */
export class CourseWorld {
  nowMs = 0;
  readonly groups: readonly ModelGroup[];
  readonly states = new Map<string, Availability>();
  readonly budgets = new Map<string, RetryBudget>();
  strategy: Strategy = IN_ORDER;
  random: () => number = () => 0.5;

  constructor(groups: readonly ModelGroup[]) {
    this.groups = groups;
  }

  course(options: Partial<CourseOptions> = {}): Course {
    const [group] = this.groups;
    if (group === undefined) throw new Error("a world needs a group");
    const live = new Map<string, LiveDeployment>();
    return new Course({
      group,
      rest: "",
      resolve: (name) => {
        const found = this.groups.find((each) => each.name === name);
        return found === undefined ? null : { group: found, rest: "" };
      },
      facts: makeFacts({ model: group.name }),
      strategyOf: () => this.strategy,
      liveOf: (deployment) => {
        const known = live.get(deployment.id) ?? makeLive();
        live.set(deployment.id, known);
        return known;
      },
      availability: (deployment) => this.states.get(deployment.id) ?? READY,
      budgetOf: (provider) => this.budgetOf(provider),
      random: () => this.random(),
      trace: null,
      mayFallBack: true,
      deadlineMs: 600_000,
      preferredProvider: null,
      estimate: null,
      ...options,
    });
  }

  budgetOf(provider: Provider): RetryBudget {
    let budget = this.budgets.get(provider.name);
    if (budget === undefined) {
      budget = new RetryBudget({ share: 1, minPerSecond: 1_000 }, this.nowMs);
      this.budgets.set(provider.name, budget);
    }
    return budget;
  }

  start(course: Course): Move {
    return course.start(this.nowMs, this.nowMs);
  }

  fail(course: Course, move: Move, failure: Partial<Failure> & Pick<Failure, "class">): Move {
    return course.afterFailure(
      candidateOf(move),
      { retryAfterMs: null, hasOtherCredential: false, ...failure },
      this.nowMs,
      this.nowMs,
    );
  }
}

export function candidateOf(move: Move): Candidate {
  if (move.kind === "end") throw new Error(`expected an attempt, got the end: ${move.error?.message ?? "no error"}`);
  return move.candidate;
}

/** A move in one word: "a", "wait b", "end", "end no_deployment". */
export function describeMove(move: Move): string {
  switch (move.kind) {
    case "try":
      return move.candidate.deployment.id;
    case "wait":
      return `wait ${move.candidate.deployment.id}`;
    case "end":
      return move.error === null ? "end" : `end ${move.error.code}`;
    default:
      return move satisfies never;
  }
}

export const ALL_CLASSES: readonly FailureClass[] = FAILURE_CLASSES;

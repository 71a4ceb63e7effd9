import type { OpenExchange } from "../account/open-exchange.ts";
import type { Caller, Deployment, ModelGroup, Snapshot } from "../exchange.ts";
import type { Strategy } from "../route/candidate.ts";
import { Course } from "../route/course.ts";
import { lookUpGroup } from "../route/find-group.ts";
import { makeStrategy } from "../route/strategies/make-strategy.ts";
import { renderTrace, Trace } from "../route/trace.ts";
import type { RequestHead } from "../wire/request-head.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Upstreams } from "./upstreams.ts";

export type RouteInput = {
  readonly snapshot: Snapshot;
  readonly group: ModelGroup;
  /** What stands for the `*` in names. */
  readonly rest: string;
  readonly facts: RequestFacts;
  /** The provider that keeps what the request goes on from. */
  readonly home: string | null;
  readonly exchange: OpenExchange;
  readonly head: RequestHead;
  readonly who: Caller;
};

type CourseOptions = ConstructorParameters<typeof Course>[0];
/** What is the same for every request, made once: a request's course costs one object, and no closures. */
type Shared = Pick<CourseOptions, "strategyOf" | "liveOf" | "availability" | "budgetOf" | "random">;

/** Makes each exchange's course: which deployments there are for it, and what is known of them. */
export class Router {
  readonly #shared: Shared;
  readonly #strategies = new WeakMap<ModelGroup, Strategy>();
  #resolvedFor: Snapshot | null = null;
  #resolve: CourseOptions["resolve"] = () => null;

  constructor({ live, bulkheads, clock, random }: Upstreams) {
    this.#shared = {
      strategyOf: (group) => this.#strategyOf(group),
      liveOf: (deployment) => live.of(deployment),
      availability: (deployment, nowMs) => live.availability(deployment, bulkheads.isFull(deployment), nowMs),
      budgetOf: (provider) => live.budgetOf(provider, clock()),
      random,
    };
  }

  plan({ snapshot, group, rest, facts, home, exchange, head, who }: RouteInput): Course {
    if (this.#resolvedFor !== snapshot) {
      this.#resolvedFor = snapshot;
      this.#resolve = (name) => lookUpGroup(snapshot, name);
    }
    const { strategyOf, liveOf, availability, budgetOf, random } = this.#shared;
    const trace = wantsTrace(head, who) ? new Trace() : null;
    if (trace !== null) showTrace(exchange, trace);
    return new Course({
      group,
      rest,
      resolve: this.#resolve,
      facts,
      strategyOf,
      liveOf,
      availability,
      budgetOf,
      random,
      trace,
      mayFallBack: head.headers.get("x-llmux-fallbacks") !== "off",
      deadlineMs: exchange.startedMs + longestTotal(group.deployments),
      preferredProvider: home,
      estimate: facts,
    });
  }

  #strategyOf(group: ModelGroup): Strategy {
    let strategy = this.#strategies.get(group);
    if (strategy === undefined) {
      strategy = makeStrategy(group.policy.strategy);
      this.#strategies.set(group, strategy);
    }
    return strategy;
  }
}

/** Whoever may see how the gateway decides: the keys that say so, and every local caller where there are no keys. */
function wantsTrace(head: RequestHead, { key }: Caller): boolean {
  const asked = head.headers.get("x-llmux-debug");
  return (asked === "1" || asked === "true") && (key === null || key.mayDebug);
}

function showTrace(exchange: OpenExchange, trace: Trace): void {
  const { ownLines } = exchange;
  exchange.ownLines = () => `${ownLines?.() ?? ""}x-llmux-trace: ${renderTrace(trace)}\r\n`;
}

function longestTotal(deployments: readonly Deployment[]): number {
  let longest = 0;
  for (const { timeouts } of deployments) longest = Math.max(longest, timeouts.totalMs);
  return longest;
}

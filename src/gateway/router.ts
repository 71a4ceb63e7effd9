import type { OpenExchange } from "../account/open-exchange.ts";
import { certainlyExceeds } from "../account/estimate-tokens.ts";
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

/** Makes each exchange's course: which deployments there are for it, and what is known of them. */
export class Router {
  readonly #upstreams: Upstreams;
  readonly #strategies = new WeakMap<ModelGroup, Strategy>();

  constructor(upstreams: Upstreams) {
    this.#upstreams = upstreams;
  }

  plan({ snapshot, group, rest, facts, home, exchange, head, who }: RouteInput): Course {
    const { live, bulkheads, clock, random } = this.#upstreams;
    const trace = wantsTrace(head, who) ? new Trace() : null;
    if (trace !== null) showTrace(exchange, trace);
    return new Course({
      group,
      rest,
      resolve: (name) => lookUpGroup(snapshot, name),
      facts,
      strategyOf: (each) => this.strategyOf(each),
      liveOf: (deployment) => live.of(deployment),
      availability: (deployment, nowMs) => live.availability(deployment, bulkheads.isFull(deployment), nowMs),
      budgetOf: (provider) => live.budgetOf(provider, clock()),
      random,
      trace,
      mayFallBack: head.headers.get("x-llmux-fallbacks") !== "off",
      deadlineMs: exchange.startedMs + longestTotal(group.deployments),
      preferredProvider: home,
      estimate: {
        certainlyExceeds(contextWindow) {
          const { hints } = facts;
          return hints !== null && certainlyExceeds(hints.promptBytes, hints.images, contextWindow);
        },
      },
    });
  }

  strategyOf(group: ModelGroup): Strategy {
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
  return head.headers.get("x-llmux-debug") !== null && (key === null || key.mayDebug);
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

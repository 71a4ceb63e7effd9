import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import type { FailureClass } from "../../src/policy.ts";
import { MAX_ATTEMPTS } from "../../src/route/course.ts";
import { RetryBudget } from "../../src/route/retry-budget.ts";
import { makeStrategy } from "../../src/route/strategies/make-strategy.ts";
import { renderTrace, Trace } from "../../src/route/trace.ts";
import {
  BASE_POLICY,
  candidateOf,
  CourseWorld,
  describeMove,
  makeDeployment,
  makeFacts,
  makeFleet,
  makeGroup,
  makeProvider,
} from "./course-world.ts";

/** Everything that happens while each attempt fails so: "m-0, m-1, wait m-0, end". */
function follow(world: CourseWorld, failures: readonly FailureClass[], course = world.course()): string {
  const seen: string[] = [];
  let move = world.start(course);
  for (const failureClass of failures) {
    seen.push(describeMove(move));
    if (move.kind === "end") return seen.join(", ");
    if (move.kind === "wait") world.nowMs += move.ms;
    move = world.fail(course, move, { class: failureClass });
  }
  seen.push(describeMove(move));
  return seen.join(", ");
}

describe("each class of failure", () => {
  const others = makeFleet("other", 1);
  const fallbacks = {
    fallbacks: ["other"],
    contextWindowFallbacks: ["large-0"],
    contentPolicyFallbacks: ["open-0"],
  } as const;
  const table: readonly (readonly [FailureClass, first: string, alone: string])[] = [
    // class, with two deployments and fallbacks of every kind: the whole way; with one deployment and none.
    ["connect", "m-0, m-1, wait m-0, other-0, wait other-0, wait other-0, end", "m-0, wait m-0, wait m-0, end"],
    ["timeout", "m-0, m-1, other-0, wait other-0, end", "m-0, wait m-0, end"],
    ["rate_limit", "m-0, m-1, wait m-0, other-0, wait other-0, wait other-0, end", "m-0, wait m-0, wait m-0, end"],
    ["server", "m-0, m-1, wait m-0, other-0, wait other-0, wait other-0, end", "m-0, wait m-0, wait m-0, end"],
    ["auth", "m-0, m-1, other-0, end", "m-0, end"],
    ["not_found", "m-0, m-1, other-0, end", "m-0, end"],
    ["context_window", "m-0, large-0-0, end", "m-0, end"],
    ["content_policy", "m-0, open-0-0, end", "m-0, end"],
    ["bad_request", "m-0, end", "m-0, end"],
  ];
  for (const [failureClass, whole, alone] of table) {
    test(`${failureClass}: ${whole}`, () => {
      const groups = [makeFleet("m", 2, fallbacks), others, makeFleet("large-0", 1), makeFleet("open-0", 1)];
      const failures = Array.from({ length: 12 }, () => failureClass);
      expect(follow(new CourseWorld(groups), failures)).toBe(whole);
      expect(follow(new CourseWorld([makeFleet("m", 1)]), failures)).toBe(alone);
    });
  }

  test("mixed: what each class allows is counted for itself, and all together", () => {
    const world = new CourseWorld([makeFleet("m", 4)]);
    expect(follow(world, ["timeout", "server", "server", "server"])).toBe("m-0, m-1, m-2, end");
    // One further attempt after a timeout, whatever else is left.
    expect(follow(world, ["timeout", "timeout"])).toBe("m-0, m-1, end");
  });
});

describe("in a group", () => {
  test("whoever was not asked is asked at once, before anybody is waited for", () => {
    const world = new CourseWorld([
      makeFleet("m", 3, { retry: { ...BASE_POLICY.retry, max: 5, perClass: allowAll(5) } }),
    ]);
    expect(follow(world, ["server", "server", "server"])).toBe("m-0, m-1, m-2, wait m-0");
  });

  test("after a silence another provider comes before another deployment of the same one", () => {
    const [near, far] = [makeProvider("near"), makeProvider("far")];
    const group = makeGroup("m", [
      makeDeployment("near-a", near),
      makeDeployment("near-b", near),
      makeDeployment("far", far),
    ]);
    for (const silence of ["connect", "timeout"] as const) {
      expect(follow(new CourseWorld([group]), [silence])).toBe("near-a, far");
    }
    expect(follow(new CourseWorld([group]), ["server"])).toBe("near-a, near-b");
    expect(follow(new CourseWorld([group]), ["connect", "connect"])).toBe("near-a, far, near-b");
  });

  test("the provider that keeps what the request goes on from is asked first", () => {
    const world = new CourseWorld([makeFleet("m", 3)]);
    expect(follow(world, ["server"], world.course({ preferredProvider: "m-p2" }))).toBe("m-2, m-0");
    world.states.set("m-2", { kind: "out", why: "breaker", untilMs: 5_000 });
    expect(follow(world, [], world.course({ preferredProvider: "m-p2" }))).toBe("m-0");
  });

  test("another credential of the same provider is tried at once and is no retry", () => {
    const world = new CourseWorld([makeFleet("m", 1, { retry: { ...BASE_POLICY.retry, max: 0 } })]);
    for (const failureClass of ["auth", "rate_limit"] as const) {
      const course = world.course();
      let move = world.start(course);
      for (let credential = 0; credential < 3; credential++) {
        move = world.fail(course, move, { class: failureClass, hasOtherCredential: true });
        expect(describeMove(move)).toBe("m-0");
      }
      expect(course.attempts).toBe(4);
      expect(describeMove(world.fail(course, move, { class: failureClass }))).toBe("end");
    }
    const course = world.course();
    // Other failures are no fault of the credential.
    const move = world.fail(course, world.start(course), { class: "server", hasOtherCredential: true });
    expect(describeMove(move)).toBe("end");
  });

  test("however many credentials there are, an exchange makes twelve attempts at most", () => {
    const world = new CourseWorld([makeFleet("m", 1)]);
    const course = world.course();
    let move = world.start(course);
    let attempts = 0;
    while (move.kind !== "end") {
      attempts++;
      move = world.fail(course, move, { class: "auth", hasOtherCredential: true });
    }
    expect([attempts, course.attempts]).toEqual([MAX_ATTEMPTS, MAX_ATTEMPTS]);
  });

  test("a wildcard's rest is filled into the deployment's model", () => {
    const provider = makeProvider("local");
    const group = makeGroup("local/*", [makeDeployment("d", provider, { model: "org/*-instruct" })]);
    const world = new CourseWorld([group]);
    expect(candidateOf(world.start(world.course({ rest: "llama" }))).upstreamModel).toBe("org/llama-instruct");
  });
});

describe("waiting", () => {
  test("is full jitter over base × 2^n, and Retry-After comes before it", () => {
    const world = new CourseWorld([makeFleet("m", 1)]);
    world.random = () => 0.999_999;
    const course = world.course();
    let move = world.fail(course, world.start(course), { class: "server" });
    expect(move).toMatchObject({ kind: "wait", ms: 250 });
    move = world.fail(course, move, { class: "server" });
    expect(move).toMatchObject({ kind: "wait", ms: 500 });

    const other = world.course();
    move = world.fail(other, world.start(other), { class: "rate_limit", retryAfterMs: 3_000 });
    expect(move).toMatchObject({ kind: "wait", ms: 3_250 });
  });

  test("is not done for a Retry-After beyond the bound, nor past the deadline", () => {
    const world = new CourseWorld([makeFleet("m", 1, { fallbacks: ["other"] }), makeFleet("other", 1)]);
    let course = world.course();
    let move = world.fail(course, world.start(course), { class: "rate_limit", retryAfterMs: 10_001 });
    expect(describeMove(move)).toBe("other-0");

    course = world.course({ deadlineMs: 3_000 });
    move = world.fail(course, world.start(course), { class: "rate_limit", retryAfterMs: 3_000 });
    expect(describeMove(move)).toBe("other-0");
    world.nowMs = 2_999;
    expect(describeMove(world.fail(course, move, { class: "server" }))).toBe("end");
  });

  test("goes to the one that can be asked soonest", () => {
    for (const [first, second, soonest] of [
      [9_000, 2_000, "m-1"],
      [2_000, 9_000, "m-0"],
    ] as const) {
      const world = new CourseWorld([makeFleet("m", 2)]);
      const course = world.course();
      let move = world.start(course);
      world.states.set("m-0", { kind: "out", why: "cool-down", untilMs: first });
      move = world.fail(course, move, { class: "rate_limit" });
      expect(describeMove(move)).toBe("m-1");
      world.states.set("m-1", { kind: "out", why: "cool-down", untilMs: second });
      move = world.fail(course, move, { class: "rate_limit" });
      expect(describeMove(move)).toBe(`wait ${soonest}`);
      if (move.kind === "wait") expect(move.ms).toBeGreaterThanOrEqual(2_000);
    }
  });

  test("is not done for a breaker, unless it is over before a backoff can be: all would meet at its one probe", () => {
    for (const [untilMs, expected] of [
      [250, "wait m-0"],
      [251, "end"],
    ] as const) {
      const world = new CourseWorld([makeFleet("m", 1)]);
      const course = world.course();
      const move = world.start(course);
      world.states.set("m-0", { kind: "out", why: "breaker", untilMs });
      expect(describeMove(world.fail(course, move, { class: "server" }))).toBe(expected);
    }
  });

  test("is worth it for one that was not asked because it is out for a moment", () => {
    const world = new CourseWorld([makeFleet("m", 2)]);
    world.states.set("m-1", { kind: "out", why: "cool-down", untilMs: 400 });
    const course = world.course();
    const move = world.fail(course, world.start(course), { class: "rate_limit", retryAfterMs: 9_000 });
    expect(describeMove(move)).toBe("wait m-1");
  });

  test("never ends while the deployment is out", () => {
    const world = new CourseWorld([makeFleet("m", 1)]);
    const course = world.course();
    const first = world.start(course);
    world.states.set("m-0", { kind: "out", why: "breaker", untilMs: 60_000 });
    expect(describeMove(world.fail(course, first, { class: "server" }))).toBe("end");
  });
});

describe("who cannot take a request at all", () => {
  test("costs no attempt, no retry and no token; the first such error is told where nobody is left", () => {
    const world = new CourseWorld([makeFleet("m", 4, { retry: { ...BASE_POLICY.retry, max: 1 } })]);
    const provider = world.groups[0]?.deployments[2]?.provider;
    if (provider === undefined) throw new Error("no provider");
    const budget = new RetryBudget({ share: 0, minPerSecond: 0.1 }, 0);
    world.budgets.set(provider.name, budget);
    world.budgets.set("m-p0", new RetryBudget({ share: 0, minPerSecond: 0 }, 0));
    const course = world.course();
    const first = new GatewayError("invalid_request", "no such endpoint");
    let move = course.afterUnfit(candidateOf(world.start(course)), "no such endpoint", first, 0, 0);
    expect([describeMove(move), course.attempts]).toEqual(["m-1", 1]);
    move = world.fail(course, move, { class: "server" });
    expect([describeMove(move), course.attempts]).toEqual(["m-2", 2]);
    move = course.afterUnfit(candidateOf(move), "queue full", new GatewayError("overloaded", "full"), 0, 0);
    // Its token was given back, and the one retry is still to be had.
    expect([describeMove(move), course.attempts]).toEqual(["m-3", 2]);
    expect([budget.tryRetry(0), budget.tryRetry(0)]).toEqual([true, false]);
    move = course.afterUnfit(candidateOf(move), "queue full", null, 0, 0);
    expect([describeMove(move), course.attempts]).toEqual(["wait m-1", 2]);
    move = course.afterUnfit(candidateOf(move), "queue full", null, 0, 0);
    expect(move.kind === "end" ? move.error : null).toBe(first);
  });

  test("is told as it is, in the words of the first; a moment without a place is 503 like any other", () => {
    const world = new CourseWorld([makeFleet("m", 2)]);
    const full = new GatewayError("overloaded", "full");
    const errors = [full, new GatewayError("invalid_request", "no such endpoint")];
    let course = world.course();
    let move = world.start(course);
    for (const error of errors) move = course.afterUnfit(candidateOf(move), "unfit", error, 0, 0);
    expect(move.kind === "end" ? move.error : null).toBe(full);
    course = world.course();
    move = course.afterUnfit(candidateOf(world.start(course)), "breaker", null, 0, 0);
    world.states.set("m-0", { kind: "out", why: "breaker", untilMs: 7_000 });
    move = course.afterUnfit(candidateOf(move), "breaker", null, 0, 0);
    if (move.kind !== "end") throw new Error("expected the end");
    expect([move.error?.code, move.error?.options.retryAfterSeconds]).toEqual(["no_deployment", 7]);
  });

  test("sends the exchange on to its fallbacks", () => {
    const world = new CourseWorld([makeFleet("m", 1, { fallbacks: ["other"] }), makeFleet("other", 1)]);
    const course = world.course();
    const move = course.afterUnfit(candidateOf(world.start(course)), "no such endpoint", null, 0, 0);
    expect(describeMove(move)).toBe("other-0");
  });
});

describe("the context window", () => {
  const provider = makeProvider("p");
  const window = (id: string, contextWindow: number | null) => makeDeployment(id, provider, { contextWindow });
  const estimate = { certainlyExceeds: (contextWindow: number) => contextWindow < 50_000 };

  test("that is too small for certain is not tried: a larger one in the group, then the fallbacks for it", () => {
    const large = makeFleet("large", 1);
    const policy = { contextWindowFallbacks: ["large"], fallbacks: ["never"] };
    const groups = [makeGroup("m", [window("small", 8_000), window("big", 128_000)], policy), large];
    const world = new CourseWorld(groups);
    expect(follow(world, [], world.course({ estimate }))).toBe("big");
    const only = new CourseWorld([makeGroup("m", [window("small", 8_000)], policy), large]);
    expect(follow(only, [], only.course({ estimate }))).toBe("large-0");
  });

  test("without such fallbacks the error names it", () => {
    const group = makeGroup("m", [window("small", 8_000), window("medium", 32_000)], { fallbacks: ["other"] });
    const world = new CourseWorld([group, makeFleet("other", 1)]);
    const move = world.start(world.course({ estimate }));
    if (move.kind !== "end") throw new Error("expected the end");
    expect(move.error?.code).toBe("context_window_exceeded");
    expect(move.error?.message).toContain("32000 tokens");
  });

  test("that a provider said is too small leads to one known to be larger, and never to a smaller one", () => {
    const deployments = [window("a", 32_000), window("unknown", null), window("b", 32_000), window("c", 64_000)];
    const policy = { contextWindowFallbacks: ["next"] };
    const next = makeGroup("next", [window("d", 16_000), window("e", 200_000)]);
    const world = new CourseWorld([makeGroup("m", deployments, policy), next]);
    expect(follow(world, ["context_window", "context_window", "server"])).toBe("a, c, e, wait e");
  });
});

describe("fallbacks", () => {
  const chain = (name: string, fallbacks: readonly string[]) =>
    makeFleet(name, 1, { fallbacks, retry: { ...BASE_POLICY.retry, max: 0 } });
  const all = Array.from({ length: 12 }, (): FailureClass => "server");

  test("come in the first group's order, then theirs, each group once", () => {
    const groups = [chain("a", ["b", "c"]), chain("b", ["d", "a"]), chain("c", ["b"]), chain("d", ["a", "c"])];
    expect(follow(new CourseWorld(groups), all)).toBe("a-0, b-0, c-0, d-0, end");
  });

  test("have retries of their own", () => {
    const world = new CourseWorld([chain("a", ["b"]), makeFleet("b", 3)]);
    expect(follow(world, all)).toBe("a-0, b-0, b-1, b-2, end");
  });

  test("can be forbidden by the caller", () => {
    const world = new CourseWorld([chain("a", ["b"]), makeFleet("b", 3)]);
    expect(follow(world, all, world.course({ mayFallBack: false }))).toBe("a-0, end");
  });

  test("stand in where the whole first group is out", () => {
    const world = new CourseWorld([makeFleet("a", 2, { fallbacks: ["missing", "b"] }), makeFleet("b", 1)]);
    for (const id of ["a-0", "a-1"]) world.states.set(id, { kind: "out", why: "breaker", untilMs: 9_000 });
    const course = world.course();
    expect(describeMove(world.start(course))).toBe("b-0");
    expect(course.attempts).toBe(1);
  });

  test("for a request that is too long stay among those for long ones", () => {
    const long = { contextWindowFallbacks: ["l1", "l2"], fallbacks: ["plain"] };
    const groups = [makeFleet("a", 1, long), chain("l1", ["l3"]), chain("l2", []), chain("l3", []), chain("plain", [])];
    expect(follow(new CourseWorld(groups), ["context_window", ...all])).toBe("a-0, l1-0, l2-0, l3-0, end");
  });

  test("of another kind take over where a fallback fails for that reason", () => {
    const groups = [
      makeFleet("a", 1, {
        fallbacks: ["b", "c"],
        contextWindowFallbacks: ["l"],
        retry: { ...BASE_POLICY.retry, max: 0 },
      }),
      chain("b", []),
      chain("c", []),
      chain("l", []),
    ];
    expect(follow(new CourseWorld(groups), ["server", "context_window", "server"])).toBe("a-0, b-0, l-0, end");
  });

  test("through a wildcard to itself are a loop only with the same name", () => {
    const provider = makeProvider("p");
    const deployment = makeDeployment("w", provider, { model: "*" });
    const policy = { fallbacks: ["w/b", "w/a"], retry: { ...BASE_POLICY.retry, max: 0 } };
    const group = makeGroup("w/*", [deployment], policy);
    const world = new CourseWorld([group]);
    const resolve = (name: string) => ({ group, rest: name.slice(2) });
    const course = world.course({ rest: "a", resolve });
    let move = world.start(course);
    expect(candidateOf(move).upstreamModel).toBe("a");
    move = world.fail(course, move, { class: "server" });
    expect(candidateOf(move).upstreamModel).toBe("b");
    expect(describeMove(world.fail(course, move, { class: "server" }))).toBe("end");
  });
});

describe("when everybody is out", () => {
  test("the answer is 503 with the soonest return, over all groups, and says why", () => {
    const world = new CourseWorld([makeFleet("a", 2, { fallbacks: ["b"] }), makeFleet("b", 1)]);
    world.states.set("a-0", { kind: "out", why: "breaker", untilMs: 30_000 });
    world.states.set("a-1", { kind: "out", why: "cool-down", untilMs: 12_300 });
    world.states.set("b-0", { kind: "out", why: "breaker", untilMs: 20_000 });
    const move = world.start(world.course());
    if (move.kind !== "end" || move.error === null) throw new Error("expected an error");
    const { code, status, message, options } = move.error;
    expect([code, status, options.retryAfterSeconds]).toEqual(["no_deployment", 503, 13]);
    expect(message).toBe("No deployment of `a` can be asked now (breaker: 2, cool-down: 1); try again in 13 s.");
  });

  test("Retry-After is a second at least", () => {
    const world = new CourseWorld([makeFleet("a", 1)]);
    world.states.set("a-0", { kind: "out", why: "rate limit", untilMs: 20 });
    const move = world.start(world.course());
    expect(move.kind === "end" ? move.error?.options.retryAfterSeconds : null).toBe(1);
  });

  test("the least bad one is tried where the config says so, once", () => {
    const world = new CourseWorld([makeFleet("a", 2, { whenAllOut: "least-bad" })]);
    world.states.set("a-0", { kind: "out", why: "breaker", untilMs: 30_000 });
    world.states.set("a-1", { kind: "out", why: "breaker", untilMs: 20_000 });
    expect(follow(world, ["server"])).toBe("a-1, end");
  });

  test("a refused credential is used where nobody else is left, so that the provider says what is wrong", () => {
    const world = new CourseWorld([makeFleet("a", 2, { fallbacks: ["b"] }), makeFleet("b", 1)]);
    world.states.set("a-0", { kind: "refused" });
    world.states.set("a-1", { kind: "out", why: "breaker", untilMs: 20_000 });
    expect(follow(world, [])).toBe("b-0");
    world.states.set("b-0", { kind: "out", why: "breaker", untilMs: 20_000 });
    expect(follow(world, ["auth"])).toBe("a-0, end");
  });

  test("rules are obeyed all the same: who they leave out is neither the soonest nor the last resort", () => {
    const provider = makeProvider("p");
    const eu = makeDeployment("eu", provider, { tags: ["eu"] });
    const us = makeDeployment("us", provider, { tags: ["us"] });
    const strategy = [{ name: "tags", default: [], match: "any" }] as const;
    const world = new CourseWorld([makeGroup("m", [eu, us], { strategy, whenAllOut: "least-bad" })]);
    world.strategy = makeStrategy(strategy);
    world.states.set("us", { kind: "out", why: "breaker", untilMs: 5_000 });
    world.states.set("eu", { kind: "out", why: "breaker", untilMs: 50_000 });
    const facts = makeFacts({ model: "m", tags: ["eu"] });
    expect(follow(world, [], world.course({ facts }))).toBe("eu");
    world.states.set("us", { kind: "refused" });
    world.states.delete("eu");
    expect(follow(world, ["server"], world.course({ facts }))).toBe("eu, wait eu");
  });
});

describe("rules", () => {
  const provider = makeProvider("p");
  const eu = makeDeployment("eu", provider, { tags: ["eu"] });

  test("that leave nobody name themselves: the caller's tags are the caller's mistake", () => {
    const strategy = [{ name: "tags", default: [], match: "any" }] as const;
    const world = new CourseWorld([makeGroup("m", [eu], { strategy })]);
    world.strategy = makeStrategy(strategy);
    const move = world.start(world.course({ facts: makeFacts({ model: "m", tags: ["mars"] }) }));
    if (move.kind !== "end") throw new Error("expected the end");
    expect(move.error).toMatchObject({ code: "invalid_request" });
    expect(move.error?.message).toContain("tags (mars)");
  });

  test("a spent budget is nobody's mistake: 503, and fallbacks are asked", () => {
    const strategy = [{ name: "budget" }] as const;
    const world = new CourseWorld([makeGroup("m", [eu], { strategy, fallbacks: ["other"] }), makeFleet("other", 1)]);
    world.strategy = { narrow: () => [], pick: () => null };
    const move = world.start(world.course({ mayFallBack: false }));
    expect(move.kind === "end" ? [move.error?.code, move.error?.message] : null).toEqual([
      "no_deployment",
      "No deployment of `m` is left by the rule budget.",
    ]);
    world.strategy = { narrow: (all) => all, pick: (all) => all.find(({ deployment }) => deployment !== eu) ?? null };
    expect(describeMove(world.start(world.course()))).toBe("other-0");
  });
});

describe("slow start", () => {
  test("one that comes back gets its share while others are ready, and all where nobody is", () => {
    const world = new CourseWorld([makeFleet("m", 2)]);
    world.states.set("m-0", { kind: "slow-start", share: 0.3 });
    let seed = 1;
    world.random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    let first = 0;
    // In order: whenever it is among them, it is taken.
    world.strategy = { narrow: (all) => all, pick: (all) => all.at(-1) ?? null };
    for (let count = 0; count < 2_000; count++) if (describeMove(world.start(world.course())) === "m-0") first++;
    expect(first / 2_000).toBeCloseTo(0.3, 1);
    world.states.set("m-1", { kind: "out", why: "breaker", untilMs: 5_000 });
    expect(describeMove(world.start(world.course()))).toBe("m-0");
  });

  test("a share of nothing is taken only where nobody is ready", () => {
    const world = new CourseWorld([makeFleet("m", 2)]);
    world.random = () => 0;
    world.states.set("m-0", { kind: "slow-start", share: 0 });
    expect(describeMove(world.start(world.course()))).toBe("m-1");
    world.states.set("m-1", { kind: "slow-start", share: 0 });
    expect(describeMove(world.start(world.course()))).toBe("m-0");
  });
});

describe("the retry budget", () => {
  const empty = () => new RetryBudget({ share: 0, minPerSecond: 0 }, 0);

  test("that is empty ends the exchange with what it has", () => {
    const world = new CourseWorld([makeFleet("m", 2, { fallbacks: ["other"] }), makeFleet("other", 1)]);
    for (const name of ["m-p0", "m-p1", "other-p0"]) world.budgets.set(name, empty());
    expect(follow(world, ["server"])).toBe("m-0, end");
  });

  test("of the provider that failed pays where the next one's is empty", () => {
    const world = new CourseWorld([makeFleet("m", 3)]);
    world.budgets.set("m-p0", new RetryBudget({ share: 0, minPerSecond: 0.1 }, 0));
    world.budgets.set("m-p1", empty());
    world.budgets.set("m-p2", empty());
    expect(follow(world, ["server", "server"])).toBe("m-0, m-1, end");
  });

  test("is not asked for the first attempt, also where that is made in a fallback", () => {
    const world = new CourseWorld([makeFleet("m", 1, { fallbacks: ["other"] }), makeFleet("other", 1)]);
    world.budgets.set("other-p0", empty());
    world.states.set("m-0", { kind: "out", why: "breaker", untilMs: 5_000 });
    expect(follow(world, [])).toBe("other-0");
  });
});

describe("a second attempt beside a slow one", () => {
  test("goes to somebody else who is ready, once", () => {
    const world = new CourseWorld([makeFleet("m", 3)]);
    const course = world.course();
    const move = world.start(course);
    expect(course.hedge(10, 10)?.deployment.id).toBe("m-1");
    expect([course.attempts, course.hedge(20, 20)]).toEqual([2, null]);
    // Both failed: neither is asked again while somebody is left.
    expect(describeMove(world.fail(course, move, { class: "server" }))).toBe("m-2");
  });

  test("is not made where nobody is ready, no token is left, or no time", () => {
    const alone = new CourseWorld([makeFleet("m", 1)]);
    let course = alone.course();
    alone.start(course);
    expect(course.hedge(10, 10)).toBeNull();

    const world = new CourseWorld([makeFleet("m", 2)]);
    course = world.course({ deadlineMs: 100 });
    world.start(course);
    expect(course.hedge(95, 95)).toBeNull();
    for (const name of ["m-p0", "m-p1"]) world.budgets.set(name, new RetryBudget({ share: 0, minPerSecond: 0 }, 0));
    course = world.course();
    world.start(course);
    expect(course.hedge(10, 10)).toBeNull();
    world.states.set("m-1", { kind: "out", why: "breaker", untilMs: 5_000 });
    expect(course.hedge(10, 10)).toBeNull();
  });

  test("that was not made after all leaves nothing behind", () => {
    const world = new CourseWorld([makeFleet("m", 2)]);
    const budget = new RetryBudget({ share: 0, minPerSecond: 0.1 }, 0);
    world.budgets.set("m-p1", budget);
    const course = world.course();
    const move = world.start(course);
    expect(course.hedge(0, 0)?.deployment.id).toBe("m-1");
    course.withdrawHedge(0);
    expect(course.attempts).toBe(1);
    expect(describeMove(world.fail(course, move, { class: "server" }))).toBe("m-1");
  });
});

describe("the trace", () => {
  test("tells who was left out and why, what failed, and what came next", () => {
    const world = new CourseWorld([makeFleet("m", 3, { fallbacks: ["other"] }), makeFleet("other", 1)]);
    world.strategy = makeStrategy([{ name: "round-robin" }]);
    world.states.set("m-0", { kind: "out", why: "breaker", untilMs: 4_200 });
    const trace = new Trace();
    follow(world, ["server", "rate_limit", "bad_request"], world.course({ trace }));
    const text = renderTrace(trace);
    expect(text).toContain("not m-0 (state: breaker, 4.2 s more)");
    expect(text).toContain("m-1 failed (server)");
    expect(text).toContain("m-2 failed (rate_limit)");
    expect(text).toContain("end: the request itself was refused");
  });

  test("in a header is printable, one line and bounded, whatever a caller's text is in it", () => {
    const trace = new Trace();
    trace.add({ kind: "next", why: "tagged a\r\nset-cookie: b; ü" });
    expect(renderTrace(trace)).toBe("tagged a??set-cookie: b, ?");
    for (let line = 0; line < 600; line++) trace.add({ kind: "failed", deployment: `d${line}`, why: "server" });
    const text = renderTrace(trace);
    expect(trace.lines.length).toBe(Trace.MAX_LINES);
    expect(text.length).toBeLessThanOrEqual(4_096);
    expect(text.length).toBeGreaterThan(4_000);
    expect(text).toEndWith("; ...");
    const long = new Trace();
    long.add({ kind: "next", why: "x".repeat(100_000) });
    expect(renderTrace(long).length).toBeLessThanOrEqual(4_096);
  });
});

function allowAll(count: number): Record<FailureClass, number> {
  return {
    connect: count,
    timeout: count,
    rate_limit: count,
    server: count,
    auth: count,
    not_found: count,
    context_window: 0,
    content_policy: 0,
    bad_request: 0,
  };
}

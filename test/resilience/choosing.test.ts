/** Strategies through the front door: what a request says decides where it goes. */
import { describe, expect, test } from "bun:test";
import { chatCompletion } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers } from "../instruments/fleet.ts";
import { keyEntry, withKey } from "./keys.ts";
import { until } from "../instruments/until.ts";
import { codeOf, type Entry, type Headers, isWell, NO_BREAKER, RouteStage, type StageOptions } from "./stage.ts";

const TAGS: StageOptions["deployments"] = { a: { tags: ["eu"] }, b: { tags: ["us"] }, c: { tags: ["us", "fast"] } };
const tagged = (...tags: readonly string[]): Headers => [["x-llmux-tags", tags.join(",")]];

/** How often each was asked by some requests. */
async function askedBy(stage: RouteStage, count: number, fields: Entry = {}, headers: Headers = []): Promise<number[]> {
  const before = stage.asked;
  for (const answer of await stage.answerInTurn(count, fields, headers)) expect(isWell(answer)).toBe(true);
  return stage.asked.map((asked, place) => asked - (before[place] ?? 0));
}

describe("tags", () => {
  test("of the header, of the body's metadata and of the key lead to deployments that have them", async () => {
    const config = { keys: [keyEntry("eu-only", { tags: ["eu"] }), keyEntry("any")] };
    await RouteStage.with({ model: { strategy: "tags" }, deployments: TAGS, config }, async (stage) => {
      expect(await askedBy(stage, 6, {}, withKey("any", tagged("eu")))).toEqual([6, 0, 0]);
      expect(await askedBy(stage, 6, {}, withKey("any", tagged("fast")))).toEqual([0, 0, 6]);
      expect(await askedBy(stage, 6, { metadata: { tags: ["eu"] } }, withKey("any"))).toEqual([6, 0, 0]);
      expect(await askedBy(stage, 6, {}, withKey("eu-only"))).toEqual([6, 0, 0]);
      const [none = 0] = await askedBy(stage, 20, {}, withKey("any", tagged("us")));
      expect(none).toBe(0);
    });
  });

  test("that nobody has are an error that says so, not somebody else's answer", async () => {
    await RouteStage.with({ model: { strategy: "tags" }, deployments: TAGS }, async (stage) => {
      const answer = await stage.answer({}, tagged("moon"));
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).toContain("moon");
      expect(stage.asked).toEqual([0, 0, 0]);
    });
  });

  test("are a rule in failures, too: nobody without them takes over", async () => {
    const model = { strategy: "tags", retries: 5, breaker: NO_BREAKER };
    await RouteStage.with({ model, deployments: TAGS }, async (stage) => {
      for (const name of ["b", "c"]) stage.member(name).behave(answers(faults.serverError));
      expect((await stage.answer({}, tagged("us"))).status).toBe(500);
      expect(stage.asked[0]).toBe(0);
    });
  });
});

test("conditional: rules over headers, key, team and size, the first that holds", async () => {
  const rules = [
    { when: "headers['x-tier'] == 'gold'", use: { tags: ["fast"] } },
    { when: "team == 'research'", use: { tags: ["eu"] } },
    { when: "tokens > 5000", use: { providers: ["b"] } },
  ];
  const keys = [keyEntry("one", { team: "research" }), keyEntry("two")];
  const model = { strategy: [{ name: "conditional", rules }, "priority"] };
  await RouteStage.with({ model, deployments: TAGS, config: { keys } }, async (stage) => {
    expect(await askedBy(stage, 3, {}, withKey("two", [["x-tier", "gold"]]))).toEqual([0, 0, 3]);
    expect(await askedBy(stage, 3, {}, withKey("one"))).toEqual([3, 0, 0]);
    const messages = [{ role: "user", content: "many words ".repeat(5_000) }];
    expect(await askedBy(stage, 2, { messages }, withKey("two"))).toEqual([0, 2, 0]);
    // None holds: all are there, and the next strategy takes the first.
    expect(await askedBy(stage, 3, {}, withKey("two"))).toEqual([3, 0, 0]);
  });
});

test("affinity: the same user meets the same deployment, over reloads, and another one only while that is out", async () => {
  const model = { strategy: { name: "affinity", by: "user" }, breaker: NO_BREAKER };
  await RouteStage.with({ model }, async (stage) => {
    const homes = new Set<number>();
    for (let user = 0; user < 12; user += 1) {
      const fields = { user: `user-${user}` };
      const first = (await askedBy(stage, 3, fields)).indexOf(3);
      expect(first).toBeGreaterThanOrEqual(0);
      homes.add(first);
      if (user % 6 === 0) await stage.reload();
      const { name } = stage.fleet.members[first] ?? { name: "" };
      expect((await askedBy(stage, 2, fields))[first]).toBe(2);
      stage.member(name).behave(answers(faults.serverError));
      expect(isWell(await stage.answer(fields))).toBe(true);
      stage.member(name).behave({ kind: "well" });
      expect((await askedBy(stage, 2, fields))[first]).toBe(2);
    }
    expect(homes.size).toBe(3);
  });
});

test("lowest-cost: the cheapest first, the next where it fails", async () => {
  const price = (usd: number) => ({ price: { input: usd, output: usd } });
  const options = {
    model: { strategy: "lowest-cost", breaker: NO_BREAKER },
    deployments: { a: price(5), b: price(1), c: price(3) },
  };
  await RouteStage.with(options, async (stage) => {
    expect(await askedBy(stage, 5)).toEqual([0, 5, 0]);
    stage.member("b").behave(answers(faults.serverError));
    expect(await askedBy(stage, 2)).toEqual([0, 2, 2]);
  });
});

test("budget: a deployment that has spent its money is left out, and where all have, the answer says so", async () => {
  // Each answer costs what it used at a million dollars per million tokens: a dollar a token.
  const dear = { price: { input: 1_000_000, output: 1_000_000 } };
  const cheap = (usd: number) => ({ ...dear, budget: { usd, per: "24h" } });
  const options = {
    model: { strategy: ["budget", "priority"] },
    deployments: { a: cheap(20), b: cheap(40), c: cheap(10) },
  };
  await RouteStage.with(options, async (stage) => {
    for (const member of stage.fleet.members)
      member.behave(answers(() => chatCompletion({ usage: { input: 10, output: 6 } })));
    // 16 dollars each: two for a, three for b, one for c.
    expect(await askedBy(stage, 6)).toEqual([2, 3, 1]);
    const answer = await stage.answer();
    expect(answer.status).toBeGreaterThanOrEqual(429);
    expect(["budget_exceeded", "no_deployment", "insufficient_quota"]).toContain(codeOf(answer) ?? "");
    expect(stage.asked).toEqual([2, 3, 1]);
  });
});

test("round-robin: by weight, exactly", async () => {
  const options = {
    model: { strategy: "round-robin" },
    deployments: { a: { weight: 5 }, b: { weight: 3 }, c: { weight: 2 } },
  };
  await RouteStage.with(options, async (stage) => {
    expect(await askedBy(stage, 100)).toEqual([50, 30, 20]);
  });
});

test("least-busy: who hangs is avoided", async () => {
  await RouteStage.with({ members: ["a", "b"], model: { strategy: "least-busy" } }, async (stage) => {
    stage.member("a").behave(answers(faults.blackhole));
    const hanging = await Promise.all(Array.from({ length: 4 }, () => stage.ask({ stream: true })));
    await stage.member("a").waitForRequests(1);
    // Those that went to b count there until they are answered.
    await until("b to have answered", async () => {
      const asked = stage.asked[0] as number;
      const { providers } = await stage.readStatus();
      return asked + (stage.asked[1] as number) === 4 && providers["b"]?.in_flight === 0;
    });
    const held = stage.member("a").requests;
    // With two to choose from, both are looked at: the one that works on fewer is taken.
    const [more = 0] = await askedBy(stage, 20);
    expect(more).toBe(0);
    expect(held).toBeGreaterThan(0);
    for (const caller of hanging) caller.abort();
  });
});

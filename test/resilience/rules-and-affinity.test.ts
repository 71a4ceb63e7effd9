/** What `conditional` may ask of a request, and what `affinity` keeps together, beyond `choosing.test.ts`. */
import { describe, expect, test } from "bun:test";
import { keyEntry, withKey } from "./keys.ts";
import { codeOf, type Entry, type Headers, isWell, RouteStage, type StageOptions } from "./stage.ts";

/** How often each was asked by some requests. */
async function askedBy(stage: RouteStage, count: number, fields: Entry = {}, headers: Headers = []): Promise<number[]> {
  const before = stage.asked;
  for (const answer of await stage.answerInTurn(count, fields, headers)) expect(isWell(answer)).toBe(true);
  return stage.asked.map((asked, place) => asked - (before[place] ?? 0));
}

const ruled = (rules: readonly Entry[], more: StageOptions = {}): StageOptions => ({
  ...more,
  model: { strategy: [{ name: "conditional", rules }, "priority"], ...more.model },
});

describe("conditional", () => {
  test("asks the body's metadata, the stream, the endpoint's name and the priority", async () => {
    const rules = [
      { when: 'metadata.plan == "free" && !stream', use: { providers: ["b"] } },
      { when: 'priority == "low"', use: { providers: ["c"] } },
      { when: 'stream && endpoint == "chat.completions"', use: { models: ["m-b"] } },
      { when: '"x-tier" in headers', use: { providers: ["c"] } },
    ];
    await RouteStage.with(ruled(rules), async (stage) => {
      expect(await askedBy(stage, 2, { metadata: { plan: "free" } })).toEqual([0, 2, 0]);
      expect(await askedBy(stage, 2, {}, [["x-llmux-priority", "low"]])).toEqual([0, 0, 2]);
      expect(await askedBy(stage, 2, { stream: true })).toEqual([0, 2, 0]);
      expect(await askedBy(stage, 2, {}, [["X-Tier", ""]])).toEqual([0, 0, 2]);
      expect(await askedBy(stage, 2, { metadata: { plan: "paid" } })).toEqual([2, 0, 0]);
    });
  });

  test("asks the key and the team, and a caller cannot claim to be another one", async () => {
    const keys = [keyEntry("shop", { team: "sales" }), keyEntry("lab", { team: "research" }), keyEntry("free")];
    const rules = [
      { when: 'key == "shop"', use: { providers: ["b"] } },
      { when: 'team == "research"', use: { providers: ["c"] } },
    ];
    await RouteStage.with(ruled(rules, { config: { keys } }), async (stage) => {
      expect(await askedBy(stage, 2, {}, withKey("shop"))).toEqual([0, 2, 0]);
      expect(await askedBy(stage, 2, {}, withKey("lab"))).toEqual([0, 0, 2]);
      const claims = { key: "shop", team: "research", user: "shop", metadata: { key: "shop", team: "research" } };
      expect(await askedBy(stage, 2, claims, withKey("free", [["team", "research"]]))).toEqual([2, 0, 0]);
    });
  });

  test("asks for tokens, by the prompt and by what the answer may have", async () => {
    const rules = [
      { when: "output_tokens > 3000", use: { providers: ["c"] } },
      { when: "tokens > 3000", use: { providers: ["b"] } },
    ];
    await RouteStage.with(ruled(rules), async (stage) => {
      expect(await askedBy(stage, 2, { max_tokens: 9_000 })).toEqual([0, 0, 2]);
      const messages = [{ role: "user", content: "many words ".repeat(5_000) }];
      expect(await askedBy(stage, 2, { messages, max_tokens: 9 })).toEqual([0, 2, 0]);
      expect(await askedBy(stage, 2, { max_tokens: 9 })).toEqual([2, 0, 0]);
    });
  });

  test("a rule that cannot be evaluated does not hold, whatever the caller sends", async () => {
    const rules = [
      { when: "metadata.level > 3", use: { providers: ["c"] } },
      { when: 'metadata.a.b == "x"', use: { providers: ["b"] } },
    ];
    await RouteStage.with(ruled(rules), async (stage) => {
      for (const metadata of [
        undefined,
        null,
        "text",
        [],
        { level: "high" },
        { level: {} },
        { a: null },
        { a: { b: 1 } },
      ])
        expect(await askedBy(stage, 1, { metadata })).toEqual([1, 0, 0]);
      expect(await askedBy(stage, 1, { metadata: { level: 4 } })).toEqual([0, 0, 1]);
      expect(await askedBy(stage, 1, { metadata: { a: { b: "x" } } })).toEqual([0, 1, 0]);
    });
  });

  test("that leads to nobody leads to the fallbacks, or to an error that names the rule", async () => {
    const rules = [{ when: 'headers["x-tier"] == "gold"', use: { tags: ["nowhere"] } }];
    const options = ruled(rules, {
      model: { fallbacks: ["spare"] },
      models: { spare: { deployments: [{ provider: "c", model: "x" }] } },
    });
    await RouteStage.with(options, async (stage) => {
      const gold = [["x-tier", "gold"]] as const;
      expect(await askedBy(stage, 2, {}, gold)).toEqual([0, 0, 2]);
      const refused = await stage.answer({}, [...gold, ["x-llmux-fallbacks", "off"]]);
      expect([refused.status, codeOf(refused)]).toEqual([503, "no_deployment"]);
      expect(refused.text).toContain("conditional");
    });
  });
});

describe("affinity", () => {
  const KEYS = 24;
  const MEMBERS = ["a", "b", "c"];
  const cases: readonly (readonly [what: string, by: Entry, key: (index: number) => readonly [Entry, Headers]])[] = [
    ["the same user", { by: "user" }, (index) => [{ user: `user-${index}` }, []]],
    ["the same safety identifier", { by: "user" }, (index) => [{ safety_identifier: `user-${index}` }, []]],
    ["the same header", { by: "header:x-session-id" }, (index) => [{}, [["X-Session-Id", `session-${index}`]]]],
    [
      "the same beginning of a prompt",
      { by: "prompt-prefix", bytes: 256 },
      (index) => [
        {
          messages: [
            { role: "system", content: `You are number ${index}. ${"Be kind. ".repeat(60)}` },
            { role: "user", content: `Question ${Math.random()}` },
          ],
        },
        [],
      ],
    ],
  ];
  for (const [what, by, key] of cases) {
    test(`${what} meets the same deployment, and many are spread`, async () => {
      await RouteStage.with({ members: MEMBERS, model: { strategy: { name: "affinity", ...by } } }, async (stage) => {
        const homes = new Map<number, number>();
        for (let index = 0; index < KEYS; index += 1) {
          let seen: number[] = [];
          for (let round = 0; round < 3; round += 1) {
            const asked = await askedBy(stage, 1, ...key(index));
            seen = round === 0 ? asked : seen;
            expect(asked).toEqual(seen);
          }
          const home = seen.indexOf(1);
          homes.set(home, (homes.get(home) ?? 0) + 1);
        }
        expect(homes.size).toBe(MEMBERS.length);
        // No deployment has them nearly all.
        for (const count of homes.values()) expect(count).toBeLessThan(KEYS * 0.75);
      });
    });
  }

  test("of a translated caller is by the same parts of its own request", async () => {
    await RouteStage.with(
      { members: MEMBERS, model: { strategy: { name: "affinity", by: "user" } } },
      async (stage) => {
        const homes = new Set<number>();
        for (let user = 0; user < 12; user += 1) {
          const before = stage.asked;
          for (let round = 0; round < 3; round += 1) {
            const caller = await stage.send(
              "/v1/messages",
              {
                model: "m",
                max_tokens: 9,
                messages: [{ role: "user", content: "Hi." }],
                metadata: { user_id: `u${user}` },
              },
              [["anthropic-version", "2023-06-01"]],
            );
            expect((await caller.readAnswer()).status).toBe(200);
          }
          const asked = stage.asked.map((count, place) => count - (before[place] ?? 0));
          expect(asked).toContain(3);
          homes.add(asked.indexOf(3));
        }
        expect(homes.size).toBeGreaterThan(1);
      },
    );
  });
});

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExplainedStep } from "../../src/cli/explain-course.ts";
import { runCli } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "llmux-explain-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const CONFIG = join(folder, "llmux.yaml");
const DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
writeFileSync(
  CONFIG,
  `providers:
  near: { provider: openai-compatible, base_url: http://127.0.0.1:8001/v1, api_keys: [sk-example-one, sk-example-two] }
  far: { provider: openai-compatible, base_url: http://127.0.0.1:8002/v1 }
models:
  chat:
    strategy: [tags, priority]
    deployments:
      - { provider: near, model: small, context_window: 8000 }
      - { provider: far, model: large, priority: 1, context_window: 128000 }
      - { provider: far, model: large-eu, tags: [eu], context_window: 128000 }
    fallbacks: [spare]
    context_window_fallbacks: [huge]
    content_policy_fallbacks: [open]
  spare: { deployments: [{ provider: far, model: spare }] }
  huge: { deployments: [{ provider: far, model: huge, context_window: 1000000 }] }
  open: { deployments: [{ provider: far, model: open }] }
  picky: { strategy: [{ name: tags, default: [] }], deployments: [{ provider: far, model: a, tags: [eu] }] }
  ruled:
    strategy: { name: conditional, rules: [{ when: 'headers["x-tier"] == "gold"', use: { models: [best] } }] }
    deployments: [{ provider: near, model: best }, { provider: far, model: plain }]
keys:
  - { name: shop, sha256: ${DIGEST}, models: [chat], tags: [eu] }
`,
);

const NEAR = "chat|near|small";
const FAR = "chat|far|large";
const EU = "chat|far|large-eu";

async function explain(...argv: string[]) {
  return await runCli(["explain", "--config", CONFIG, ...argv]);
}

async function stepsOf(
  ...argv: string[]
): Promise<{ steps: readonly ExplainedStep[]; order: readonly string[]; code: number }> {
  const { code, out, err } = await explain("--json", ...argv);
  expect(err).toBe("");
  return { ...(JSON.parse(out) as { steps: ExplainedStep[]; order: string[] }), code };
}

/** "chat|near|small", "wait chat|near|small", "end". */
function wayOf(steps: readonly ExplainedStep[]): readonly string[] {
  return steps.map(({ move }) =>
    move.kind === "end" ? "end" : `${move.waitMs === 0 ? "" : "wait "}${move.deployment}`,
  );
}

describe("explain", () => {
  test("tells the candidates, the order, who is left out and why", async () => {
    const { code, out, err } = await explain("--model", "chat");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("model group chat, strategy tags > priority");
    expect(out).toContain(`  ${FAR}: far, large; priority 1; 128000 tokens`);
    expect(out).toContain(`  1. ${NEAR}\n  2. ${FAR}\n  3. spare|far|spare\n`);
    expect(out).toContain(`not ${EU} (tags: `);
    expect(out).toEndWith(`  => ask ${NEAR}\n`);
  });

  test("follows each failure: another credential, another deployment, a wait, the fallback, the end", async () => {
    const { steps } = await stepsOf("--model", "chat", "--simulate", "429,429,500,eof,500,500,500,500");
    expect(wayOf(steps)).toEqual([
      NEAR,
      // Its other credential.
      NEAR,
      FAR,
      `wait ${FAR}`,
      "spare|far|spare",
      "wait spare|far|spare",
      "wait spare|far|spare",
      "end",
    ]);
    expect(steps.at(-1)).toMatchObject({ after: "500", move: { kind: "end", error: null } });
  });

  test("has the clock go on: a timeout lasts as long as the first byte may take", async () => {
    const { steps } = await stepsOf("--model", "chat", "--simulate", "timeout,connect");
    expect(steps.map(({ atMs }) => atMs > 0)).toEqual([false, true, true]);
    expect(wayOf(steps).slice(0, 2)).toEqual([NEAR, FAR]);
  });

  test("waits for a Retry-After that is worth it, and for none that is not", async () => {
    const [near] = (await stepsOf("--model", "spare", "--simulate", "429@3")).steps.slice(1);
    expect(near?.move).toMatchObject({ kind: "try" });
    expect(near?.move.kind === "try" ? near.move.waitMs : 0).toBeGreaterThanOrEqual(3_000);
    const { steps } = await stepsOf("--model", "spare", "--simulate", "429@300");
    expect(wayOf(steps)).toEqual(["spare|far|spare", "end"]);
  });

  test("sends what is too long, or not allowed, to the fallbacks for it", async () => {
    expect(wayOf((await stepsOf("--model", "chat", "--simulate", "content")).steps)).toEqual([NEAR, "open|far|open"]);
    expect(wayOf((await stepsOf("--model", "chat", "--tokens", "9000")).steps)).toEqual([FAR]);
    const { steps, order } = await stepsOf("--model", "chat", "--tokens", "200000");
    expect([wayOf(steps), order]).toEqual([["huge|far|huge"], ["huge|far|huge"]]);
  });

  test("takes tags, a key's own tags, and headers", async () => {
    expect(wayOf((await stepsOf("--model", "chat", "--tags", "eu")).steps)).toEqual([EU]);
    expect(wayOf((await stepsOf("--model", "chat", "--key", "shop")).steps)).toEqual([EU]);
    expect(wayOf((await stepsOf("--model", "ruled", "--header", "x-tier=gold,x-other=1")).steps)).toEqual([
      "ruled|near|best",
    ]);
  });

  test("is the same for the same seed", async () => {
    const once = await explain("--model", "ruled", "--seed", "7", "--simulate", "500,500");
    const twice = await explain("--model", "ruled", "--seed", "7", "--simulate", "500,500");
    expect(once.out).toBe(twice.out);
    const first = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      first.add(wayOf((await stepsOf("--model", "ruled", "--seed", String(seed))).steps)[0] ?? "");
    }
    expect(first.size).toBe(2);
  });

  test("keeps to 80 columns", async () => {
    const { out } = await explain("--model", "chat", "--tags", "mars", "--simulate", "429@3,timeout,eof,500,connect");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("asks nobody and tells no key", async () => {
    const { out } = await explain("--model", "chat", "--json", "--simulate", "401,401");
    expect(out).not.toContain("sk-example");
    expect(out).not.toContain(DIGEST);
  });
});

describe("exit codes", () => {
  test("1 where nobody would be asked, with what the caller would get", async () => {
    const { code, out } = await explain("--model", "picky");
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, " ")).toContain(
      "the caller gets 400: No deployment of `picky` is left by the rule tags",
    );
    const unknown = await explain("--model", "nothing");
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining("404 not_found: The model `nothing`")]);
    const forbidden = await explain("--model", "spare", "--key", "shop");
    expect([forbidden.code, forbidden.err]).toEqual([1, expect.stringContaining("403 forbidden: ")]);
  });

  test("2 for a config that is not valid and for wrong usage, which says what was expected", async () => {
    const broken = join(folder, "broken.yaml");
    writeFileSync(broken, "models: 7\n");
    expect((await runCli(["explain", "--model", "chat", "--config", broken])).code).toBe(2);
    for (const [argv, said] of [
      [[], "--model is needed"],
      [["--model", "chat", "--simulate", "429,oops"], `got "oops"`],
      [["--model", "chat", "--tokens", "many"], "--tokens should be a whole number"],
      [["--model", "chat", "--header", "x-tier"], "NAME=VALUE"],
      [["--model", "chat", "--key", "nobody"], "such as shop"],
      [["--model", "chat", "--simulate", Array.from({ length: 21 }, () => "500").join(",")], "at most 20"],
    ] as const) {
      const { code, err } = await explain(...argv);
      expect([code, err]).toEqual([2, expect.stringContaining(said)]);
    }
  });
});

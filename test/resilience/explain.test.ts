/** `llmux explain` as an operator runs it: a process of its own, its text, its JSON and its exit codes. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandFromSource, findExecutable, isExecutableAsked } from "../instruments/executable.ts";
import * as faults from "../instruments/faults.ts";
import { answers } from "../instruments/fleet.ts";
import { keyEntry } from "./keys.ts";
import { attemptsOf, type Entry, isWell, RouteStage } from "./stage.ts";

const folder = mkdtempSync(join(tmpdir(), "llmux-explain-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let written = 0;
function writeConfig(sections: Entry): string {
  const path = join(folder, `${(written += 1)}.yaml`);
  writeFileSync(
    path,
    Object.entries(sections)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
      .join(""),
  );
  return path;
}

const at = (port: number): Entry => ({
  provider: "openai-compatible",
  base_url: `http://127.0.0.1:${port}/v1`,
  api_key: "sk-example",
});
/** Ports nobody listens on, and nobody is to ask. */
const CONFIG = writeConfig({
  providers: { near: at(9), far: at(10) },
  models: {
    chat: {
      strategy: ["tags", "priority"],
      deployments: [
        { provider: "near", model: "small", context_window: 8_000 },
        { provider: "far", model: "large", priority: 1 },
        { provider: "far", model: "large-eu", tags: ["eu"] },
      ],
      fallbacks: ["spare"],
    },
    spare: { deployments: [{ provider: "far", model: "spare" }] },
  },
  keys: [keyEntry("shop", { models: ["chat"], tags: ["eu"] })],
});

async function explain(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const executable = isExecutableAsked() ? findExecutable() : null;
  const command = executable === null ? commandFromSource() : [executable];
  const child = Bun.spawn([...command, "explain", ...argv], {
    env: { PATH: process.env["PATH"] },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

type Told = {
  readonly group: string;
  readonly candidates: readonly { readonly deployment: string }[];
  readonly order: readonly string[];
  readonly steps: readonly {
    readonly after: string | null;
    readonly move: { readonly kind: string; readonly deployment?: string };
  }[];
};

describe("llmux explain", () => {
  test("as text: candidates, the order, and what each failure leads to; code 0", async () => {
    const { code, out, err } = await explain("--config", CONFIG, "--model", "chat", "--simulate", "500,timeout");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toStartWith("model group chat, strategy tags > priority");
    for (const part of [
      "  chat|near|small: near, small; 8000 tokens\n",
      "  1. chat|near|small\n  2. chat|far|large\n  3. spare|far|spare\n",
      "not chat|far|large-eu (tags: ",
      "The request comes:\n",
      "  => ask chat|near|small\n",
      "500, after 0.0 s:\n",
      "  => ask chat|far|large\n",
      "timeout, after ",
    ]) {
      expect(out).toContain(part);
    }
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    // The same draw every time.
    expect((await explain("--config", CONFIG, "--model", "chat", "--simulate", "500,timeout")).out).toBe(out);
  });

  test("as JSON: one document, the same decisions, and nothing of a secret", async () => {
    const { code, out, err } = await explain("--json", "--config", CONFIG, "--model", "chat", "--simulate", "500,500");
    expect([code, err]).toEqual([0, ""]);
    const told = JSON.parse(out) as Told;
    expect(told.group).toBe("chat");
    expect(told.candidates.map(({ deployment }) => deployment)).toEqual([
      "chat|near|small",
      "chat|far|large",
      "chat|far|large-eu",
    ]);
    expect(told.order).toEqual(["chat|near|small", "chat|far|large", "spare|far|spare"]);
    expect(told.steps.map(({ after, move }) => [after, move.deployment])).toEqual([
      [null, "chat|near|small"],
      ["500", "chat|far|large"],
      ["500", expect.stringMatching(/^chat\|(near\|small|far\|large)$/)],
    ]);
    expect(out).not.toContain("sk-example");
  });

  test("by key, tags and tokens", async () => {
    const first = async (...argv: readonly string[]): Promise<string | undefined> => {
      const { out } = await explain("--json", "--config", CONFIG, "--model", "chat", ...argv);
      return (JSON.parse(out) as Told).steps[0]?.move.deployment;
    };
    expect(await first("--tags", "eu")).toBe("chat|far|large-eu");
    expect(await first("--key", "shop")).toBe("chat|far|large-eu");
    expect(await first("--tokens", "10")).toBe("chat|near|small");
  });

  test("code 1 where nobody would be asked: an unknown model, one the key may not call, rules that leave nobody", async () => {
    for (const [argv, status] of [
      [["--model", "unknown"], "404"],
      [["--model", "spare", "--key", "shop"], "403"],
      [["--model", "chat", "--tags", "moon,mars"], null],
    ] as const) {
      const { code, out, err } = await explain("--config", CONFIG, ...argv);
      if (status === null) {
        // Its fallback has no such rule, and answers.
        expect([code, out.includes("=> ask spare|far|spare")]).toEqual([0, true]);
      } else {
        expect([code, out]).toEqual([1, ""]);
        expect(err).toStartWith(`${status} `);
      }
    }
    const only = {
      providers: { near: at(9) },
      models: { m: { strategy: "tags", deployments: [{ provider: "near", model: "x", tags: ["eu"] }] } },
    };
    const { code, out } = await explain("--config", writeConfig(only), "--model", "m", "--tags", "moon");
    expect(code).toBe(1);
    expect(out).toContain("=> the caller gets 400");
  });

  test("code 2 for what it cannot be asked, and for a config that cannot be used; it says what was expected", async () => {
    const broken = join(folder, "broken.yaml");
    writeFileSync(broken, "models: { m: { strategy: fastest } }\n");
    for (const [argv, says] of [
      [["--config", CONFIG], "--model"],
      [["--config", CONFIG, "--model", "chat", "--simulate", "gremlins"], "gremlins"],
      [["--config", CONFIG, "--model", "chat", "--tokens", "many"], "--tokens"],
      [["--config", CONFIG, "--model", "chat", "--key", "nobody"], "shop"],
      [["--config", CONFIG, "--model", "chat", "--colour"], "--colour"],
      [["--config", broken, "--model", "m"], "strategy"],
      [["--config", join(folder, "nowhere.yaml"), "--model", "m"], "nowhere.yaml"],
    ] as const) {
      const { code, out, err } = await explain(...argv);
      expect([argv, code, out]).toEqual([argv, 2, ""]);
      expect(err).toContain(says);
    }
  }, 60_000);
});

test("what it tells is what the gateway does", async () => {
  const model = { strategy: "priority", retries: 2, retry: { backoff: { base: "5ms", max: "20ms" } } };
  await RouteStage.with({ model }, async (stage) => {
    for (const name of ["a", "b"]) stage.member(name).behave(answers(faults.serverError));
    const answer = await stage.answer();
    expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 3]);
    const { out } = await explain(
      "--json",
      "--config",
      stage.gateway.configPath,
      "--model",
      "m",
      "--simulate",
      "500,500",
    );
    const way = (JSON.parse(out) as Told).steps.map(({ move }) => move.deployment);
    expect(way).toEqual(["m|a|m-a", "m|b|m-b", "m|c|m-c"]);
    expect(stage.asked).toEqual([1, 1, 1]);
  });
});

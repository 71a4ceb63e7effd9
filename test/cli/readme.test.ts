import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runCli } from "./run-cli.ts";

const README = await Bun.file(join(import.meta.dir, "..", "..", "README.md")).text();

test("the README's config is valid", async () => {
  const config = /```yaml\n([\s\S]*?)```/.exec(README)?.[1];
  if (config === undefined) throw new Error("expected a block of YAML in README.md");
  const folder = mkdtempSync(join(tmpdir(), "llmux-readme-"));
  try {
    const path = join(folder, "llmux.yaml");
    writeFileSync(path, config);
    const result = await runCli(["check", path], {
      env: { OPENAI_API_KEY: "sk-example", ANTHROPIC_KEY_1: "sk-1", ANTHROPIC_KEY_2: "sk-2" },
    });
    expect(result).toMatchObject({ code: 0, err: "" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the README names every command and every metric", async () => {
  for (const name of COMMANDS.keys()) expect(README).toContain(`llmux ${name}`);
  const { Metrics } = await import("../../src/observe/metrics.ts");
  const metrics = new Metrics({
    version: "0",
    inFlight: () => [],
    config: () => ({ generation: 1, isInSync: true, reloads: [] }),
    deployments: () => [],
    pendingBytes: () => 0,
    evictedCallers: () => 0,
    logLinesDropped: () => 0,
    connections: () => [],
  });
  const names = [...(await metrics.render()).matchAll(/^# TYPE (llm_\w+) /gm)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !README.includes(`\`${name}\``))).toEqual([]);
});

import { expect, test } from "bun:test";
import { join } from "node:path";
import { findStale, generateReference } from "../../deploy/reference/generate.ts";
import { createReferencePage } from "../../src/config/reference-page.ts";
import { configSchema } from "../../src/config/schema.ts";
import { PICKING_STRATEGIES, STRATEGY_NAMES } from "../../src/config/schema-strategies.ts";
import { readFacts } from "../../src/config/shape.ts";

test("the page has a row for every key of every section", () => {
  const page = createReferencePage();
  for (const key of [
    "unix.mode",
    "tls.server_name",
    "deployments[].model",
    "breaker.open",
    "queue.timeout",
    "stream_usage",
  ]) {
    expect(page).toContain(`| \`${key}\` |`);
  }
  const { shape } = readFacts(configSchema);
  if (shape.kind !== "map") throw new Error("expected a map");
  for (const section of Object.keys(shape.entries))
    expect(page).toMatch(new RegExp(`(## \`${section}|\\| \`${section}\`)`));
});

test("a row says type, default and meaning, and marks what has no effect", () => {
  const page = createReferencePage();
  expect(page).toContain("| `max_head_bytes` | size | `16KiB` | Longest request head (431 beyond). |");
  expect(page).toContain(
    "| `level` | `debug`, `info`, `warn`, `error` | `info` | Least important line that is written. |",
  );
  expect(page).toContain(
    "| `on_disconnect` | `cancel`, `finish` |  | ◌ What becomes of a request whose caller left. |",
  );
  expect(page).toContain("| `hedge.after` | duration or `p95` | *required* |");
  expect(page).toContain("| `deployments[].price.input` | number 0 – 1000000 | *required* | Tokens read. |");
  expect(page).toContain("| `deployments` | list of map | *required* |");
});

test("every strategy has a row, with its role, and rows for its options", () => {
  const page = createReferencePage();
  expect(page).toContain("| `strategy` | [strategy](#strategies) |");
  for (const name of STRATEGY_NAMES) {
    const role = PICKING_STRATEGIES.has(name) ? "picks" : "narrows";
    expect(page).toContain(`| **\`${name}\`** | ${role} |`);
  }
  expect(page).toContain("| `rules[].use.providers` | list of text |");
  expect(page).toContain("| `buffer` | percentage | `10%` |");
});

test("the files in deploy/reference are what the code says", () => {
  expect([...generateReference().keys()]).toEqual(["config.md", "providers.md", "translation.md", "llmux.schema.json"]);
  expect(findStale()).toEqual([]);
});

test("the generator's check ends with 0 when nothing is stale", () => {
  const script = join(import.meta.dir, "../../deploy/reference/generate.ts");
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, script, "--check"]);
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
});

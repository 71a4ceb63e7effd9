/** Hours of trouble on a virtual clock; the figures of deploy/reference/resilience.md. */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cellsOf, HOURS } from "./page.ts";
import { SCENARIOS } from "./providers.ts";
import { CLIENTS, type Row, simulateAll } from "./simulate.ts";
import type { Tally } from "./tally.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../deploy/reference/resilience.md"), "utf8");

/** The cells of every line of the page's tables. */
const LINES = PAGE.split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) =>
    line
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim())
      .join(" | "),
  );

describe("an hour of trouble", () => {
  let rows: readonly Row[] = [];
  beforeAll(async () => {
    rows = await simulateAll(SCENARIOS, HOURS.short);
  });

  const tallyOf = (scenario: string, client: string): Tally => {
    const row = rows.find((each) => each.scenario.name === scenario && each.client === client);
    if (row === undefined) throw new Error(`no row ${scenario}, ${client}`);
    return row.tally;
  };

  test("is told on the page as it comes out", () => {
    expect(rows.length).toBe(SCENARIOS.length * CLIENTS.length);
    for (const row of rows) expect(LINES).toContain(cellsOf(row, true).join(" | "));
  });

  for (const { name } of CLIENTS.filter(({ kind }) => kind === "gateway")) {
    test(`${name}: 99.9 % are answered while anybody is well`, () => {
      for (const scenario of ["One of three flaps", "Brown-out", "A slow provider"]) {
        expect(tallyOf(scenario, name).availability).toBeGreaterThan(0.999);
        expect(tallyOf(scenario, name).attemptsPerRequest).toBeLessThan(1.1);
      }
    });

    test(`${name}: with everybody down hardly anything is asked`, () => {
      const { attemptsPerRequest, worstMinute } = tallyOf("All down for ten minutes", name);
      expect(attemptsPerRequest).toBeLessThan(1);
      expect(worstMinute).toBeLessThan(1.2);
    });
  }

  test("blind retries do worse at four times the load", () => {
    const blind = tallyOf("One of three flaps", "One provider, 3 blind retries");
    expect(blind.availability).toBeLessThan(0.95);
    expect(blind.worstMinute).toBeGreaterThan(3);
  });

  test("hedging takes away the slow end", () => {
    const plain = tallyOf("A slow provider", "LLMux, defaults");
    const hedged = tallyOf("A slow provider", "LLMux, `lowest-latency`, `hedge`");
    expect(hedged.firstByteQuantile(0.99)).toBeLessThan(plain.firstByteQuantile(0.99) / 3);
  });
});

// Half a minute: `make nightly`.
test.skipIf((process.env["FUZZ_COUNT"] ?? "") === "")(
  "the twenty hours are told on the page as they come out",
  async () => {
    for (const row of await simulateAll(SCENARIOS, HOURS.long))
      expect(LINES).toContain(cellsOf(row, false).join(" | "));
  },
  600_000,
);

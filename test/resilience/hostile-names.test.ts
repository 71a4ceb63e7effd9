/** Names that callers make up end nowhere: no series, no state, no memory, however many there are. */
import { expect, test } from "bun:test";
import { writePost } from "../instruments/raw-client.ts";
import { until } from "../instruments/until.ts";
import { keyEntry, withKey } from "./keys.ts";
import { RouteStage, writeQuestion } from "./stage.ts";

const NAMES = 10_000;
const BATCH = 500;

test(`${NAMES} hostile model names leave no series behind`, async () => {
  const config = { keys: [keyEntry("k", { rpm: 1_000_000 })], log: { level: "error" } };
  const models = { "local/*": { deployments: [{ provider: "a", model: "*" }] } };
  await RouteStage.with({ config, models }, async (stage) => {
    const names = (count: number): string[] =>
      Array.from({ length: BATCH }, (_, index) => {
        const number = count + index;
        // Unknown ones, ones that a pattern takes, ones at a provider, and some that would break a label.
        const kinds = [
          `no-such-${number}`,
          `local/${number}`,
          `a/${number}`,
          `"}\n# ${number}\\`,
          "x".repeat(150) + number,
        ];
        return kinds[number % kinds.length] ?? "";
      });
    const sendBatch = async (first: number): Promise<void> => {
      const caller = await stage.connect();
      for (const model of names(first)) {
        const sent = caller.answers.length;
        await caller.send(
          writePost("/v1/chat/completions", JSON.stringify(writeQuestion({ model })), {
            headers: withKey("k", [["x-llmux-tags", model.slice(0, 8).replaceAll(/[^\x21-\x7e]/g, "_")]]),
          }),
        );
        await until("an answer", () => caller.answers.length > sent || caller.end !== "open");
      }
      caller.close();
    };
    // The first of each kind may bring the series there are.
    await sendBatch(0);
    const before = await stage.readSeries();
    for (let count = BATCH; count < NAMES; count += BATCH) await sendBatch(count);
    const after = await stage.readSeries();
    expect(after.filter((series) => !before.includes(series))).toEqual([]);
    expect(after.some((series) => series.includes("no-such"))).toBe(false);
  });
}, 120_000);

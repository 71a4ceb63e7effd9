import { expect, test } from "bun:test";
import { writeMetrics } from "../../../src/dialect/bedrock-converse/metrics.ts";
import { bedrockConverse } from "../../../src/dialect/bedrock-converse/dialect.ts";

const [endpoint] = bedrockConverse.endpoints;
if (endpoint === undefined) throw new Error("the dialect has no endpoints");
const CONTEXT = {
  endpoint,
  model: "m",
  requestId: "r",
  createdAt: 0,
  wantsStreamUsage: true,
  query: new URLSearchParams(),
  request: null,
};

test("the latency runs from the request, never backwards, and is left out where nobody knows it", () => {
  const before = Date.now();
  const metrics = writeMetrics({ ...CONTEXT, startedAtMs: before - 1_500.4 });
  expect(metrics?.["latencyMs"]).toBeGreaterThanOrEqual(1_500);
  expect(Number.isInteger(metrics?.["latencyMs"])).toBe(true);
  expect(writeMetrics({ ...CONTEXT, startedAtMs: before + 60_000 })).toEqual({ latencyMs: 0 });
  expect(writeMetrics(CONTEXT)).toBeNull();
});

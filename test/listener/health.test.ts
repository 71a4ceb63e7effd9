import { expect, test } from "bun:test";
import { answerHealth, findUnreadiness } from "../../src/listener/health.ts";

test("live is always 200 and asks nobody", () => {
  const ask = () => {
    throw new Error("live must not ask");
  };
  expect(answerHealth("/health/live", ask)).toEqual({ status: 200, body: '{"status":"ok"}' });
});

test("ready is 200 without reasons against it, 503 with them", () => {
  expect(answerHealth("/health/ready", () => [])).toEqual({ status: 200, body: '{"ready":true,"reasons":[]}' });
  expect(answerHealth("/health/ready", () => ["draining"])).toEqual({
    status: 503,
    body: '{"ready":false,"reasons":["draining"]}',
  });
});

test.each(["/health", "/health/", "/health/live/", "/Health/live", "/metrics", ""])("%p is not a probe", (path) => {
  expect(answerHealth(path, () => [])).toBeNull();
});

test("every condition that is not met is a reason", () => {
  const ready = { hasConfig: true, areListenersUp: true, isDraining: false };
  expect(findUnreadiness(ready)).toEqual([]);
  expect(findUnreadiness({ ...ready, hasConfig: false })).toEqual(["no valid config is loaded"]);
  expect(findUnreadiness({ ...ready, areListenersUp: false })).toEqual(["the listeners are not up"]);
  expect(findUnreadiness({ ...ready, isDraining: true })).toEqual(["draining: the process was told to end"]);
  expect(findUnreadiness({ hasConfig: false, areListenersUp: false, isDraining: true })).toHaveLength(3);
});

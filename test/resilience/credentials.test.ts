/** Several credentials of one provider: one that is refused gives way to the next, and stays away until it is another one. */
import { describe, expect, test } from "bun:test";
import { errorAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import { answers, answerWell } from "../instruments/fleet.ts";
import type { UpstreamRequest } from "../instruments/script-player.ts";
import type { Script } from "../instruments/script.ts";
import { attemptsOf, codeOf, isWell, QUICK_BACKOFF, RouteStage, type StageOptions } from "./stage.ts";

const KEYS = ["sk-example-one", "sk-example-two", "sk-example-three"] as const;

const withKeys = (keys: readonly string[], more: StageOptions = {}): StageOptions => ({
  members: ["only"],
  provider: { api_key: undefined, api_keys: keys },
  ...more,
  model: { retries: 2, retry: { backoff: QUICK_BACKOFF }, ...more.model },
});

const keyUsed = ({ message }: UpstreamRequest): string =>
  (message.header("authorization") ?? "").replace("Bearer ", "");

/** How often each key was used. */
function usesOf(stage: RouteStage): Record<string, number> {
  const uses: Record<string, number> = {};
  for (const request of stage.member("only").upstream.requests) {
    const key = keyUsed(request);
    uses[key] = (uses[key] ?? 0) + 1;
  }
  return uses;
}

/** Refuses some keys, serves the others. */
function refuse(stage: RouteStage, refused: readonly string[], script: () => Script): void {
  stage
    .member("only")
    .behave(answers((request) => (refused.includes(keyUsed(request)) ? script() : answerWell(request))));
}

const refusal = (status: number, code: string | null) => () =>
  errorAnswer(status, { message: "Refused.", type: "invalid_request_error", code });

describe("a credential that is refused", () => {
  for (const [name, times, script] of [
    ["401", 1, refusal(401, "invalid_api_key")],
    ["402", 1, refusal(402, "insufficient_quota")],
    // It may speak of the request: only the third in a row is the credential's.
    ["403", 3, refusal(403, null)],
  ] as const) {
    test(`with ${name}: the next one serves the same request, and the bad one is not used again`, async () => {
      await RouteStage.with(withKeys(KEYS), async (stage) => {
        refuse(stage, KEYS.slice(0, 1), script);
        for (const stream of [false, true]) {
          for (const answer of await stage.answerInTurn(6, { stream })) expect(isWell(answer)).toBe(true);
        }
        expect(usesOf(stage)[KEYS[0]] ?? 0).toBe(times);
        expect(stage.member("only").requests).toBe(12 + times);
      });
    });
  }

  test("stays so over reloads, and another credential in its place is used at once", async () => {
    await RouteStage.with(withKeys(KEYS.slice(0, 1)), async (stage) => {
      refuse(stage, KEYS.slice(0, 1), refusal(401, "invalid_api_key"));
      const first = await stage.answer();
      expect(first.status).toBe(401);
      for (let count = 0; count < 10; count += 1) await stage.reload();
      await stage.reload({ provider: { api_key: undefined, api_keys: [KEYS[1]] } });
      const answer = await stage.answer();
      expect([isWell(answer), attemptsOf(answer)]).toEqual([true, 1]);
      expect(usesOf(stage)[KEYS[1]]).toBe(1);
    });
  });

  test("where all are refused, the provider's own word is the answer", async () => {
    await RouteStage.with(withKeys(KEYS), async (stage) => {
      refuse(stage, KEYS, refusal(401, "invalid_api_key"));
      const answer = await stage.answer();
      expect([answer.status, codeOf(answer)]).toEqual([401, "invalid_api_key"]);
      expect(attemptsOf(answer)).toBe(stage.member("only").requests);
      expect(Object.values(usesOf(stage))).toEqual([1, 1, 1]);
    });
  });
});

describe("a credential at its rate limit", () => {
  test("rests as long as Retry-After says, while the others work, and comes back then", async () => {
    await RouteStage.with(withKeys(KEYS.slice(0, 2)), async (stage) => {
      let isOver = false;
      stage
        .member("only")
        .behave(
          answers((request) =>
            keyUsed(request) === KEYS[0] && !isOver ? faults.rateLimitedSeconds(1) : answerWell(request),
          ),
        );
      const startedMs = performance.now();
      for (const answer of await stage.answerInTurn(4)) expect(isWell(answer)).toBe(true);
      const refusedUses = usesOf(stage)[KEYS[0]] ?? 0;
      expect(refusedUses).toBe(1);
      isOver = true;
      // Its second is over, with the jitter that keeps callers from coming all at once.
      await Bun.sleep(Math.max(0, startedMs + 2_500 - performance.now()));
      for (const answer of await stage.answerInTurn(8)) expect(isWell(answer)).toBe(true);
      expect(usesOf(stage)[KEYS[0]] ?? 0).toBeGreaterThan(refusedUses);
    });
  });
});

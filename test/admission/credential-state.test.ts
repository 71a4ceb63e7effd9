import { describe, expect, test } from "bun:test";
import { CredentialState } from "../../src/admission/credential-state.ts";

const MINUTE = 60_000;
const makeState = (): CredentialState => new CredentialState(() => 0);

/** As a request would: refused, in the round it was sent in. */
const refuse = (state: CredentialState, nowMs: number, isRenewable = false): boolean =>
  state.refuse(state.round, nowMs, isRenewable);
const deny = (state: CredentialState, deployment: string, nowMs: number): boolean =>
  state.deny(state.round, deployment, nowMs);

describe("a credential", () => {
  test("that nothing is known of is ready", () => {
    const state = makeState();
    expect([state.isClear, state.standing("d", 0), state.readyAtMs("d", 7), state.take("d", 0)]).toEqual([
      true,
      "ready",
      7,
      false,
    ]);
  });

  test("cools after a 429, and the next success makes it as good as new", () => {
    const state = makeState();
    state.rest(0, 5_000);
    expect([state.isClear, state.standing("d", 4_999), state.readyAtMs("d", 0)]).toEqual([false, "cooling", 5_000]);
    expect(state.standing("d", 5_000)).toBe("ready");
    state.succeed(state.round, "d", 5_000);
    expect(state.isClear).toBe(true);
  });

  test("goes on cooling when a request that was under way succeeds", () => {
    const state = makeState();
    state.rest(0, 5_000);
    state.succeed(state.round, "d", 1_000);
    expect([state.isClear, state.standing("d", 1_000)]).toEqual([false, "cooling"]);
  });

  test("that was refused is tried again by one request every five minutes, and by no other", () => {
    const state = makeState();
    expect(refuse(state, 0)).toBe(true);
    expect([state.standing("d", 0), state.standing(null, 5 * MINUTE - 1)]).toEqual(["refused", "refused"]);
    for (const dueMs of [5, 10, 15].map((minutes) => minutes * MINUTE)) {
      expect(state.standing("d", dueMs)).toBe("ready");
      expect(state.take("d", dueMs)).toBe(true);
      expect(state.standing("d", dueMs)).toBe("refused");
      expect(state.standing("d", dueMs + 5 * MINUTE - 1)).toBe("refused");
    }
    // A try that was refused again counts from its answer.
    refuse(state, 16 * MINUTE);
    expect(state.readyAtMs("d", 16 * MINUTE)).toBe(21 * MINUTE);
  });

  test("is tried again up to half a minute later than that, so that a fleet does not knock together", () => {
    const state = new CredentialState(() => 0.999_999);
    refuse(state, 0);
    expect(Math.round(state.readyAtMs("d", 0))).toBe(5.5 * MINUTE);
  });

  test("that was refused is as good as new after a try that went well", () => {
    const state = makeState();
    refuse(state, 0);
    state.take("d", 5 * MINUTE);
    state.succeed(state.round, "d", 5 * MINUTE + 1_000);
    expect([state.isClear, state.standing("d", 5 * MINUTE + 1_000)]).toEqual([true, "ready"]);
  });

  test("is not cleared by what was sent before it was refused, nor refused by what was sent before it was cleared", () => {
    const state = makeState();
    const before = state.round;
    refuse(state, 0);
    state.succeed(before, "d", 1_000);
    expect(state.standing("d", 1_000)).toBe("refused");
    // Twenty more 401s of requests under way do not put the next try off.
    for (let count = 0; count < 20; count++) expect(state.refuse(before, 4 * MINUTE, false)).toBe(false);
    expect(state.standing("d", 5 * MINUTE)).toBe("ready");
    const during = state.round;
    state.succeed(during, "d", 5 * MINUTE);
    expect(state.refuse(during, 5 * MINUTE, false)).toBe(false);
    expect(state.deny(during, "d", 5 * MINUTE)).toBe(false);
    expect(state.isClear).toBe(true);
  });

  test("that can be fetched anew is only doubted the first time, and refused the second", () => {
    const state = makeState();
    const first = state.round;
    expect(refuse(state, 0, true)).toBe(true);
    expect(state.standing("d", 0)).toBe("ready");
    expect(state.refuse(first, 0, true)).toBe(false);
    expect(state.standing("d", 0)).toBe("ready");
    refuse(state, 1, true);
    expect(state.standing("d", 1)).toBe("refused");
    // Its tries do not begin with a doubt again.
    state.take("d", 6 * MINUTE);
    refuse(state, 6 * MINUTE, true);
    expect(state.standing("d", 6 * MINUTE)).toBe("refused");
  });

  test("whose bill was not paid is refused further when its try finds the token refused too", () => {
    const state = makeState();
    refuse(state, 0);
    state.take("d", 5 * MINUTE);
    refuse(state, 6 * MINUTE, true);
    expect(state.readyAtMs("d", 6 * MINUTE)).toBe(11 * MINUTE);
  });

  test("cools longer with each 429 in a row, and shortly again after any success", () => {
    const state = new CredentialState(() => 0.5);
    state.rest(0, null);
    state.rest(1_000, null);
    expect(state.readyAtMs("d", 1_000)).toBe(3_000);
    state.succeed(state.round, "d", 2_000);
    state.rest(3_000, null);
    expect(state.readyAtMs("d", 3_000)).toBe(4_000);
  });

  test("that was doubted has its doubt taken away by a success", () => {
    const state = makeState();
    refuse(state, 0, true);
    state.succeed(state.round, "d", 1);
    expect(state.isClear).toBe(true);
    refuse(state, 2, true);
    expect(state.standing("d", 2)).toBe("ready");
  });
});

describe("a 403", () => {
  test("takes a credential from one deployment, after three in a row, and from no other", () => {
    const state = makeState();
    for (const expected of ["ready", "ready", "refused"]) {
      deny(state, "a", 0);
      expect(state.standing("a", 0)).toBe(expected as "ready");
    }
    expect([state.standing("b", 0), state.standing(null, 0)]).toEqual(["ready", "ready"]);
    expect(state.standing("a", 5 * MINUTE)).toBe("ready");
    expect([state.take("b", 5 * MINUTE), state.take("a", 5 * MINUTE)]).toEqual([false, true]);
    expect(state.standing("a", 5 * MINUTE)).toBe("refused");
  });

  test("of many requests under way together counts once", () => {
    const state = makeState();
    const { round } = state;
    for (let count = 0; count < 100; count++) state.deny(round, "a", 0);
    expect(state.standing("a", 0)).toBe("ready");
  });

  test("is forgotten at a success of the same deployment, and not at one of another", () => {
    const state = makeState();
    deny(state, "a", 0);
    deny(state, "a", 0);
    state.succeed(state.round, "b", 0);
    expect(state.isClear).toBe(false);
    state.succeed(state.round, "a", 0);
    expect(state.isClear).toBe(true);
    deny(state, "a", 0);
    deny(state, "a", 0);
    expect(state.standing("a", 0)).toBe("ready");
  });

  test("is remembered of a hundred deployments, the newest", () => {
    const state = makeState();
    for (let number = 0; number < 150; number++) {
      for (let count = 0; count < 3; count++) deny(state, `d${number}`, 0);
    }
    const refused = Array.from({ length: 150 }, (_, number) => state.standing(`d${number}`, 0) === "refused");
    expect(refused.filter(Boolean).length).toBe(100);
    expect([refused[49], refused[50]]).toEqual([false, true]);
  });
});

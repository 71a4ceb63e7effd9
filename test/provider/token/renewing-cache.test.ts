import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import { RenewingCache } from "../../../src/provider/token/renewing-cache.ts";

const HOUR_MS = 3_600_000;
type Kept = { readonly name: string; readonly expiresAtMs: number | null };

/** A source whose answers are given by hand, and a clock. */
function setUp(renewBeforeMs?: number) {
  const waiting: { give(expiresAtMs: number | null): void; fail(error?: unknown): void }[] = [];
  const clock = { nowMs: 1_000_000 };
  let count = 0;
  const cache = new RenewingCache<Kept>(
    () =>
      new Promise((resolve, reject) => {
        const name = `token-${count++}`;
        waiting.push({
          give: (expiresAtMs) => resolve({ name, expiresAtMs }),
          fail: (error = new Error("canary")) => reject(error),
        });
      }),
    { whose: "Example", now: () => clock.nowMs, ...(renewBeforeMs === undefined ? {} : { renewBeforeMs }) },
  );
  return { cache, clock, waiting };
}

describe("a cache of what expires", () => {
  test("asks once, however many wait, and answers at once from then on", async () => {
    const { cache, clock, waiting } = setUp();
    const all = [cache.get(), cache.get(), cache.get()];
    expect(waiting).toHaveLength(1);
    waiting[0]?.give(clock.nowMs + HOUR_MS);
    const found = await Promise.all(all);
    expect(found.map(({ name }) => name)).toEqual(["token-0", "token-0", "token-0"]);
    expect(cache.get()).toBe(found[0] as Kept);
  });

  test("renews 225 seconds before the end, once, and nobody waits for it", async () => {
    const { cache, clock, waiting } = setUp();
    const first = cache.get();
    waiting[0]?.give(clock.nowMs + HOUR_MS);
    const known = await first;
    clock.nowMs += HOUR_MS - 225_001;
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(1);
    clock.nowMs += 1;
    expect(cache.get()).toBe(known);
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(2);
    waiting[1]?.give(clock.nowMs + HOUR_MS);
    await Bun.sleep(0);
    expect(cache.get()).toMatchObject({ name: "token-1" });
  });

  test("renews as early as its source gives the next one", async () => {
    const { cache, clock, waiting } = setUp(300_000);
    const first = cache.get();
    waiting[0]?.give(clock.nowMs + HOUR_MS);
    const known = await first;
    clock.nowMs += HOUR_MS - 300_001;
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(1);
    clock.nowMs += 1;
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(2);
  });

  test("a renewal that fails is tried again after five seconds, and told once the old one has expired", async () => {
    const { cache, clock, waiting } = setUp();
    const first = cache.get();
    waiting[0]?.give(clock.nowMs + HOUR_MS);
    const known = await first;
    clock.nowMs += HOUR_MS - 60_000;
    expect(cache.get()).toBe(known);
    waiting[1]?.fail();
    await Bun.sleep(0);
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(2);
    clock.nowMs += 5_000;
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(3);
    waiting[2]?.fail();
    await Bun.sleep(0);
    clock.nowMs += 60_000;
    const last = cache.get();
    waiting[3]?.fail();
    await expect(Promise.resolve(last)).rejects.toThrow("Example credentials: they could not be fetched.");
    // Not for every request: the failure stands for a few seconds, then it is tried again.
    expect(() => cache.get()).toThrow("could not be fetched");
    expect(waiting).toHaveLength(4);
    clock.nowMs += 5_000;
    const again = cache.get();
    waiting[4]?.give(null);
    expect((await again).name).toBe("token-4");
  });

  test("a source's own error is passed on as it is", async () => {
    const { cache, waiting } = setUp();
    const first = cache.get();
    const error = new GatewayError("upstream_error", "said by the source");
    waiting[0]?.fail(error);
    await expect(Promise.resolve(first)).rejects.toBe(error);
  });

  test("what was refused is fetched anew, but not when it has only just been fetched", async () => {
    const { cache, clock, waiting } = setUp();
    const first = cache.get();
    waiting[0]?.give(null);
    const known = await first;
    cache.invalidate();
    expect(cache.get()).toBe(known);
    clock.nowMs += 5_000;
    cache.invalidate();
    const second = cache.get();
    expect(waiting).toHaveLength(2);
    waiting[1]?.give(null);
    expect((await second).name).toBe("token-1");
  });

  test("one that has expired already is an error", async () => {
    const { cache, clock, waiting } = setUp();
    const first = cache.get();
    waiting[0]?.give(clock.nowMs);
    await expect(Promise.resolve(first)).rejects.toThrow("expired already");
  });
});

import { describe, expect, test } from "bun:test";
import { CredentialCache } from "../../../src/provider/aws/credential-cache.ts";
import { type AwsCredentials, makeStaticCredentials } from "../../../src/provider/aws/credentials.ts";

const HOUR_MS = 3_600_000;

/** A source whose answers are given by hand, and a clock. */
function setUp() {
  const waiting: { give(expiresAtMs: number | null): void; fail(): void }[] = [];
  const clock = { nowMs: 1_000_000 };
  let count = 0;
  const cache = new CredentialCache(
    () =>
      new Promise((resolve, reject) => {
        const name = `ASIA${count++}`;
        waiting.push({
          give: (expiresAtMs) => resolve({ ...makeStaticCredentials(name, "secret", null), expiresAtMs }),
          fail: () => reject(new Error("canary")),
        });
      }),
    () => clock.nowMs,
  );
  return { cache, clock, waiting };
}

describe("the cache of AWS credentials", () => {
  test("asks once, however many wait, and answers at once from then on", async () => {
    const { cache, clock, waiting } = setUp();
    const all = [cache.get(), cache.get(), cache.get()];
    expect(waiting).toHaveLength(1);
    waiting[0]?.give(clock.nowMs + HOUR_MS);
    const found = await Promise.all(all);
    expect(found.map(({ accessKeyId }) => accessKeyId)).toEqual(["ASIA0", "ASIA0", "ASIA0"]);
    expect(cache.get()).toBe(found[0] as AwsCredentials);
  });

  test("renews five minutes before the end, and nobody waits for it", async () => {
    const { cache, clock, waiting } = setUp();
    const first = cache.get();
    waiting[0]?.give(clock.nowMs + HOUR_MS);
    const known = await first;
    clock.nowMs += HOUR_MS - 5 * 60_000 - 1;
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(1);
    clock.nowMs += 1;
    expect(cache.get()).toBe(known);
    expect(cache.get()).toBe(known);
    expect(waiting).toHaveLength(2);
    waiting[1]?.give(clock.nowMs + HOUR_MS);
    await Bun.sleep(0);
    expect(cache.get()).toMatchObject({ accessKeyId: "ASIA1" });
  });

  test("a renewal that fails is tried again, and told once the old ones have expired", async () => {
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
    expect(waiting).toHaveLength(4);
    waiting[3]?.fail();
    await expect(Promise.resolve(last)).rejects.toThrow("could not be fetched");
    // Not for every request: the failure stands for a few seconds.
    expect(() => cache.get()).toThrow("could not be fetched");
    expect(waiting).toHaveLength(4);
  });

  test("refused credentials are fetched anew, but not when they have only just been fetched", async () => {
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
    expect((await second).accessKeyId).toBe("ASIA1");
  });

  test("a source without credentials, or with expired ones, is an error that says so", async () => {
    await expect(
      Promise.resolve(
        new CredentialCache(
          async () => null,
          () => 0,
        ).get(),
      ),
    ).rejects.toThrow("none found");
    const expired = { ...makeStaticCredentials("A", "b", null), expiresAtMs: 5 };
    await expect(
      Promise.resolve(
        new CredentialCache(
          async () => expired,
          () => 10,
        ).get(),
      ),
    ).rejects.toThrow("expired already");
  });
});

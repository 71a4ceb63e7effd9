import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Authorizer, Credential, Provider } from "../../src/exchange.ts";
import { type ChosenCredential, Credentials, staticHeaders } from "../../src/gateway/credentials.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { Secret } from "../../src/lib/secret.ts";

const numRuns = Number(process.env["FUZZ_COUNT"] ?? 300);
const MINUTE = 60_000;

/** A provider, as far as credentials look at one. */
function makeProvider(...credentials: readonly Credential[]): Provider {
  return { name: "p", credentials } as unknown as Provider;
}

const key = (id: string): Credential => ({
  kind: "header",
  id,
  header: "authorization",
  value: new Secret(`Bearer ${id}`),
});
const keys = (...ids: readonly string[]): Provider => makeProvider(...ids.map(key));
const retained = (...providers: readonly Provider[]): { readonly providers: ReadonlyMap<string, Provider> } => ({
  providers: new Map(providers.map((provider, index) => [`p${index}`, provider])),
});

class CountingAuthorizer implements Authorizer {
  invalidated = 0;
  authorize(): [] {
    return [];
  }
  invalidate(): void {
    this.invalidated++;
  }
}

function makeCredentials(): { readonly credentials: Credentials; readonly clock: SimulatedClock } {
  const clock = new SimulatedClock(1_000);
  return {
    clock,
    credentials: new Credentials(
      () => clock.nowMs(),
      () => clock.wallMs(),
      () => 0,
    ),
  };
}

const choose = (
  credentials: Credentials,
  provider: Provider,
  tried: ReadonlySet<number> | null = null,
): ChosenCredential => {
  const chosen = credentials.choose(provider, "d", tried);
  if (chosen === null) throw new Error("expected a credential, got none");
  return chosen;
};
const idOf = ({ credential }: ChosenCredential): string => credential.id;

describe("choosing a credential", () => {
  test("goes round, and gives nothing for a provider that takes none", () => {
    const { credentials } = makeCredentials();
    const provider = keys("a", "b");
    expect([1, 2, 3].map(() => idOf(choose(credentials, provider)))).toEqual(["a", "b", "a"]);
    expect(credentials.choose(keys(), "d", null)).toBeNull();
    expect(credentials.availability(keys(), "d", 0)).toEqual({ kind: "ready" });
  });

  test("makes nothing new for one healthy credential", () => {
    const { credentials } = makeCredentials();
    const provider = keys("a");
    const first = choose(credentials, provider);
    credentials.noteSuccess(first);
    expect(choose(credentials, provider)).toBe(first);
    expect(credentials.choose(provider, "other", null)).not.toBe(first);
    expect(credentials.availability(provider, "d", 0)).toBe(credentials.availability(provider, "e", 0));
  });

  test("gives a request none twice: null once all were tried", () => {
    const { credentials } = makeCredentials();
    const provider = keys("a", "b");
    const first = choose(credentials, provider);
    expect(credentials.hasAnother(first)).toBe(true);
    credentials.noteRefused(first, 401, null);
    const second = choose(credentials, provider, new Set([first.index]));
    expect(idOf(second)).toBe("b");
    expect(credentials.hasAnother(second)).toBe(false);
    expect(credentials.choose(provider, "d", new Set([0, 1]))).toBeNull();
  });

  test("never gives a tried one and never forgets that it sticks, whatever happens", () => {
    const step = fc.record({
      provider: fc.nat(1),
      deployment: fc.constantFrom("d", "e", null),
      tried: fc.uniqueArray(fc.nat(3), { maxLength: 4 }),
      answer: fc.constantFrom(200, 200, 401, 402, 403, 429, 0),
      waitMs: fc.oneof(fc.constant(0), fc.nat(1_000), fc.nat(10 * MINUTE)),
      isReloaded: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { credentials, clock } = makeCredentials();
        const make = (): Provider[] => [keys("a", "b", "c", "d"), keys("a", "x")];
        let providers = make();
        /** By id: when a key was last refused with 401 or 402, told in the naive way. */
        const refusedAt = new Map<string, number>();
        for (const { provider: at, deployment, tried, answer, waitMs, isReloaded } of steps) {
          clock.advance(waitMs);
          if (isReloaded) {
            providers = make();
            credentials.retain(retained(...providers));
          }
          const provider = providers[at] as Provider;
          const count = provider.credentials.length;
          const nowMs = clock.nowMs();
          const before = credentials.availability(provider, deployment, nowMs);
          const chosen = credentials.choose(provider, deployment, new Set(tried));
          const left = provider.credentials.filter((_, index) => !tried.includes(index));
          expect(chosen === null).toBe(left.length === 0);
          if (chosen === null) continue;
          expect(left).toContain(chosen.credential);
          const { id } = chosen.credential;
          // One that was refused in the last five minutes is used only where no other that may be used is ready.
          if (nowMs - (refusedAt.get(id) ?? Number.NEGATIVE_INFINITY) < 5 * MINUTE) {
            expect(credentials.hasAnother({ ...chosen, tried: new Set(tried) })).toBe(false);
            if (tried.filter((index) => index < count).length === 0) expect(before.kind).not.toBe("ready");
          }
          if (answer === 200) {
            credentials.noteSuccess(chosen);
            refusedAt.delete(id);
          } else if (answer > 0) credentials.noteRefused(chosen, answer, null);
          if (answer === 401 || answer === 402) refusedAt.set(id, nowMs);
        }
      }),
      { seed: 42, numRuns },
    );
  });
});

describe("what is known of a credential", () => {
  test("survives a reload by its id, and goes with a new one", () => {
    const { credentials, clock } = makeCredentials();
    const before = keys("a");
    credentials.noteRefused(choose(credentials, before), 402, null);
    const same = keys("a");
    const renewed = keys("a2");
    expect(credentials.availability(same, "d", clock.nowMs())).toEqual({ kind: "refused" });
    expect(credentials.availability(renewed, "d", clock.nowMs())).toEqual({ kind: "ready" });
    credentials.retain(retained(same));
    expect(credentials.availability(keys("a"), "d", clock.nowMs())).toEqual({ kind: "refused" });
  });

  test("goes when no provider has it any more, so that it is bounded by the config", () => {
    const { credentials, clock } = makeCredentials();
    const gone = keys("a");
    credentials.noteRefused(choose(credentials, gone), 401, null);
    credentials.retain(retained(keys("b")));
    expect(credentials.availability(keys("a"), "d", clock.nowMs())).toEqual({ kind: "ready" });
    // A request that still runs on the old config sees what it saw.
    expect(credentials.availability(gone, "d", clock.nowMs())).toEqual({ kind: "refused" });
  });

  test("is one for a key that two providers hold", () => {
    const { credentials, clock } = makeCredentials();
    credentials.noteRefused(choose(credentials, keys("a")), 429, 5_000);
    expect(credentials.availability(keys("a", "b"), "d", clock.nowMs())).toEqual({ kind: "ready" });
    expect(credentials.availability(keys("a"), "d", clock.nowMs())).toEqual({ kind: "cooling", untilMs: 6_000 });
  });

  test("is told by counts, and nothing of the keys", () => {
    const { credentials, clock } = makeCredentials();
    const provider = keys("secret-a", "secret-b", "secret-c", "secret-d");
    expect(credentials.describe(provider)).toEqual({ ready: 4, cooling: 0, refused: 0, nextAtMs: null });
    credentials.noteRefused(choose(credentials, provider), 429, 30_000);
    credentials.noteRefused(choose(credentials, provider), 401, null);
    const told = credentials.describe(provider);
    expect(told).toEqual({ ready: 2, cooling: 1, refused: 1, nextAtMs: clock.wallMs() + 30_000 });
    expect(JSON.stringify(told)).not.toContain("secret");
  });
});

describe("a refused credential", () => {
  test("is used by one request every five minutes while another is ready, and by all again after that one succeeds", () => {
    const { credentials, clock } = makeCredentials();
    const provider = keys("a", "b");
    credentials.noteRefused(choose(credentials, provider), 402, null);
    const use = (): string => Array.from({ length: 4 }, () => idOf(choose(credentials, provider))).join("");
    expect(use()).toBe("bbbb");
    clock.advance(5 * MINUTE);
    expect(use().replaceAll("b", "")).toBe("a");
    expect(use()).toBe("bbbb");
    clock.advance(5 * MINUTE);
    const tries = Array.from({ length: 2 }, () => choose(credentials, provider));
    for (const chosen of tries) credentials.noteSuccess(chosen);
    expect(use().replaceAll("b", "")).toBe("aa");
  });

  test("that is the only one makes its provider ready for one request every five minutes", () => {
    const { credentials, clock } = makeCredentials();
    const provider = keys("a");
    credentials.noteRefused(choose(credentials, provider), 401, null);
    clock.advance(5 * MINUTE);
    expect(credentials.availability(provider, "d", clock.nowMs())).toEqual({ kind: "ready" });
    const probe = choose(credentials, provider);
    expect(credentials.availability(provider, "d", clock.nowMs())).toEqual({ kind: "refused" });
    // Where nobody else is left it is given all the same.
    expect(idOf(choose(credentials, provider))).toBe("a");
    credentials.noteSuccess(probe);
    expect(credentials.availability(provider, "d", clock.nowMs())).toEqual({ kind: "ready" });
  });

  test("by a 403 is refused for that deployment alone, and for none where one deployment stands for many models", () => {
    const { credentials, clock } = makeCredentials();
    const provider = keys("a");
    for (let count = 0; count < 3; count++) {
      credentials.noteRefused(credentials.choose(provider, null, null) as ChosenCredential, 403, null);
      credentials.noteRefused(choose(credentials, provider), 403, null);
    }
    const at = (deployment: string | null): string =>
      credentials.availability(provider, deployment, clock.nowMs()).kind;
    expect([at("d"), at("e"), at(null)]).toEqual(["refused", "ready", "ready"]);
  });
});

describe("what can be fetched anew", () => {
  function make(): { readonly authorizer: CountingAuthorizer; readonly provider: Provider } {
    const authorizer = new CountingAuthorizer();
    return { authorizer, provider: makeProvider({ kind: "authorizer", id: "a", authorizer }) };
  }

  test("is fetched anew at the first 401, and refused at the second", () => {
    const { credentials, clock } = makeCredentials();
    const { authorizer, provider } = make();
    const underWay = [choose(credentials, provider), choose(credentials, provider), choose(credentials, provider)];
    for (const chosen of underWay) credentials.noteRefused(chosen, 401, null);
    expect(authorizer.invalidated).toBe(1);
    expect(credentials.availability(provider, "d", clock.nowMs())).toEqual({ kind: "ready" });
    credentials.noteRefused(choose(credentials, provider), 401, null);
    expect(authorizer.invalidated).toBe(2);
    expect(credentials.availability(provider, "d", clock.nowMs())).toEqual({ kind: "refused" });
  });

  test("is fetched anew for the try of a refused one", () => {
    const { credentials, clock } = makeCredentials();
    const { authorizer, provider } = make();
    for (let count = 0; count < 2; count++) credentials.noteRefused(choose(credentials, provider), 401, null);
    clock.advance(5 * MINUTE);
    choose(credentials, provider);
    expect(authorizer.invalidated).toBe(3);
  });

  test("is fetched anew at a 403, and left alone at a bill or a limit", () => {
    const { credentials } = makeCredentials();
    const { authorizer, provider } = make();
    credentials.noteRefused(choose(credentials, provider), 403, null);
    credentials.noteRefused(credentials.choose(provider, null, null) as ChosenCredential, 403, null);
    expect(authorizer.invalidated).toBe(2);
    credentials.noteRefused(choose(credentials, provider), 429, null);
    credentials.noteRefused(choose(credentials, provider), 402, null);
    expect(authorizer.invalidated).toBe(2);
    expect(credentials.describe(provider)).toMatchObject({ refused: 1 });
  });
});

test("the header of a key is made once", () => {
  const credential = key("a") as Extract<Credential, { kind: "header" }>;
  expect(staticHeaders(credential)).toEqual([["authorization", "Bearer a"]]);
  expect(staticHeaders(credential)).toBe(staticHeaders(credential));
  expect(staticHeaders(null)).toEqual([]);
});

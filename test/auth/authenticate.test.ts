import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { authenticate, type CredentialHead, mayCall, priorityOf } from "../../src/auth/authenticate.ts";
import { GatewayError } from "../../src/errors.ts";
import { type Key, NO_LIMITS, type Priority } from "../../src/policy.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };
const SHOP = "sk-example-shop-0123456789abcdef";
const BILLING = "sk-example-billing-0123456789abcdef";

function makeKey(name: string, text: string, rest: Partial<Key> = {}): Key {
  return {
    name,
    sha256: createHash("sha256").update(text).digest("hex"),
    models: null,
    limits: NO_LIMITS,
    tags: [],
    team: null,
    maxPriority: "high",
    mayDebug: false,
    ...rest,
  };
}

function byHash(...keys: readonly Key[]): ReadonlyMap<string, Key> {
  return new Map(keys.map((key) => [key.sha256, key]));
}

const KEYS = byHash(makeKey("shop", SHOP), makeKey("billing", BILLING));

function head(headers: Readonly<Record<string, string>>, query = ""): CredentialHead {
  return { query, headers: { get: (name) => headers[name] ?? null } };
}

function refusalOf(of: CredentialHead, keys = KEYS): GatewayError {
  try {
    authenticate(of, keys);
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
    throw thrown;
  }
  throw new Error("expected a refusal");
}

describe("a caller", () => {
  test("is anonymous where no keys are configured, whatever it brings", () => {
    const caller = authenticate(head({ authorization: `Bearer ${SHOP}` }), new Map());
    expect(caller).toEqual({ name: "anonymous", key: null });
    expect(authenticate(head({}), new Map())).toBe(caller);
  });

  test.each([
    ["authorization", head({ authorization: `Bearer ${SHOP}` })],
    ["authorization in other letters", head({ authorization: `bEARER   ${SHOP} ` })],
    ["x-api-key (Anthropic)", head({ "x-api-key": SHOP })],
    ["api-key (Azure)", head({ "api-key": SHOP })],
    ["x-goog-api-key (Gemini)", head({ "x-goog-api-key": SHOP })],
    ["?key= (Gemini)", head({}, `?key=${SHOP}`)],
    ["?key= after another member", head({}, `?alt=sse&key=${SHOP}&x=1`)],
    ["?key= with escapes", head({}, `?key=${SHOP.replaceAll("-", "%2D")}`)],
    ["its own field beside another's key", head({ authorization: "Bearer sk-another", "x-api-key": SHOP })],
    ["?key= beside another's key", head({ "x-goog-api-key": "another" }, `?key=${SHOP}`)],
  ])("is known by %s", (_where, of) => {
    expect(authenticate(of, KEYS).name).toBe("shop");
    expect(authenticate(of, KEYS).key?.name).toBe("shop");
  });

  test("is the same object each time", () => {
    const of = head({ "x-api-key": SHOP });
    expect(authenticate(of, KEYS)).toBe(authenticate(of, KEYS));
  });

  test("with two known keys is that of the first place", () => {
    const both = head({ authorization: `Bearer ${BILLING}`, "x-api-key": SHOP }, `?key=${SHOP}`);
    expect(authenticate(both, KEYS).name).toBe("billing");
  });

  test.each([
    ["none", head({})],
    ["an empty one", head({ authorization: "Bearer ", "x-api-key": "" }, "?key=")],
    ["another scheme", head({ authorization: `Basic ${SHOP}` })],
    ["no scheme", head({ authorization: SHOP })],
    ["a key with more behind it", head({ "x-api-key": `${SHOP}x` })],
    ["a part of a key", head({ "x-api-key": SHOP.slice(0, -1) })],
    ["a key's hash", head({ "x-api-key": [...KEYS.keys()][0] ?? "" })],
    ["a key in another member", head({}, `?monkey=${SHOP}&api_key=${SHOP}`)],
    ["a key that is no UTF-8", head({}, "?key=%ff%fe")],
    ["a name of JavaScript's", head({ "x-api-key": "__proto__" })],
    ["a very long one", head({ "x-api-key": SHOP.repeat(400) })],
  ])("is refused with %s", (_what, of) => {
    const error = refusalOf(of);
    expect(error.code).toBe("unauthorized");
    expect(error.status).toBe(401);
    expect(error.options.detail).toBe("invalid_api_key");
  });

  test("is not let in by a map that holds a key under another's hash", () => {
    const wrong = new Map([[makeKey("", SHOP).sha256, makeKey("billing", BILLING)]]);
    expect(refusalOf(head({ "x-api-key": SHOP }), wrong).code).toBe("unauthorized");
  });

  test("is told how to bring a key, or the end of the long one that is not known", () => {
    expect(refusalOf(head({})).message).toStartWith("You didn't provide an API key.");
    const unknown = "sk-proj-0123456789abcdefghij1234";
    expect(refusalOf(head({ authorization: `Bearer ${unknown}` })).message).toStartWith(
      "Incorrect API key provided: sk-…1234.",
    );
    expect(refusalOf(head({ "x-api-key": unknown.slice(3) })).message).toStartWith(
      "Incorrect API key provided: …1234.",
    );
    expect(refusalOf(head({ "x-api-key": "short-secret" })).message).toStartWith("Incorrect API key provided. ");
    expect(refusalOf(head({ "x-api-key": `${unknown} with spaces` })).message).toStartWith(
      "Incorrect API key provided. ",
    );
    expect(refusalOf(head({ "x-api-key": unknown.repeat(100) })).message).toStartWith("Incorrect API key provided. ");
  });

  test("sees at most four characters of what it brought, whatever that was", () => {
    const unshown = refusalOf(head({ "x-api-key": "!" })).message;
    const without = refusalOf(head({})).message;
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 700, unit: "binary" }), (text) => {
        for (const of of [head({ authorization: `Bearer ${text}` }), head({ "x-api-key": text })]) {
          const { message } = refusalOf(of);
          if (message === without || message === unshown) continue;
          expect(message.replace(/: (sk-)?….{4}\. /, ". ")).toBe(unshown);
          expect(message).toMatch(/^[\x20-\x7e…]+$/);
        }
      }),
      RUNS,
    );
  });
});

describe("a key", () => {
  test("is for all models, or for those it names, a `*` at the end standing for the rest", () => {
    const key = makeKey("shop", SHOP, { models: ["gpt-4o", "local/*"] });
    const allowed = ["gpt-4o", "local/llama", "local/a/b", "local/"];
    const refused = ["gpt-4o-mini", "gpt-4", "local", "xlocal/llama", "", "*", "constructor", "GPT-4o"];
    expect(allowed.filter((model) => !mayCall(key, model))).toEqual([]);
    expect(refused.filter((model) => mayCall(key, model))).toEqual([]);
    expect(mayCall(makeKey("shop", SHOP), "anything")).toBe(true);
    expect(mayCall(makeKey("shop", SHOP, { models: ["*"] }), "anything")).toBe(true);
    expect(mayCall(makeKey("shop", SHOP, { models: [] }), "anything")).toBe(false);
    expect(mayCall(null, "anything")).toBe(true);
  });

  const cases: readonly (readonly [string | null, Priority, Priority])[] = [
    [null, "high", "normal"],
    [null, "normal", "normal"],
    [null, "low", "low"],
    ["high", "high", "high"],
    ["high", "normal", "normal"],
    ["high", "low", "low"],
    ["low", "high", "low"],
    [" Normal ", "high", "normal"],
  ];
  test.each(cases)("asking for %p with %p at most gets %p", (asked, maxPriority, given) => {
    expect(priorityOf(asked, makeKey("shop", SHOP, { maxPriority }))).toBe(given);
  });

  test("is not needed for a class where there are none, and a word that is no class is refused", () => {
    expect(priorityOf("high", null)).toBe("high");
    expect(priorityOf(null, null)).toBe("normal");
    for (const word of ["", "urgent", "high,low", "__proto__", "x".repeat(9_000)]) {
      const refuse = (): unknown => priorityOf(word, null);
      expect(refuse).toThrow(GatewayError);
      expect(refuse).toThrow(/^x-llmux-priority should be high, normal, low, got ".{0,40}"\.$/);
    }
  });
});

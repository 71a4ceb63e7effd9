import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GatewayError } from "../../src/errors.ts";
import type { ModelGroup, Provider, Snapshot } from "../../src/exchange.ts";
import { findGroup, listModels, lookUpGroup, upstreamModelOf } from "../../src/route/find-group.ts";
import { makeDeployment, makeFleet, makeGroup, makeProvider } from "./course-world.ts";

function snapshotOf(names: readonly string[], providers: readonly string[] = []): Snapshot {
  const models = new Map<string, ModelGroup>(names.map((name) => [name, makeFleet(name, 1)]));
  const known = new Map<string, Provider>(providers.map((name) => [name, makeProvider(name)]));
  const implicitGroups = new Map<string, ModelGroup>(
    [...known.values()].map((provider) => {
      const name = `${provider.name}/*`;
      return [name, makeGroup(name, [makeDeployment(name, provider, { group: name, model: "*" })])];
    }),
  );
  return { models, providers: known, implicitGroups } as unknown as Snapshot;
}

function errorOf(run: () => unknown): GatewayError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown;
  }
  throw new Error("expected a GatewayError");
}

describe("a model's name", () => {
  const snapshot = snapshotOf(["gpt-4o", "local/*", "local/llama-*", "*-as-written", "a*"], ["openai", "local"]);
  const table: readonly (readonly [model: string, group: string | null, rest?: string])[] = [
    ["gpt-4o", "gpt-4o", ""],
    ["local/qwen", "local/*", "qwen"],
    ["local/llama-3", "local/llama-*", "3"],
    // Nothing is left for the `*`, so a shorter wildcard has it.
    ["local/llama-", "local/*", "llama-"],
    ["local/", null],
    ["openai/gpt-4o", "openai/*", "gpt-4o"],
    ["openai/", null],
    ["/gpt-4o", null],
    ["gpt-4o-mini", null],
    ["abc", "a*", "bc"],
    ["a", null],
    // By the very letters of a wildcard: what it stands for is then "*" itself.
    ["local/*", "local/*", "*"],
    ["", null],
  ];
  for (const [model, group, rest] of table) {
    test(`${JSON.stringify(model)} leads to ${group ?? "nowhere"}`, () => {
      const found = lookUpGroup(snapshot, model);
      expect(found?.group.name ?? null).toBe(group);
      if (rest !== undefined) expect(found?.rest).toBe(rest);
    });
  }

  test("leads to the longest wildcard that fits, as a search over all of them finds it", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "/"), maxLength: 6 });
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 12 }), word, (prefixes, model) => {
        const all = snapshotOf(prefixes.map((prefix) => `${prefix}*`));
        const expected = prefixes
          .filter((prefix) => model.startsWith(prefix) && model.length > prefix.length)
          .toSorted((one, other) => other.length - one.length)[0];
        expect(lookUpGroup(all, model)?.group.name).toBe(expected === undefined ? undefined : `${expected}*`);
      }),
      { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) },
    );
  });
});

describe("a name that leads nowhere", () => {
  test("is not_found, and the error names ten models at most", () => {
    const names = Array.from({ length: 12 }, (_, number) => `model-${number}`);
    const error = errorOf(() => findGroup(snapshotOf(names), "modle"));
    expect(error).toMatchObject({ code: "not_found", options: { detail: "model_not_found", param: "model" } });
    expect(error.message).toBe(
      `The model \`modle\` does not exist. Known models: ${names.slice(0, 10).join(", ")}, and 2 more.`,
    );
  });

  test("names only what the caller may call, and does not say how much else there is", () => {
    const snapshot = snapshotOf(["open", "secret-1", "secret-2"]);
    const isAllowed = (name: string) => name === "open";
    expect(errorOf(() => findGroup(snapshot, "x", isAllowed)).message).toBe(
      "The model `x` does not exist. Known models: open.",
    );
    expect(errorOf(() => findGroup(snapshot, "x", () => false)).message).toBe(
      "The model `x` does not exist. This key may call none of the models.",
    );
    expect(listModels(snapshot, isAllowed)).toEqual(["open"]);
  });

  test("says which providers there are where no models are configured", () => {
    const snapshot = snapshotOf([], ["openai", "local"]);
    expect(errorOf(() => findGroup(snapshot, "x")).message).toContain("Known providers: openai, local.");
    expect(errorOf(() => findGroup(snapshot, "x", (name) => name === "local/*")).message).toContain(
      "Known providers: local.",
    );
    expect(errorOf(() => findGroup(snapshotOf([]), "x")).message).toContain("No models and no providers");
  });

  test("is shown shortened", () => {
    expect(errorOf(() => findGroup(snapshotOf(["a"]), "x".repeat(5_000))).message.length).toBeLessThan(200);
  });
});

describe("the model's name at a deployment", () => {
  const provider = makeProvider("p");
  test("has the rest where its `*` is, and a rest with a `*` or `$&` stays as it is", () => {
    expect(upstreamModelOf(makeDeployment("d", provider, { model: "org/*-it" }), "llama")).toBe("org/llama-it");
    expect(upstreamModelOf(makeDeployment("d", provider, { model: "*" }), "$&*")).toBe("$&*");
    expect(upstreamModelOf(makeDeployment("d", provider, { model: "gpt-4o" }), "llama")).toBe("gpt-4o");
  });
});

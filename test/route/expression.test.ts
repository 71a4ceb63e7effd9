import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { compileExpression, MAX_EXPRESSION_LENGTH } from "../../src/route/expression.ts";
import type { Facts } from "../../src/route/facts.ts";
import { type FactTraits, makeFacts } from "./strategies/candidates.ts";

const RUNS = { seed: 42, numRuns: Number(process.env["FUZZ_COUNT"] ?? 300) };

function compile(text: string): (facts: Facts) => boolean {
  const compiled = compileExpression(text);
  if ("problem" in compiled) throw new Error(`${text}: ${compiled.problem}`);
  return compiled.test;
}

function holds(text: string, facts: FactTraits = {}): boolean {
  return compile(text)(makeFacts(facts));
}

/** The problem, with the place it is said to begin at. */
function problemOf(text: string): string {
  const compiled = compileExpression(text);
  if (!("problem" in compiled)) return "none";
  return compiled.offset === null ? compiled.problem : `${compiled.problem} at ${compiled.offset}`;
}

const REQUEST: FactTraits = {
  model: "gpt-4o",
  endpoint: "chat.completions",
  isStream: true,
  priority: "high",
  caller: "shop",
  team: "marketing",
  tags: ["eu", "gpu"],
  inputTokens: 9_000.7,
  outputTokens: 100,
  headers: { "x-tier": "gold", cookie: "s=1" },
  metadata: {
    plan: "free",
    seats: 3,
    ratio: 0.5,
    trial: true,
    none: null,
    langs: ["de", "fr"],
    user: { id: "u1", age: 7 },
  },
};

describe("an expression", () => {
  test.each([
    ['model == "gpt-4o"', true],
    ['model.startsWith("gpt-") && !model.endsWith("-mini")', true],
    ['endpoint == "embeddings"', false],
    ["stream", true],
    ["!stream", false],
    ["tokens > 8000", true],
    ["tokens == 9000", true],
    ["tokens > 8999.5", true],
    ["tokens + output_tokens > 9099", true],
    ["tokens / 1000 in [8, 9]", true],
    ["tokens < 0x1000", false],
    ['key == "shop"', true],
    ['team in ["marketing", "sales"]', true],
    ['priority == "high" ? stream : false', true],
    ['"eu" in tags', true],
    ['"us" in tags', false],
    ["size(tags) == 2 && tags[0] == 'eu'", true],
    ['tags.exists(tag, tag.contains("p"))', true],
    ['tags.all(tag, tag != "us")', true],
    ['headers["x-tier"] == "gold"', true],
    ['headers["X-Tier"] == "gold"', true],
    ['headers.cookie.contains("s=")', true],
    ['headers["x-tier"] in ["gold", "silver"]', true],
    ['"x-tier" in headers', true],
    ['"x-other" in headers', false],
    ["has(headers.cookie)", true],
    ['{"gold": 1, "silver": 2}[headers["x-tier"]] == 1', true],
    ['!("x-other" in headers) || headers["x-other"] == "on"', true],
    ['metadata.plan == "free"', true],
    ['metadata["plan"].upperAscii() == "FREE"', true],
    ["metadata.seats == 3 && metadata.seats > 2 && metadata.ratio < 1", true],
    ["metadata.seats + 1.0 == 4.0", true],
    ["int(metadata.seats) + 1 == 4", true],
    ["metadata.trial", true],
    ["metadata.none == null", true],
    ['"de" in metadata.langs', true],
    ['metadata.user.id == "u1" && metadata.user["age"] == 7', true],
    ["has(metadata.plan) && !has(metadata.other)", true],
    ['"plan" in metadata', true],
    // What cannot be evaluated does not hold, and neither does its opposite.
    ['headers["x-other"] == "gold"', false],
    ['headers["x-other"] != "gold"', false],
    ['metadata.other == "free"', false],
    ["metadata.seats > true", false],
    ["metadata.plan", false],
    ["metadata.seats + 1 == 4", false],
    ["tags[7] == 'eu'", false],
    ["10 / (tokens - 9000) > 0", false],
    // As CEL has it, what fails on one side of || or && does not matter where the other side decides.
    ['headers["x-other"] == "gold" || stream', true],
  ])("%s", (text, expected) => expect(holds(text, REQUEST)).toBe(expected));

  test('a caller of no team has the team ""', () => {
    expect(holds('team == ""', { team: null })).toBe(true);
  });

  test("is judged anew for each request", () => {
    const isLong = compile('tokens > 8000 && metadata.plan == "paid"');
    const judge = (inputTokens: number, plan: string) => isLong(makeFacts({ inputTokens, metadata: { plan } }));
    expect([judge(9_000, "paid"), judge(9_000, "free"), judge(10, "paid"), judge(8_001, "paid")]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(isLong(makeFacts({ inputTokens: 9_000 }))).toBe(false);
  });

  test("looks up only what it names, once it gets there", () => {
    const looked: string[] = [];
    const facts: Facts = {
      ...makeFacts(),
      header: (name) => (looked.push(name), null),
      get metadata() {
        looked.push("metadata");
        return {};
      },
      get inputTokens() {
        looked.push("tokens");
        return 1;
      },
    };
    compile('model == "other" && headers["x-a"] == "1"')(facts);
    expect(looked).toEqual([]);
    compile('("X-A" in headers || tokens > 5) && has(metadata.plan)')(facts);
    expect(looked).toEqual(["x-a", "tokens"]);
    compile('!has(metadata.plan) && !("plan" in metadata)')(facts);
    expect(looked).toEqual(["x-a", "tokens", "metadata"]);
  });

  test("a request whose facts cannot be read fits no rule", () => {
    const broken: Facts = {
      ...makeFacts(),
      header: () => {
        throw new Error("gone");
      },
    };
    expect(compile('headers["x-a"] == "1"')(broken)).toBe(false);
    expect(compile("stream")(broken)).toBe(true);
  });
});

describe("what is wrong is found when it is compiled", () => {
  test.each([
    ["", "expected an expression, got nothing"],
    ["  \n", "expected an expression, got nothing"],
    ["tokens > ", "Unexpected token: EOF at 9"],
    ["tokens >> 3", "Unexpected token: GT at 8"],
    ["stream && modle == 'x'", "Unknown variable: modle at 10"],
    ["tokens > 'many'", "no such overload: int > string at 0"],
    ["model > 3", "no such overload: string > int at 0"],
    ["stream && model", "Logical operator requires bool operands, got 'string' at 0"],
    ["tokens", "expected true or false, got int"],
    ["model.startsWith(3)", "found no matching overload for 'string.startsWith(int)' at 0"],
    ["tags.contains('eu')", "found no matching overload for 'list.contains(string)' at 0"],
    ["size(stream) > 1", "found no matching overload for 'size(bool)' at 0"],
    ["'eu' in model", "no such overload: string in string at 0"],
    ["headers", `expected a header's name, as in headers["x-tier"] or "x-tier" in headers at 0`],
    ["stream || size(headers) > 3", `expected a header's name, as in headers["x-tier"] or "x-tier" in headers at 15`],
    [
      "headers.exists(name, name == 'x')",
      `expected a header's name, as in headers["x-tier"] or "x-tier" in headers at 0`,
    ],
    ["size(headers) in [1]", `expected a header's name, as in headers["x-tier"] or "x-tier" in headers at 5`],
    ["headers == {}", `expected a header's name, as in headers["x-tier"] or "x-tier" in headers at 0`],
    ["headers[0] == 'x'", "expected a header's name, got 0 at 8"],
    ["tags.all(a, tags.exists(b, b == a))", "expected no .exists() within another loop at 12"],
    ["[1, 'a'] == tags", "List elements must have the same type, expected type 'int' but found 'string' at 4"],
  ])("%p: %s", (text, expected) => expect(problemOf(text)).toBe(expected));

  test.each([
    'model.matches("(a+)+$")',
    'model.split(",") == tags',
    'tags.join("") == "x"',
    "tags.map(tag, tag + tag) == tags",
    "tags.filter(tag, tag == 'eu') == tags",
    'cel.bind(twice, model + model, twice == "x")',
    "bytes(model) == b''",
    'timestamp("2026-01-01T00:00:00Z") == timestamp(0)',
    'duration(model) == duration("1s")',
    "type(model) == string",
    "dyn(model) == 1",
    "toString() == ''",
    "model.constructor() == ''",
    "[stream].map(x, x)[0]",
  ])("%s is not offered", (text) => expect(problemOf(text)).toMatch(/^expected one of .*, got \.?\w+\(\) at \d+$/));

  test.each([
    ["characters", `model == "${"x".repeat(MAX_EXPRESSION_LENGTH)}"`, /^expected at most 1,000 characters, got 1,011$/],
    ["levels", `${"(".repeat(40)}stream${")".repeat(40)}`, /maxDepth/],
    ["nodes", `${"!".repeat(990)}stream`, /maxAstNodes/],
    ["members", `tokens in [${"1,".repeat(101)}1]`, /maxListElements/],
  ])("too many %s", (_name, text, expected) => expect(problemOf(text)).toMatch(expected));

  test("an expression of the longest length that is allowed is allowed", () => {
    const text = `model == "${"x".repeat(MAX_EXPRESSION_LENGTH - 11)}"`;
    expect(text).toHaveLength(MAX_EXPRESSION_LENGTH);
    expect(holds(text)).toBe(false);
  });

  test("whatever is written, there is a test or a problem, and a test answers", () => {
    const word = fc.constantFrom(
      ...[
        "model",
        "tokens",
        "tags",
        "headers",
        "metadata",
        "stream",
        "team",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        ":",
        "?",
      ],
      ...[
        "==",
        "!=",
        "<",
        "&&",
        "||",
        "!",
        "-",
        "+",
        "*",
        "/",
        "in",
        "has",
        "size",
        "exists",
        "x",
        "1",
        "0.5",
        '"eu"',
        "'",
        "null",
      ],
      ...['headers["a"]', "metadata.n", "tags.all(t, t == model)", "constructor", "__proto__", "//", "b''", "1u"],
    );
    const request = makeFacts(REQUEST);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.boolean(), (words, isSpaced) => {
        const compiled = compileExpression(words.join(isSpaced ? " " : ""));
        if ("problem" in compiled) expect(compiled.problem.length).toBeGreaterThan(0);
        else expect(compiled.test(request)).toBeBoolean();
      }),
      { ...RUNS, numRuns: RUNS.numRuns * 5 },
    );
  });
});

describe("a hostile request", () => {
  test("more tags than anybody needs: rules that read them do not hold", () => {
    const tags = Array.from({ length: 101 }, () => "eu");
    expect([holds('"eu" in tags', { tags }), holds('!("eu" in tags)', { tags })]).toEqual([false, false]);
    expect(holds('"eu" in tags', { tags: tags.slice(1) })).toBe(true);
  });

  test("long values, long lists and deep ones are left out of the metadata, the rest stays", () => {
    const facts: FactTraits = {
      metadata: {
        long: "x".repeat(1_025),
        list: Array.from({ length: 65 }, () => 1),
        nested: [[1]],
        user: { id: "u1", deep: { id: "u2" }, list: [1] },
        plan: "free",
      },
    };
    for (const name of ["long", "list", "nested"]) expect(holds(`has(metadata.${name})`, facts)).toBe(false);
    expect(holds('metadata.plan == "free" && metadata.user.id == "u1"', facts)).toBe(true);
    expect(holds("has(metadata.user.deep) || has(metadata.user.list)", facts)).toBe(false);
    expect(holds("size(metadata) == 2 && size(metadata.user) == 1", facts)).toBe(true);
  });

  test("only so many members of the metadata are read", () => {
    const members = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, index]));
    const metadata = { ...members(100), user: members(100) };
    expect(holds("size(metadata) == 64 && has(metadata.m63) && !has(metadata.m64)", { metadata })).toBe(true);
    expect(holds("size(metadata.user) == 64", { metadata: { user: members(100) } })).toBe(true);
  });

  test("names that mean something in JavaScript are names like any other", () => {
    const metadata = JSON.parse(
      '{"constructor": "a", "__proto__": {"polluted": true}, "toString": "b", "plan": "free"}',
    );
    expect(
      holds('metadata.plan == "free" && metadata["constructor"] == "a" && metadata["toString"] == "b"', { metadata }),
    ).toBe(true);
    expect(holds("has(metadata.polluted)", { metadata })).toBe(false);
    expect(holds('has(metadata.valueOf) || "hasOwnProperty" in metadata || "size" in metadata')).toBe(false);
    expect(holds('"constructor" in headers || "size" in headers')).toBe(false);
  });

  test("requests that were judged do not pile up", async () => {
    const judge = compile('stream && headers["x-a"] == "1" && has(metadata.plan)');
    const finalised: string[] = [];
    const registry = new FinalizationRegistry<string>((name) => void finalised.push(name));
    (() => {
      for (let request = 0; request < 100; request++) {
        const facts = makeFacts({ headers: { "x-a": "1" }, metadata: { plan: "free" } });
        registry.register(facts, "facts");
        judge(facts);
      }
    })();
    for (let turn = 0; turn < 20 && finalised.length < 90; turn++) {
      Bun.gc(true);
      await Bun.sleep(1);
    }
    // The collector is conservative about what stands on the stack: a few may stay.
    expect(finalised.length).toBeGreaterThan(90);
  });
});

test("the library is loaded by the first expression, not before", async () => {
  const file = join(import.meta.dir, "..", "..", "src", "route", "expression.ts");
  const script = `
    const { compileExpression } = await import(${JSON.stringify(file)});
    const isLoaded = () => Object.keys(require.cache).some((path) => path.includes("cel-js"));
    const before = isLoaded();
    const compiled = compileExpression("stream");
    console.log(before, isLoaded(), compiled.test({ isStream: true }));
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  expect([await child.stdout.text(), await child.exited]).toEqual(["false true true\n", 0]);
});

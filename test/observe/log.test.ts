import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../src/errors.ts";
import type { LogLevel, Outcome } from "../../src/exchange.ts";
import { SimulatedClock } from "../../src/lib/clock.ts";
import { Log } from "../../src/observe/log.ts";
import { sampleExchange } from "./sample-exchange.ts";
import { usageOf } from "../../src/lib/usage.ts";

/** A log whose lines end in a list. */
function setUp(options: { level?: LogLevel; format?: "json" | "text"; useColour?: boolean } = {}) {
  let written = "";
  const clock = new SimulatedClock(0, Date.UTC(2026, 10, 20, 12, 0, 0, 7));
  const log = new Log({
    level: "info",
    format: "json",
    clock,
    ...options,
    write(_fd, bytes, _offset, length, _position, done) {
      written += bytes.toString();
      queueMicrotask(() => done(null, length));
    },
  });
  const readText = async () => {
    await log.close(1000);
    return written;
  };
  const readLines = async () => (await readText()).trimEnd().split("\n");
  const readJson = async (): Promise<Record<string, unknown>[]> => (await readLines()).map((line) => JSON.parse(line));
  return { log, clock, readText, readLines, readJson };
}

const failed = new GatewayError("overloaded", "The gateway is full.", { cause: new Error("12 in flight") });

describe("an exchange's line", () => {
  test("has every field, in an order that stays", async () => {
    const { log, readLines } = setUp();
    log.onSettled(sampleExchange({ totalMs: 1534.5678, firstByteMs: 312.04 }));
    expect(await readLines()).toEqual([
      '{"ts":"2026-11-20T12:00:01.534Z","level":"info","msg":"exchange","request_id":"req-1","caller":"shop",' +
        '"endpoint":"chat.completions","model":"gpt-4o","provider":"openai","status":200,"stream":true,' +
        '"ttfb_ms":312,"total_ms":1534.6,"tokens_in":10,"tokens_out":20,"usage_source":"provider","bytes_in":100,' +
        '"bytes_out":2000,"attempts":1,"outcome":"finished","error":null}',
    ]);
  });

  test.each<[Outcome, string, Record<string, unknown>]>([
    [{ kind: "finished" }, "info", { outcome: "finished", error: null }],
    [{ kind: "provider-error", status: 404 }, "info", { outcome: "provider-error", error: null }],
    [{ kind: "provider-error", status: 529 }, "warn", { outcome: "provider-error" }],
    [{ kind: "cancelled", phase: "streaming" }, "info", { outcome: "cancelled", phase: "streaming" }],
    [
      { kind: "failed", error: failed },
      "warn",
      { error: "overloaded: The gateway is full.; because Error: 12 in flight" },
    ],
    [{ kind: "failed", error: new GatewayError("internal", "oops") }, "error", { error: "internal: oops" }],
    [{ kind: "truncated", error: new GatewayError("upstream_truncated", "cut") }, "warn", { outcome: "truncated" }],
  ])("tells %j at level %s", async (outcome, level, fields) => {
    const { log, readJson } = setUp({ level: "debug" });
    log.onSettled(sampleExchange({ outcome }));
    expect(await readJson()).toEqual([expect.objectContaining({ level, ...fields })]);
  });

  test("is not written below the level", async () => {
    const { log, readJson } = setUp({ level: "warn" });
    log.onSettled(sampleExchange());
    log.onSettled(sampleExchange({ outcome: { kind: "failed", error: failed } }));
    expect(await readJson()).toEqual([expect.objectContaining({ level: "warn" })]);
  });

  test("as text keeps its columns and says what is not usual", async () => {
    const { log, readLines } = setUp({ format: "text" });
    log.onSettled(sampleExchange());
    log.onSettled(
      sampleExchange({
        provider: "",
        group: "",
        firstByteMs: null,
        attempts: 2,
        outcome: { kind: "failed", error: failed },
        usage: usageOf({ inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null }),
      }),
    );
    log.onSettled(sampleExchange({ status: 499, outcome: { kind: "cancelled", phase: "waiting" } }));
    expect(await readLines()).toEqual([
      "12:00:01.500  info   200  chat.completions   gpt-4o → openai                  1500 ms  first     300 ms  10+20 tokens       shop req-1",
      "12:00:01.500  warn   200  chat.completions   - → -                            1500 ms  first       - ms  -+- tokens         shop req-1" +
        '  failed  2 attempts  "overloaded: The gateway is full.; because Error: 12 in flight"',
      "12:00:01.500  info   499  chat.completions   gpt-4o → openai                  1500 ms  first     300 ms  10+20 tokens       shop req-1" +
        "  cancelled while waiting",
    ]);
  });
});

describe("an event", () => {
  test("carries plain fields", async () => {
    const { log, readJson } = setUp();
    const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    log.warn("config not read", { file: "a.yaml", line: 3, isNew: true, none: null, missing: undefined, cause });
    const ts = "2026-11-20T12:00:00.007Z";
    const fields = { file: "a.yaml", line: 3, isNew: true, none: null, missing: null };
    const told = "ECONNREFUSED: connect ECONNREFUSED";
    expect(await readJson()).toEqual([{ ts, level: "warn", msg: "config not read", ...fields, cause: told }]);
  });

  test("as text is one line of words", async () => {
    const { log, readText } = setUp({ format: "text" });
    log.info("listening", { path: "/run/llmux/llmux.sock", note: "two words", count: 3, empty: "" });
    expect(await readText()).toBe(
      '12:00:00.007  info   listening  path=/run/llmux/llmux.sock  note="two words"  count=3  empty=""\n',
    );
  });

  test("has colour only where asked for", async () => {
    const { log, readText } = setUp({ format: "text", useColour: true });
    log.error("broken");
    expect(await readText()).toBe("12:00:00.007  \x1b[31merror\x1b[0m  broken\n");
  });

  test("tells an error's causes, four at most, even when they run in a circle", async () => {
    const { log, readJson } = setUp();
    const error = new Error("a");
    error.cause = error;
    log.error("failed", { error });
    const [line] = await readJson();
    expect(line?.["error"]).toBe("Error: a; because Error: a; because Error: a; because Error: a");
  });

  test("cannot print an object, not even one smuggled past the types", async () => {
    const { log, readText } = setUp();
    const headers = { authorization: "Bearer sk-example" } as unknown as string;
    log.info("odd", { headers, call: (() => "sk-example") as unknown as string });
    const text = await readText();
    expect(text).toContain('"headers":"[object]","call":"[function]"');
    expect(text).not.toContain("sk-example");
  });
});

const HARMFUL_RANGES = [
  [0, 0x1f],
  [0x7f, 0x9f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
  [0xd800, 0xdfff],
] as const;

function isHarmful(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return HARMFUL_RANGES.some(([from, to]) => code >= from && code <= to);
}

describe("hostile text", () => {
  const hostile = [
    'line\nfeed {"level":"error"}',
    "carriage\rreturn",
    "escape \x1b[2J",
    "c1 \u009b2J",
    "delete \x7f",
    "null \0",
    "separators \u2028 \u2029",
    "direction \u202e evil \u2066",
    'quote " backslash \\',
    "half \ud83d pair",
  ];

  test.each(hostile)("%j stays on one line, harmless, and is the same when parsed", async (text) => {
    for (const format of ["json", "text"] as const) {
      const { log, readText } = setUp({ format });
      log.onSettled(sampleExchange({ requestId: text, group: text }));
      log.info(text, { field: text });
      const written = await readText();
      const lines = written.trimEnd().split("\n");
      expect(lines).toHaveLength(2);
      expect([...written.replaceAll("\n", "")].filter(isHarmful)).toEqual([]);
      if (format === "text") continue;
      expect(JSON.parse(lines[0] as string)).toMatchObject({ level: "info", request_id: text, model: text });
      expect(JSON.parse(lines[1] as string)).toMatchObject({ level: "info", msg: text, field: text });
    }
  });

  test("is cut at 512", async () => {
    const { log, readJson } = setUp();
    const long = "x".repeat(1_000_000);
    log.onSettled(sampleExchange({ requestId: long }));
    log.info(long, { field: long, error: new Error(long) });
    const [exchange, event] = await readJson();
    const cut = `${"x".repeat(511)}…`;
    expect(exchange?.["request_id"]).toBe(cut);
    expect(event?.["msg"]).toBe(cut);
    expect(event?.["field"]).toBe(cut);
    expect(event?.["error"]).toBe(`Error: ${"x".repeat(504)}…`);
  });
});

describe("the level", () => {
  test("cycles info, debug, warn, info, and each change is told whatever the level", async () => {
    const { log, readJson } = setUp();
    for (let i = 0; i < 3; i++) {
      log.cycleLevel();
      log.debug(`debug at ${log.level}`);
      log.info(`info at ${log.level}`);
    }
    const told = (await readJson()).map((line) =>
      line["to"] === undefined ? line["msg"] : `${line["from"]}→${line["to"]}`,
    );
    expect(told).toEqual(["info→debug", "debug at debug", "info at debug", "debug→warn", "warn→info", "info at info"]);
  });

  test("from error goes to info; the same level again says nothing", async () => {
    const { log, readJson } = setUp({ level: "error" });
    log.setLevel("error", "reload");
    log.cycleLevel();
    expect(await readJson()).toEqual([expect.objectContaining({ from: "error", to: "info", why: "SIGUSR2" })]);
  });

  test("and the format change with a reload", async () => {
    const { log, readLines } = setUp();
    log.setFormat("text");
    log.info("now for people");
    expect(await readLines()).toEqual(["12:00:00.007  info   now for people"]);
  });
});

test("timestamps are those of toISOString over seconds, minutes and years", async () => {
  const { log, clock, readJson } = setUp();
  const expected: string[] = [];
  for (const deltaMs of [0, 1, 92, 900, 1, 59_000, 3_600_000, 90 * 86_400_000]) {
    clock.advance(deltaMs);
    expected.push(new Date(clock.wallMs()).toISOString());
    log.info("tick");
  }
  expect((await readJson()).map((line) => line["ts"])).toEqual(expected);
});

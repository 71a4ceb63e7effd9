import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bodyAnswer } from "../instruments/answers.ts";
import { startUpstream, type Upstream } from "../instruments/upstream.ts";
import { parseCases, unescape } from "./case-format.ts";
import { readAllCases } from "./read-cases.ts";
import { echoRequest, runCase, type CaseEnvironment } from "./run-case.ts";

describe("the case format", () => {
  test("reads input, expectations and checks", () => {
    const [parsed, ...rest] = parseCases(
      [
        "# comment",
        "case one",
        "> POST / HTTP/1.1",
        ">",
        "await 100",
        ">> a\\x00\\r\\n",
        "half-close",
        "upstream POST /x",
        "  has a: b",
        "  lacks c",
        "  body q",
        "answer 200|204",
        "  contains z",
        "closed",
      ].join("\n"),
      "f.case",
    );
    expect(rest).toEqual([]);
    expect(parsed).toEqual({
      name: "one",
      file: "f.case",
      line: 2,
      input: [
        { kind: "send", bytes: Buffer.from("POST / HTTP/1.1\r\n\r\n") },
        { kind: "await", status: 100 },
        { kind: "send", bytes: Buffer.from("a\0\r\n") },
        { kind: "half-close" },
      ],
      expectation: {
        kind: "exact",
        requests: [
          {
            method: "POST",
            target: "/x",
            headers: [
              { kind: "has", name: "a", value: "b" },
              { kind: "lacks", name: "c" },
            ],
            body: Buffer.from("q"),
          },
        ],
        answers: [{ statuses: [200, 204], headers: [], contains: ["z"] }],
      },
      ending: "closed",
    });
  });

  test("expands a template into every combination", () => {
    const text = "case \\{a} of \\{b}\neach a = 1\neach a = 2\neach b = x\neach b = y\n>> \\{a}\\{b}\nrefused";
    const cases = parseCases(text, "f.case");
    expect(cases.map((each) => each.name)).toEqual(["1 of x", "1 of y", "2 of x", "2 of y"]);
    expect(cases[3]?.input).toEqual([{ kind: "send", bytes: Buffer.from("2y") }]);
  });

  test("names file and line of what it does not understand", () => {
    expect(() => parseCases("case a\n> x\nupstream nothing\nanswers 200", "f.case")).toThrow("f.case:4");
    expect(() => parseCases("> x", "f.case")).toThrow("f.case:1");
    expect(() => parseCases("case a\n> x\nanswer 200", "f.case")).toThrow("what the upstream may see");
  });

  test("decodes escapes and repeats", () => {
    expect(unescape("a\\t\\\\\\xff\\repeat(3,b\\n)c").toString("latin1")).toBe("a\t\\\xffb\nb\nb\nc");
    expect(unescape("é").toString("latin1")).toBe("\xc3\xa9");
    expect(() => unescape("\\q")).toThrow("expected an escape");
  });
});

/** The runner against the fake upstream itself, which refuses broken requests with a FIN and answers good ones. */
describe("the case runner", () => {
  let upstream: Upstream;
  let environment: CaseEnvironment;
  beforeAll(() => {
    upstream = startUpstream({
      respond: (request) =>
        request.message.target === "/health/live" ? bodyAnswer("ok", "text/plain") : echoRequest(request),
    });
    environment = { target: { kind: "tcp", port: upstream.port }, upstream, settle: async () => {} };
  });
  afterAll(() => upstream.stop());

  const request = "> POST /x HTTP/1.1\n> Host: a\n> Content-Length: 2\n>\n>> {}\n";
  const run = async (expectations: string) => {
    const [parsed] = parseCases(`case c\n${request}${expectations}`, "f.case");
    if (parsed === undefined) throw new Error("expected one case");
    await runCase(parsed, "split", environment);
  };

  test("passes what is as expected", async () => {
    await run('upstream POST /x\n  has host: a\n  body {}\nanswer 200\n  contains "echo":"{}"');
  });

  const wrong = [
    ["another status", "upstream POST /x\nanswer 400", "expected status 400"],
    ["another target", "upstream POST /y\nanswer 200", "expected POST /y"],
    ["another body", "upstream POST /x\n  body {}x\nanswer 200", "expected the body"],
    ["a missing header", "upstream POST /x\n  has b: c\nanswer 200", "expected b: c"],
    ["a header too many", "upstream POST /x\n  lacks host\nanswer 200", "expected no host"],
    ["a request too many", "upstream nothing\nanswer 200", "expected 0 requests"],
    ["a request too few", "upstream POST /x\nupstream POST /x\nanswer 200", "expected 2 requests"],
    ["an answer too many", "upstream POST /x", "expected no further answer"],
    ["a text that is not there", "upstream POST /x\nanswer 200\n  contains zebra", "expected zebra"],
    ["a connection that closed", "upstream POST /x\nanswer 200\nwaiting", "to wait for more"],
  ] as const;
  for (const [name, expectations, message] of wrong) {
    test(`notices ${name}`, async () => {
      // Wait for the answer first, so that "an answer too many" is not a matter of speed.
      await expect(
        run(
          expectations.startsWith("upstream POST /x") && !expectations.includes("answer")
            ? `await 200\n${expectations}`
            : expectations,
        ),
      ).rejects.toThrow(message);
    });
  }

  test("notices a request that went through where it had to be refused", async () => {
    await expect(run("refused-or-body other")).rejects.toThrow("chunked body");
  });
});

describe("the case files", () => {
  const cases = readAllCases();

  test("hold 150 cases and 60 spellings of Transfer-Encoding at the very least", () => {
    expect(cases.length).toBeGreaterThan(150);
    const spellings = cases.filter(
      (each) => each.expectation.kind === "refused-or-body" && each.file === "transfer-encoding.case",
    );
    expect(spellings.length).toBeGreaterThanOrEqual(60);
  });

  test("have names of their own", () => {
    const names = cases.map((each) => `${each.file}: ${each.name}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  // A case about something else must not fail, or pass, because its length was miscounted.
  test("count the bodies right wherever they say the request goes through", () => {
    for (const each of cases) {
      if (each.expectation.kind !== "exact" || each.expectation.requests.length === 0) continue;
      const bytes = Buffer.concat(each.input.map((step) => (step.kind === "send" ? step.bytes : Buffer.alloc(0))));
      const text = bytes.toString("latin1");
      const length = /\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n/i.exec(text);
      if (length === null || each.file === "pipelining.case") continue;
      const body = text.length - text.indexOf("\r\n\r\n") - 4;
      expect([each.name, body]).toEqual([each.name, Number(length[1])]);
    }
  });
});

/** Every way to be refused, in OpenAI's shape; and the provider's own errors, byte for byte. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { bodyAnswer, chatCompletion, errorAnswer, jsonAnswer } from "../instruments/answers.ts";
import * as faults from "../instruments/faults.ts";
import type { HttpMessage } from "../instruments/http-reader.ts";
import { sumMetric } from "../instruments/permit-audit.ts";
import { writePost } from "../instruments/raw-client.ts";
import { encodeStep, type Script } from "../instruments/script.ts";
import { answerRequest, CHAT, Stage } from "./stage.ts";

const GROUPS = Array.from({ length: 13 }, (_, index) => `group-${String(index).padStart(2, "0")}`);

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({
    models: Object.fromEntries(GROUPS.map((name) => [name, { deployments: [{ provider: "fake", model: "x" }] }])),
    config: { limits: { max_body_bytes: "64KiB" } },
  });
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.upstream.respond = answerRequest;
});

/** Sends raw bytes and takes the one answer. */
async function send(bytes: string | Buffer, method = "POST"): Promise<HttpMessage> {
  const caller = await stage.connect();
  caller.expectAnswerTo(method);
  await caller.send(bytes);
  const answer = await caller.readAnswer();
  caller.close();
  return answer;
}

/** An error of the gateway's, complete and in OpenAI's shape; returns its message. */
function expectRefusal(answer: HttpMessage, status: number, fields: Record<string, unknown>): string {
  expect(answer.header("content-type")).toBe("application/json");
  expect(answer.header("x-llmux-error-source")).toBe("gateway");
  expect(answer.all("x-request-id").length).toBe(1);
  const { error } = answer.json() as { error: Record<string, unknown> };
  expect(Object.keys(error)).toEqual(["message", "type", "param", "code", "source"]);
  expect([answer.status, error]).toMatchObject([status, { source: "gateway", ...fields }]);
  return String(error["message"]);
}

describe("a request for a model nobody knows", () => {
  test("is 404 model_not_found, and names ten of those that are known", async () => {
    const answer = await stage.answer({ model: "gpt-unknown" });
    const message = expectRefusal(answer, 404, {
      code: "model_not_found",
      type: "invalid_request_error",
      param: "model",
    });
    expect(message).toContain("`gpt-unknown`");
    expect(GROUPS.filter((name) => message.includes(name)).length + (message.includes(": m,") ? 1 : 0)).toBe(10);
    expect(message).toContain("and 4 more");
    expect(stage.upstream.totalRequests).toBe(0);
  });

  test("does not repeat a caller's long text, nor let it out of its string", async () => {
    const answer = await stage.answer({ model: `"}\r\nx: y\u0000${"z".repeat(5_000)}` });
    expectRefusal(answer, 404, { code: "model_not_found" });
    expect(answer.body.length).toBeLessThan(1_000);
  });

  test("is the same for one model of the list", async () => {
    const answer = await send("GET /v1/models/unknown HTTP/1.1\r\nhost: x\r\n\r\n", "GET");
    expectRefusal(answer, 404, { code: "model_not_found" });
  });
});

describe("a body that cannot be read", () => {
  const cases: readonly (readonly [what: string, body: string | Buffer, fields: Record<string, unknown>])[] = [
    ["is empty", "", { code: "invalid_json" }],
    ["is no JSON", "hello", { code: "invalid_json" }],
    ["ends too early", '{"model":"m"', { code: "invalid_json" }],
    ["has something behind it", '{"model":"m"} {}', { code: "invalid_json" }],
    ["is no object", '["model","m"]', { code: "invalid_json" }],
    ["has a stray comma", '{"model":"m",}', { code: "invalid_json" }],
    ["has an open string", '{"model":"m', { code: "invalid_json" }],
    ["is no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), { code: "invalid_json" }],
    ["names no model", '{"messages":[]}', { param: "model" }],
    ["names a model that is no text", '{"model":7}', { param: "model" }],
    ["names a model that is null", '{"model":null}', { param: "model" }],
    ["names a model that is empty", '{"model":""}', { param: "model" }],
  ];
  for (const [what, body, fields] of cases) {
    test(`because it ${what} is 400`, async () => {
      expectRefusal(await send(writePost(CHAT, body)), 400, { type: "invalid_request_error", ...fields });
    });
  }

  test("because it is deeper than 128 levels is 400; 128 pass", async () => {
    const nest = (depth: number): string => `{"model":"m","deep":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    expectRefusal(await send(writePost(CHAT, nest(129))), 400, { code: "invalid_json" });
    expectRefusal(await send(writePost(CHAT, nest(30_000))), 400, { code: "invalid_json" });
    expect((await send(writePost(CHAT, nest(128)))).status).toBe(200);
  });

  test("because it is encoded is 415", async () => {
    for (const encoding of ["gzip", "br", "identity, gzip"]) {
      const answer = await send(writePost(CHAT, "x", { headers: [["content-encoding", encoding]] }));
      expectRefusal(answer, 415, { type: "invalid_request_error" });
    }
    const plain = writePost(CHAT, '{"model":"m"}', { headers: [["content-encoding", "identity"]] });
    expect((await send(plain)).status).toBe(200);
  });
});

describe("a body that is too large", () => {
  const limit = 64 * 1024;

  test("is 413 at once where its length says so, and the connection ends", async () => {
    const answer = await send(`POST ${CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: ${limit + 1}\r\n\r\n`);
    expectRefusal(answer, 413, { code: "payload_too_large" });
    expect(answer.header("connection")).toBe("close");
  });

  test("is 413 where it comes in chunks", async () => {
    const chunk = (bytes: number): string => `${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`;
    const head = `POST ${CHAT} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`;
    for (const body of [
      chunk(limit + 1),
      chunk(limit) + chunk(1),
      chunk(10).repeat(limit / 10 + 1),
      `${(limit + 1).toString(16)}\r\n`,
      `${chunk(limit)}1\r\n`,
    ]) {
      const answer = await send(head + body);
      expectRefusal(answer, 413, { code: "payload_too_large" });
      expect(answer.header("connection")).toBe("close");
    }
  });

  test("passes where it is exactly as large as allowed", async () => {
    const frame = '{"model":"m","x":""}';
    const body = frame.replace('""', `"${"x".repeat(limit - frame.length)}"`);
    expect(body.length).toBe(limit);
    expect((await send(writePost(CHAT, body))).status).toBe(200);
  });

  test("is 413 for an upload as well", async () => {
    const head = (framing: string): string =>
      `POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n${framing}\r\n\r\n`;
    expectRefusal(await send(head(`content-length: ${limit + 1}`)), 413, { code: "payload_too_large" });
    const part =
      '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n--b\r\ncontent-disposition: form-data; name="file"\r\n\r\n';
    const body = part + "x".repeat(limit);
    const chunked = `${head("transfer-encoding: chunked")}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    expectRefusal(await send(chunked), 413, { code: "payload_too_large" });
  });
});

describe("a request to the wrong place", () => {
  test("with another method is 405, with Allow", async () => {
    for (const [method, path, allow] of [
      ["GET", CHAT, "POST"],
      ["DELETE", "/v1/embeddings", "POST"],
      ["POST", "/v1/models", "GET"],
      ["PUT", "/v1/models/m", "GET"],
    ] as const) {
      const answer = await send(`${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`, method);
      expectRefusal(answer, 405, { code: "method_not_allowed" });
      expect(answer.header("allow")).toContain(allow);
    }
    const head = await send(`HEAD ${CHAT} HTTP/1.1\r\nhost: x\r\n\r\n`, "HEAD");
    expect([head.status, head.body.length]).toEqual([405, 0]);
  });

  test("to a path that is not there is 404", async () => {
    for (const path of [
      "/",
      "/v1",
      "/v1/chat",
      "/v1/chat/completions/",
      "/v2/chat/completions",
      "/v1/%2e%2e/x",
      "//v1/models",
    ]) {
      const answer = await send(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`);
      expectRefusal(answer, 404, { code: "unknown_url" });
    }
  });
});

describe("a provider's own error", () => {
  const cases: readonly (readonly [name: string, status: number, errorType: string | null])[] = [
    ["400", 400, null],
    ["401", 401, "auth"],
    ["403", 403, "auth"],
    ["404", 404, null],
    ["409", 409, null],
    ["422", 422, null],
    ["429", 429, "http_429"],
    ["500", 500, "http_5xx"],
    ["502", 502, "http_5xx"],
    ["503", 503, "http_5xx"],
    ["529", 529, "http_5xx"],
  ];
  for (const [name, status, errorType] of cases) {
    for (const isStream of [false, true]) {
      test(`${name} keeps status, reason, body and Retry-After byte for byte (stream: ${isStream})`, async () => {
        const body = `{ "error" : {"message":"Bad \\u00e9 thing.","code":1e3, "code":"x"} }\n`;
        const script: Script = [
          {
            kind: "head",
            status,
            reason: "Their Own Words",
            headers: [
              ["content-type", "application/json; charset=utf-8"],
              ["content-length", String(body.length)],
              ["Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"],
            ],
          },
          { kind: "bytes", data: body },
        ];
        stage.upstream.respond = () => script;
        const before = await sumMetric(stage.gateway, "llm_upstream_error_total");
        const beforeType =
          errorType === null
            ? 0
            : await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: errorType });
        const answer = await stage.answer({ stream: isStream });
        expect(answer.startLine).toBe(`HTTP/1.1 ${status} Their Own Words`);
        expect(answer.text).toBe(body);
        expect(answer.header("content-type")).toBe("application/json; charset=utf-8");
        expect(answer.header("retry-after")).toBe("Wed, 21 Oct 2026 07:28:00 GMT");
        expect(answer.header("x-llmux-error-source")).toBeNull();
        if (errorType !== null) {
          const after = await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: errorType });
          expect(after - beforeType).toBe(1);
        } else {
          // Counted at most as the caller's own mistake, never as a broken provider.
          const after = await sumMetric(stage.gateway, "llm_upstream_error_total");
          const asCallers = await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "http_4xx" });
          expect(after - before).toBeLessThanOrEqual(asCallers);
        }
      });
    }
  }

  test("in HTML passes as it is, for it has a status that says so", async () => {
    stage.upstream.respond = () => bodyAnswer("<h1>503</h1>", "text/html", { status: 503 });
    const answer = await stage.answer();
    expect([answer.status, answer.text, answer.header("content-type")]).toEqual([503, "<h1>503</h1>", "text/html"]);
  });

  test("without a body passes as it is", async () => {
    stage.upstream.respond = () => [{ kind: "head", status: 500, headers: [["content-length", "0"]] }];
    const answer = await stage.answer();
    expect([answer.status, answer.body.length]).toEqual([500, 0]);
  });

  test("larger than what is held passes as it is", async () => {
    const script = errorAnswer(500, { message: "x".repeat(300_000), type: "server_error" });
    stage.upstream.respond = () => script;
    const answer = await stage.answer();
    expect(answer.status).toBe(500);
    expect(Bun.hash(answer.body)).toBe(Bun.hash(encodeStep(script[1] as Script[number]) as Buffer));
  });
});

describe("an answer that is none", () => {
  for (const status of [301, 302, 303, 307, 308, 304]) {
    test(`because it is a ${status} is 502, and nobody follows it`, async () => {
      const elsewhere = `http://127.0.0.1:${stage.upstream.port}/followed`;
      stage.upstream.respond = () => [
        {
          kind: "head",
          status,
          headers: [["location", elsewhere], ...(status === 304 ? [] : [["content-length", "0"] as const])],
        },
      ];
      const before = stage.upstream.totalRequests;
      const answer = await stage.answer();
      expectRefusal(answer, 502, { code: "upstream_error" });
      expect(answer.header("location")).toBeNull();
      expect(stage.upstream.totalRequests).toBe(before + 1);
    });
  }

  test("because it is a web page with status 200 is 502", async () => {
    for (const isStream of [false, true]) {
      stage.upstream.respond = () => faults.htmlAnswer();
      const answer = await stage.answer({ stream: isStream });
      expectRefusal(answer, 502, { code: "upstream_error" });
      expect(answer.text).not.toContain("<h1>");
    }
    expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "content_type" })).toBe(2);
  });

  test("because it says 200 and is an error is told as one, with the provider's words, and is counted", async () => {
    const script = faults.errorIn200();
    stage.upstream.respond = () => script;
    const answer = await stage.answer();
    const said = JSON.parse((encodeStep(script[1] as Script[number]) as Buffer).toString()) as {
      error: { message: string };
    };
    expect([answer.status, answer.json()]).toMatchObject([502, { error: { message: said.error.message } }]);
    expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "error_in_200" })).toBe(1);
  });

  test("an answer that merely speaks of errors is not counted", async () => {
    const before = await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "error_in_200" });
    for (const script of [
      chatCompletion({ content: 'They say {"error": {"message": "x"}} when it fails.' }),
      jsonAnswer({ object: "response", status: "completed", error: null, output: [] }),
    ]) {
      stage.upstream.respond = () => script;
      expect((await stage.answer()).status).toBe(200);
    }
    expect(await sumMetric(stage.gateway, "llm_upstream_error_total", { error_type: "error_in_200" })).toBe(before);
  });

  test("a 204 passes without a body, asked for as a stream or not", async () => {
    for (const isStream of [false, true]) {
      stage.upstream.respond = () => [{ kind: "head", status: 204, headers: [["x-kept", "yes"]] }];
      const answer = await stage.answer({ stream: isStream });
      expect([answer.status, answer.framing, answer.header("x-kept")]).toEqual([204, "none", "yes"]);
    }
  });
});

describe("interim answers of a provider", () => {
  test("are skipped, the final one is passed on", async () => {
    stage.upstream.respond = () => [
      { kind: "bytes", data: "HTTP/1.1 100 Continue\r\n\r\n" },
      {
        kind: "bytes",
        data: "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
      },
      ...chatCompletion(),
    ];
    const caller = await stage.ask();
    const answer = await caller.readAnswer();
    expect([answer.status, answer.header("link")]).toEqual([200, null]);
    expect(caller.messages.length).toBe(1);
    // The connection stays good.
    const connections = stage.upstream.totalConnections;
    stage.upstream.respond = answerRequest;
    expect((await stage.answer()).status).toBe(200);
    expect(stage.upstream.totalConnections).toBe(connections);
  });

  test("a 101 nobody asked for is an error", async () => {
    stage.upstream.respond = () => [
      { kind: "bytes", data: "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n" },
      { kind: "silence" },
    ];
    expectRefusal(await stage.answer(), 502, { code: "upstream_error" });
  });
});

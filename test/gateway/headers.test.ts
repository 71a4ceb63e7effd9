/** What travels and what does not, towards the provider and back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { bodyAnswer, chatCompletion, chatStream } from "../instruments/answers.ts";
import type { HeaderField, HttpMessage } from "../instruments/http-reader.ts";
import { answerRequest, CHAT, PROVIDER_KEY, Stage } from "./stage.ts";

const MADE_ID = /^req_[0-9a-f]{24}$/;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({
    provider: { headers: { "openai-organization": "org-configured", "X-Team": "gateway" } },
    providers: {},
  });
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.upstream.respond = answerRequest;
});

/** What the provider sees of a request with these headers, and what the caller gets. */
async function exchange(headers: readonly HeaderField[]): Promise<{ seen: HttpMessage; answer: HttpMessage }> {
  const answer = await stage.answer({}, { headers });
  return { seen: stage.upstream.lastRequest.message, answer };
}

describe("towards the provider", () => {
  test("a caller's credentials never travel, however they are written; the provider's key does", async () => {
    const { seen } = await exchange([
      ["Authorization", "Bearer sk-caller-canary"],
      ["authorization", "Basic sk-caller-canary"],
      ["Api-Key", "sk-caller-canary"],
      ["X-Api-Key", "sk-caller-canary"],
      ["x-goog-api-key", "sk-caller-canary"],
      ["Cookie", "session=sk-caller-canary"],
      ["Proxy-Authorization", "Basic sk-caller-canary"],
    ]);
    expect(seen.rawHead.toString("latin1")).not.toContain("canary");
    expect(seen.all("authorization")).toEqual([`Bearer ${PROVIDER_KEY}`]);
    for (const name of ["api-key", "x-api-key", "x-goog-api-key", "cookie", "proxy-authorization"]) {
      expect(seen.all(name)).toEqual([]);
    }
  });

  test("hop-by-hop fields stay here, those included that Connection names", async () => {
    const { seen } = await exchange([
      ["Connection", "keep-alive, X-Private, x-other"],
      ["connection", "X-Third"],
      ["X-Private", "1"],
      ["X-Other", "2"],
      ["x-third", "3"],
      ["Keep-Alive", "timeout=5"],
      ["TE", "trailers"],
      ["Trailer", "x-sum"],
      ["Proxy-Connection", "keep-alive"],
      ["Upgrade", "h2c"],
      ["X-Kept", "yes"],
    ]);
    for (const name of [
      "connection",
      "x-private",
      "x-other",
      "x-third",
      "keep-alive",
      "te",
      "trailer",
      "proxy-connection",
      "upgrade",
      "transfer-encoding",
    ]) {
      expect([name, ...seen.all(name)]).toEqual([name]);
    }
    expect(seen.header("x-kept")).toBe("yes");
  });

  test("a Connection header cannot take away what the gateway says itself", async () => {
    const { seen } = await exchange([
      ["Connection", "authorization, content-length, host, x-request-id, content-type"],
    ]);
    expect(seen.header("authorization")).toBe(`Bearer ${PROVIDER_KEY}`);
    expect(seen.header("content-length")).toBe(String(seen.body.length));
    expect(seen.header("host")).toBe(`127.0.0.1:${stage.upstream.port}`);
    expect(seen.header("x-request-id")).toMatch(MADE_ID);
  });

  test("everything else goes as it was written, in its order, doubled fields too", async () => {
    const own: HeaderField[] = [
      ["X-First", "one"],
      ["x-Second", "two, three"],
      ["X-First", "four"],
      ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
      ["tracestate", "vendor=value"],
      ["User-Agent", "OpenAI/Python 1.0"],
      ["X-Stainless-Lang", "python"],
      ["OpenAI-Beta", "assistants=v2"],
      ["Idempotency-Key", "abc"],
      ["X-Latin", "caf\xe9"],
    ];
    const { seen } = await exchange(own);
    const names = new Set(own.map(([name]) => name.toLowerCase()));
    expect(seen.headers.filter(([name]) => names.has(name.toLowerCase()))).toEqual(own);
  });

  test("configured headers win over the caller's", async () => {
    const { seen } = await exchange([
      ["OpenAI-Organization", "org-caller"],
      ["x-team", "caller"],
    ]);
    expect([seen.all("openai-organization"), seen.all("x-team")]).toEqual([["org-configured"], ["gateway"]]);
  });

  test("an encoding is asked for that can be read: identity", async () => {
    const { seen } = await exchange([["Accept-Encoding", "gzip, br, zstd"]]);
    expect(seen.all("accept-encoding")).toEqual(["identity"]);
  });

  test("the Host is the provider's own", async () => {
    const caller = await stage.connect();
    await caller.send(`POST ${CHAT} HTTP/1.1\r\nhost: attacker.example.com\r\ncontent-length: 13\r\n\r\n{"model":"m"}`);
    await caller.readAnswer();
    expect(stage.upstream.lastRequest.message.header("host")).toBe(`127.0.0.1:${stage.upstream.port}`);
  });

  test("what steers only the gateway does not travel", async () => {
    const { seen } = await exchange([["X-LLMux-Anything", "1"]]);
    expect(seen.header("x-llmux-anything")).toBeNull();
  });

  test("a query goes along, and names no host or key of its own", async () => {
    const caller = await stage.connect();
    await caller.send(
      `POST http://attacker.example.com${CHAT}?api-version=1&x=%2F HTTP/1.1\r\nhost: attacker.example.com\r\ncontent-length: 13\r\n\r\n{"model":"m"}`,
    );
    expect((await caller.readAnswer()).status).toBe(200);
    expect(stage.upstream.lastRequest.message.target).toBe(`${CHAT}?api-version=1&x=%2F`);
  });
});

describe("the request id", () => {
  test("is made where there is none: answered, passed on, logged", async () => {
    const logged = (await stage.readExchanges(0)).length;
    const { seen, answer } = await exchange([]);
    const id = answer.header("x-request-id");
    expect(id).toMatch(MADE_ID);
    expect(seen.header("x-request-id")).toBe(id);
    expect((await stage.readExchanges(logged + 1)).at(-1)).toMatchObject({ request_id: id });
  });

  test("is kept where the caller has one", async () => {
    const { seen, answer } = await exchange([["X-Request-Id", "caller-4711"]]);
    expect([seen.header("x-request-id"), answer.header("x-request-id")]).toEqual(["caller-4711", "caller-4711"]);
  });

  test("is made anew where the caller's is no id", async () => {
    for (const id of ["", "a b", "x".repeat(129), "caf\xe9"]) {
      const { seen, answer } = await exchange([["x-request-id", id]]);
      expect(answer.header("x-request-id")).toMatch(MADE_ID);
      expect(seen.all("x-request-id")).toEqual([answer.header("x-request-id") ?? ""]);
    }
  });

  test("is on errors, too", async () => {
    const answer = await stage.answer({ model: "unknown" }, { headers: [["x-request-id", "mine"]] });
    expect([answer.status, answer.header("x-request-id")]).toEqual([404, "mine"]);
  });

  test("of the provider goes by another name", async () => {
    for (const isStream of [false, true]) {
      const headers = [["X-Request-ID", "req_provider"]] as const;
      stage.upstream.respond = () => (isStream ? chatStream({ headers }) : chatCompletion({ headers }));
      const answer = await stage.answer({ stream: isStream }, { headers: [["x-request-id", "mine"]] });
      expect([answer.all("x-request-id"), answer.all("x-upstream-request-id")]).toEqual([["mine"], ["req_provider"]]);
    }
  });
});

describe("back to the caller", () => {
  const answered = (headers: readonly HeaderField[]): (() => ReturnType<typeof chatCompletion>) => {
    return () => chatCompletion({ headers });
  };

  test("hop-by-hop fields stay here, those included that Connection names", async () => {
    stage.upstream.respond = answered([
      ["Connection", "keep-alive, X-Private"],
      ["X-Private", "1"],
      ["Keep-Alive", "timeout=5"],
      ["Proxy-Authenticate", "Basic"],
      ["Upgrade", "h2c"],
      ["Trailer", "x-sum"],
      ["Proxy-Connection", "keep-alive"],
      ["X-Kept", "yes"],
    ]);
    const { answer } = await exchange([]);
    for (const name of [
      "connection",
      "x-private",
      "keep-alive",
      "proxy-authenticate",
      "upgrade",
      "trailer",
      "proxy-connection",
    ]) {
      expect([name, ...answer.all(name)]).toEqual([name]);
    }
    expect(answer.header("x-kept")).toBe("yes");
  });

  test("everything else comes as the provider wrote it, in its order, doubled fields too", async () => {
    const own: HeaderField[] = [
      ["OpenAI-Processing-Ms", "42"],
      ["x-ratelimit-remaining-tokens", "149984"],
      ["X-Ratelimit-Reset-Requests", "6ms"],
      ["OpenAI-Version", "2020-10-01"],
      ["Set-Cookie", "__cf_bm=a; path=/"],
      ["Set-Cookie", "_cfuvid=b; path=/"],
      ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"],
    ];
    stage.upstream.respond = answered(own);
    const { answer } = await exchange([]);
    const names = new Set(own.map(([name]) => name.toLowerCase()));
    expect(answer.headers.filter(([name]) => names.has(name.toLowerCase()))).toEqual(own);
  });

  test("an encoding nobody asked for comes untouched, and says so", async () => {
    const plain = JSON.stringify({ choices: [], filler: "x".repeat(1000) });
    for (const [encoding, body] of [
      ["gzip", gzipSync(plain)],
      ["br", Buffer.from("not really brotli")],
      ["x-unknown", Buffer.from([0, 1, 2, 255])],
    ] as const) {
      stage.upstream.respond = () =>
        bodyAnswer(body, "application/json", { headers: [["content-encoding", encoding]] });
      const { answer } = await exchange([]);
      expect([answer.status, answer.header("content-encoding")]).toEqual([200, encoding]);
      expect(answer.body.equals(body)).toBe(true);
    }
  });

  test("neither the provider's key nor the gateway's name for it is in any answer or log line", async () => {
    await exchange([["authorization", "Bearer sk-caller-canary"]]);
    const logs = stage.gateway.logs.join("\n");
    for (const secret of [PROVIDER_KEY, "sk-caller-canary"]) expect(logs).not.toContain(secret);
  });
});

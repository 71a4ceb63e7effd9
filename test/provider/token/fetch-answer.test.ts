import { describe, expect, test } from "bun:test";
import { checkTokenUrl, fetchAnswer } from "../../../src/provider/token/fetch-answer.ts";
import { FakeTokenService } from "./fake-token-service.ts";

const ASK = { whose: "Example", what: "the token service" } as const;

describe("a request to a token service", () => {
  test("posts a form or JSON, gets or puts", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/t", () => new Response("said", { headers: { "x-flavor": "f" } }));
    const answer = await fetchAnswer(`${service.origin}/t`, { ...ASK, form: { a: "1&2", b: "é" } });
    expect([answer.status, answer.text, answer.header("x-flavor")]).toEqual([200, "said", "f"]);
    await fetchAnswer(`${service.origin}/t`, { ...ASK, json: { a: [1] }, headers: { authorization: "Bearer x" } });
    await fetchAnswer(`${service.origin}/t?q=1`, { ...ASK, isLocal: true });
    await fetchAnswer(`${service.origin}/t`, { ...ASK, method: "PUT", headers: { accept: "*/*" } });
    const [form, json, get, put] = service.requests;
    expect([form?.method, form?.header("content-type"), form?.body]).toEqual([
      "POST",
      "application/x-www-form-urlencoded",
      "a=1%262&b=%C3%A9",
    ]);
    expect([json?.method, json?.header("content-type"), json?.body, json?.header("authorization")]).toEqual([
      "POST",
      "application/json",
      '{"a":[1]}',
      "Bearer x",
    ]);
    expect([get?.method, get?.query.get("q"), get?.body, get?.header("accept")]).toEqual([
      "GET",
      "1",
      "",
      "application/json",
    ]);
    expect([put?.method, put?.body, put?.header("accept"), put?.header("content-type")]).toEqual([
      "PUT",
      "",
      "*/*",
      null,
    ]);
  });

  test("is given up when nobody answers, in time, or the answer has no end; redirects are not followed", async () => {
    await using service = new FakeTokenService();
    service.answers.set("/long", () => new Response("x".repeat(70_000)));
    service.answers.set("/away", () => Response.redirect(`${service.origin}/long`, 302));
    await expect(fetchAnswer(`${service.origin}/long`, ASK)).rejects.toThrow("could not be reached");
    expect((await fetchAnswer(`${service.origin}/away`, ASK)).status).toBe(302);
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    try {
      const url = `http://127.0.0.1:${silent.port}/`;
      await expect(fetchAnswer(url, { ...ASK, timeoutMs: 20 })).rejects.toThrow("could not be reached");
    } finally {
      silent.stop(true);
    }
    await expect(fetchAnswer(`http://127.0.0.1:${silent.port}/`, ASK)).rejects.toThrow("could not be reached");
  });
});

test("secrets go to https, or within the host", () => {
  const check = (url: string, mayBeLinkLocal = false): string =>
    checkTokenUrl("Example", "token_url", url, mayBeLinkLocal);
  for (const url of [
    "https://sts.example.com/v1/token",
    "http://127.0.0.1:8/t",
    "http://localhost/t",
    "http://[::1]:9/t",
  ]) {
    expect(check(url)).toBe(url);
  }
  expect(check("http://169.254.169.254/t", true)).toBe("http://169.254.169.254/t");
  for (const url of [
    "http://sts.example.com/",
    "http://169.254.169.254/t",
    "http://127.0.0.1.example.com/",
    "ftp://x/",
  ]) {
    expect(() => check(url)).toThrow("token_url should be a URL with https");
  }
  expect(() => check("canary")).toThrow("token_url should be a URL.");
});

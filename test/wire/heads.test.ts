import { describe, expect, test } from "bun:test";
import { parseRequestHead } from "../../src/wire/request-head.ts";
import { parseResponseHead } from "../../src/wire/response-head.ts";

const LIMITS = { maxHeadBytes: 16 * 1024, maxHeaders: 100 };
const request = (text: string) => parseRequestHead(Buffer.from(text, "latin1"), LIMITS);
const response = (text: string, method = "POST") => parseResponseHead(Buffer.from(text, "latin1"), LIMITS, method);

describe("parseRequestHead", () => {
  test("reads method, target, headers and framing", () => {
    const parsed = request("POST /v1/x?y=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-A:\t b \r\n\r\nhello");
    if (parsed.kind !== "head") throw new Error(parsed.kind);
    const { head, length } = parsed;
    expect(head).toMatchObject({ method: "POST", path: "/v1/x", query: "?y=1", keepAlive: true, upgrade: null });
    expect(head.framing).toEqual({ kind: "length", bytes: 5 });
    expect(head.headers.get("x-a")).toBe("b");
    expect(length).toBe(parsed.length);
  });

  test("locates the path in every form of the target", () => {
    const pathOf = (line: string): unknown => {
      const parsed = request(`${line}\r\nHost: a\r\n\r\n`);
      return parsed.kind === "head" ? parsed.head.path + parsed.head.query : parsed;
    };
    expect(pathOf("GET http://x:80/v1?a HTTP/1.1")).toBe("/v1?a");
    expect(pathOf("GET http://x HTTP/1.1")).toBe("/");
    expect(pathOf("GET http://x?q HTTP/1.1")).toBe("/?q");
    expect(pathOf("OPTIONS * HTTP/1.1")).toBe("*");
    expect(pathOf("GET * HTTP/1.1")).toMatchObject({ kind: "invalid", status: 400 });
    expect(pathOf("GET /a#b HTTP/1.1")).toMatchObject({ kind: "invalid", status: 400 });
    expect(pathOf("GET /%zz HTTP/1.1")).toMatchObject({ kind: "invalid", status: 400 });
  });

  test("keeps a connection as version and Connection header say", () => {
    const keeps = (head: string): boolean => {
      const parsed = request(`${head}\r\n\r\n`);
      if (parsed.kind !== "head") throw new Error(JSON.stringify(parsed));
      return parsed.head.keepAlive;
    };
    expect(keeps("GET / HTTP/1.1\r\nHost: a")).toBe(true);
    expect(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: Foo, Close")).toBe(false);
    expect(keeps("GET / HTTP/1.0")).toBe(false);
    expect(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive")).toBe(true);
  });

  test("an incomplete head waits, one that can never be right does not", () => {
    for (const text of ["", "\r", "\r\n", "G", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r"]) {
      expect([text, request(text).kind]).toEqual([text, "incomplete"]);
    }
    for (const text of ["\x16\x03\x01", "GET / HTTP/1.1\n", " GET", "\n"]) {
      expect([text, request(text).kind]).toEqual([text, "invalid"]);
    }
    expect(request("a".repeat(17_000))).toMatchObject({ kind: "invalid", status: 431 });
  });
});

describe("parseResponseHead", () => {
  test("frames as RFC 9112 section 6.3 says", () => {
    const framing = (text: string, method?: string): unknown => {
      const parsed = response(`${text}\r\n\r\n`, method);
      return parsed.kind === "head" ? parsed.head.framing : parsed;
    };
    expect(framing("HTTP/1.1 200 OK\r\nContent-Length: 3")).toEqual({ kind: "length", bytes: 3 });
    expect(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked")).toEqual({ kind: "chunked" });
    expect(framing("HTTP/1.1 200 OK")).toEqual({ kind: "until-close" });
    expect(framing("HTTP/1.1 204 No Content")).toEqual({ kind: "none" });
    expect(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 9")).toEqual({ kind: "none" });
    expect(framing("HTTP/1.1 200 OK\r\nContent-Length: 9", "HEAD")).toEqual({ kind: "none" });
    expect(framing("HTTP/1.1 200")).toEqual({ kind: "until-close" });
  });

  test.each([
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
    "HTTP/1.1 200 OK\nX: a\r\n",
    "<html>",
    `HTTP/1.1 200 OK\r\nX: ${"a".repeat(17_000)}`,
  ])("refuses %j", (text) => {
    expect(response(text).kind).toBe("invalid");
  });

  test("closes a connection that says so", () => {
    const parsed = response("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    expect(parsed.kind === "head" && parsed.head.keepAlive).toBe(false);
  });
});

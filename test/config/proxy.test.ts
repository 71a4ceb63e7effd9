import { describe, expect, test } from "bun:test";
import { parseBaseUrl } from "../../src/config/origin.ts";
import { findEnvironmentProxy, isExcluded, parseProxyUrl } from "../../src/config/proxy.ts";
import type { Origin } from "../../src/exchange.ts";
import { loadText, problemsOf } from "./fixtures.ts";

function originOf(url: string): Origin {
  const origin = parseBaseUrl(url);
  if (typeof origin === "string") throw new Error(origin);
  return origin;
}

describe("a proxy's URL", () => {
  test.each([
    ["http://proxy.example.com:3128", false, "proxy.example.com", 3128],
    ["https://proxy.example.com", true, "proxy.example.com", 443],
    ["http://proxy.example.com/", false, "proxy.example.com", 80],
    ["proxy.example.com:8080", false, "proxy.example.com", 8080],
    ["HTTP://[::1]:8080", false, "::1", 8080],
  ])("%s is read", (text, tls, host, port) => {
    expect(parseProxyUrl(text)).toEqual({ tls, host, port, userInfo: null });
  });

  test("may hold a user and a password, with escapes, which become a secret", () => {
    const proxy = parseProxyUrl("http://us%40er:p%3Ass@proxy.example.com:1");
    if (typeof proxy === "string") throw new Error(proxy);
    expect(proxy.userInfo?.reveal()).toBe("us@er:p:ss");
    expect(Bun.inspect(proxy)).not.toContain("ss@");
  });

  test.each([
    "socks5://example.com:1080",
    "ftp://example.com",
    "http://",
    "http://example.com:0",
    "http://example.com/path",
    "http://example.com?x",
    "http://a b",
    "http://u:%ff@example.com",
    "http://u:%0d%0a@example.com",
  ])("%s is refused in words", (text) => {
    expect(parseProxyUrl(text)).toBeString();
  });
});

describe("a proxy from the environment", () => {
  const find = (url: string, env: Readonly<Record<string, string>>) => {
    const found = findEnvironmentProxy(originOf(url), env);
    return found === null ? null : "variable" in found ? found.variable : `${found.host}:${found.port}`;
  };

  test("is chosen by the scheme; the lowercase form wins and an empty one counts as not set", () => {
    const env = { HTTPS_PROXY: "http://upper:1", HTTP_PROXY: "http://plain:2" };
    expect(find("https://example.com", env)).toBe("upper:1");
    expect(find("http://example.com", env)).toBe("plain:2");
    expect(find("https://example.com", { ...env, https_proxy: "http://lower:3" })).toBe("lower:3");
    expect(find("https://example.com", { ...env, https_proxy: "" })).toBe("upper:1");
    expect(find("https://example.com", { HTTP_PROXY: "http://plain:2" })).toBeNull();
    expect(find("https://example.com", {})).toBeNull();
  });

  test("is never used for loopback and Unix sockets", () => {
    const env = { http_proxy: "http://proxy:1", https_proxy: "http://proxy:1" };
    for (const url of [
      "http://localhost:1",
      "http://a.localhost",
      "http://127.9.9.9",
      "https://[::1]",
      "unix:/run/x.sock",
    ]) {
      expect(find(url, env)).toBeNull();
    }
  });

  test("is left out for hosts of NO_PROXY, whose lowercase form wins even when empty", () => {
    const env = { https_proxy: "http://proxy:1", NO_PROXY: "example.com" };
    expect(find("https://api.example.com", env)).toBeNull();
    expect(find("https://example.org", env)).toBe("proxy:1");
    expect(find("https://api.example.com", { ...env, no_proxy: "" })).toBe("proxy:1");
  });

  test("that is broken is reported with the variable's name and without its value", async () => {
    const env = { HTTPS_PROXY: "socks5://user:hunter2@example.com" };
    expect(await problemsOf("providers: { openai: { api_key: sk-example } }\n", { env })).toEqual([
      'environment variable HTTPS_PROXY: expected an HTTP proxy ("http://host:port" or "https://host:port"), got a SOCKS proxy (used for providers.openai)',
    ]);
  });

  test("has nothing to do with a provider that answers inside the process", async () => {
    const snapshot = await loadText("providers: { demo: {} }\n", { env: { HTTP_PROXY: "socks5://example.com" } });
    expect(snapshot.providers.get("demo")?.proxy).toBeNull();
  });

  test("reaches a provider, unless its own proxy says otherwise", async () => {
    const snapshot = await loadText(
      `providers:
  openai: { api_key: k }
  direct: { provider: openai, api_key: k, proxy: null }
  other: { provider: openai, api_key: k, proxy: "http://u:p@other:8" }
`,
      { env: { https_proxy: "http://proxy:1" } },
    );
    const proxyOf = (name: string) => snapshot.providers.get(name)?.proxy;
    expect(proxyOf("openai")).toEqual({ tls: false, host: "proxy", port: 1, userInfo: null });
    expect(proxyOf("direct")).toBeNull();
    expect(proxyOf("other")).toMatchObject({ host: "other", port: 8 });
    expect(proxyOf("other")?.userInfo?.reveal()).toBe("u:p");
  });
});

describe("NO_PROXY", () => {
  test.each([
    ["example.com", 443, "*"],
    ["example.com", 443, "example.com"],
    ["api.example.com", 443, "example.com"],
    ["api.example.com", 443, ".example.com"],
    ["example.com", 443, ".example.com"],
    ["api.example.com", 443, "*.example.com"],
    ["API.example.com.", 443, "Example.COM"],
    ["example.com", 8443, "example.com:8443"],
    ["example.com", 443, "other.org, example.com"],
    ["example.com", 443, "other.org example.com"],
    ["10.1.2.3", 80, "10.1.2.3"],
    ["10.1.2.3", 80, "10.0.0.0/8"],
    ["10.1.2.3", 80, "10.1.2.3:80"],
    ["fd00::1", 80, "fd00::/8"],
    ["fd00::1", 80, "[fd00::1]:80"],
    ["fd00::1", 80, "fd00::1"],
    ["10.1.2.3", 80, "0.0.0.0/0"],
  ])("%s:%d matches %s", (host, port, rule) => {
    expect(isExcluded(host, port, rule)).toBe(true);
  });

  test.each([
    ["example.com", 443, ""],
    ["example.com", 443, " , ,"],
    ["notexample.com", 443, "example.com"],
    ["example.com.evil.org", 443, "example.com"],
    ["example.com", 443, "api.example.com"],
    ["example.com", 443, "example.com:8443"],
    ["11.1.2.3", 80, "10.0.0.0/8"],
    ["10.1.2.3", 80, "2.3"],
    ["10.1.2.3", 80, "10.0.0.0/33"],
    ["10.1.2.3", 80, "10.0.0.0/x"],
    ["10.1.2.3", 80, "fd00::/8"],
    ["fe00::1", 80, "fd00::/8"],
    ["example.com", 443, "10.0.0.0/8"],
    ["example.com", 443, "."],
  ])("%s:%d does not match '%s'", (host, port, rule) => {
    expect(isExcluded(host, port, rule)).toBe(false);
  });
});

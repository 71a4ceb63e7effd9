import { describe, expect, test } from "bun:test";
import { parseBaseUrl } from "../../src/config/origin.ts";

describe("a base_url", () => {
  test("of https has its parts, and a Host header without the usual port", () => {
    expect(parseBaseUrl("https://API.example.com:443/v1/")).toEqual({
      tls: true,
      host: "api.example.com",
      port: 443,
      hostHeader: "api.example.com",
      pathPrefix: "/v1",
      unixPath: null,
    });
  });

  test("of http keeps a port of its own and an IPv6 address without brackets", () => {
    expect(parseBaseUrl("http://[::1]:8000")).toEqual({
      tls: false,
      host: "::1",
      port: 8000,
      hostHeader: "[::1]:8000",
      pathPrefix: "",
      unixPath: null,
    });
  });

  test("of a Unix socket has its path, and a prefix after a second colon", () => {
    const origin = { tls: false, host: "localhost", port: 80, hostHeader: "localhost" };
    expect(parseBaseUrl("unix:/run/vllm.sock")).toEqual({ ...origin, pathPrefix: "", unixPath: "/run/vllm.sock" });
    expect(parseBaseUrl("unix:/run/vllm.sock:/v1/")).toEqual({
      ...origin,
      pathPrefix: "/v1",
      unixPath: "/run/vllm.sock",
    });
  });

  test.each([
    ["https://example.com///", ""],
    ["https://example.com/a%20b/../c/", "/c"],
    ["https://example.com/v1//", "/v1"],
  ])("%s has the path prefix '%s'", (text, pathPrefix) => {
    expect(parseBaseUrl(text)).toMatchObject({ pathPrefix });
  });

  test.each([
    ["example.com", "starts with"],
    ["ftp://example.com", "starts with"],
    ["https:/example.com", "starts with"],
    ["https://", "starts with"],
    ["https://user@example.com", "without user and password"],
    ["https://user:pass@example.com", "without user and password"],
    ["https://example.com/?key=1", "without a query"],
    ["https://example.com?", "without a query"],
    ["https://example.com/#here", "without a fragment"],
    ["https://example.com:0", "a port between"],
    ["https://example.com:99999", "malformed host or port"],
    ["https://exa mple.com", "without spaces"],
    ["https://example.com\\evil", "without spaces, backslashes"],
    ["https://example.com/\n", "without spaces"],
    ["unix:", "unix:/path/to/socket"],
    ["unix:run/x.sock", "unix:/path/to/socket"],
    ["unix:///run/x.sock", "unix:/path/to/socket"],
    ["unix:/run/", "unix:/path/to/socket"],
    ["unix:/run/x.sock:v1", "unix:/path/to/socket"],
    ["unix:/run/x.sock:/v1?key=1", "unix:/path/to/socket"],
    [`unix:/${"x".repeat(107)}`, "at most 107 bytes"],
  ])("refuses %s without quoting it", (text, part) => {
    const message = parseBaseUrl(text);
    expect(message).toBeString();
    expect(message).toContain(part);
    expect(message).toStartWith("expected ");
    expect(message).not.toContain("user:pass");
  });
});

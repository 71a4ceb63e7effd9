import { expect, test } from "bun:test";
import { checkHeaderName, checkHeaderValue } from "../../src/config/header-field.ts";

test.each(["x-team", "X-Request-Id", "anthropic-version", "x_y", "1", "!#$%&'*+.^_`|~"])(
  "%s can be a header",
  (name) => {
    expect(checkHeaderName(name, "authorization")).toBeNull();
  },
);

test.each(["", "a b", "a:b", "x\n", "é", "a(b)", "x".repeat(257)])("'%s' is no header's name", (name) => {
  expect(checkHeaderName(name, null)).toStartWith("expected a header name");
});

test.each([
  "Host",
  "Content-Length",
  "Authorization",
  "Connection",
  "Keep-Alive",
  "Proxy-Connection",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
  "Expect",
])("%s cannot be set", (name) => {
  expect(checkHeaderName(name, null)).toContain(`${name.toLowerCase()} cannot be set here`);
});

test("the header of the provider's own credential cannot be set", () => {
  expect(checkHeaderName("X-API-Key", "x-api-key")).toContain("use api_key");
  expect(checkHeaderName("X-API-Key", "authorization")).toBeNull();
});

test.each(["a", "a b", "a\tb", "é", "ÿ", "~!@#"])("'%s' can be a header's value", (value) => {
  expect(checkHeaderValue(value)).toBeNull();
});

test.each([
  ["", "an empty one"],
  [" a", "at its ends"],
  ["a\n", "at its ends"],
  ["a\nb", "a line break at position 2"],
  ["ab\rc", "a line break at position 3"],
  ["a\0b", "a control character at position 2"],
  ["a\x7fb", "a control character at position 2"],
  ["a€", "outside Latin-1 at position 2"],
])("%j cannot be a header's value", (value, part) => {
  expect(checkHeaderValue(value)).toContain(part);
});

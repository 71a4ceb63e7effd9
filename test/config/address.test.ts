import { expect, test } from "bun:test";
import { parseAddress } from "../../src/config/address.ts";

const EXPECTED = 'expected an address "host:port" such as 127.0.0.1:4000';

test.each([
  ["127.0.0.1:4000", "127.0.0.1", 4000],
  ["0.0.0.0:0", "0.0.0.0", 0],
  ["localhost:65535", "localhost", 65535],
  ["[::1]:4000", "::1", 4000],
  ["[::]:80", "::", 80],
  ["my_host.internal.example.com:1", "my_host.internal.example.com", 1],
])("reads %s", (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

test.each([
  ["4000", `${EXPECTED}, got only a port`],
  [":4000", `${EXPECTED}, got no host (0.0.0.0 stands for every IPv4 interface)`],
  ["localhost", EXPECTED],
  ["localhost:", EXPECTED],
  ["localhost:http", EXPECTED],
  ["localhost:65536", "expected a port between 0 and 65535"],
  ["::1:4000", `${EXPECTED}, with an IPv6 address in brackets`],
  ["::1", `${EXPECTED}, with an IPv6 address in brackets`],
  ["[localhost]:4000", `${EXPECTED}, got no IPv6 address in the brackets`],
  ["127.0.1:4000", EXPECTED],
  ["256.0.0.1:4000", EXPECTED],
  ["http://localhost:4000", EXPECTED],
  ["-host:1", EXPECTED],
  ["a b:1", EXPECTED],
  ["localhost:4000\n", EXPECTED],
])("refuses %s", (text, message) => {
  expect(parseAddress(text)).toBe(message);
});

import { isIPv4, isIPv6 } from "node:net";

export type Address = { readonly host: string; readonly port: number };

const HOST_NAME = /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/;

/** `127.0.0.1:4000`, `[::1]:4000`, `localhost:0` → host and port; a text says what is wrong. */
export function parseAddress(text: string): Address | string {
  const expected = 'expected an address "host:port" such as 127.0.0.1:4000';
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text);
  if (match === null) {
    if (isIPv6(text.replace(/:[0-9]{1,5}$/, "")) || isIPv6(text))
      return `${expected}, with an IPv6 address in brackets`;
    return /^[0-9]+$/.test(text) ? `${expected}, got only a port` : expected;
  }
  const [, bracketed, plain, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return "expected a port between 0 and 65535";
  if (bracketed !== undefined)
    return isIPv6(bracketed) ? { host: bracketed, port } : `${expected}, got no IPv6 address in the brackets`;
  const host = plain ?? "";
  if (host === "") return `${expected}, got no host (0.0.0.0 stands for every IPv4 interface)`;
  return isHost(host) ? { host, port } : expected;
}

/** Whether this is a host name or an IPv4 address. All-numeric names that are no address are typos (`127.0.1`). */
function isHost(host: string): boolean {
  if (isIPv4(host)) return true;
  return host.length <= 253 && HOST_NAME.test(host) && !/^[0-9.]+$/.test(host);
}

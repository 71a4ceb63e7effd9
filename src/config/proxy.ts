/**
 * Proxies towards providers. The environment's words are read as curl reads them: the lowercase form wins, NO_PROXY
 * lists hosts with their subdomains, addresses and networks. Loopback and Unix sockets never go through a proxy.
 */
import { BlockList, isIP, isIPv6 } from "node:net";
import type { Origin, ProxySettings } from "../exchange.ts";
import { Secret } from "../lib/secret.ts";
import { checkHeaderValue } from "./header-field.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** A proxy's URL (`http://user:password@host:port`, or `host:port`) → settings; a text says what is wrong, never the URL. */
export function parseProxyUrl(text: string): ProxySettings | string {
  const trimmed = text.trim();
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(trimmed)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    return `expected an HTTP proxy ("http://host:port" or "https://host:port"), got ${/^socks[0-9a-z]*$/.test(scheme) ? "a SOCKS proxy" : "another scheme"}`;
  }
  const expected = 'expected the URL of an HTTP proxy such as "http://proxy.example.com:3128"';
  if (/[\s\\\p{C}]/u.test(trimmed)) return expected;
  let url: URL;
  try {
    url = new URL(scheme === undefined ? `http://${trimmed}` : trimmed);
  } catch {
    // The parser's message quotes the URL, and with it a password.
    return expected;
  }
  if (url.hostname === "" || url.search !== "" || url.hash !== "" || url.pathname.length > 1) return expected;
  const tls = url.protocol === "https:";
  const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
  if (port === 0) return "expected a port between 1 and 65535";
  let userInfo: Secret | null = null;
  if (url.username !== "" || url.password !== "") {
    let decoded: string;
    try {
      decoded = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    } catch {
      // A percent sign that is not an escape.
      return "expected a user and password with %-escapes that are valid UTF-8";
    }
    const problem = checkHeaderValue(decoded);
    if (problem !== null) return `expected a user and password that a header can carry: ${problem}`;
    userInfo = new Secret(decoded);
  }
  return { tls, host: url.hostname.replace(/^\[|\]$/g, ""), port, userInfo };
}

/** A proxy from the environment: settings, null for none, or what is wrong with which variable. */
export function findEnvironmentProxy(
  origin: Origin,
  env: Environment,
): ProxySettings | null | { readonly variable: string; readonly message: string } {
  if (origin.unixPath !== null || isLoopback(origin.host)) return null;
  const names = origin.tls ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"];
  const variable = names.find((name) => (env[name] ?? "").trim() !== "");
  if (variable === undefined) return null;
  // An empty lowercase variable turns the uppercase one off, as in curl.
  const noProxy = env["no_proxy"] ?? env["NO_PROXY"] ?? "";
  if (isExcluded(origin.host, origin.port, noProxy)) return null;
  const parsed = parseProxyUrl(env[variable] ?? "");
  return typeof parsed === "string" ? { variable, message: parsed } : parsed;
}

/** Whether NO_PROXY names this host: `*`, `example.com` and `.example.com` (subdomains too), addresses, CIDR, `host:port`. */
export function isExcluded(host: string, port: number, noProxy: string): boolean {
  const name = normalizeHost(host);
  for (const raw of noProxy.split(/[,\s]+/)) {
    if (raw === "") continue;
    if (raw === "*") return true;
    const entry = splitPort(raw);
    if (entry.port !== null && entry.port !== port) continue;
    if (isIP(name) !== 0 ? matchesAddress(name, entry.host) : matchesName(name, entry.host)) return true;
  }
  return false;
}

function matchesName(name: string, rule: string): boolean {
  const suffix = normalizeHost(rule).replace(/^\*?\./, "");
  return suffix !== "" && (name === suffix || name.endsWith(`.${suffix}`));
}

function matchesAddress(address: string, rule: string): boolean {
  const [network = "", bits] = normalizeHost(rule).split("/");
  const family = isIP(network);
  if (family === 0 || family !== isIP(address)) return false;
  const type = family === 6 ? "ipv6" : "ipv4";
  const width = family === 6 ? 128 : 32;
  if (bits !== undefined && !/^[0-9]{1,3}$/.test(bits)) return false;
  const prefix = bits === undefined ? width : Number(bits);
  if (prefix > width) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, type);
  return list.check(address, type);
}

/** `host:8080`, `[::1]:8080`, `10.0.0.0/8` → the host's part and the port, where there is one. */
function splitPort(rule: string): { readonly host: string; readonly port: number | null } {
  if (isIPv6(rule.replace(/\/[0-9]+$/, ""))) return { host: rule, port: null };
  const match = /^(.*):([0-9]{1,5})$/.exec(rule);
  return match === null ? { host: rule, port: null } : { host: match[1] ?? "", port: Number(match[2]) };
}

function normalizeHost(host: string): string {
  return host.toLowerCase().replaceAll(/[[\]]/g, "").replace(/\.$/, "");
}

function isLoopback(host: string): boolean {
  const name = normalizeHost(host);
  return (
    name === "localhost" ||
    name.endsWith(".localhost") ||
    name === "::1" ||
    (isIP(name) === 4 && name.startsWith("127."))
  );
}

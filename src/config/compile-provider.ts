import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { Provider, ProxySettings, QueueSettings, TlsSettings, Timeouts } from "../exchange.ts";
import { Secret } from "../lib/secret.ts";
import type { AdaptiveSettings } from "../policy.ts";
import type { ProviderDefinition } from "../provider/define.ts";
import { compileBudget } from "./compile-policy.ts";
import { compileCredentials } from "./compile-credentials.ts";
import { checkHeaderName, checkHeaderValue } from "./header-field.ts";
import { suggest } from "./nearest.ts";
import { parseBaseUrl } from "./origin.ts";
import { formatPath, type Path } from "./problem.ts";
import type { ProblemList } from "./problem-list.ts";
import { findEnvironmentProxy, parseProxyUrl } from "./proxy.ts";
import { compileSettings, fillSettings } from "./provider-settings.ts";
import { compileSurfaces } from "./compile-surfaces.ts";
import type { ProviderEntry, TimeoutsEntry } from "./schema.ts";
import type { TextOrFile } from "./values.ts";

/** What compiling a config looks at beside the config itself. */
export type CompileContext = {
  readonly definitions: ReadonlyMap<string, ProviderDefinition>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: ProblemList;
  readonly warnings: string[];
  /** The text of a value that may be `{ file: … }`; null when its file could not be read (already reported). */
  readonly readText: (value: TextOrFile, path: Path) => string | null;
  /** How a value may be shown. */
  readonly show: (path: Path) => string;
  /** Evaluates the rules of the strategy `conditional`; undefined where nothing can. */
  readonly compileExpression?: CompileExpression | undefined;
};

/** A text → what tests a request's facts, or what is wrong with it, and where (in characters from 0). */
export type CompileExpression = (
  text: string,
) => { readonly test: (facts: unknown) => boolean } | { readonly problem: string; readonly offset: number | null };

/** A provider with the timeouts of its own level, for `provider/model` names that no group describes. */
export type CompiledProvider = Provider & { readonly timeouts: Timeouts };

/** The narrower level's timeouts over the wider one's, field by field. */
export function mergeTimeouts(wider: Timeouts, narrower: TimeoutsEntry | undefined): Timeouts {
  return {
    connectMs: narrower?.connect ?? wider.connectMs,
    firstByteMs: narrower?.first_byte ?? wider.firstByteMs,
    idleMs: narrower?.idle ?? wider.idleMs,
    totalMs: narrower?.total ?? wider.totalMs,
  };
}

export function compileQueue(
  queue: { readonly size: number; readonly timeout: number } | null | undefined,
): QueueSettings | null {
  return queue === null || queue === undefined ? null : { size: queue.size, timeoutMs: queue.timeout };
}

/** One entry under `providers` → a provider ready to be called; null when it cannot be. */
export function compileProvider(
  name: string,
  entry: ProviderEntry,
  timeouts: Timeouts,
  context: CompileContext,
): CompiledProvider | null {
  const { definitions, problems, warnings } = context;
  const path: Path = ["providers", name];
  // A key left out of the checks because it has a problem must not look as if it had not been written.
  if (problems.has([...path, "provider"])) return null;
  const id = entry.provider ?? name;
  const definition = definitions.get(id);
  if (definition === undefined) {
    const known = [...definitions.keys()].toSorted();
    const hint = suggest(id, known) || `; known are ${known.join(", ")}`;
    if (entry.provider === undefined)
      problems.add(
        path,
        `expected the key "provider", because ${JSON.stringify(name)} is not the id of a known provider${hint}`,
        { at: "key" },
      );
    else
      problems.add(
        [...path, "provider"],
        `expected the id of a known provider, got ${context.show([...path, "provider"])}${hint}`,
      );
    return null;
  }

  const configured = entry.base_url ?? baseUrlOfEnvironment(definition, context.env);
  const template = configured ?? definition.baseUrl;
  if (template === null) {
    problems.add([...path, "base_url"], `expected base_url, because ${id} has none of its own, got nothing`, {
      at: "key",
    });
  }
  const settings = compileSettings(path, entry, definition, template ?? "", context);
  const regional = configured === null ? definition.regionalBaseUrls?.[settings?.region ?? ""] : undefined;
  const baseUrl = template === null || settings === null ? null : fillSettings(regional ?? template, settings);
  const origin = baseUrl === null ? null : parseBaseUrl(baseUrl);
  if (typeof origin === "string") problems.add([...path, "base_url"], origin);

  const surfaces = compileSurfaces(path, entry, definition, settings ?? {}, context);
  const credentials = compileCredentials(path, entry, definition, settings, context);
  const headers = compileHeaders(path, entry, definition, context);
  const tls = compileTls(path, entry, context);
  if (origin === null || typeof origin === "string") return null;

  if (entry.tls !== undefined && !origin.tls)
    warnings.push(`providers.${name}.tls has no effect: base_url is not https.`);
  else if (!tls.verify)
    warnings.push(
      `providers.${name}.tls.verify is false: anyone on the way can pose as this provider and read its key.`,
    );
  const maxConcurrent = entry.max_concurrent ?? null;
  const adaptive = compileAdaptive(path, entry, context);
  const maxInFlightTokens = entry.max_in_flight_tokens ?? null;
  const queue = compileQueue(entry.queue);
  if (queue !== null && maxConcurrent === null && adaptive === null && maxInFlightTokens === null)
    warnings.push(`providers.${name}.queue has no effect without max_concurrent.`);

  let proxy: ProxySettings | null = null;
  if (entry.proxy === undefined) {
    const found = definition.isEmbedded === true ? null : findEnvironmentProxy(origin, context.env);
    if (found !== null && "variable" in found)
      problems.addAt(
        { file: `environment variable ${found.variable}`, line: 0, column: 0 },
        `${found.message} (used for providers.${name})`,
      );
    else proxy = found;
  } else if (entry.proxy !== null) {
    const text = context.readText(entry.proxy, [...path, "proxy"]);
    const parsed = text === null ? null : parseProxyUrl(text);
    if (typeof parsed === "string") problems.add([...path, "proxy"], parsed);
    else if (origin.unixPath !== null)
      problems.add([...path, "proxy"], "expected no proxy for a provider on a Unix socket, got one", { at: "key" });
    else proxy = parsed;
  }

  return {
    name,
    id,
    surfaces,
    origin,
    headers,
    credentials,
    maxConcurrent,
    maxInFlightTokens,
    queue,
    adaptive,
    retryBudget: { share: entry.retry_budget.share, minPerSecond: entry.retry_budget.min_per_second },
    budget: compileBudget(entry.budget),
    rateLimitHeaders: (definition.rateLimitHeaders ?? []).map((header) => header.toLowerCase()),
    tls,
    proxy,
    poolKey: hashConnection(origin, tls, proxy),
    isEmbedded: definition.isEmbedded === true,
    timeouts: mergeTimeouts(timeouts, entry.timeouts),
  };
}

function compileAdaptive(
  path: Path,
  { adaptive_concurrency: entry, max_concurrent: bound }: ProviderEntry,
  { problems, warnings }: CompileContext,
): AdaptiveSettings | null {
  if (entry === undefined || entry === null) return null;
  const { min, max } = entry;
  const adaptivePath = [...path, "adaptive_concurrency"];
  if (min > max) problems.add(adaptivePath, `expected min to be at most max, got ${min} and ${max}`, { at: "key" });
  if (bound === undefined || bound === null || bound >= max) return { min, max };
  if (min > bound)
    problems.add(adaptivePath, `expected min to be at most max_concurrent, got ${min} and ${bound}`, { at: "key" });
  else
    warnings.push(`${formatPath([...adaptivePath, "max"])} is ${max}, but max_concurrent is ${bound}: ${bound} holds.`);
  return { min: Math.min(min, bound), max: bound };
}

/** What the provider's own tools read a base URL from; a bare `host:port` (OLLAMA_HOST) is plain HTTP where the provider's own URL is. */
function baseUrlOfEnvironment(
  definition: ProviderDefinition,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  const text = definition.baseUrlEnv === undefined ? "" : (env[definition.baseUrlEnv] ?? "");
  if (text === "") return null;
  // An address to listen on (0.0.0.0) is no address to call.
  const scheme = definition.baseUrl?.startsWith("http:") === true ? "http" : "https";
  return (/^[a-z]+:/.test(text) && !/^[a-z]+:\d+$/.test(text) ? text : `${scheme}://${text}`).replace(
    "//0.0.0.0",
    "//127.0.0.1",
  );
}

function compileHeaders(
  path: Path,
  entry: ProviderEntry,
  definition: ProviderDefinition,
  context: CompileContext,
): Provider["headers"] {
  const headers = new Map<string, string>(
    Object.entries(definition.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(entry.headers ?? {})) {
    const headerPath = [...path, "headers", name];
    const problem = checkHeaderName(name, definition.credential?.header ?? null);
    if (problem !== null) {
      context.problems.add(headerPath, problem, { at: "key" });
      continue;
    }
    const lower = name.toLowerCase();
    if (seen.has(lower)) {
      context.problems.add(headerPath, `expected every header once, got ${lower} in two spellings`, { at: "key" });
      continue;
    }
    seen.add(lower);
    const text = context.readText(value, headerPath);
    if (text === null) continue;
    const valueProblem = checkHeaderValue(text);
    if (valueProblem !== null) context.problems.add(headerPath, valueProblem);
    headers.set(lower, text);
  }
  return [...headers];
}

function compileTls(path: Path, entry: ProviderEntry, context: CompileContext): TlsSettings {
  const { tls } = entry;
  const tlsPath = [...path, "tls"];
  const read = (field: "ca" | "cert" | "key"): string | null => {
    const value = tls?.[field];
    return value === undefined ? null : context.readText(value, [...tlsPath, field]);
  };
  const caPem = read("ca");
  const certPem = read("cert");
  const keyPem = read("key");
  if (tls?.cert !== undefined && tls.key === undefined)
    context.problems.add(tlsPath, "expected key beside cert, got cert alone", { at: "key" });
  if (tls?.key !== undefined && tls.cert === undefined)
    context.problems.add(tlsPath, "expected cert beside key, got key alone", { at: "key" });
  if (caPem !== null) parseCertificate(caPem, [...tlsPath, "ca"], context.problems);
  const certificate = certPem === null ? null : parseCertificate(certPem, [...tlsPath, "cert"], context.problems);
  if (keyPem !== null) checkKey(keyPem, certificate, [...tlsPath, "key"], context.problems);
  return {
    caPem,
    certPem,
    keyPem: keyPem === null ? null : new Secret(keyPem),
    serverName: tls?.server_name ?? null,
    verify: tls?.verify ?? true,
  };
}

function parseCertificate(pem: string, path: Path, problems: ProblemList): X509Certificate | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  let first: X509Certificate | null = null;
  try {
    for (const block of blocks) first ??= new X509Certificate(block);
  } catch {
    // The parser's reason is OpenSSL's, which names no place; ours does.
    first = null;
  }
  if (first === null) problems.add(path, "expected PEM text with a valid certificate, got something else");
  return first;
}

function checkKey(pem: string, certificate: X509Certificate | null, path: Path, problems: ProblemList): void {
  try {
    const key = createPrivateKey(pem);
    if (certificate !== null && !certificate.checkPrivateKey(key)) {
      problems.add(path, "expected the private key of cert, got the key of another certificate");
    }
  } catch {
    // A key that cannot be parsed, or one that asks for a passphrase.
    problems.add(path, "expected PEM text with an unencrypted private key, got something else");
  }
}

/** Changes with everything that shapes a connection, and says none of it. */
function hashConnection(origin: Provider["origin"], tls: TlsSettings, proxy: ProxySettings | null): string {
  const parts = [
    origin.tls,
    origin.host,
    origin.port,
    origin.unixPath,
    ...(origin.tls ? [tls.caPem, tls.certPem, tls.keyPem?.reveal() ?? null, tls.serverName, tls.verify] : []),
    ...(proxy === null ? [] : [proxy.tls, proxy.host, proxy.port, proxy.userInfo?.reveal() ?? null]),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

import { UsageError, type CommandInput, type Flag } from "./command.ts";

/** Where a running gateway may be reached. */
export type Place =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** The socket that the config's default and the deployments use. */
export const DEFAULT_SOCKET_PATH = "/run/llmux/llmux.sock";
const DEFAULT_OPS: Place = { kind: "tcp", host: "127.0.0.1", port: 4001 };
const DEFAULT_HTTP: Place = { kind: "tcp", host: "127.0.0.1", port: 4000 };

export const SOCKET_FLAG: Flag = {
  kind: "value",
  placeholder: "PATH",
  help: `the gateway's Unix socket (else $LLMUX_SOCKET, else ${DEFAULT_SOCKET_PATH})`,
};

/** Where health questions go: what the flags name, else $LLMUX_SOCKET, else the default socket and the default ops port. */
export function choosePlacesForHealth(input: Pick<CommandInput, "values" | "env">): readonly Place[] {
  return choosePlaces(input, "ops", DEFAULT_OPS);
}

/** Where requests go: what the flags name, else $LLMUX_SOCKET, else the default socket and the default http port. */
export function choosePlacesForRequests(input: Pick<CommandInput, "values" | "env">): readonly Place[] {
  return choosePlaces(input, "http", DEFAULT_HTTP);
}

function choosePlaces(
  { values, env }: Pick<CommandInput, "values" | "env">,
  tcpFlag: string,
  tcpDefault: Place,
): readonly Place[] {
  const named: Place[] = [];
  const socket = values.get("socket");
  if (socket !== undefined) named.push(readSocketPath("--socket", socket));
  const tcp = values.get(tcpFlag);
  if (tcp !== undefined) named.push(readTcpAddress(`--${tcpFlag}`, tcp));
  if (named.length > 0) return named;
  const fromEnv = env["LLMUX_SOCKET"];
  if (fromEnv !== undefined && fromEnv !== "") return [readSocketPath("LLMUX_SOCKET", fromEnv)];
  return [{ kind: "unix", path: DEFAULT_SOCKET_PATH }, tcpDefault];
}

function readSocketPath(source: string, path: string): Place {
  // sockaddr_un holds 108 bytes, the last one NUL (unix(7)).
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || bytes > 107)
    throw new UsageError(`${source} should be a path of 1 to 107 bytes, got ${bytes} bytes`);
  return { kind: "unix", path };
}

function readTcpAddress(source: string, text: string): Place {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    throw new UsageError(`${source} should be HOST:PORT, as in 127.0.0.1:4001, got ${JSON.stringify(text)}`);
  }
  return { kind: "tcp", host, port };
}

/** A place in words, for messages. */
export function describePlace(place: Place): string {
  if (place.kind === "unix") return `unix:${place.path}`;
  return place.host.includes(":") ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`;
}

/** Nothing answers at a place: no such socket, refused, or no answer in time. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/**
 * Sends one request to a gateway at a known place. Throws UnreachableError when nothing answers there, and the
 * signal's own reason when the signal ended it.
 */
export async function requestFrom(
  place: Place,
  path: string,
  options: { readonly signal: AbortSignal; readonly method?: string; readonly json?: unknown },
): Promise<Response> {
  keepOffProxies();
  const init: BunFetchRequestInit = { method: options.method ?? "GET", redirect: "manual", signal: options.signal };
  if (options.json !== undefined) {
    init.body = JSON.stringify(options.json);
    init.headers = { "content-type": "application/json" };
  }
  if (place.kind === "unix") init.unix = place.path;
  try {
    return await fetch(`http://${place.kind === "unix" ? "localhost" : describePlace(place)}${path}`, init);
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    throw new UnreachableError(`nothing answers at ${describePlace(place)} (${readErrorCode(error)})`, {
      cause: error,
    });
  }
}

/**
 * `fetch` obeys HTTP_PROXY even for 127.0.0.1, so a pod with a proxy in its environment would ask the proxy whether
 * LLMux is ready (seen with Bun 1.4.5). These commands only ever talk to the gateway beside them.
 */
function keepOffProxies(): void {
  process.env["NO_PROXY"] = "*";
  process.env["no_proxy"] = "*";
}

function readErrorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.message : String(error);
}

/**
 * The ops listener: probes, metrics and status, on an address of its own, answering until the process ends. Bun.serve
 * carries it: nothing here is on the data path.
 */
import { answerHealth } from "./health.ts";

export type OpsListenerOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Why the process is not ready; empty when it is. */
  unreadiness(): readonly string[];
  renderMetrics(): Promise<string>;
  /** What `/status` says; must be JSON. */
  status(): unknown;
  /** Hears what went wrong while an answer was made; the asker gets a plain 500. */
  onError(error: unknown): void;
};

export interface OpsListener {
  readonly host: string;
  readonly port: number;
  /** Closes everything at once; the last act of the process. */
  stop(): Promise<void>;
}

/** Prometheus keeps its connection between scrapes, 15 to 60 s apart. */
const IDLE_TIMEOUT_SECONDS = 75;
/** Nobody has a reason to send a body here. */
const MAX_BODY_BYTES = 4096;

/** Starts to listen; throws what Bun.serve throws (address in use, no permission). */
export function startOpsListener(options: OpsListenerOptions): OpsListener {
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: MAX_BODY_BYTES,
    development: false,
    // Said because Bun 1.4.5 takes `development: false` for a yes: a second instance would share the port unnoticed.
    reusePort: false,
    fetch: (request) => answer(request, options),
    error(error) {
      options.onError(error);
      return new Response("The answer could not be made; the log says why.\n", { status: 500 });
    },
  });
  return {
    host: options.host,
    port: server.port ?? options.port,
    stop: () => server.stop(true),
  };
}

async function answer(request: Request, options: OpsListenerOptions): Promise<Response> {
  const path = readPath(request.url);
  const make = chooseAnswer(path, options);
  if (make === null)
    return new Response("Not found: /health/live, /health/ready, /metrics and /status are here.\n", { status: 404 });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Only GET and HEAD are answered here.\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const { status, type, body } = await make();
  return new Response(body, { status, headers: { "content-type": type, "cache-control": "no-store" } });
}

type Answer = { readonly status: number; readonly type: string; readonly body: string };

function chooseAnswer(path: string, options: OpsListenerOptions): (() => Answer | Promise<Answer>) | null {
  const health = answerHealth(path, options.unreadiness);
  if (health !== null) return () => ({ ...health, type: "application/json" });
  switch (path) {
    case "/metrics":
      return async () => ({
        status: 200,
        type: "text/plain; version=0.0.4; charset=utf-8",
        body: await options.renderMetrics(),
      });
    case "/status":
      return () => ({ status: 200, type: "application/json", body: JSON.stringify(options.status()) });
    default:
      return null;
  }
}

/**
 * The path of a request's url, by hand: with a strange Host (`a/b`, `[::`, none) Bun 1.4.5 gives a url that
 * `new URL` throws at, or the bare path.
 */
function readPath(url: string): string {
  const scheme = url.startsWith("/") ? -1 : url.indexOf("://");
  const start = url.startsWith("/") ? 0 : url.indexOf("/", scheme === -1 ? 0 : scheme + 3);
  if (start === -1) return "";
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

import type { Snapshot, Timeouts } from "../exchange.ts";
import { parseAddress } from "./address.ts";
import { compileCallers } from "./compile-callers.ts";
import { compileImplicitGroups, compileModels } from "./compile-models.ts";
import { compileRates, readPolicyDefaults } from "./compile-policy.ts";
import {
  type CompileContext,
  type CompiledProvider,
  compileProvider,
  compileQueue,
  mergeTimeouts,
} from "./compile-provider.ts";
import { MAX_SOCKET_PATH_BYTES } from "./origin.ts";
import { formatPath, type Path } from "./problem.ts";
import type { Config } from "./schema.ts";
import type { KnownNames } from "./validate.ts";

const DAY_MS = 86_400_000;

/** Where a level says nothing: connect 5 s, first byte 60 s, idle 60 s, total 10 min. */
export const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 5_000, firstByteMs: 60_000, idleMs: 60_000, totalMs: 600_000 };

/** A snapshot whose providers carry the timeouts of their own level. */
export type CompiledSnapshot = Snapshot & { readonly providers: ReadonlyMap<string, CompiledProvider> };

export type CompileInput = {
  readonly config: Config;
  readonly names: KnownNames;
  readonly planned: readonly Path[];
  readonly generation: number;
  readonly loadedAtMs: number;
  readonly contentHash: string;
};

/** A checked config → a snapshot; what is wrong between its parts goes to the context's problems. */
export function compileConfig(input: CompileInput, context: CompileContext): CompiledSnapshot {
  const { config } = input;
  const { warnings } = context;
  const timeouts = mergeTimeouts(DEFAULT_TIMEOUTS, config.defaults.timeouts);
  for (const path of input.planned) warnings.push(`${formatPath(path)} has no effect in this version.`);

  const providers = new Map<string, CompiledProvider>();
  for (const [name, entry] of Object.entries(config.providers)) {
    const provider = compileProvider(name, entry, timeouts, context);
    if (provider !== null) providers.set(name, provider);
  }
  const defaults = readPolicyDefaults(config.defaults, input.names.providers, context);
  const models = compileModels(
    {
      models: config.models,
      providers,
      providerEntries: config.providers,
      providerNames: input.names.providers,
      timeouts,
      defaults,
    },
    context,
  );
  const { keys, teams } = compileCallers(config, input.names, context);
  if (input.names.providers?.size === 0)
    warnings.push("No provider is configured: every request for a model will be refused.");

  const { limits } = config;
  if (limits.max_pending_bytes > limits.max_pending_bytes_total) {
    context.problems.add(["limits", "max_pending_bytes"], "expected at most limits.max_pending_bytes_total, got more");
  }
  const { high, normal } = limits.reserved;
  if (high + normal >= 1) {
    context.problems.add(
      ["limits", "reserved"],
      `expected less than 100% for high and normal together, got ${Math.round((high + normal) * 100_000) / 1_000}%: nothing would be left for the others`,
      { at: "key" },
    );
  }
  return {
    generation: input.generation,
    loadedAtMs: input.loadedAtMs,
    contentHash: input.contentHash,
    listen: compileListen(config.listen, context),
    providers,
    models,
    implicitGroups: compileImplicitGroups(providers, defaults, context),
    keys,
    teams,
    dropParams: config.defaults.drop_params ?? false,
    streamUsage: config.stream_usage,
    limits: {
      maxConcurrent: limits.max_concurrent,
      // The bound of concurrent requests is the gateway's own, with its queue.
      rates: { ...compileRates(limits), maxConcurrent: null },
      reserved: { high, normal },
      shedding: { memoryShare: limits.shedding.memory, loopDelayMs: limits.shedding.loop_delay },
      queue: compileQueue(limits.queue),
      maxHeadBytes: limits.max_head_bytes,
      maxHeaders: limits.max_headers,
      maxBodyBytes: limits.max_body_bytes,
      headTimeoutMs: limits.head_timeout,
      bodyTimeoutMs: limits.body_timeout,
      keepAliveTimeoutMs: limits.keep_alive_timeout,
      maxPendingBytesTotal: limits.max_pending_bytes_total,
      maxBufferedBytes: limits.max_buffered_bytes,
      maxConnections: limits.max_connections,
    },
    pool: {
      maxIdle: config.pool.max_idle,
      idleTimeoutMs: config.pool.idle_timeout,
      maxReadBytes: limits.max_pending_bytes,
    },
    responses: {
      file: config.responses.file ?? null,
      maxEntries: config.responses.max_entries,
      maxBytes: config.responses.max_bytes,
      ttlMs: config.responses.days * DAY_MS,
    },
    drain: { delayMs: config.drain.delay, timeoutMs: config.drain.timeout },
    log: { level: config.log.level, format: config.log.format },
    warnings,
  };
}

function compileListen(listen: Config["listen"], context: CompileContext): Snapshot["listen"] {
  const read = (field: "http" | "ops"): Snapshot["listen"]["http"] => {
    const text = listen[field];
    if (text === null) return null;
    const address = parseAddress(text);
    if (typeof address !== "string") return address;
    context.problems.add(
      ["listen", field],
      address.includes(", got ") ? address : `${address}, got ${context.show(["listen", field])}`,
    );
    return null;
  };
  const http = read("http");
  const ops = read("ops");
  if (http !== null && ops !== null && http.port !== 0 && http.port === ops.port && http.host === ops.host) {
    context.problems.add(["listen", "ops"], "expected another address than listen.http, got the same");
  }
  if (listen.unix === null && listen.http === null) {
    context.problems.add(["listen"], "expected unix or http to listen on, got null for both", { at: "key" });
  }
  const unix = listen.unix;
  if (unix !== null) {
    const path: Path = ["listen", "unix", "path"];
    if (unix.path.includes("\0")) context.problems.add(path, "expected a path, got one with a NUL character");
    if (Buffer.byteLength(unix.path) > MAX_SOCKET_PATH_BYTES) {
      context.problems.add(
        path,
        `expected a path of at most ${MAX_SOCKET_PATH_BYTES} bytes, got ${Buffer.byteLength(unix.path)}`,
      );
    }
  }
  return { unix: unix === null ? null : { path: unix.path, mode: unix.mode }, http, ops };
}

/** Puts the rooms together into one running gateway: config, listeners, probes, metrics, log, drain. */
import { readAnonymousBytes } from "../admission/anonymous-memory.ts";
import { MemoryLimit } from "../admission/memory-limit.ts";
import { OverloadSampler } from "../admission/overload-sampler.ts";
import { PermitLedger } from "../admission/permit-ledger.ts";
import { Shedding } from "../admission/shedding.ts";
import type { InlineSource } from "../config/load.ts";
import type { ConfigError } from "../config/problem.ts";
import { ConfigWatcher, type ReloadCause } from "../config/watch.ts";
import type { LogLevel, Origin, Snapshot } from "../exchange.ts";
import { Gateway } from "../gateway.ts";
import { describeDeployments } from "../gateway/describe-deployments.ts";
import { scheduleTimeout } from "../lib/clock.ts";
import { TimerWheel } from "../lib/timer-wheel.ts";
import { CallerConnections, type DataListener, listenForCallers } from "../listener/data-listener.ts";
import { Drain } from "../listener/drain.ts";
import { answerHealth, findUnreadiness } from "../listener/health.ts";
import { type OpsListener, startOpsListener } from "../listener/ops.ts";
import { bindUnixSocket, claimUnixSocket, releaseUnixSocket } from "../listener/unix-socket.ts";
import { Log } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import { ObserverBatch } from "../observe/observer-batch.ts";
import { type DemoUpstream, startDemoUpstream } from "../provider/demo-upstream.ts";
import { PROVIDERS } from "../provider/registry.gen.ts";
import { compileExpression } from "../route/expression.ts";
import { MemoryResponseStore } from "../store/memory-response-store.ts";
import type { ResponseStore } from "../store/response-store.ts";

export type SidecarOptions = {
  readonly configPath: string | null;
  /** Config texts merged with the files, e.g. the demo's. */
  readonly inline: readonly InlineSource[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Instead of the config's, for the whole life of the process. */
  readonly logLevel: LogLevel | null;
  readonly logFd?: number;
  /** Whether to go on without the Unix socket where its place cannot be written: nobody has asked for it by name. */
  readonly isSocketOptional?: boolean;
};

/** A gateway that runs. */
export interface Sidecar {
  readonly addresses: { readonly socketPath: string | null; readonly http: string | null; readonly ops: string | null };
  readonly gateway: Gateway;
  readonly ledger: PermitLedger;
  readonly log: Log;
  readonly warnings: readonly string[];
  reload(cause: ReloadCause): Promise<unknown>;
  /** SIGTERM or SIGINT: the first drains, the second ends at once. */
  signal(): void;
  /** The exit code, once all is closed. */
  readonly ended: Promise<number>;
}

const LOG_FLUSH_MS = 1_000;
const EXIT_AFTER_SECOND_SIGNAL = 1;

/** Starts everything; throws ConfigError, UnixSocketError, or what a bind throws. Nothing is left open when it throws. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const startedMs = performance.now();
  const log = new Log({ level: options.logLevel ?? "info", format: "json", fd: options.logFd ?? 1 });
  const opened: (() => void)[] = [];
  try {
    return await start(options, startedMs, log, opened);
  } catch (thrown) {
    for (const close of opened.reverse()) close();
    await log.close(LOG_FLUSH_MS);
    throw thrown;
  }
}

async function start(options: SidecarOptions, startedMs: number, log: Log, opened: (() => void)[]): Promise<Sidecar> {
  const wheel = new TimerWheel();
  const ledger = new PermitLedger((what, cause) => log.error("permit defect", { what, cause: describeFault(cause) }));
  const connections = new CallerConnections();
  let gateway: Gateway | null = null;

  // ---- config
  const watcher = await ConfigWatcher.open(
    {
      path: options.configPath,
      inline: options.inline,
      definitions: PROVIDERS,
      env: options.env,
      compileExpression,
      now: Date.now,
    },
    {
      onSwap(snapshot, _previous, cause) {
        gateway?.swap(snapshot);
        shedding.reconfigure(snapshot.limits.shedding);
        applyLogSettings(snapshot);
        log.info("config reloaded", { generation: snapshot.generation, cause });
        for (const warning of snapshot.warnings) log.warn("config warning", { warning });
      },
      onError: (error: ConfigError, cause) =>
        log.error("config rejected, the last good one runs", { cause, error: error.message }),
      onUnchanged: (cause) => log.info("config unchanged", { cause }),
    },
  );
  opened.push(() => watcher.close());
  const applyLogSettings = (snapshot: Snapshot): void => {
    log.setFormat(snapshot.log.format);
    if (options.logLevel === null) log.setLevel(snapshot.log.level, "config");
  };
  applyLogSettings(watcher.current);

  // ---- overload
  const shedding = new Shedding(watcher.current.limits.shedding);
  const memoryLimit = new MemoryLimit();
  const sampler = new OverloadSampler({
    schedule: scheduleTimeout,
    clock: () => performance.now(),
    readMemoryBytes: readAnonymousBytes,
    readMemoryLimitBytes: (nowMs) => memoryLimit.bytes(nowMs),
    onSample: (sample, nowMs) => shedding.observe(sample, nowMs),
  });
  opened.push(() => sampler.close());

  // ---- gateway
  const demo: DemoUpstream | null = hasEmbedded(watcher.current) ? startDemoUpstream() : null;
  if (demo !== null) opened.push(() => demo.stop());
  const embeddedOrigins = new Map<string, Origin>();
  if (demo !== null) {
    for (const [id, definition] of PROVIDERS) if (definition.isEmbedded === true) embeddedOrigins.set(id, demo.origin);
  }
  let areListenersUp = false;
  const unreadiness = (): readonly string[] =>
    findUnreadiness({ hasConfig: true, areListenersUp, isDraining: running.isDraining });
  const metrics = new Metrics({
    version: options.version,
    *inFlight() {
      for (const { provider, inFlight } of running.loads()) yield [provider, inFlight] as const;
    },
    config: () => {
      const { generation, inSync } = watcher.status();
      const { success, failure } = watcher.stats.reloads;
      return {
        generation,
        isInSync: inSync,
        reloads: [
          ["success", success],
          ["failure", failure],
        ],
      };
    },
    deployments: () => running.upstreams.live.standings(),
    pendingBytes: () => running.pending.totalBytes,
    evictedCallers: () => running.pending.evicted,
    logLinesDropped: () => log.dropped,
    connections: () => [
      ["caller", connections.count],
      ["upstream", running.pools.openConnections],
    ],
  });
  const onFault = (error: unknown): void => log.error("internal error", { error: describeFault(error) });
  const batch = new ObserverBatch([metrics, log], scheduleTimeout);
  const running = new Gateway({
    snapshot: watcher.current,
    wheel,
    ledger,
    observers: [batch],
    schedule: scheduleTimeout,
    clock: () => performance.now(),
    wallClock: Date.now,
    embeddedOrigins,
    answerHealth: (path) => answerHealth(path, unreadiness),
    responseStore: await openResponseStore(watcher.current.responses),
    onBulkheadRejected: (provider) => metrics.onBulkheadRejected(provider),
    count: (counter, label) => metrics.onRouted(counter, label),
    shedding,
    random: Math.random,
    onFault,
  });
  running.onBusy = () => {
    if (shedding.isEnabled) sampler.start();
  };
  gateway = running;
  opened.push(() => running.close());

  // ---- drain
  const drain = new Drain({
    schedule: scheduleTimeout,
    settings: () => watcher.current.drain,
    inFlight: () => running.inFlight,
    onNotReady() {
      running.isDraining = true;
      log.info("draining", { in_flight: running.inFlight });
    },
    onStopAccepting() {
      for (const stop of stopAccepting.splice(0)) stop();
    },
    onCut: () => running.cutAll(),
    onDone: (exitCode) => void end(exitCode),
    onEndNow: () => void end(EXIT_AFTER_SECOND_SIGNAL),
  });
  running.onExchangeEnd = () => {
    if (running.inFlight === 0) sampler.stop();
    drain.onExchangeEnded();
  };

  // ---- listeners
  const { listen } = watcher.current;
  const stopAccepting: (() => void)[] = [];
  const accept: Gateway["accept"] = (socket, isUnix) => running.accept(socket, isUnix);
  const maxConnections = (): number => running.limits.maxConnections;
  const warnings = [...watcher.current.warnings];
  running.onConnectionClosed = (connection) => connections.remove(connection);
  let http: DataListener | null = null;
  if (listen.http !== null) {
    http = listenForCallers({ kind: "tcp", ...listen.http }, accept, connections, maxConnections, onFault);
    stopAccepting.push(() => http?.stopAccepting());
  }
  let socketPath: string | null = null;
  if (listen.unix !== null) {
    try {
      socketPath = await openUnixSocket(listen.unix);
    } catch (thrown) {
      if (options.isSocketOptional !== true) throw thrown;
      warnings.push(`the Unix socket is off: ${describeFault(thrown)}`);
    }
  }
  async function openUnixSocket(unix: { readonly path: string; readonly mode: number }): Promise<string> {
    await claimUnixSocket(unix.path);
    const bound = bindUnixSocket(unix.path, unix.mode, () =>
      listenForCallers({ kind: "unix", path: unix.path }, accept, connections, maxConnections, onFault),
    );
    stopAccepting.push(() => releaseUnixSocket(bound.file, () => bound.listener.stopAccepting()));
    return unix.path;
  }
  opened.push(() => {
    for (const stop of stopAccepting.splice(0)) stop();
  });
  const ops: OpsListener | null =
    listen.ops === null
      ? null
      : startOpsListener({
          ...listen.ops,
          unreadiness,
          renderMetrics() {
            batch.flush();
            return metrics.render();
          },
          status: () => describeStatus(),
          onError: (error) => log.error("ops listener", { error: describeFault(error) }),
        });
  areListenersUp = true;

  function describeStatus(): unknown {
    const { generation, loadedAtMs, inSync, error } = watcher.status();
    const providers: Record<string, unknown> = {};
    for (const { provider, inFlight, queued } of running.loads()) {
      const { maxConcurrent } = watcher.current.providers.get(provider) ?? { maxConcurrent: null };
      providers[provider] = { in_flight: inFlight, queued, max_concurrent: maxConcurrent };
    }
    return {
      version: options.version,
      uptime_s: Math.round((performance.now() - startedMs) / 100) / 10,
      config: { generation, loaded_at: new Date(loadedAtMs).toISOString(), in_sync: inSync, error },
      warnings: watcher.current.warnings,
      providers,
      ...describeDeployments(running.upstreams, watcher.current),
      shedding: Math.round(shedding.pressure * 100) / 100,
      in_flight: running.inFlight,
      permits: { held: ledger.held, double_settled: ledger.doubleSettled },
      connections: { caller: connections.count, upstream: running.pools.openConnections },
      draining: running.isDraining,
    };
  }

  // ---- end
  const ending = Promise.withResolvers<number>();
  let isEnding = false;
  async function end(exitCode: number): Promise<void> {
    if (isEnding) return;
    isEnding = true;
    for (const stop of stopAccepting.splice(0)) stop();
    connections.closeIdle();
    watcher.close();
    demo?.stop();
    sampler.close();
    running.close();
    batch.flush();
    log.info("stopped", { exit_code: exitCode });
    await ops?.stop();
    await log.close(LOG_FLUSH_MS);
    ending.resolve(exitCode);
  }

  const addresses = {
    socketPath,
    http: http === null || listen.http === null ? null : formatAddress(listen.http.host, http.port as number),
    ops: ops === null ? null : formatAddress(ops.host, ops.port),
  };
  for (const warning of warnings) log.warn("config warning", { warning });
  log.info("ready", {
    version: options.version,
    socket: addresses.socketPath ?? "off",
    http: addresses.http ?? "off",
    ops: addresses.ops ?? "off",
    providers: watcher.current.providers.size,
    models: watcher.current.models.size,
  });
  return {
    addresses,
    gateway: running,
    ledger,
    log,
    warnings,
    reload: (cause) => watcher.reload(cause),
    signal: () => drain.signal(),
    ended: ending.promise,
  };
}

function hasEmbedded(snapshot: Snapshot): boolean {
  for (const provider of snapshot.providers.values()) if (provider.isEmbedded) return true;
  return false;
}

async function openResponseStore({ file, ...bounds }: Snapshot["responses"]): Promise<ResponseStore> {
  if (file === null) return new MemoryResponseStore(bounds, Date.now);
  // SQLite costs memory that those without a file need not pay.
  const { SqliteResponseStore } = await import("../store/sqlite-response-store.ts");
  return new SqliteResponseStore(file, bounds, Date.now);
}

function formatAddress(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function describeFault(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

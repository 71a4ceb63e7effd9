import type { GatewayError } from "../errors.ts";
import type { DeadlineOwner, TimerWheel } from "../lib/timer-wheel.ts";
import { type Dial, type DialTarget, dial } from "./dial.ts";
import type { HeadLimits } from "./request-head.ts";
import { type AnswerKind, limitReceiveBuffer } from "./socket-options.ts";
import { type ConnectionOwner, UpstreamConnection } from "./upstream-connection.ts";

export type PoolSettings = {
  readonly maxIdle: number;
  readonly idleTimeoutMs: number;
  /** What one read of a connection may bring: so much waits at most for a caller that does not read. */
  readonly maxReadBytes: number;
};

/** Who waits for a new connection: one of the two is called. */
export interface ConnectionSeeker {
  onConnected(connection: UpstreamConnection): void;
  onConnectFailed(error: GatewayError): void;
}

/**
 * Keep-alive connections to one origin with one set of TLS and proxy settings. The one used last is given first, so that a
 * quiet hour shrinks the pool; how many are busy is the bulkhead's concern.
 */
export class ConnectionPool implements DeadlineOwner, ConnectionOwner {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly target: DialTarget;
  settings: PoolSettings;
  /** Bounds of an answer's head; a reload changes them for connections opened from then on. */
  limits: HeadLimits;
  readonly #wheel: TimerWheel;
  readonly #idle: UpstreamConnection[] = [];
  readonly #open = new Set<UpstreamConnection>();
  #isRetired = false;
  readonly #kind: AnswerKind;

  constructor(target: DialTarget, kind: AnswerKind, settings: PoolSettings, limits: HeadLimits, wheel: TimerWheel) {
    this.target = target;
    this.#kind = kind;
    this.settings = settings;
    this.limits = limits;
    this.#wheel = wheel;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  get idleConnections(): number {
    return this.#idle.length;
  }

  /** An idle connection that is still open, or null. */
  takeIdle(): UpstreamConnection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (connection.isOpen) return connection;
    }
  }

  /** Opens a new connection; the seeker hears of it, later, unless it cancels. */
  connect(seeker: ConnectionSeeker): Dial {
    const connection = new UpstreamConnection(this.limits, this);
    return dial(this.target, connection, {
      onOpen: (socket) => {
        connection.socket = socket;
        limitReceiveBuffer(socket, this.settings.maxReadBytes, this.#kind);
        this.#open.add(connection);
        seeker.onConnected(connection);
      },
      onError: (error) => seeker.onConnectFailed(error),
    });
  }

  /** The config no longer names this origin: idle connections end now, busy ones when they are done. */
  retire(): void {
    this.#isRetired = true;
    this.#wheel.remove(this);
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  onDeadline(nowMs: number): void {
    const oldestAllowedMs = nowMs - this.settings.idleTimeoutMs;
    // The oldest stand first: the list is a stack.
    while (this.#idle.length > 0 && (this.#idle[0] as UpstreamConnection).idleSinceMs <= oldestAllowedMs) {
      (this.#idle.shift() as UpstreamConnection).destroy();
    }
    const oldest = this.#idle[0];
    if (oldest !== undefined) this.#wheel.set(this, oldest.idleSinceMs + this.settings.idleTimeoutMs);
  }

  /** From a connection: it has served its exchange and could serve another. */
  onIdle(connection: UpstreamConnection): void {
    if (this.#isRetired || this.#idle.length >= this.settings.maxIdle) {
      connection.destroy();
      return;
    }
    connection.idleSinceMs = this.#wheel.nowMs;
    this.#idle.push(connection);
    if (this.#idle.length === 1) this.#wheel.set(this, connection.idleSinceMs + this.settings.idleTimeoutMs);
  }

  /** From a connection: it is gone. */
  onClosed(connection: UpstreamConnection): void {
    this.#open.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }
}

/** All pools, by what their connections are opened for and by the key that says which are interchangeable. */
export class ConnectionPools {
  readonly #pools: Readonly<Record<AnswerKind, Map<string, ConnectionPool>>> = { stream: new Map(), answer: new Map() };
  /** Keys the config in use names; null before there is one. */
  #named: ReadonlySet<string> | null = null;
  #limits: HeadLimits;
  readonly #wheel: TimerWheel;

  constructor(limits: HeadLimits, wheel: TimerWheel) {
    this.#limits = limits;
    this.#wheel = wheel;
  }

  get(poolKey: string, kind: AnswerKind, target: DialTarget, settings: PoolSettings): ConnectionPool {
    const pools = this.#pools[kind];
    let pool = pools.get(poolKey);
    if (pool === undefined) {
      pool = new ConnectionPool(target, kind, settings, this.#limits, this.#wheel);
      // Asked for by a request that began under an older config: nobody else will ever want its connections.
      if (this.#named?.has(poolKey) === false) pool.retire();
      else pools.set(poolKey, pool);
    }
    pool.settings = settings;
    pool.limits = this.#limits;
    return pool;
  }

  get openConnections(): number {
    let count = 0;
    for (const pools of Object.values(this.#pools)) for (const pool of pools.values()) count += pool.openConnections;
    return count;
  }

  /** Keeps the pools a new config names, under its limits, and retires the rest. */
  retain(poolKeys: ReadonlySet<string>, limits: HeadLimits): void {
    this.#limits = limits;
    this.#named = poolKeys;
    for (const pools of Object.values(this.#pools)) {
      for (const [key, pool] of pools) {
        if (poolKeys.has(key)) continue;
        pools.delete(key);
        pool.retire();
      }
    }
  }
}

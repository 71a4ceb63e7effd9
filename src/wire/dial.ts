import type { Socket, SocketHandler } from "bun";
import { GatewayError, type UpstreamErrorType } from "../errors.ts";
import type { Origin, ProxySettings, TlsSettings } from "../exchange.ts";
import { parseResponseHead } from "./response-head.ts";

/** Where to connect and how; everything that distinguishes one pool from another. */
export type DialTarget = {
  readonly origin: Origin;
  readonly tls: TlsSettings;
  readonly proxy: ProxySettings | null;
};

/** What a dialled socket tells its owner; the owner is `socket.data`. */
export interface SocketOwner {
  onData(bytes: Buffer): void;
  onDrain(): void;
  onClose(error: Error | undefined): void;
}

export type UpstreamSocket = Socket<SocketOwner>;

const CONNECT_HEAD_LIMITS = { maxHeadBytes: 16 * 1024, maxHeaders: 100 };

/** The handlers of every socket that is open; the owner decides what the bytes mean. */
const OWNED: SocketHandler<SocketOwner> = {
  data: (socket, bytes) => socket.data.onData(bytes),
  drain: (socket) => socket.data.onDrain(),
  close: (socket, error) => socket.data.onClose(error),
  error: (socket, error) => socket.data.onClose(error),
  timeout: () => {
    // timeouts are the timer wheel's
  },
};

/** Takes what happens to a socket before it has its owner. */
class Pending implements SocketOwner {
  closed: ((error: Error | undefined) => void) | null = null;
  received: ((bytes: Buffer) => void) | null = null;
  onData(bytes: Buffer): void {
    this.received?.(bytes);
  }
  onDrain(): void {
    // nothing larger than a socket's buffer is written while dialling
  }
  onClose(error: Error | undefined): void {
    this.closed?.(error);
  }
}

/** A dial that can be given up: `cancel` closes whatever exists of it. */
export interface Dial {
  cancel(): void;
}

/** Told once how a dial ended, unless it was cancelled. */
export interface DialResult {
  onOpen(socket: UpstreamSocket): void;
  onError(error: GatewayError): void;
}

/**
 * Connects to an origin: TCP or Unix socket, through a proxy where there is one (CONNECT for https), TLS on top.
 * The socket then has `owner` as its data and is ready to write.
 */
export function dial(target: DialTarget, owner: SocketOwner, result: DialResult): Dial {
  const { origin, proxy } = target;
  if (abandonedDials >= MAX_ABANDONED_DIALS) {
    queueMicrotask(() => result.onError(toGatewayError(new DialFailure("connect", TOO_MANY_ABANDONED))));
    return { cancel() {} };
  }
  if (origin.unixPath !== null) return new DirectDial(owner, result, null).start({ unix: origin.unixPath });
  if (proxy !== null) return dialThroughProxy(target, proxy, owner, result);
  const tls = origin.tls ? tlsOptions(origin.host, target.tls) : null;
  return new DirectDial(owner, result, tls).start({ hostname: origin.host, port: origin.port });
}

/**
 * Bun 1.4.5 cannot take back a TCP connect: one given up keeps its descriptor until the kernel gives up, too (two minutes for
 * a black hole). So many may hang like that at once; beyond it nothing more is dialled until some have ended.
 */
const MAX_ABANDONED_DIALS = 1024;
const TOO_MANY_ABANDONED = "too many connections that nobody answers are still being opened";
let abandonedDials = 0;

/** A dial without a proxy, which nearly all are: one object, and handlers that all sockets share. */
class DirectDial implements SocketOwner, Dial {
  #isOver = false;
  #isSettled = false;
  #isAbandoned = false;
  #socket: UpstreamSocket | null = null;
  readonly #owner: SocketOwner;
  readonly #result: DialResult;
  readonly #tls: TlsOptions | null;

  constructor(owner: SocketOwner, result: DialResult, tls: TlsOptions | null) {
    this.#owner = owner;
    this.#result = result;
    this.#tls = tls;
  }

  start(address: Address): this {
    const tls = this.#tls === null ? {} : { tls: this.#tls };
    const options = { ...address, ...tls, data: this as SocketOwner, socket: DIRECT };
    Bun.connect(options as Parameters<typeof Bun.connect<SocketOwner>>[0]).then(
      () => this.#settle(),
      (thrown: unknown) => {
        this.#settle();
        this.onFailed(thrown);
      },
    );
    return this;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#socket !== null) this.#socket.terminate();
    else if (!this.#isSettled) {
      this.#isAbandoned = true;
      abandonedDials++;
    }
  }

  #settle(): void {
    this.#isSettled = true;
    if (this.#isAbandoned) abandonedDials--;
    this.#isAbandoned = false;
  }

  onOpened(socket: UpstreamSocket): void {
    this.#socket = socket;
    if (this.#isOver) socket.terminate();
    else if (this.#tls === null) this.#succeed(socket);
  }

  onHandshake(socket: UpstreamSocket, isOk: boolean, problem: unknown): void {
    if (isAccepted(isOk, socket, this.#tls)) this.#succeed(socket);
    else this.onFailed(new DialFailure("tls", TLS_FAILED, problem));
  }

  onFailed(thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.terminate();
    this.#result.onError(toGatewayError(thrown));
  }

  onData(): void {
    // nobody speaks before the request: what a provider sends unasked meets its owner's judgement, or a failed handshake
  }

  onDrain(): void {
    // nothing is written while dialling
  }

  onClose(error: Error | undefined): void {
    this.onFailed(error ?? new Error("the connection was closed before it was ready"));
  }

  #succeed(socket: UpstreamSocket): void {
    if (this.#isOver) return;
    this.#isOver = true;
    socket.data = this.#owner;
    socket.setNoDelay(true);
    this.#result.onOpen(socket);
  }
}

const DIRECT: SocketHandler<SocketOwner> = {
  ...OWNED,
  open(socket) {
    if (socket.data instanceof DirectDial) socket.data.onOpened(socket);
  },
  handshake(socket, isOk, problem) {
    if (socket.data instanceof DirectDial) socket.data.onHandshake(socket, isOk, problem);
  },
  connectError(socket, error) {
    if (socket.data instanceof DirectDial) socket.data.onFailed(error);
  },
};

function dialThroughProxy(target: DialTarget, proxy: ProxySettings, owner: SocketOwner, result: DialResult): Dial {
  let isCancelled = false;
  let socket: UpstreamSocket | null = null;
  const steps = async (): Promise<UpstreamSocket> => {
    const { origin } = target;
    const checkCancelled = (): void => {
      if (isCancelled) throw new Error("cancelled");
    };
    if (proxy.tls && origin.tls) {
      // Bun 1.4.5 cannot begin TLS inside TLS (upgradeTLS gives nothing back for a socket that has it already).
      throw new DialFailure("proxy", "an https:// proxy cannot carry an https provider; use an http:// proxy");
    }
    const proxyTls = proxy.tls ? { serverName: proxy.host, rejectUnauthorized: true } : null;
    try {
      socket = await openSocket({ hostname: proxy.host, port: proxy.port }, proxyTls, (opened) => (socket = opened));
    } catch (thrown) {
      throw new DialFailure("proxy", "the proxy could not be reached", thrown);
    }
    checkCancelled();
    if (!origin.tls) return socket;
    await openTunnel(socket, origin, proxy);
    checkCancelled();
    socket = await upgradeToTls(socket, tlsOptions(origin.host, target.tls));
    return socket;
  };
  steps().then(
    (opened) => {
      if (isCancelled) {
        opened.terminate();
        return;
      }
      opened.data = owner;
      opened.setNoDelay(true);
      result.onOpen(opened);
    },
    (thrown: unknown) => {
      socket?.terminate();
      if (!isCancelled) result.onError(toGatewayError(thrown));
    },
  );
  return {
    cancel() {
      isCancelled = true;
      socket?.terminate();
    },
  };
}

type Address = { readonly unix: string } | { readonly hostname: string; readonly port: number };
type TlsOptions = Record<string, unknown>;

/** RFC 7301's list of one, as it stands on the wire: the only form Bun 1.4.5 takes. */
const ALPN_HTTP_1_1 = Buffer.from("\x08http/1.1");

function tlsOptions(host: string, settings: TlsSettings): TlsOptions {
  const options: TlsOptions = {
    serverName: settings.serverName ?? host,
    rejectUnauthorized: settings.verify,
    ALPNProtocols: ALPN_HTTP_1_1,
  };
  if (settings.caPem !== null) options["ca"] = settings.caPem;
  if (settings.certPem !== null) options["cert"] = settings.certPem;
  if (settings.keyPem !== null) options["key"] = settings.keyPem.reveal();
  return options;
}

/** What exactly is wrong with a certificate names hosts: it is the log's to know. */
const TLS_FAILED = "the TLS handshake failed";

/**
 * Whether a handshake ended as the config wants it. Bun 1.4.5 reports a certificate for another name as a failure even where
 * it was told not to check (`verify: false`); that TLS stands all the same is seen by its cipher, which is null otherwise.
 */
function isAccepted(isOk: boolean, socket: UpstreamSocket, tls: TlsOptions | null): boolean {
  return isOk || (tls?.["rejectUnauthorized"] === false && ((socket.getCipher() as unknown) ?? null) !== null);
}

class DialFailure extends Error {
  readonly type: UpstreamErrorType;
  constructor(type: UpstreamErrorType, message: string, cause?: unknown) {
    super(message, { cause });
    this.type = type;
  }
}

function openSocket(
  address: Address,
  tls: TlsOptions | null,
  onSocket: (socket: UpstreamSocket) => void,
): Promise<UpstreamSocket> {
  return new Promise((resolve, reject) => {
    const pending = new Pending();
    pending.closed = (error) => reject(error ?? new Error("the connection was closed before it was ready"));
    const handlers: SocketHandler<SocketOwner> = {
      ...OWNED,
      open(socket) {
        onSocket(socket);
        if (tls === null) resolve(socket);
      },
      handshake(socket, isOk, problem) {
        if (isAccepted(isOk, socket, tls)) resolve(socket);
        else reject(new DialFailure("tls", TLS_FAILED, problem));
      },
      connectError(_socket, error) {
        reject(error);
      },
    };
    const options = { ...address, data: pending as SocketOwner, socket: handlers, ...(tls === null ? {} : { tls }) };
    Bun.connect(options as Parameters<typeof Bun.connect<SocketOwner>>[0]).catch(reject);
  });
}

/** RFC 9110 section 9.3.6. */
function openTunnel(socket: UpstreamSocket, origin: Origin, proxy: ProxySettings): Promise<void> {
  return new Promise((resolve, reject) => {
    const host = origin.host.includes(":") ? `[${origin.host}]` : origin.host;
    const authority = `${host}:${origin.port}`;
    let head = `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n`;
    if (proxy.userInfo !== null) {
      head += `proxy-authorization: Basic ${Buffer.from(proxy.userInfo.reveal()).toString("base64")}\r\n`;
    }
    const pending = new Pending();
    socket.data = pending;
    let received: Buffer = Buffer.alloc(0);
    pending.closed = () => reject(new DialFailure("proxy", "the proxy closed the connection during CONNECT"));
    pending.received = (bytes) => {
      received = Buffer.concat([received, bytes]);
      const parsed = parseResponseHead(received, CONNECT_HEAD_LIMITS, "HEAD");
      if (parsed.kind === "incomplete") return;
      // Once TLS runs on top, Bun still hands this socket every encrypted byte: they are nobody's.
      pending.received = null;
      if (parsed.kind === "invalid")
        reject(new DialFailure("proxy", `the proxy's answer is malformed: ${parsed.message}`));
      else if (parsed.head.status < 200 || parsed.head.status > 299) {
        reject(new DialFailure("proxy", `the proxy refused CONNECT with status ${parsed.head.status}`));
      } else if (parsed.length < received.length) {
        reject(new DialFailure("proxy", "the proxy sent bytes after its answer to CONNECT"));
      } else resolve();
    };
    socket.write(`${head}\r\n`);
  });
}

type UpgradableSocket = {
  upgradeTLS(options: {
    data: SocketOwner;
    tls: TlsOptions;
    socket: SocketHandler<SocketOwner>;
  }): [unknown, UpstreamSocket];
};

function upgradeToTls(socket: UpstreamSocket, tls: TlsOptions): Promise<UpstreamSocket> {
  return new Promise((resolve, reject) => {
    const pending = new Pending();
    pending.closed = () => reject(new DialFailure("tls", "the connection was closed during the TLS handshake"));
    const [, secured] = (socket as unknown as UpgradableSocket).upgradeTLS({
      data: pending,
      tls,
      socket: {
        ...OWNED,
        handshake(upgraded, isOk, problem) {
          if (isAccepted(isOk, upgraded, tls)) resolve(upgraded);
          else reject(new DialFailure("tls", TLS_FAILED, problem));
        },
      },
    });
    secured.data = pending;
  });
}

const TLS_CODES = /TLS|SSL|CERT|SELF_SIGNED|UNABLE_TO|HOSTNAME/;

function toGatewayError(thrown: unknown): GatewayError {
  const cause = thrown;
  if (thrown instanceof DialFailure) {
    return new GatewayError("upstream_error", `The provider could not be reached: ${thrown.message}.`, {
      cause,
      upstreamType: thrown.type,
    });
  }
  const code = (thrown as { code?: unknown }).code;
  const word = typeof code === "string" ? code : "";
  const upstreamType: UpstreamErrorType =
    word === "ENOTFOUND" || word.startsWith("EAI") || word.startsWith("DNS")
      ? "dns"
      : TLS_CODES.test(word)
        ? "tls"
        : "connect";
  const reason = word === "" ? "the connection failed" : word;
  return new GatewayError("upstream_error", `The provider could not be reached: ${reason}.`, { cause, upstreamType });
}

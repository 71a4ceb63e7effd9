/**
 * The stack: one request from a caller's socket to a provider's and back.
 *
 *   listener ► rescue ► admission(caller) ► route ► admission(deployment) ► relay ► settle
 *
 * The only file that imports rooms; it reads top to bottom in the order of the picture.
 */
import type { Socket } from "bun";
import { OpenExchange } from "./account/open-exchange.ts";
import { Bulkhead, type Permit } from "./admission/bulkhead.ts";
import type { PermitLedger } from "./admission/permit-ledger.ts";
import { type Endpoint, findEndpoint } from "./dialect/openai-chat/endpoints.ts";
import { renderErrorBody } from "./dialect/openai-chat/errors.ts";
import { patchJsonRequest, readJsonRequest } from "./dialect/openai-chat/json-request.ts";
import { renderModel, renderModelList } from "./dialect/openai-chat/models.ts";
import { MultipartModelFinder, readBoundary } from "./dialect/openai-chat/multipart-request.ts";
import { readUsage } from "./dialect/openai-chat/usage.ts";
import { GatewayError } from "./errors.ts";
import type { ExchangeObserver, Origin, Provider, Snapshot } from "./exchange.ts";
import type { Schedule } from "./lib/clock.ts";
import type { TimerWheel } from "./lib/timer-wheel.ts";
import { reasonOf } from "./relay/answer-head.ts";
import { AnswerRelay, type RelayEnd } from "./relay/answer-relay.ts";
import { MultipartUpload } from "./relay/multipart-upload.ts";
import { relayUpgrade } from "./relay/upgrade-relay.ts";
import { buildUpstreamHead } from "./relay/upstream-head.ts";
import { findDeployment, listModels, type Routed } from "./route/find-deployment.ts";
import { CallerConnection, type CallerHost } from "./wire/caller-connection.ts";
import { CallerGone, type CallerStream } from "./wire/caller-stream.ts";
import { ConnectionPools } from "./wire/connection-pool.ts";
import { PendingBudget } from "./wire/pending-budget.ts";
import type { RequestHead } from "./wire/request-head.ts";
import { type CallRequest, UpstreamCall } from "./wire/upstream-call.ts";

export type GatewayOptions = {
  readonly snapshot: Snapshot;
  readonly wheel: TimerWheel;
  readonly ledger: PermitLedger;
  readonly observers: readonly ExchangeObserver[];
  readonly schedule: Schedule;
  readonly clock: () => number;
  readonly wallClock: () => number;
  /** Origins of the providers that live inside the process, by provider id. */
  readonly embeddedOrigins: ReadonlyMap<string, Origin>;
  /** Answers the probes that also live on the data listeners: status and JSON body, or null for another path. */
  readonly answerHealth: (path: string) => { readonly status: number; readonly body: string } | null;
  readonly onBulkheadRejected: (provider: string) => void;
  /** Hears of errors that are nobody's but ours; the caller gets a plain 500. */
  readonly onFault: (error: unknown) => void;
};

/** Header names the gateway sets on answers; the provider's own request id goes by another name. */
const RENAMED_HEADERS: ReadonlyMap<string, string> = new Map([["x-request-id", "x-upstream-request-id"]]);
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const OVERLOADED_RETRY_SECONDS = 1;

export class Gateway implements CallerHost {
  readonly wheel: TimerWheel;
  readonly pending: PendingBudget;
  readonly pools: ConnectionPools;
  isDraining = false;
  #snapshot: Snapshot;
  readonly #options: GatewayOptions;
  readonly #open = new Set<OpenExchange>();
  readonly #gatewayBulkhead: Bulkhead;
  readonly #bulkheads = new Map<string, Bulkhead>();
  /** Called whenever an exchange has ended; the drain counts on it. */
  onExchangeEnd: (() => void) | null = null;
  onConnectionClosed: ((connection: Parameters<CallerHost["onClosed"]>[0]) => void) | null = null;

  constructor(options: GatewayOptions) {
    const { snapshot } = options;
    this.#options = options;
    this.#snapshot = snapshot;
    this.wheel = options.wheel;
    this.pending = new PendingBudget(snapshot.limits.maxPendingBytesTotal);
    this.pools = new ConnectionPools(snapshot.limits, options.wheel);
    this.#gatewayBulkhead = this.#makeBulkhead("", snapshot.limits);
    this.swap(snapshot);
  }

  get limits(): Snapshot["limits"] {
    return this.#snapshot.limits;
  }

  get inFlight(): number {
    return this.#open.size;
  }

  /** A new config: what comes uses it, what runs keeps the one it began with. State is kept by name. */
  swap(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.pending.maxBytes = snapshot.limits.maxPendingBytesTotal;
    this.#gatewayBulkhead.reconfigure(snapshot.limits);
    for (const provider of snapshot.providers.values()) this.#bulkheads.get(provider.name)?.reconfigure(provider);
    for (const [name, bulkhead] of this.#bulkheads) {
      if (!snapshot.providers.has(name) && bulkhead.inFlight === 0) this.#bulkheads.delete(name);
    }
    this.pools.retain(new Set([...snapshot.providers.values()].map((provider) => provider.poolKey)));
  }

  /** Exchanges at each provider, for metrics and status. */
  *inFlightByProvider(): Iterable<readonly [provider: string, inFlight: number, queued: number]> {
    for (const name of this.#snapshot.providers.keys()) {
      const bulkhead = this.#bulkheads.get(name);
      yield [name, bulkhead?.inFlight ?? 0, bulkhead?.queued ?? 0];
    }
  }

  /** Ends everything that still runs: streams get an error event in their dialect, the rest an error answer. */
  cutAll(): void {
    const error = new GatewayError("overloaded", "The gateway is shutting down.", { detail: "shutting_down" });
    for (const exchange of [...this.#open]) exchange.cut?.(error);
  }

  /** Takes over a caller's socket. */
  accept(socket: Socket<CallerConnection>, isUnix: boolean): CallerConnection {
    return new CallerConnection(socket, isUnix, this);
  }

  onClosed(connection: Parameters<CallerHost["onClosed"]>[0]): void {
    this.onConnectionClosed?.(connection);
  }

  // ---- listener -------------------------------------------------------------------------------------------------------

  onRequest(caller: CallerStream): void {
    const health = isRead(caller.head) ? this.#options.answerHealth(caller.head.path) : null;
    if (health !== null) {
      sendJson(caller, health.status, health.body, [], nothingElse);
      return;
    }
    void this.#serve(caller);
  }

  /** Bytes that are no request are answered too, and counted. */
  renderRefusal(status: number, message: string): Buffer {
    const code = status === 408 ? "request_timeout" : status === 431 ? "headers_too_large" : "invalid_request";
    const error = new GatewayError(status === 405 ? "method_not_allowed" : code, `Bad request: ${message}.`, {
      status,
    });
    const exchange = this.#begin(crypto.randomUUID());
    exchange.endpoint = "malformed";
    exchange.status = status;
    this.#settle(exchange, { kind: "failed", error });
    const body = renderErrorBody(error);
    const allow = status === 405 ? "allow: GET, HEAD, POST\r\n" : "";
    return Buffer.from(
      `HTTP/1.1 ${status} ${reasonOf(status)}\r\ncontent-type: application/json\r\n${allow}x-request-id: ${exchange.requestId}\r\n` +
        `x-llmux-error-source: gateway\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }

  /** One exchange, from its head to its settlement. */
  async #serve(caller: CallerStream): Promise<void> {
    const snapshot = this.#snapshot;
    const { head } = caller;
    const exchange = this.#begin(readRequestId(head));
    caller.onGone = () => {
      exchange.noteGone();
      exchange.cancelStep?.();
      if (exchange.cancelStep === null) exchange.noteUpstreamClosed();
    };
    exchange.cut = (error) => this.#refuse(exchange, caller, error);
    try {
      if (this.#answerLocally(caller, exchange, snapshot)) return;
      const endpoint = recognise(head);
      exchange.endpoint = endpoint.name;

      // admission(caller)
      exchange.phase = "queued";
      exchange.hold(
        this.#gatewayBulkhead.tryAcquire() ?? (await this.#waitForPermit(this.#gatewayBulkhead, "", exchange)),
      );

      switch (endpoint.modelPlace) {
        case "json":
          await this.#serveJson(caller, exchange, endpoint, snapshot);
          break;
        case "multipart":
          await this.#serveMultipart(caller, exchange, endpoint, snapshot);
          break;
        case "query":
          await this.#serveUpgrade(caller, exchange, endpoint, snapshot);
          break;
        default:
          endpoint.modelPlace satisfies never;
      }
    } catch (thrown) {
      this.#rescue(exchange, caller, thrown);
    }
  }

  // ---- rescue ---------------------------------------------------------------------------------------------------------

  /** The one place where an error becomes an answer in the caller's dialect. */
  #rescue(exchange: OpenExchange, caller: CallerStream, thrown: unknown): void {
    if (exchange.isSettled) return;
    if (thrown instanceof CallerGone || caller.isGone) {
      exchange.bytesIn = caller.bodyBytes;
      this.#settle(exchange, { kind: "cancelled", phase: exchange.phase });
      return;
    }
    const error = GatewayError.from(thrown);
    if (error.code === "internal") this.#options.onFault(error.cause ?? error);
    this.#refuse(exchange, caller, error);
  }

  #refuse(exchange: OpenExchange, caller: CallerStream, error: GatewayError): void {
    if (exchange.isSettled) return;
    const { cancelStep } = exchange;
    exchange.upstreamErrorType ??= error.options.upstreamType ?? null;
    exchange.status = error.status;
    if (caller.isAnswered) caller.breakOff();
    else {
      const headers: [string, string][] = [
        ["x-request-id", exchange.requestId],
        ["x-llmux-error-source", "gateway"],
      ];
      const { retryAfterSeconds } = error.options;
      if (retryAfterSeconds !== undefined) headers.push(["retry-after", String(Math.ceil(retryAfterSeconds))]);
      if (error.code === "method_not_allowed") headers.push(["allow", "GET, HEAD, POST"]);
      sendJson(caller, error.status, renderErrorBody(error), headers, nothingElse);
    }
    exchange.bytesIn = caller.bodyBytes;
    exchange.bytesOut = caller.answerBytes;
    this.#settle(exchange, { kind: "failed", error });
    // Whatever step it was waiting in is over too.
    cancelStep?.();
  }

  // ---- admission ------------------------------------------------------------------------------------------------------

  /** Waits for its turn where a queue is configured; leaves the queue at once when the caller leaves. */
  #waitForPermit(bulkhead: Bulkhead, provider: string, exchange: OpenExchange): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const ticket = bulkhead.enqueue({
        onGranted: (permit) => {
          exchange.cancelStep = null;
          resolve(permit);
        },
        onRejected: (reason) => {
          exchange.cancelStep = null;
          this.#options.onBulkheadRejected(provider);
          const whose = provider === "" ? "The gateway" : `The provider ${provider}`;
          const why = reason === "full" ? "is at its limit of concurrent requests" : "had no free place in time";
          reject(new GatewayError("overloaded", `${whose} ${why}.`, { retryAfterSeconds: OVERLOADED_RETRY_SECONDS }));
        },
      });
      exchange.cancelStep ??= () => {
        ticket.leave();
        reject(new CallerGone());
      };
    });
  }

  async #admitAt(provider: Provider, exchange: OpenExchange): Promise<void> {
    const bulkhead = this.#bulkheadOf(provider);
    exchange.provider = provider.name;
    exchange.hold(bulkhead.tryAcquire() ?? (await this.#waitForPermit(bulkhead, provider.name, exchange)));
  }

  #bulkheadOf(provider: Provider): Bulkhead {
    let bulkhead = this.#bulkheads.get(provider.name);
    if (bulkhead === undefined) {
      bulkhead = this.#makeBulkhead(provider.name, provider);
      this.#bulkheads.set(provider.name, bulkhead);
    }
    return bulkhead;
  }

  #makeBulkhead(name: string, limits: Pick<Provider, "maxConcurrent" | "queue">): Bulkhead {
    const { ledger, schedule } = this.#options;
    return new Bulkhead({ name, maxConcurrent: limits.maxConcurrent, queue: limits.queue, ledger, schedule });
  }

  // ---- route ► relay --------------------------------------------------------------------------------------------------

  async #serveJson(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    snapshot: Snapshot,
  ): Promise<void> {
    exchange.phase = "reading";
    refuseEncodedBody(caller.head);
    const collected = caller.collectBody(snapshot.limits.maxBodyBytes);
    const body = collected instanceof Promise ? await collected : collected;
    exchange.startOwnWork();
    const request = readJsonRequest(body, endpoint.defaultModel);
    const routed = this.#route(snapshot, request.model, exchange);
    const { provider } = routed.deployment;
    const asksForUsage =
      snapshot.streamUsage && endpoint.hasStreamOptions && request.isStream && !request.hasStreamOptions;
    const patched = patchJsonRequest(request, routed.upstreamModel, asksForUsage);
    exchange.endOwnWork();
    exchange.phase = "queued";
    const admitted = this.#admitAt(provider, exchange);
    await admitted;
    exchange.startOwnWork();
    await this.#relay(caller, exchange, endpoint, routed, {
      request: this.#makeRequest(caller, exchange, endpoint, provider, patched.length, patched),
      isStreamRequested: request.isStream,
      withholdsUsage: asksForUsage,
      upload: null,
    });
  }

  async #serveMultipart(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    snapshot: Snapshot,
  ): Promise<void> {
    exchange.phase = "reading";
    refuseEncodedBody(caller.head);
    const boundary = readBoundary(caller.head.headers.get("content-type"));
    if (boundary === null) {
      throw new GatewayError("invalid_request", "expected a multipart/form-data body with a boundary", { status: 415 });
    }
    const upload = new MultipartUpload(caller, new MultipartModelFinder(boundary), snapshot.limits.maxBodyBytes);
    const named = await upload.findModel();
    const model = named ?? endpoint.defaultModel;
    if (model === null) {
      throw new GatewayError("invalid_request", "you must provide a model parameter", { param: "model" });
    }
    const routed = this.#route(snapshot, model, exchange);
    exchange.phase = "queued";
    await this.#admitAt(routed.deployment.provider, exchange);
    exchange.startOwnWork();
    const bytes = upload.lengthWith(routed.upstreamModel);
    await this.#relay(caller, exchange, endpoint, routed, {
      request: this.#makeRequest(caller, exchange, endpoint, routed.deployment.provider, bytes, null),
      isStreamRequested: false,
      withholdsUsage: false,
      upload,
    });
  }

  /** Realtime: after the provider's 101 both directions are plain bytes. */
  async #serveUpgrade(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    snapshot: Snapshot,
  ): Promise<void> {
    if (caller.head.upgrade !== "websocket") {
      throw new GatewayError("invalid_request", "expected a WebSocket upgrade", { status: 426 });
    }
    const query = new URLSearchParams(caller.head.query);
    const model = query.get("model");
    if (model === null || model === "") {
      throw new GatewayError("invalid_request", "you must provide a model parameter", { param: "model" });
    }
    const routed = this.#route(snapshot, model, exchange);
    const { provider, timeouts } = routed.deployment;
    await this.#admitAt(provider, exchange);
    query.set("model", routed.upstreamModel);
    exchange.phase = "connecting";
    exchange.attempts = 1;
    const end = await relayUpgrade(caller, {
      exchange,
      makeCall: (listener) =>
        new UpstreamCall(
          this.#poolOf(provider),
          {
            method: "GET",
            head: this.#makeHead(caller, exchange, provider, `${endpoint.upstreamPath}?${query}`, 0, null, "websocket"),
            body: null,
            isStreamed: true,
          },
          { timeouts, totalDeadlineMs: exchange.startedMs + timeouts.totalMs, wheel: this.wheel, listener },
        ),
    });
    this.#conclude(exchange, caller, end);
  }

  #route(snapshot: Snapshot, model: string, exchange: OpenExchange): Routed {
    const routed = findDeployment(snapshot, model);
    exchange.group = routed.deployment.group;
    exchange.provider = routed.deployment.provider.name;
    return routed;
  }

  /** One attempt at one deployment: the call, the relay of its answer, and the settlement. */
  async #relay(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    { deployment, upstreamModel }: Routed,
    attempt: {
      request: CallRequest;
      isStreamRequested: boolean;
      withholdsUsage: boolean;
      upload: MultipartUpload | null;
    },
  ): Promise<void> {
    const { provider, timeouts } = deployment;
    const { upload } = attempt;
    let relay: AnswerRelay | null = null;
    const end = await new Promise<RelayEnd>((resolve, reject) => {
      const running = new AnswerRelay(
        caller,
        {
          grammar: endpoint.grammar,
          isStreamRequested: attempt.isStreamRequested,
          answersJson: endpoint.answersJson,
          withholdsUsage: attempt.withholdsUsage,
          ownHeaders: [["x-request-id", exchange.requestId]],
          renamedHeaders: RENAMED_HEADERS,
        },
        {
          onFirstByte: () => {
            exchange.phase = "streaming";
            exchange.noteFirstByte();
          },
          onProviderDone: () => exchange.noteUpstreamEnd(),
          onEnd: resolve,
        },
      );
      relay = running;
      const call = new UpstreamCall(this.#poolOf(provider), attempt.request, {
        timeouts,
        totalDeadlineMs: exchange.startedMs + timeouts.totalMs,
        wheel: this.wheel,
        listener: running,
      });
      running.attach(call);
      exchange.cut = (error) => running.cut(error);
      exchange.cancelStep = () => {
        exchange.phase = phaseOf(call);
        call.abort();
        exchange.noteUpstreamClosed();
        reject(new CallerGone());
      };
      if (upload !== null) {
        upload.onFailed = (error) => {
          call.abort();
          running.onError(error);
        };
        running.onRequestWritable = () => upload.onWritable();
      }
      exchange.attempts++;
      exchange.phase = "connecting";
      exchange.endOwnWork();
      call.start();
      upload?.sendTo(call, upstreamModel);
    }).catch((thrown: unknown) => {
      this.#readTap(exchange, relay);
      exchange.bytesOut = caller.answerBytes;
      exchange.status = relay?.status ?? 0;
      throw thrown;
    });
    this.#readTap(exchange, relay);
    exchange.status = (relay as AnswerRelay | null)?.status ?? 0;
    this.#conclude(exchange, caller, end, relay);
  }

  // ---- settle ---------------------------------------------------------------------------------------------------------

  #readTap(exchange: OpenExchange, relay: AnswerRelay | null): void {
    if (relay === null) return;
    exchange.isStream = relay.isStream;
    const json = relay.tap.usageJson;
    if (json !== null) exchange.usage = readUsage(json);
  }

  #conclude(exchange: OpenExchange, caller: CallerStream, end: RelayEnd, relay: AnswerRelay | null = null): void {
    exchange.bytesIn = caller.bodyBytes;
    exchange.bytesOut = caller.answerBytes;
    switch (end.kind) {
      case "complete":
        if (exchange.status >= 400) {
          exchange.upstreamErrorType = errorTypeOf(exchange.status);
          this.#settle(exchange, { kind: "provider-error", status: exchange.status });
          return;
        }
        if (relay?.tap.hasError === true && !relay.tap.isFinished) {
          exchange.upstreamErrorType = relay.isStream ? "stream_error" : "error_in_200";
        }
        this.#settle(exchange, { kind: "finished" });
        return;
      case "truncated":
        exchange.upstreamErrorType = end.error.options.upstreamType ?? null;
        this.#settle(exchange, { kind: "truncated", error: end.error });
        return;
      case "unanswered":
        this.#refuse(exchange, caller, end.error);
        return;
      default:
        end satisfies never;
    }
  }

  #settle(exchange: OpenExchange, outcome: Parameters<OpenExchange["settle"]>[0]): void {
    this.#open.delete(exchange);
    exchange.settle(outcome);
    this.onExchangeEnd?.();
  }

  // ---- Small parts ----------------------------------------------------------------------------------------------------

  #begin(requestId: string): OpenExchange {
    const { clock, wallClock, observers } = this.#options;
    this.wheel.refresh();
    const exchange = new OpenExchange({ requestId, clock, wallClock, observers });
    this.#open.add(exchange);
    return exchange;
  }

  /** What the gateway answers by itself: the list of models. */
  #answerLocally(caller: CallerStream, exchange: OpenExchange, snapshot: Snapshot): boolean {
    const { head } = caller;
    if (head.path === "*") {
      exchange.endpoint = "options";
      exchange.cancelStep = () => this.#rescue(exchange, caller, new CallerGone());
      caller.sendHead(`HTTP/1.1 204 No Content\r\nallow: GET, HEAD, POST, OPTIONS\r\n${caller.connectionHeader()}\r\n`);
      caller.finish(() => this.#finishLocally(exchange, caller, 204));
      return true;
    }
    if (head.path !== "/v1/models" && !head.path.startsWith("/v1/models/")) return false;
    exchange.endpoint = "models";
    exchange.cancelStep = () => this.#rescue(exchange, caller, new CallerGone());
    if (!isRead(head)) throw new GatewayError("method_not_allowed", `expected GET, got ${head.method}`);
    const names = listModels(snapshot);
    let body: string;
    if (head.path === "/v1/models") body = renderModelList(names, snapshot.loadedAtMs);
    else {
      const name = decodeSegment(head.path.slice("/v1/models/".length));
      findDeployment(snapshot, name);
      body = renderModel(name, snapshot.loadedAtMs);
    }
    sendJson(caller, 200, body, [["x-request-id", exchange.requestId]], () =>
      this.#finishLocally(exchange, caller, 200),
    );
    return true;
  }

  #finishLocally(exchange: OpenExchange, caller: CallerStream, status: number): void {
    exchange.status = status;
    exchange.bytesOut = caller.answerBytes;
    this.#settle(exchange, { kind: "finished" });
  }

  #makeRequest(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    provider: Provider,
    bodyBytes: number | null,
    body: Buffer | null,
  ): CallRequest {
    const path = endpoint.upstreamPath + caller.head.query;
    // Only where we must read the answer is its encoding ours to choose.
    const acceptEncoding = endpoint.answersJson || endpoint.grammar !== null ? "identity" : null;
    return {
      method: caller.head.method,
      head: this.#makeHead(caller, exchange, provider, path, bodyBytes, acceptEncoding, null),
      body,
      isStreamed: body === null,
    };
  }

  #makeHead(
    caller: CallerStream,
    exchange: OpenExchange,
    provider: Provider,
    path: string,
    bodyBytes: number | null,
    acceptEncoding: "identity" | null,
    upgrade: string | null,
  ): string {
    return buildUpstreamHead(caller.head, {
      provider,
      path,
      requestId: exchange.requestId,
      bodyBytes,
      acceptEncoding,
      upgrade,
      isAbsolute: provider.proxy !== null && !provider.origin.tls,
    });
  }

  #poolOf(provider: Provider): ReturnType<ConnectionPools["get"]> {
    const origin = this.#options.embeddedOrigins.get(provider.id) ?? provider.origin;
    return this.pools.get(provider.poolKey, { origin, tls: provider.tls, proxy: provider.proxy }, this.#snapshot.pool);
  }
}

function recognise(head: RequestHead): Endpoint {
  const endpoint = findEndpoint(head.path);
  if (endpoint === null) {
    throw new GatewayError("not_found", `Invalid URL (${head.method} ${head.path.slice(0, 200)})`, {
      detail: "unknown_url",
    });
  }
  if (head.method !== endpoint.method) {
    throw new GatewayError("method_not_allowed", `expected ${endpoint.method}, got ${head.method}`);
  }
  return endpoint;
}

function isRead(head: RequestHead): boolean {
  return head.method === "GET" || head.method === "HEAD";
}

function readRequestId(head: RequestHead): string {
  const given = head.headers.get("x-request-id");
  return given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID();
}

function refuseEncodedBody(head: RequestHead): void {
  const encoding = head.headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw new GatewayError(
      "invalid_request",
      `expected a body without content-encoding, got ${encoding.slice(0, 40)}`,
      {
        status: 415,
      },
    );
  }
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // percent-encoded bytes that are no UTF-8: no model is called that
    throw new GatewayError("invalid_request", "the model's name in the path is not valid UTF-8", { param: "model" });
  }
}

function phaseOf(call: UpstreamCall): "connecting" | "waiting" | "streaming" {
  return call.phase === "connecting" || call.phase === "waiting" ? call.phase : "streaming";
}

/** What a provider's error status counts as; the caller's own mistakes count as nothing. */
function errorTypeOf(status: number): "auth" | "http_429" | "http_5xx" | "http_4xx" {
  if (status === 401 || status === 402 || status === 403) return "auth";
  if (status === 429) return "http_429";
  return status >= 500 ? "http_5xx" : "http_4xx";
}

function nothingElse(): void {
  // the answer stands by itself
}

function sendJson(
  caller: CallerStream,
  status: number,
  json: string,
  headers: readonly (readonly [name: string, value: string])[],
  onTaken: () => void,
): void {
  const body = Buffer.from(json);
  let text = `HTTP/1.1 ${status} ${reasonOf(status)}\r\ncontent-type: application/json\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  caller.sendHead(`${text}content-length: ${body.length}\r\n${caller.connectionHeader()}\r\n`);
  if (caller.head.method !== "HEAD") caller.write(body, 0, body.length);
  caller.finish(onTaken);
}

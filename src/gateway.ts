/**
 * The stack: one request from a caller's socket to a provider's and back.
 *
 *   listener ► rescue ► admission(caller) ► read ► route ► admission(deployment) ► relay ► settle
 *
 * The only file that imports rooms; `#serve` reads top to bottom in the order of the picture.
 */
import type { Socket } from "bun";
import { OpenExchange } from "./account/open-exchange.ts";
import type { Bulkhead, Permit } from "./admission/bulkhead.ts";
import { Bulkheads, waitForPermit } from "./admission/bulkheads.ts";
import type { PermitLedger } from "./admission/permit-ledger.ts";
import type { Endpoint } from "./dialect/openai-chat/endpoints.ts";
import { renderErrorBody } from "./dialect/openai-chat/errors.ts";
import { patchJsonRequest, readJsonRequest } from "./dialect/openai-chat/json-request.ts";
import { isModelsPath, modelOfPath, renderModel, renderModelList } from "./dialect/openai-chat/models.ts";
import { MultipartModelFinder, readBoundary } from "./dialect/openai-chat/multipart-request.ts";
import { recogniseEndpoint, wrongMethod } from "./dialect/openai-chat/recognise.ts";
import { readUsage } from "./dialect/openai-chat/usage.ts";
import { GatewayError, upstreamErrorTypeOf } from "./errors.ts";
import type { ExchangeObserver, Origin, Outcome, Provider, Snapshot } from "./exchange.ts";
import type { Schedule } from "./lib/clock.ts";
import type { TimerWheel } from "./lib/timer-wheel.ts";
import { reasonOf } from "./relay/answer-head.ts";
import { Attempt, type AttemptJudge } from "./relay/attempt.ts";
import { answerEmpty, answerJson } from "./relay/answer-json.ts";
import { AnswerRelay, type RelayEnd } from "./relay/answer-relay.ts";
import { MultipartUpload } from "./relay/multipart-upload.ts";
import { UpgradeRelay } from "./relay/upgrade-relay.ts";
import { composeUpstreamRequest } from "./relay/upstream-head.ts";
import { findDeployment, listModels, type Routed } from "./route/find-deployment.ts";
import { BodyBudget } from "./wire/body-budget.ts";
import { CallerConnection, type CallerHost } from "./wire/caller-connection.ts";
import { CallerGone, type CallerStream } from "./wire/caller-stream.ts";
import { ConnectionPools } from "./wire/connection-pool.ts";
import { PendingBudget } from "./wire/pending-budget.ts";
import type { RequestHead } from "./wire/request-head.ts";
import type { AnswerKind } from "./wire/socket-options.ts";
import { type CallListener, type CallRequest, UpstreamCall } from "./wire/upstream-call.ts";

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

/** A request, read as far as its model's name. */
type ReadRequest = {
  readonly model: string;
  /** The request for a deployment, once one is chosen. */
  prepare(routed: Routed): Outgoing;
};

/** What goes to a provider, and how its answer is to be treated. */
type Outgoing = {
  readonly request: CallRequest;
  readonly isStreamRequested: boolean;
  readonly choices: number;
  /** Usage was asked for on our own account: its event is withheld. */
  readonly withholdsUsage: boolean;
  readonly upload: MultipartUpload | null;
  readonly isUpgrade: boolean;
};

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const OVERLOADED_RETRY_SECONDS = 1;
/** Bodies up to this size leave in one write with their head. */
const JOIN_BYTES = 64 * 1024;

export class Gateway implements CallerHost, AttemptJudge<OpenExchange> {
  readonly wheel: TimerWheel;
  readonly pending: PendingBudget;
  readonly bodies: BodyBudget;
  readonly pools: ConnectionPools;
  isDraining = false;
  /** Called whenever an exchange has ended; the drain counts on it. */
  onExchangeEnd: (() => void) | null = null;
  onConnectionClosed: ((connection: CallerConnection) => void) | null = null;
  #snapshot: Snapshot;
  readonly #options: GatewayOptions;
  readonly #bulkheads: Bulkheads;
  readonly #open = new Map<OpenExchange, CallerStream | null>();

  constructor(options: GatewayOptions) {
    const { snapshot } = options;
    this.#options = options;
    this.#snapshot = snapshot;
    this.wheel = options.wheel;
    this.pending = new PendingBudget(snapshot.limits.maxPendingBytesTotal);
    this.bodies = new BodyBudget(snapshot.limits.maxBufferedBytes);
    this.pools = new ConnectionPools(snapshot.limits, options.wheel);
    this.#bulkheads = new Bulkheads(snapshot, options.ledger, options.schedule);
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
    this.bodies.maxBytes = snapshot.limits.maxBufferedBytes;
    this.#bulkheads.reconfigure(snapshot);
    this.pools.retain(new Set([...snapshot.providers.values()].map((provider) => provider.poolKey)), snapshot.limits);
  }

  /** Exchanges at each provider, for metrics and status. */
  *loads(): Iterable<{ readonly provider: string; readonly inFlight: number; readonly queued: number }> {
    for (const provider of this.#snapshot.providers.keys()) yield { provider, ...this.#bulkheads.loadOf(provider) };
  }

  /** Ends everything that still runs: streams get an error event in their dialect, the rest an error answer. */
  cutAll(): void {
    const error = new GatewayError("overloaded", "The gateway is shutting down.", { detail: "shutting_down" });
    for (const [exchange, caller] of [...this.#open]) {
      if (exchange.step?.cut !== undefined) exchange.step.cut(error);
      else if (caller !== null) this.#refuse(exchange, caller, error);
    }
  }

  // ---- listener -------------------------------------------------------------------------------------------------------

  /** Takes over a caller's socket. */
  accept(socket: Socket<CallerConnection>, isUnix: boolean): CallerConnection {
    return new CallerConnection(socket, isUnix, this);
  }

  onClosed(connection: CallerConnection): void {
    this.onConnectionClosed?.(connection);
  }

  onRequest(caller: CallerStream): void {
    const health = isRead(caller.head) ? this.#options.answerHealth(caller.head.path) : null;
    if (health === null) void this.#serve(caller);
    else answerJson(caller, health.status, health.body, [], nothingElse);
  }

  /** One exchange, from its head to the start of its relay; what comes back settles it. */
  async #serve(caller: CallerStream): Promise<void> {
    const snapshot = this.#snapshot;
    const exchange = this.#begin(caller);
    try {
      if (this.#answerLocally(caller, exchange, snapshot)) return;
      const endpoint = recogniseEndpoint(caller.head);
      exchange.endpoint = endpoint.name;

      // admission(caller)
      exchange.phase = "queued";
      const { gateway } = this.#bulkheads;
      exchange.hold(gateway.tryAcquire() ?? (await this.#waitForPermit(gateway, "", exchange)));

      exchange.phase = "reading";
      const reading = this.#read(caller, exchange, endpoint, snapshot);
      const request = reading instanceof Promise ? await reading : reading;

      // route
      const routed = findDeployment(snapshot, request.model);
      const { provider, group } = routed.deployment;
      exchange.group = group;
      exchange.provider = provider.name;
      const outgoing = request.prepare(routed);
      exchange.endOwnWork();

      // admission(deployment)
      exchange.phase = "queued";
      const bulkhead = this.#bulkheads.of(provider);
      exchange.hold(bulkhead.tryAcquire() ?? (await this.#waitForPermit(bulkhead, provider.name, exchange)));

      this.#relay(caller, exchange, endpoint, routed, outgoing);
    } catch (thrown) {
      this.#rescue(exchange, caller, thrown);
    }
  }

  // ---- rescue ---------------------------------------------------------------------------------------------------------

  /** The one place where an error becomes an answer in the caller's dialect. */
  #rescue(exchange: OpenExchange, caller: CallerStream, thrown: unknown): void {
    if (exchange.isSettled) return;
    if (thrown instanceof CallerGone || caller.isGone) {
      this.#settle(exchange, caller, { kind: "cancelled", phase: exchange.phase });
      return;
    }
    const error = GatewayError.from(thrown);
    if (error.code === "internal") this.#options.onFault(error.cause ?? error);
    this.#refuse(exchange, caller, error);
  }

  #refuse(exchange: OpenExchange, caller: CallerStream, error: GatewayError): void {
    if (exchange.isSettled) return;
    const { step } = exchange;
    const { retryAfterSeconds, allow, upstreamType } = error.options;
    exchange.upstreamErrorType ??= upstreamType ?? null;
    exchange.status = error.status;
    if (caller.isAnswered) caller.breakOff(nothingElse);
    else {
      const headers: [string, string][] = [
        ["x-request-id", exchange.requestId],
        ["x-llmux-error-source", "gateway"],
      ];
      if (retryAfterSeconds !== undefined) headers.push(["retry-after", String(Math.ceil(retryAfterSeconds))]);
      if (allow !== undefined) headers.push(["allow", allow]);
      answerJson(caller, error.status, renderErrorBody(error), headers, nothingElse);
    }
    this.#settle(exchange, caller, { kind: "failed", error });
    // Whatever step it was waiting in is over too.
    step?.cancel();
  }

  /** Bytes that are no request are answered too, and counted. */
  renderRefusal(status: number, message: string): Buffer {
    const code =
      status === 408
        ? "request_timeout"
        : status === 431
          ? "headers_too_large"
          : status === 405
            ? "method_not_allowed"
            : "invalid_request";
    const error = new GatewayError(code, `Bad request: ${message}.`, { status });
    const exchange = this.#openExchange(makeRequestId(), null);
    exchange.endpoint = "malformed";
    exchange.status = status;
    this.#settle(exchange, null, { kind: "failed", error });
    const body = renderErrorBody(error);
    const allow = status === 405 ? "allow: GET, HEAD, POST\r\n" : "";
    return Buffer.from(
      `HTTP/1.1 ${status} ${reasonOf(status)}\r\ncontent-type: application/json\r\n${allow}x-request-id: ${exchange.requestId}\r\n` +
        `x-llmux-error-source: gateway\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }

  // ---- admission ------------------------------------------------------------------------------------------------------

  #waitForPermit(bulkhead: Bulkhead, provider: string, exchange: OpenExchange): Promise<Permit> {
    return waitForPermit(bulkhead, exchange, {
      onRejected: (reason) => {
        this.#options.onBulkheadRejected(provider);
        const whose = provider === "" ? "The gateway" : `The provider ${provider}`;
        const why = reason === "full" ? "is at its limit of concurrent requests" : "had no free place in time";
        return new GatewayError("overloaded", `${whose} ${why}.`, { retryAfterSeconds: OVERLOADED_RETRY_SECONDS });
      },
      onLeft: () => new CallerGone(),
    });
  }

  // ---- read -----------------------------------------------------------------------------------------------------------

  /** Reads a request as far as its model's name; at once where the body is there already. */
  #read(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    snapshot: Snapshot,
  ): ReadRequest | Promise<ReadRequest> {
    refuseEncodedBody(caller.head);
    switch (endpoint.modelPlace) {
      case "json": {
        const body = caller.collectBody(snapshot.limits.maxBodyBytes);
        return body instanceof Promise
          ? body.then((collected) => this.#readJson(caller, exchange, endpoint, snapshot, collected))
          : this.#readJson(caller, exchange, endpoint, snapshot, body);
      }
      case "multipart":
        return this.#readMultipart(caller, exchange, endpoint, snapshot);
      case "query":
        return this.#readUpgrade(caller, exchange, endpoint);
      default:
        return endpoint.modelPlace satisfies never;
    }
  }

  #readJson(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    snapshot: Snapshot,
    body: Buffer,
  ): ReadRequest {
    exchange.startOwnWork();
    const json = readJsonRequest(body, endpoint.defaultModel);
    const asksForUsage = snapshot.streamUsage && endpoint.hasStreamOptions && json.isStream && !json.hasStreamOptions;
    return {
      model: json.model,
      prepare: ({ deployment, upstreamModel }) => {
        const patched = patchJsonRequest(json, upstreamModel, asksForUsage);
        const { length } = patched;
        const path = endpoint.upstreamPath + caller.head.query;
        const isJoined = length <= JOIN_BYTES;
        const wire = { provider: deployment.provider, path, bodyBytes: length, upgrade: null };
        return {
          request: {
            method: "POST",
            bytes: this.#compose(caller, exchange, endpoint, wire, isJoined ? patched : null),
            body: isJoined ? null : patched,
            isStreamed: false,
          },
          isStreamRequested: json.isStream,
          choices: json.choices,
          withholdsUsage: asksForUsage,
          upload: null,
          isUpgrade: false,
        };
      },
    };
  }

  async #readMultipart(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    snapshot: Snapshot,
  ): Promise<ReadRequest> {
    const boundary = readBoundary(caller.head.headers.get("content-type"));
    if (boundary === null) {
      throw new GatewayError("invalid_request", "Expected a multipart/form-data body with a boundary.", {
        status: 415,
      });
    }
    const upload = new MultipartUpload(caller, new MultipartModelFinder(boundary), snapshot.limits.maxBodyBytes);
    const named = await upload.findModel();
    exchange.startOwnWork();
    return {
      model: named ?? requireModel(endpoint.defaultModel),
      prepare: ({ deployment, upstreamModel }) => {
        const path = endpoint.upstreamPath + caller.head.query;
        const bodyBytes = upload.lengthWith(upstreamModel);
        const wire = { provider: deployment.provider, path, bodyBytes, upgrade: null };
        return {
          request: {
            method: "POST",
            bytes: this.#compose(caller, exchange, endpoint, wire, null),
            body: null,
            isStreamed: true,
          },
          isStreamRequested: false,
          choices: 1,
          withholdsUsage: false,
          upload,
          isUpgrade: false,
        };
      },
    };
  }

  /** Realtime: the model stands in the query, and after the provider's 101 both directions are plain bytes. */
  #readUpgrade(caller: CallerStream, exchange: OpenExchange, endpoint: Endpoint): ReadRequest {
    if (caller.head.upgrade !== "websocket") {
      throw new GatewayError("invalid_request", "Expected a WebSocket upgrade.", { status: 426 });
    }
    exchange.startOwnWork();
    const query = new URLSearchParams(caller.head.query);
    return {
      model: requireModel(query.get("model")),
      prepare: ({ deployment, upstreamModel }) => {
        query.set("model", upstreamModel);
        const path = `${endpoint.upstreamPath}?${query}`;
        const wire = { provider: deployment.provider, path, bodyBytes: 0, upgrade: "websocket" };
        return {
          request: {
            method: "GET",
            bytes: this.#compose(caller, exchange, endpoint, wire, null),
            body: null,
            isStreamed: true,
          },
          isStreamRequested: false,
          choices: 1,
          withholdsUsage: false,
          upload: null,
          isUpgrade: true,
        };
      },
    };
  }

  #compose(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    wire: { provider: Provider; path: string; bodyBytes: number | null; upgrade: string | null },
    body: Buffer | null,
  ): Buffer {
    const { method } = caller.head;
    const wantsIdentity = endpoint.answersJson || endpoint.grammar !== null;
    return composeUpstreamRequest(caller.head, { ...wire, method, requestId: exchange.requestId, wantsIdentity }, body);
  }

  // ---- relay ----------------------------------------------------------------------------------------------------------

  /** One attempt at one deployment: starts the call and the relay of its answer; its end settles the exchange. */
  #relay(
    caller: CallerStream,
    exchange: OpenExchange,
    endpoint: Endpoint,
    { deployment, upstreamModel }: Routed,
    { request, isStreamRequested, choices, withholdsUsage, upload, isUpgrade }: Outgoing,
  ): void {
    // A caller that left, or a drain that cut it, while the last step was already on its way.
    if (exchange.isSettled || caller.isGone) throw new CallerGone();
    exchange.startOwnWork();
    const attempt = new Attempt(exchange, this);
    const { requestId } = exchange;
    const { grammar, answersJson } = endpoint;
    const relay = isUpgrade
      ? new UpgradeRelay(caller, requestId, attempt)
      : new AnswerRelay(
          caller,
          { grammar, isStreamRequested, choices, answersJson, withholdsUsage, requestId },
          attempt,
        );
    const kind = isStreamRequested || isUpgrade ? "stream" : "answer";
    const call = this.#makeCall(exchange, deployment, request, kind, relay);
    attempt.attach(relay, call);
    exchange.step = attempt;
    if (upload !== null && relay instanceof AnswerRelay) {
      upload.onFailed = (error) => attempt.fail(error);
      relay.upload = upload;
    }
    exchange.attempts++;
    exchange.phase = "connecting";
    exchange.endOwnWork();
    call.start();
    upload?.sendTo(call, upstreamModel);
    caller.forgetRequest();
  }

  #makeCall(
    exchange: OpenExchange,
    { provider, timeouts }: Routed["deployment"],
    request: CallRequest,
    kind: AnswerKind,
    listener: CallListener,
  ): UpstreamCall {
    const origin = this.#options.embeddedOrigins.get(provider.id) ?? provider.origin;
    const target = { origin, tls: provider.tls, proxy: provider.proxy };
    return new UpstreamCall(this.pools.get(provider.poolKey, kind, target, this.#snapshot.pool), request, {
      timeouts,
      totalDeadlineMs: exchange.startedMs + timeouts.totalMs,
      wheel: this.wheel,
      listener,
    });
  }

  // ---- settle ---------------------------------------------------------------------------------------------------------

  /** From an attempt: how it ended. */
  onAttemptEnd(attempt: Attempt<OpenExchange>, end: RelayEnd | { readonly kind: "cancelled" }): void {
    const { owner: exchange, relay } = attempt;
    const caller = this.#open.get(exchange) ?? null;
    if (relay === null || caller === null) return;
    exchange.status = relay.status;
    exchange.isStream = relay.isStream;
    const json = relay.usageJson;
    if (json !== null) exchange.usage = readUsage(json);
    switch (end.kind) {
      case "complete":
        exchange.upstreamErrorType = relay.faultOfProvider();
        if (exchange.status >= 400) {
          exchange.upstreamErrorType = upstreamErrorTypeOf(exchange.status);
          this.#settle(exchange, caller, { kind: "provider-error", status: exchange.status });
        } else this.#settle(exchange, caller, { kind: "finished" });
        return;
      case "truncated":
        exchange.upstreamErrorType = end.error.options.upstreamType ?? null;
        this.#settle(exchange, caller, { kind: "truncated", error: end.error });
        return;
      case "unanswered":
        this.#rescue(exchange, caller, end.error);
        return;
      case "cancelled":
        this.#settle(exchange, caller, { kind: "cancelled", phase: exchange.phase });
        return;
      default:
        end satisfies never;
    }
  }

  #settle(exchange: OpenExchange, caller: CallerStream | null, outcome: Outcome): void {
    if (!this.#open.delete(exchange)) return;
    exchange.bytesIn = caller?.bodyBytes ?? 0;
    exchange.bytesOut = caller?.answerBytes ?? 0;
    exchange.settle(outcome);
    this.onExchangeEnd?.();
  }

  // ---- Small parts ----------------------------------------------------------------------------------------------------

  #begin(caller: CallerStream): OpenExchange {
    const given = caller.head.headers.get("x-request-id");
    const exchange = this.#openExchange(given !== null && REQUEST_ID.test(given) ? given : makeRequestId(), caller);
    caller.goneListener = exchange;
    return exchange;
  }

  #openExchange(requestId: string, caller: CallerStream | null): OpenExchange {
    const { clock, wallClock, observers } = this.#options;
    this.wheel.refresh();
    const exchange = new OpenExchange({ requestId, clock, wallClock, observers });
    this.#open.set(exchange, caller);
    return exchange;
  }

  /** What the gateway answers by itself: the list of models, and `OPTIONS *`. */
  #answerLocally(caller: CallerStream, exchange: OpenExchange, snapshot: Snapshot): boolean {
    const { head } = caller;
    const isModels = isModelsPath(head.path);
    if (!isModels && head.path !== "*") return false;
    exchange.step = { cancel: () => this.#rescue(exchange, caller, new CallerGone()) };
    const finish = (status: number) => () => {
      exchange.status = status;
      this.#settle(exchange, caller, { kind: "finished" });
    };
    if (!isModels) {
      exchange.endpoint = "options";
      answerEmpty(caller, 204, "allow: GET, HEAD, POST, OPTIONS\r\n", finish(204));
      return true;
    }
    exchange.endpoint = "models";
    if (!isRead(head)) throw wrongMethod(head.method, "GET, HEAD");
    const asked = modelOfPath(head.path);
    if (asked !== null) findDeployment(snapshot, asked);
    const body =
      asked === null
        ? renderModelList(listModels(snapshot), snapshot.loadedAtMs)
        : renderModel(asked, snapshot.loadedAtMs);
    answerJson(caller, 200, body, [["x-request-id", exchange.requestId]], finish(200));
    return true;
  }
}

/** Random for the process, counted within it: unique, and a hundredth of a UUID's price. */
const REQUEST_ID_PREFIX = crypto.getRandomValues(Buffer.alloc(8)).toString("hex");
let requestCount = 0;

function makeRequestId(): string {
  return `req_${REQUEST_ID_PREFIX}${(requestCount++).toString(16).padStart(8, "0")}`;
}

function isRead(head: RequestHead): boolean {
  return head.method === "GET" || head.method === "HEAD";
}

function requireModel(model: string | null): string {
  if (model !== null && model !== "") return model;
  throw new GatewayError("invalid_request", "you must provide a model parameter", { param: "model" });
}

function refuseEncodedBody(head: RequestHead): void {
  const encoding = head.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return;
  throw new GatewayError("invalid_request", `Expected a body without content-encoding, got ${encoding.slice(0, 40)}.`, {
    status: 415,
  });
}

function nothingElse(): void {
  // the answer stands by itself
}

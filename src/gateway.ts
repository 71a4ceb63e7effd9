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
import type { Endpoint } from "./dialect/dialect.ts";
import type { LifecycleRequest } from "./dialect/openai-responses/lifecycle.ts";
import { neutralErrorOf } from "./dialect/neutral-error.ts";
import { guessDialect, type Recognised, recogniseEndpoint } from "./dialect/recognise.ts";
import { GatewayError, upstreamErrorTypeOf } from "./errors.ts";
import type { AuthHeaders, ExchangeObserver, Origin, Outcome, Snapshot } from "./exchange.ts";
import { answerLocally } from "./gateway/answer-locally.ts";
import { composeCall } from "./gateway/compose-call.ts";
import { type ChosenCredential, Credentials, hasAnother, staticHeaders } from "./gateway/credentials.ts";
import { answerEstimate } from "./gateway/estimate-count.ts";
import {
  dialectOf,
  type ReadRequest,
  readJson,
  readMultipart,
  readUpgrade,
  refuseEncodedBody,
} from "./gateway/read-request.ts";
import type { Outgoing, Plan } from "./gateway/outgoing.ts";
import { makesResponses, ResponsesState } from "./gateway/responses-state.ts";
import type { Schedule } from "./lib/clock.ts";
import type { TimerWheel } from "./lib/timer-wheel.ts";
import { reasonOf } from "./relay/answer-head.ts";
import { Attempt, type AttemptJudge, type Relay } from "./relay/attempt.ts";
import { answerJson } from "./relay/answer-json.ts";
import { AnswerRelay, isCredentialRefused, type RelayEnd } from "./relay/answer-relay.ts";
import { TranslateRelay } from "./relay/translate-relay.ts";
import { UpgradeRelay } from "./relay/upgrade-relay.ts";
import { chooseSurface } from "./route/choose-surface.ts";
import { findDeployment, type Routed } from "./route/find-deployment.ts";
import type { ResponseStore } from "./store/response-store.ts";
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
  /** Responses of providers that keep none themselves. */
  readonly responseStore: ResponseStore;
  readonly onBulkheadRejected: (provider: string) => void;
  /** Hears of errors that are nobody's but ours; the caller gets a plain 500. */
  readonly onFault: (error: unknown) => void;
};

/** Bytes that are no request say nothing of the API their sender meant: it is answered in the one most speak. */
const UNKNOWN_DIALECT = "openai-chat";
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const OVERLOADED_RETRY_SECONDS = 1;

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
  readonly #credentials: Credentials;
  readonly #responses: ResponsesState;

  constructor(options: GatewayOptions) {
    const { snapshot } = options;
    this.#options = options;
    this.#snapshot = snapshot;
    this.wheel = options.wheel;
    this.pending = new PendingBudget(snapshot.limits.maxPendingBytesTotal);
    this.bodies = new BodyBudget(snapshot.limits.maxBufferedBytes);
    this.pools = new ConnectionPools(snapshot.limits, options.wheel);
    this.#bulkheads = new Bulkheads(snapshot, options.ledger, options.schedule);
    this.#credentials = new Credentials(options.clock, options.wallClock);
    this.#responses = new ResponsesState(options.responseStore, options.onFault);
  }

  get limits(): Snapshot["limits"] {
    return this.#snapshot.limits;
  }

  get inFlight(): number {
    return this.#open.size;
  }

  /** Ends what outlives requests. */
  close(): void {
    this.#responses.close();
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
      const local = this.#answerLocally(caller, exchange, snapshot);
      if (local !== false) return local === true ? undefined : await local;
      const lifecycle = this.#responses.recognise(caller.head);
      if (lifecycle !== null) return await this.#serveLifecycle(caller, exchange, snapshot, lifecycle);
      const recognised = recogniseEndpoint(caller.head);
      const { endpoint } = recognised;
      exchange.endpoint = endpoint.name;

      // admission(caller)
      exchange.phase = "queued";
      const { gateway } = this.#bulkheads;
      exchange.hold(gateway.tryAcquire() ?? (await this.#waitForPermit(gateway, "", exchange)));

      exchange.phase = "reading";
      const reading = this.#read(caller, recognised, snapshot);
      const request = reading instanceof Promise ? await reading : reading;
      exchange.startOwnWork();

      // route
      const home = this.#responses.providerOfPrevious(request.previousId);
      const routed = findDeployment(snapshot, request.model, home);
      const { provider, group } = routed.deployment;
      exchange.group = group;
      exchange.provider = provider.name;
      const plan = this.#plan(routed, endpoint, request.isStream);
      if (plan === null) {
        this.#answerEstimate(caller, exchange, recognised, request);
        return;
      }
      const outgoing = request.prepare(plan, {
        requestId: exchange.requestId,
        caller: exchange.caller,
        nowMs: this.#options.wallClock(),
        responses: this.#responses,
      });
      exchange.endOwnWork();

      // admission(deployment)
      exchange.phase = "queued";
      const bulkhead = this.#bulkheads.of(provider);
      exchange.hold(bulkhead.tryAcquire() ?? (await this.#waitForPermit(bulkhead, provider.name, exchange)));

      this.#attempt(caller, exchange, plan, outgoing, null);
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
      const { path, headers: fields } = caller.head;
      const { errors } = dialectOf(guessDialect(path, (name) => fields.get(name) !== null));
      const written = errors.write(neutralErrorOf(error), exchange.requestId);
      for (const [name, value] of written.headers)
        if (!headers.some(([own]) => own === name)) headers.push([name, value]);
      answerJson(caller, error.status, written.body, headers, nothingElse);
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
    const { body } = dialectOf(UNKNOWN_DIALECT).errors.write(neutralErrorOf(error), exchange.requestId);
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
  #read(caller: CallerStream, recognised: Recognised, snapshot: Snapshot): ReadRequest | Promise<ReadRequest> {
    refuseEncodedBody(caller.head);
    switch (recognised.endpoint.modelPlace) {
      case "json":
      case "path": {
        const body = caller.collectBody(snapshot.limits.maxBodyBytes);
        return body instanceof Promise
          ? body.then((collected) => readJson(caller, collected, recognised, snapshot))
          : readJson(caller, body, recognised, snapshot);
      }
      case "multipart":
        return readMultipart(caller, recognised, snapshot);
      case "query":
        return readUpgrade(caller);
      default:
        return recognised.endpoint.modelPlace satisfies never;
    }
  }

  // ---- route ----------------------------------------------------------------------------------------------------------

  /** null: the provider cannot, and the gateway has an answer of its own. */
  #plan(routed: Routed, endpoint: Endpoint, isStream: boolean): Plan | null {
    const { provider } = routed.deployment;
    const chosen = chooseSurface(provider, routed.upstreamModel, endpoint, isStream, (id) => dialectOf(id).endpoints);
    if (chosen !== null) return { routed, chosen };
    if (endpoint.operation === "count-tokens") return null;
    const what = `${provider.name} has nothing like ${endpoint.name} for this model`;
    throw new GatewayError("invalid_request", `The provider ${what}.`, {
      detail: "unsupported_operation",
      param: "model",
    });
  }

  #answerEstimate(caller: CallerStream, exchange: OpenExchange, recognised: Recognised, request: ReadRequest): void {
    exchange.endOwnWork();
    exchange.step = { cancel: () => this.#rescue(exchange, caller, new CallerGone()) };
    answerEstimate(caller, recognised, request, exchange.requestId, this.#options.wallClock(), () => {
      exchange.status = 200;
      this.#settle(exchange, caller, { kind: "finished" });
    });
  }

  // ---- stored responses -----------------------------------------------------------------------------------------------

  /** A request for a response that was made before: answered from our own store, or by the provider that keeps it. */
  async #serveLifecycle(
    caller: CallerStream,
    exchange: OpenExchange,
    snapshot: Snapshot,
    request: LifecycleRequest,
  ): Promise<void> {
    exchange.endpoint = `responses.${request.action}`;
    const answer = this.#responses.answer(request, caller.head, snapshot, exchange.caller);
    if (answer.kind === "local") {
      exchange.step = { cancel: () => this.#rescue(exchange, caller, new CallerGone()) };
      answerJson(caller, 200, answer.json, [["x-request-id", exchange.requestId]], () => {
        exchange.status = 200;
        this.#settle(exchange, caller, { kind: "finished" });
      });
      return;
    }
    const { provider, group } = answer.plan.routed.deployment;
    exchange.group = group;
    exchange.provider = provider.name;
    exchange.phase = "queued";
    const { gateway } = this.#bulkheads;
    exchange.hold(gateway.tryAcquire() ?? (await this.#waitForPermit(gateway, "", exchange)));
    const bulkhead = this.#bulkheads.of(provider);
    exchange.hold(bulkhead.tryAcquire() ?? (await this.#waitForPermit(bulkhead, provider.name, exchange)));
    this.#attempt(caller, exchange, answer.plan, answer.outgoing, null);
  }

  // ---- attempt --------------------------------------------------------------------------------------------------------

  /** One attempt with the next credential; `tried` are those that were refused before. */
  #attempt(
    caller: CallerStream,
    exchange: OpenExchange,
    plan: Plan,
    outgoing: Outgoing,
    tried: ReadonlySet<number> | null,
  ): void {
    const { provider } = plan.routed.deployment;
    const chosen = this.#credentials.choose(provider, tried);
    const credential = chosen?.credential ?? null;
    if (credential === null || credential.kind === "header") {
      this.#relay(caller, exchange, plan, outgoing, staticHeaders(credential), chosen);
      return;
    }
    const { method, path, body } = outgoing;
    const auth = credential.authorizer.authorize({ method, path, hostHeader: provider.origin.hostHeader, body });
    if (!(auth instanceof Promise)) {
      this.#relay(caller, exchange, plan, outgoing, auth, chosen);
      return;
    }
    exchange.phase = "connecting";
    exchange.step = { cancel: () => this.#rescue(exchange, caller, new CallerGone()) };
    void auth
      .then((headers) => this.#relay(caller, exchange, plan, outgoing, headers, chosen))
      .catch((thrown: unknown) => this.#rescue(exchange, caller, thrown));
  }

  // ---- relay ----------------------------------------------------------------------------------------------------------

  /** Starts the call to one deployment and the relay of its answer; its end settles the exchange. */
  #relay(
    caller: CallerStream,
    exchange: OpenExchange,
    plan: Plan,
    outgoing: Outgoing,
    auth: AuthHeaders,
    chosen: ChosenCredential | null,
  ): void {
    // A caller that left, or a drain that cut it, while the last step was already on its way.
    if (exchange.isSettled || caller.isGone) throw new CallerGone();
    exchange.startOwnWork();
    const { upload, isUpgrade, isStreamRequested } = outgoing;
    const attempt = new Attempt(exchange, this);
    const canRotate = chosen !== null && hasAnother(chosen) && upload === null && !isUpgrade;
    const relay = this.#makeRelay(caller, exchange, plan, outgoing, attempt, canRotate);
    const kind = isStreamRequested || isUpgrade ? "stream" : "answer";
    const request = composeCall(caller.head, exchange.requestId, plan, outgoing, auth);
    const call = this.#makeCall(exchange, plan.routed.deployment, request, kind, relay);
    attempt.attach(relay, call);
    exchange.step = attempt;
    if (upload !== null && relay instanceof AnswerRelay) {
      upload.onFailed = (error) => attempt.fail(error);
      relay.upload = upload;
    }
    if (chosen !== null && (chosen.ring !== null || chosen.credential.kind === "authorizer")) {
      attempt.onRefused = this.#makeRefusalNote(chosen);
    }
    if (canRotate) attempt.again = this.#makeRetry(caller, exchange, plan, outgoing, chosen);
    exchange.attempts++;
    exchange.phase = "connecting";
    exchange.endOwnWork();
    call.start();
    upload?.sendTo(call, plan.routed.upstreamModel);
    if (!canRotate) caller.forgetRequest();
  }

  // Each of the two in a function of its own: closures of one function share what any of them captures, and the note, which
  // lives as long as the stream, would keep the retry's request body with it (a megabyte a stream where prompts are long).

  #makeRefusalNote(chosen: ChosenCredential): (status: number, retryAfter: string | null) => void {
    return (status, retryAfter) => this.#credentials.noteRefused(chosen, status, retryAfter);
  }

  #makeRetry(
    caller: CallerStream,
    exchange: OpenExchange,
    plan: Plan,
    outgoing: Outgoing,
    { tried, index }: ChosenCredential,
  ): () => void {
    return () => this.#attempt(caller, exchange, plan, outgoing, new Set([...tried, index]));
  }

  #makeRelay(
    caller: CallerStream,
    exchange: OpenExchange,
    { chosen }: Plan,
    { isUpgrade, translation, isStreamRequested, choices, withholdsUsage, dropped, toKeep }: Outgoing,
    attempt: Attempt<OpenExchange>,
    mayRefuse: boolean,
  ): Relay & CallListener {
    const { requestId, provider, group, caller: name } = exchange;
    if (isUpgrade) return new UpgradeRelay(caller, requestId, attempt);
    if (translation !== null) {
      const where = { caller: name, group, provider };
      const onAnswered =
        toKeep === null
          ? null
          : (text: string) => this.#responses.keep(toKeep, text, { ...where, nowMs: this.#options.wallClock() });
      const budget = this.bodies;
      const options = { translation, isStreamRequested, requestId, dropped, mayRefuse, budget, onAnswered };
      return new TranslateRelay(caller, options, attempt);
    }
    const { grammar, answersJson, dialect } = chosen.endpoint;
    const { readUsage } = dialectOf(dialect);
    const options = {
      grammar,
      isStreamRequested,
      choices,
      answersJson,
      withholdsUsage,
      requestId,
      readUsage,
      mayRefuse,
      onId: makesResponses(chosen.endpoint) ? (id: string) => this.#responses.homes.note(id, provider) : null,
    };
    return new AnswerRelay(caller, options, attempt);
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
    exchange.usage = relay.usage;
    switch (end.kind) {
      case "complete":
        exchange.upstreamErrorType = relay.faultOfProvider();
        if (isCredentialRefused(exchange.status)) attempt.onRefused?.(exchange.status, null);
        if (exchange.status >= 400) {
          exchange.upstreamErrorType = upstreamErrorTypeOf(exchange.status);
          this.#settle(exchange, caller, { kind: "provider-error", status: exchange.status });
        } else this.#settle(exchange, caller, { kind: "finished" });
        return;
      case "truncated":
        if (end.error.code === "internal") this.#options.onFault(end.error.cause ?? end.error);
        exchange.upstreamErrorType = end.error.options.upstreamType ?? null;
        this.#settle(exchange, caller, { kind: "truncated", error: end.error });
        return;
      case "unanswered":
        this.#rescue(exchange, caller, end.error);
        return;
      case "refused":
        attempt.onRefused?.(end.status, end.retryAfter);
        try {
          attempt.again?.();
        } catch (thrown) {
          this.#rescue(exchange, caller, thrown); // the caller has left, or the next credential cannot be used
        }
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

  /** What the gateway answers by itself: models, and `OPTIONS *`. */
  #answerLocally(caller: CallerStream, exchange: OpenExchange, snapshot: Snapshot): boolean | Promise<void> {
    return answerLocally(caller, exchange.requestId, snapshot, (endpoint) => {
      exchange.endpoint = endpoint;
      exchange.step = { cancel: () => this.#rescue(exchange, caller, new CallerGone()) };
      return (status) => {
        exchange.status = status;
        this.#settle(exchange, caller, { kind: "finished" });
      };
    });
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

function nothingElse(): void {
  // the answer stands by itself
}

/**
 * The stack: one request from a caller's socket to a provider's and back.
 *
 *   listener ► rescue ► admission(caller) ► read ► route ► admission(deployment) ► relay ► settle
 *
 * The only file that imports rooms; `#serve` reads top to bottom in the order of the picture.
 */
import type { Socket } from "bun";
import { OpenExchange } from "./account/open-exchange.ts";
import { waitForPermit } from "./admission/bulkheads.ts";
import type { Bulkhead, Permit } from "./admission/bulkhead.ts";
import type { PermitLedger } from "./admission/permit-ledger.ts";
import { NOTHING_RESERVED, type RateScope } from "./admission/rate-limits.ts";
import type { Shedding } from "./admission/shedding.ts";
import { authenticate, CHALLENGE, mayCall, priorityOf } from "./auth/authenticate.ts";
import type { Endpoint } from "./dialect/dialect.ts";
import type { LifecycleRequest } from "./dialect/openai-responses/lifecycle.ts";
import { neutralErrorOf } from "./dialect/neutral-error.ts";
import { guessDialect, type Recognised, recogniseEndpoint } from "./dialect/recognise.ts";
import { GatewayError } from "./errors.ts";
import type { Caller, ExchangeObserver, ModelGroup, Origin, Outcome, RouteCounter, Snapshot } from "./exchange.ts";
import { answerLocally } from "./gateway/answer-locally.ts";
import { Drive } from "./gateway/drive.ts";
import { checkDeployment } from "./gateway/check-deployment.ts";
import { HealthChecks } from "./gateway/health-checks.ts";
import { answerEstimate } from "./gateway/estimate-count.ts";
import { rateHeaderLines, refusalError } from "./gateway/rate-headers.ts";
import {
  dialectOf,
  type ReadRequest,
  readJson,
  readMultipart,
  readUpgrade,
  refuseEncodedBody,
} from "./gateway/read-request.ts";
import { RequestFacts } from "./gateway/request-facts.ts";
import { ResponsesState } from "./gateway/responses-state.ts";
import { Router } from "./gateway/router.ts";
import { Upstreams } from "./gateway/upstreams.ts";
import type { Schedule } from "./lib/clock.ts";
import type { TimerWheel } from "./lib/timer-wheel.ts";
import { reasonOf } from "./relay/answer-head.ts";
import { answerJson } from "./relay/answer-json.ts";
import { findGroup, type FoundGroup, lookUpGroup } from "./route/find-group.ts";
import type { ResponseStore } from "./store/response-store.ts";
import { BodyBudget } from "./wire/body-budget.ts";
import { CallerConnection, type CallerHost } from "./wire/caller-connection.ts";
import { CallerGone, type CallerStream } from "./wire/caller-stream.ts";
import type { ConnectionPools } from "./wire/connection-pool.ts";
import { PendingBudget } from "./wire/pending-budget.ts";
import type { RequestHead } from "./wire/request-head.ts";

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
  /** What routing and admission count beside exchanges. */
  readonly count: (counter: RouteCounter, label: string) => void;
  /** Says which requests are refused before memory or the event loop gives out; null: none. */
  readonly shedding: Shedding | null;
  readonly random: () => number;
  /** Hears of errors that are nobody's but ours; the caller gets a plain 500. */
  readonly onFault: (error: unknown) => void;
};

/** Bytes that are no request say nothing of the API their sender meant: it is answered in the one most speak. */
const UNKNOWN_DIALECT = "openai-chat";
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const OVERLOADED_RETRY_SECONDS = 1;

export class Gateway implements CallerHost {
  readonly wheel: TimerWheel;
  readonly pending: PendingBudget;
  readonly bodies: BodyBudget;
  isDraining = false;
  /** Called whenever an exchange has ended; the drain counts on it. */
  onExchangeEnd: (() => void) | null = null;
  /** Called when the first exchange of a busy time begins. */
  onBusy: (() => void) | null = null;
  onConnectionClosed: ((connection: CallerConnection) => void) | null = null;
  #snapshot: Snapshot;
  readonly #options: GatewayOptions;
  readonly #open = new Map<OpenExchange, CallerStream | null>();
  readonly #responses: ResponsesState;
  readonly #upstreams: Upstreams;
  readonly #router: Router;
  readonly #health: HealthChecks;

  constructor(options: GatewayOptions) {
    const { snapshot } = options;
    this.#options = options;
    this.#snapshot = snapshot;
    this.wheel = options.wheel;
    this.pending = new PendingBudget(snapshot.limits.maxPendingBytesTotal);
    this.bodies = new BodyBudget(snapshot.limits.maxBufferedBytes);
    this.#responses = new ResponsesState(options.responseStore, options.onFault);
    this.#upstreams = new Upstreams({
      ...options,
      bodies: this.bodies,
      responses: this.#responses,
      answerEstimate: (exchange, caller, endpoint, request) =>
        this.#answerEstimate(exchange, caller, endpoint, request),
      settle: (exchange, caller, outcome) => this.#settle(exchange, caller, outcome),
      rescue: (exchange, caller, thrown) => this.#rescue(exchange, caller, thrown),
    });
    this.#router = new Router(this.#upstreams);
    const { schedule, random, clock, onFault, count } = options;
    this.#health = new HealthChecks({
      schedule,
      random,
      onFault,
      check: (deployment, timeoutMs, signal) => checkDeployment(this.#upstreams, deployment, timeoutMs, signal),
      onResult: (deployment, result) => {
        if (result !== "unknown") this.#upstreams.live.noteHealth(deployment, result === "healthy", clock());
        count("health_checks", result);
      },
    });
    this.#health.reconfigure(snapshot);
  }

  get limits(): Snapshot["limits"] {
    return this.#snapshot.limits;
  }

  get inFlight(): number {
    return this.#open.size;
  }

  get pools(): ConnectionPools {
    return this.#upstreams.pools;
  }

  /** What is known of deployments, for status and metrics. */
  get upstreams(): Upstreams {
    return this.#upstreams;
  }

  /** Ends what outlives requests. */
  close(): void {
    this.#health.close();
    this.#responses.close();
  }

  /** A new config: what comes uses it, what runs keeps the one it began with. State is kept by name. */
  swap(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.pending.maxBytes = snapshot.limits.maxPendingBytesTotal;
    this.bodies.maxBytes = snapshot.limits.maxBufferedBytes;
    this.#upstreams.reconfigure(snapshot);
    this.#health.reconfigure(snapshot);
  }

  /** Exchanges at each provider, for metrics and status. */
  *loads(): Iterable<{ readonly provider: string; readonly inFlight: number; readonly queued: number }> {
    const { bulkheads } = this.#upstreams;
    for (const provider of this.#snapshot.providers.keys()) yield { provider, ...bulkheads.loadOf(provider) };
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

  /** One exchange, from its head to its first attempt; what comes back settles it. */
  async #serve(caller: CallerStream): Promise<void> {
    const snapshot = this.#snapshot;
    const exchange = this.#begin(caller);
    try {
      // auth
      const who = authenticate(caller.head, snapshot.keys);
      exchange.caller = who.name;
      const local = this.#answerLocally(caller, exchange, snapshot, who);
      if (local !== false) return local === true ? undefined : await local;
      const lifecycle = this.#responses.recognise(caller.head);
      const recognised = lifecycle === null ? recogniseEndpoint(caller.head) : null;
      exchange.endpoint = recognised?.endpoint.name ?? `responses.${lifecycle?.action}`;

      // admission(caller)
      exchange.priority = priorityOf(caller.head.headers.get("x-llmux-priority"), who.key);
      this.#shed(exchange);
      exchange.phase = "queued";
      const { gateway } = this.#upstreams.bulkheads;
      exchange.hold(gateway.tryAcquire(0, exchange.priority) ?? (await this.#waitForPermit(gateway, 0, exchange)));
      if (exchange.isSettled) return;
      if (recognised === null) {
        this.#serveLifecycle(caller, exchange, snapshot, lifecycle as LifecycleRequest);
        return;
      }

      exchange.phase = "reading";
      const reading = this.#read(caller, recognised, snapshot);
      const request = reading instanceof Promise ? await reading : reading;
      if (exchange.isSettled) return;
      exchange.startOwnWork();
      const { group, rest } = lookUpGroup(snapshot, request.model) ?? refuseUnknown(snapshot, request.model, who);
      requireAllowed(who, request.model);
      const facts = this.#gatherFacts(caller, exchange, recognised, request, group, who);
      const admitting = this.#admit(exchange, snapshot, who, group, facts);
      if (admitting !== null) {
        exchange.endOwnWork();
        await admitting;
        if (exchange.isSettled) return;
      }

      // route
      exchange.group = group.name;
      const home = this.#responses.providerOfPrevious(request.previousId);
      const course = this.#router.plan({ snapshot, group, rest, facts, home, exchange, head: caller.head, who });
      // admission(deployment), attempts and relay
      const { endpoint } = recognised;
      new Drive(this.#upstreams, caller, exchange, { snapshot, endpoint, request, course, facts }).start();
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
      if (error.status === 401) headers.push(["www-authenticate", CHALLENGE]);
      if (exchange.attempts > 0) headers.push(["x-llmux-attempts", String(exchange.attempts)]);
      for (const line of exchange.ownLines?.().split("\r\n") ?? []) {
        const colon = line.indexOf(": ");
        if (colon !== -1) headers.push([line.slice(0, colon), line.slice(colon + 2)]);
      }
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

  /** Refuses before anything of the request is read, where memory or the event loop is about to give out. */
  #shed({ priority }: OpenExchange): void {
    const { shedding, random } = this.#options;
    if (shedding === null || shedding.admits(priority, random)) return;
    this.#options.count("shed", priority);
    throw new GatewayError("overloaded", `The gateway is overloaded and takes no requests of priority ${priority}.`, {
      retryAfterSeconds: shedding.retryAfterSeconds,
    });
  }

  /**
   * What belongs to the caller once the model is known: places of its key, its team and the model, tokens in flight, and rates.
   * null: all of it was there at once. Throws GatewayError `rate_limited` or `overloaded`, which names the limit that was hit.
   */
  #admit(
    exchange: OpenExchange,
    snapshot: Snapshot,
    who: Caller,
    group: ModelGroup,
    facts: RequestFacts,
  ): Promise<void> | null {
    const { bulkheads, limiter, clock, wallClock } = this.#upstreams;
    const team = who.key?.team ?? null;
    const scopes = limiter.callerScopes(snapshot, who, group);
    if (scopes.length > 0) {
      const dialect = facts.dialect;
      exchange.ownLines = () => rateHeaderLines(dialect, scopes, clock(), wallClock());
      const tokens = boundsTokens(scopes) ? facts.tokens : 0;
      const answer = limiter.reserve(scopes, tokens, clock());
      if (answer.kind === "refused") {
        this.#options.count("rate_limited", answer.scope);
        throw refusalError(answer);
      }
      if (answer !== NOTHING_RESERVED) exchange.reserved = answer;
    }
    const teamOf = team === null ? null : (snapshot.teams.get(team) ?? null);
    this.#take(bulkheads.ofKey(who.key), "key", who.name, exchange, facts);
    this.#take(bulkheads.ofTeam(teamOf), "team", team ?? "", exchange, facts);
    this.#take(bulkheads.ofModel(group), "model", group.name, exchange, facts);
    const { gatewayTokens } = bulkheads;
    if (gatewayTokens === null) return null;
    const { tokens } = facts;
    const permit = gatewayTokens.tryAcquire(tokens, exchange.priority);
    if (permit === null) {
      exchange.phase = "queued";
      return this.#waitForPermit(gatewayTokens, tokens, exchange).then((late) => exchange.hold(late));
    }
    exchange.hold(permit);
    return null;
  }

  /** A place that nobody waits for: full is full. */
  #take(
    bulkhead: Bulkhead | null,
    scope: "key" | "team" | "model",
    name: string,
    exchange: OpenExchange,
    facts: RequestFacts,
  ): void {
    if (bulkhead === null) return;
    const permit = bulkhead.tryAcquire(bulkhead.boundsTokens ? facts.tokens : 0, exchange.priority);
    if (permit !== null) {
      exchange.hold(permit);
      return;
    }
    this.#options.count("rate_limited", scope);
    const what = bulkhead.boundsTokens ? "requests or tokens in flight" : "concurrent requests";
    const message = `The ${scope} ${name} is at its limit of ${what}.`;
    const retryAfterSeconds = OVERLOADED_RETRY_SECONDS;
    // A caller's own limit is its business (429); a model's is not (503).
    throw scope === "model"
      ? new GatewayError("overloaded", message, { retryAfterSeconds })
      : new GatewayError("rate_limited", message, { retryAfterSeconds, detail: "rate_limit_exceeded" });
  }

  #waitForPermit(bulkhead: Bulkhead, tokens: number, exchange: OpenExchange): Promise<Permit> {
    return waitForPermit(bulkhead, exchange, tokens, exchange.priority, {
      onRejected: (reason) => {
        this.#options.onBulkheadRejected("");
        const why = {
          full: "is at its limit of concurrent requests",
          timeout: "had no free place in time",
          shed: "gave this request's place to a more urgent one",
        }[reason];
        return new GatewayError("overloaded", `The gateway ${why}.`, { retryAfterSeconds: OVERLOADED_RETRY_SECONDS });
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

  #gatherFacts(
    caller: CallerStream,
    exchange: OpenExchange,
    { endpoint }: Recognised,
    { model, isStream, body }: ReadRequest,
    group: ModelGroup,
    who: Caller,
  ): RequestFacts {
    const { head } = caller;
    return new RequestFacts({
      model,
      endpoint: endpoint.name,
      dialect: endpoint.dialect,
      isStream,
      priority: exchange.priority,
      group: group.name,
      caller: who,
      head,
      body,
      ratios: this.#upstreams.ratios,
    });
  }

  #answerEstimate(exchange: OpenExchange, caller: CallerStream, endpoint: Endpoint, request: ReadRequest): void {
    exchange.endOwnWork();
    exchange.step = { cancel: () => this.#rescue(exchange, caller, new CallerGone()) };
    answerEstimate(caller, endpoint, request, exchange.requestId, this.#options.wallClock(), () => {
      exchange.status = 200;
      this.#settle(exchange, caller, { kind: "finished" });
    });
  }

  // ---- stored responses -----------------------------------------------------------------------------------------------

  /** A request for a response that was made before: answered from our own store, or by the provider that keeps it. */
  #serveLifecycle(caller: CallerStream, exchange: OpenExchange, snapshot: Snapshot, request: LifecycleRequest): void {
    const answer = this.#responses.answer(request, caller.head, snapshot, exchange.caller);
    if (answer.kind === "local") {
      exchange.step = { cancel: () => this.#rescue(exchange, caller, new CallerGone()) };
      answerJson(caller, 200, answer.json, [["x-request-id", exchange.requestId]], () => {
        exchange.status = 200;
        this.#settle(exchange, caller, { kind: "finished" });
      });
      return;
    }
    new Drive(this.#upstreams, caller, exchange, null).startFixed(answer.plan, answer.outgoing);
  }

  // ---- settle ---------------------------------------------------------------------------------------------------------

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
    if (this.#open.size === 0) this.onBusy?.();
    this.#open.set(exchange, caller);
    return exchange;
  }

  /** What the gateway answers by itself: models, and `OPTIONS *`. */
  #answerLocally(
    caller: CallerStream,
    exchange: OpenExchange,
    snapshot: Snapshot,
    who: Caller,
  ): boolean | Promise<void> {
    return answerLocally(caller, exchange.requestId, snapshot, who, (endpoint) => {
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

function boundsTokens(scopes: readonly RateScope[]): boolean {
  for (const scope of scopes) if (scope.boundsTokens) return true;
  return false;
}

function isRead(head: RequestHead): boolean {
  return head.method === "GET" || head.method === "HEAD";
}

/** Throws GatewayError `not_found`, which names models that the key may call. */
function refuseUnknown(snapshot: Snapshot, model: string, { key }: Caller): FoundGroup {
  return findGroup(snapshot, model, (name) => mayCall(key, name));
}

/** Throws GatewayError `forbidden` for a model that is there, but not for this key. */
function requireAllowed({ name, key }: Caller, model: string): void {
  if (mayCall(key, model)) return;
  throw new GatewayError("forbidden", `The key ${name} may not call the model \`${model.slice(0, 100)}\`.`, {
    detail: "model_not_allowed",
    param: "model",
  });
}

function nothingElse(): void {
  // the answer stands by itself
}

/**
 * Drives one exchange through its attempts: the course says what comes next, the drive does it. From a candidate over the
 * deployment's admission to a call and its relay, and from each end of those to the next move or to the exchange's own end.
 */
import type { Permit, RejectReason, Ticket } from "../admission/bulkhead.ts";
import { type OpenExchange, tokensOf } from "../account/open-exchange.ts";
import type { Endpoint } from "../dialect/dialect.ts";
import { GatewayError, upstreamErrorTypeOf } from "../errors.ts";
import type { AuthHeaders, Snapshot } from "../exchange.ts";
import type { FailureClass } from "../policy.ts";
import type { RelayEnd } from "../relay/answer-relay.ts";
import { AnswerRelay } from "../relay/answer-relay.ts";
import { CommitGate, type HeldAnswer } from "../relay/commit-gate.ts";
import type { Relay } from "../relay/relay.ts";
import { TranslateRelay } from "../relay/translate-relay.ts";
import { chooseSurface } from "../route/choose-surface.ts";
import type { Course } from "../route/course.ts";
import { classifyStatus } from "../route/failure-class.ts";
import type { Move } from "../route/move.ts";
import { CallerGone, type CallerStream } from "../wire/caller-stream.ts";
import { type CallListener, UpstreamCall } from "../wire/upstream-call.ts";
import { authorizeAttempt, enterDeployment, type FullPlace, noPlace, takePlaces, type Unfit } from "./admit-attempt.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import { composeCall } from "./compose-call.ts";
import { readErrorAnswer } from "./error-answer.ts";
import { judgeError, judgeFailure, judgeSuccess } from "./judge.ts";
import type { LiveCandidate } from "./live-deployments.ts";
import { makeRelay, makeSlowAnswerGuard } from "./make-relay.ts";
import type { Outgoing, Plan } from "./outgoing.ts";
import { dialectOf, type Preparing, type ReadRequest } from "./read-request.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Upstreams } from "./upstreams.ts";

/** What a stream may be continued: each time another deployment broke off. */
const MAX_RESUMES = 3;

/** What a drive is given beside the places it goes to. */
export type DriveInput = {
  readonly snapshot: Snapshot;
  readonly endpoint: Endpoint;
  readonly request: ReadRequest;
  readonly course: Course;
  readonly facts: RequestFacts;
};

/** A stream that broke off in the middle, and why. */
type Broken = { readonly attempt: Attempt; readonly error: GatewayError };

export class Drive implements AttemptOwner {
  readonly #upstreams: Upstreams;
  readonly #caller: CallerStream;
  readonly #exchange: OpenExchange;
  /** null once bytes have reached the caller: then nothing is tried any more, and nothing of the request is kept. */
  #pending: DriveInput | null;
  #attempt: Attempt | null = null;
  #rival: Attempt | null = null;
  /** The one whose answer goes to the caller. */
  #winner: Attempt | null = null;
  #ticket: Ticket | null = null;
  #cancelWait: (() => void) | null = null;
  #cancelHedge: (() => void) | null = null;
  /** By provider: credentials that were refused; null while none was. */
  #tried: Map<string, Set<number>> | null = null;
  #resumes = 0;
  /** A stream that broke off and may be continued; set until nobody goes on with it. */
  #broken: Broken | null = null;
  /** Of a stream that several wrote: what those before the present one used. */
  #tokensBefore = 0;
  /** Size of the prompt, where an estimate was made that the truth can teach. */
  #prompt: RequestFacts["seenHints"] = null;

  constructor(upstreams: Upstreams, caller: CallerStream, exchange: OpenExchange, input: DriveInput | null) {
    this.#upstreams = upstreams;
    this.#caller = caller;
    this.#exchange = exchange;
    this.#pending = input;
  }

  /** The first move. */
  start(): void {
    const { course } = this.#pending as DriveInput;
    this.#follow(course.start(this.#now(), this.#wallNow()));
  }

  /** The one attempt of a request whose place is fixed. */
  startFixed(plan: Plan, outgoing: Outgoing): void {
    const { deployment, upstreamModel } = plan.routed;
    const candidate: LiveCandidate = { deployment, upstreamModel, live: this.#upstreams.live.of(deployment) };
    this.#follow(this.#begin(candidate, plan, outgoing, false));
  }

  // ---- Step of the exchange -----------------------------------------------------------------------------------------------

  /** The caller left: every provider's connection is closed before this returns. */
  cancel(): void {
    const { call } = this.#winner ?? this.#attempt ?? { call: null };
    if (call !== null && (call.phase === "connecting" || call.phase === "waiting")) this.#exchange.phase = call.phase;
    const relay = this.#winner?.relay ?? null;
    if (relay !== null) this.#take(relay);
    const { usage } = this.#exchange;
    if (usage !== null && this.#winner !== null) this.#upstreams.onUsage(this.#winner.candidate.deployment, usage);
    this.#abandonAll();
    this.#exchange.noteUpstreamClosed();
    this.#upstreams.settle(this.#exchange, this.#caller, { kind: "cancelled", phase: this.#exchange.phase });
  }

  /** The gateway ends it: what streams is told to be cut, what is not answered gets the error. */
  cut(error: GatewayError): void {
    const relay = this.#winner?.relay ?? null;
    if (this.#broken !== null) this.#giveUp({ attempt: this.#broken.attempt, error });
    else if (relay !== null) relay.cut(error);
    else this.#rescue(error);
  }

  // ---- Moves --------------------------------------------------------------------------------------------------------------

  #follow(move: Move | null): void {
    let next = move;
    try {
      while (next !== null) next = this.#make(next);
    } catch (thrown) {
      this.#rescue(thrown);
    }
  }

  /** Does one move; gives the next one where that could not even begin. */
  #make(move: Move): Move | null {
    if (this.#exchange.isSettled) return null;
    if (this.#caller.isGone) throw new CallerGone();
    switch (move.kind) {
      case "try":
        return this.#try(move.candidate as LiveCandidate, false);
      case "wait": {
        this.#exchange.phase = "queued";
        this.#exchange.endOwnWork();
        this.#exchange.step = this;
        // After the wait its credentials are worth another try.
        this.#tried?.delete(move.candidate.deployment.provider.name);
        this.#cancelWait = this.#upstreams.schedule(move.ms, () => {
          this.#cancelWait = null;
          this.#follow({ kind: "try", candidate: move.candidate });
        });
        return null;
      }
      case "end":
        throw move.error ?? new GatewayError("no_deployment", "No deployment answered.", { retryAfterSeconds: 1 });
      default:
        return move satisfies never;
    }
  }

  /** Says the request in the deployment's words and begins the attempt. */
  #try(candidate: LiveCandidate, isHedge: boolean): Move | null {
    const pending = this.#pending as DriveInput;
    const { deployment, upstreamModel } = candidate;
    const exchange = this.#exchange;
    const { endpoint, request, facts, snapshot } = pending;
    let plan: Plan;
    let outgoing: Outgoing;
    try {
      const chosen = chooseSurface(
        deployment.provider,
        upstreamModel,
        endpoint,
        facts.isStream,
        (id) => dialectOf(id).endpoints,
      );
      if (chosen === null && endpoint.operation === "count-tokens") {
        exchange.group = deployment.group;
        exchange.provider = deployment.provider.name;
        this.#upstreams.answerEstimate(exchange, this.#caller, endpoint, request);
        return null;
      }
      if (chosen === null) throw unsupported(deployment.provider.name, endpoint.name);
      plan = { routed: candidate, chosen };
      outgoing = request.prepare(plan, this.#preparing(candidate, snapshot));
    } catch (thrown) {
      const error = GatewayError.from(thrown);
      if (error.code === "internal" || isHedge) throw error;
      // Another deployment may be able to say it; what this one cannot is told where nobody can.
      return pending.course.afterUnfit(candidate, error.message, error, this.#now(), this.#wallNow());
    }
    return this.#begin(candidate, plan, outgoing, isHedge);
  }

  #preparing(candidate: LiveCandidate, snapshot: Snapshot): Preparing {
    const { group } = candidate.deployment;
    const policy = (snapshot.models.get(group) ?? snapshot.implicitGroups.get(group))?.policy;
    const relay = this.#broken?.attempt.relay;
    return {
      requestId: this.#exchange.requestId,
      caller: this.#exchange.caller,
      nowMs: this.#wallNow(),
      responses: this.#upstreams.responses,
      isResumable: this.#broken !== null || policy?.resume === "text",
      continues: relay instanceof TranslateRelay ? (relay.resumable?.text ?? null) : null,
    };
  }

  /** An attempt from here on holds what it must give back. */
  #begin(candidate: LiveCandidate, plan: Plan, outgoing: Outgoing, isHedge: boolean): Move | null {
    const attempt = new Attempt(this, candidate, plan, outgoing, isHedge);
    if (isHedge) this.#rival = attempt;
    else this.#attempt = attempt;
    this.#exchange.step = this;
    return this.#admit(attempt, 0);
  }

  // ---- Admission (deployment) ---------------------------------------------------------------------------------------------

  #admit(attempt: Attempt, from: number): Move | null {
    const facts = this.#pending?.facts ?? null;
    const full = takePlaces(this.#upstreams, attempt, from, facts, this.#exchange.priority);
    if (full === null) return this.#enter(attempt);
    if (attempt.isHedge) this.#drop(attempt);
    else this.#queue(attempt, full);
    return null;
  }

  /** Waits in the queue, where there is one. */
  #queue(attempt: Attempt, { at, bulkhead, tokens }: FullPlace): void {
    const exchange = this.#exchange;
    exchange.phase = "queued";
    exchange.endOwnWork();
    let isAnswered = false;
    const waiter = {
      onGranted: (permit: Permit) => {
        isAnswered = true;
        this.#stopWaiting();
        attempt.hold(permit);
        this.#goOn(() => this.#admit(attempt, at + 1));
      },
      onRejected: (reason: RejectReason) => {
        isAnswered = true;
        this.#stopWaiting();
        const { name } = attempt.candidate.deployment.provider;
        this.#upstreams.onBulkheadRejected(name);
        this.#goOn(() => this.#unfit(attempt, noPlace(name, reason, bulkhead.boundsTokens)));
      },
    };
    const ticket = bulkhead.enqueue(waiter, tokens, exchange.priority);
    if (isAnswered) return;
    this.#ticket = ticket;
    // The request's own time goes on while it waits.
    const { totalMs } = attempt.candidate.deployment.timeouts;
    this.#cancelWait = this.#upstreams.schedule(exchange.startedMs + totalMs - this.#now(), () => {
      this.#cancelWait = null;
      this.#rescue(
        new GatewayError("upstream_timeout", `The request found no free place within its total of ${totalMs} ms.`),
      );
    });
  }

  #enter(attempt: Attempt): Move | null {
    const upstreams = this.#upstreams;
    const nowMs = this.#now();
    const { facts, course } = this.#pending ?? { facts: null, course: null };
    const unfit = enterDeployment(upstreams, attempt, facts, course?.isLastResort === true, nowMs);
    if (unfit !== null) return this.#unfit(attempt, unfit);
    const tried = this.#tried?.get(attempt.candidate.deployment.provider.name) ?? null;
    try {
      const auth = authorizeAttempt(upstreams, attempt, tried);
      if (auth === "none left") return this.#unfit(attempt, { why: "every credential was refused", error: null });
      if (!(auth instanceof Promise)) {
        this.#launch(attempt, auth, nowMs);
        return null;
      }
      this.#exchange.phase = "connecting";
      auth
        .then((headers) => {
          if (!attempt.isOver) this.#launch(attempt, headers, this.#now());
        })
        .catch((thrown: unknown) => this.#unauthorised(attempt, thrown));
    } catch (thrown) {
      if (thrown instanceof CallerGone || attempt.call !== null) throw thrown;
      this.#unauthorised(attempt, thrown);
    }
    return null;
  }

  /** Its credential cannot be had (a key of the wrong form, a token service that is down): as if the provider had refused it. */
  #unauthorised(attempt: Attempt, thrown: unknown): void {
    if (attempt.isOver) return;
    const error = GatewayError.from(thrown);
    const isOurs = error.code === "internal" || thrown instanceof CallerGone;
    const told = isOurs
      ? error
      : new GatewayError(error.code, error.message, { upstreamType: "auth", ...error.options, cause: thrown });
    if (thrown instanceof CallerGone) this.#rescue(thrown);
    else this.onAttemptEnd(attempt, { kind: "unanswered", error: told });
  }

  /** The deployment cannot take it: no attempt was made. */
  #unfit(attempt: Attempt, { why, error }: Unfit): Move | null {
    this.#drop(attempt);
    if (attempt.isHedge) return null;
    const { course } = this.#pending ?? {};
    if (course === undefined)
      throw error ?? new GatewayError("no_deployment", `The deployment is out: ${why}.`, { retryAfterSeconds: 1 });
    return course.afterUnfit(attempt.candidate, why, error, this.#now(), this.#wallNow());
  }

  // ---- Relay --------------------------------------------------------------------------------------------------------------

  /** Starts the call; what comes back goes through the gate, or straight to a relay where nothing could be sent twice. */
  #launch(attempt: Attempt, auth: AuthHeaders, nowMs: number): void {
    const exchange = this.#exchange;
    // A caller that left, or a drain that cut it, while the last step was already on its way.
    if (exchange.isSettled || this.#caller.isGone) throw new CallerGone();
    const upstreams = this.#upstreams;
    const plan = attempt.plan as Plan;
    const outgoing = attempt.outgoing as Outgoing;
    const { deployment } = plan.routed;
    const { upload, isUpgrade, isStreamRequested } = outgoing;
    this.#name(attempt);
    if (this.#broken === null) {
      // What an attempt before it came to is not this one's.
      exchange.status = 0;
      exchange.usage = null;
      exchange.upstreamErrorType = null;
    }
    if (exchange.attempts++ === 0) upstreams.live.budgetOf(deployment.provider, nowMs).onRequest(nowMs);
    attempt.startedMs = nowMs;
    const kind = isStreamRequested || isUpgrade ? "stream" : "answer";
    const bytes = composeCall(this.#caller.head, exchange.requestId, plan, outgoing, auth);
    let listener: CallListener;
    const broken = this.#broken;
    if (broken !== null) {
      upstreams.count("resumes", deployment.group);
      // It goes on with what another deployment began.
      attempt.relay = broken.attempt.relay;
      this.#winner = attempt;
      listener = attempt.relay as Relay;
    } else if (upload === null && !isUpgrade) {
      attempt.gate = new CommitGate(
        attempt,
        upstreams.wheel,
        isStreamRequested,
        makeSlowAnswerGuard(plan, outgoing, this.#policy()),
      );
      listener = attempt.gate;
    } else {
      this.#winner = attempt;
      attempt.relay = makeRelay(this.#upstreams, this.#caller, this.#exchange, attempt, this.#mayResume());
      listener = attempt.relay;
    }
    const { timeouts } = deployment;
    const call = new UpstreamCall(upstreams.poolOf(deployment.provider, kind), bytes, {
      timeouts,
      totalDeadlineMs: exchange.startedMs + timeouts.totalMs,
      wheel: upstreams.wheel,
      listener,
    });
    attempt.call = call;
    exchange.phase = "connecting";
    if (broken !== null) {
      const { translation } = outgoing;
      if (translation === null) throw new GatewayError("internal", "A stream cannot be continued without translation.");
      const mark = `${deployment.provider.name}/${plan.routed.upstreamModel}`;
      if (!(broken.attempt.relay as TranslateRelay).resume(call, translation, mark, attempt)) return;
      this.#broken = null;
    } else if (attempt.gate !== null) attempt.gate.attach(call);
    else attempt.relay?.attach(call);
    if (upload !== null && attempt.relay instanceof AnswerRelay) {
      upload.onFailed = (error) => attempt.fail(error);
      attempt.relay.upload = upload;
    }
    exchange.endOwnWork();
    call.start();
    upload?.sendTo(call, plan.routed.upstreamModel);
    if (broken === null && !attempt.isHedge) this.#armHedge(attempt);
  }

  /** What is told of the exchange is told of this attempt's deployment. */
  #name({ candidate: { deployment } }: Attempt): void {
    this.#exchange.group = deployment.group;
    this.#exchange.provider = deployment.provider.name;
  }

  /** Of the group that the present attempt belongs to. */
  #policy() {
    const { snapshot } = this.#pending ?? {};
    const { group } = this.#exchange;
    return (snapshot?.models.get(group) ?? snapshot?.implicitGroups.get(group))?.policy;
  }

  #mayResume(): boolean {
    return this.#policy()?.resume === "text";
  }

  // ---- Hedging ------------------------------------------------------------------------------------------------------------

  #armHedge(attempt: Attempt): void {
    const pending = this.#pending;
    if (pending === null || attempt.gate === null || pending.endpoint.operation === "count-tokens") return;
    const { snapshot } = pending;
    const { group: name } = attempt.candidate.deployment;
    const group = snapshot.models.get(name) ?? snapshot.implicitGroups.get(name);
    const settings = group?.policy.hedge ?? null;
    if (group === undefined || settings === null) return;
    const control = this.#upstreams.live.hedgeOf(group);
    if (this.#exchange.attempts === 1) control.onRequest(this.#now());
    const delayMs = control.delayMs(settings);
    if (delayMs === null) return;
    this.#cancelHedge?.();
    this.#cancelHedge = this.#upstreams.schedule(delayMs, () => {
      this.#cancelHedge = null;
      if (this.#pending === null || this.#winner !== null || this.#attempt !== attempt || attempt.isOver) return;
      const candidate = pending.course.hedge(this.#now(), this.#wallNow());
      if (candidate === null) return;
      if (!control.tryHedge(settings, this.#now())) {
        pending.course.withdrawHedge(this.#now());
        return;
      }
      try {
        this.#try(candidate as LiveCandidate, true);
      } catch (thrown) {
        // The first attempt goes on as if there had been no second one; only our own mistakes are told.
        const error = GatewayError.from(thrown);
        if (error.code === "internal") this.#upstreams.onFault(error.cause ?? error);
        if (this.#rival !== null) this.#drop(this.#rival);
      }
      if (this.#rival === null) pending.course.withdrawHedge(this.#now());
    });
  }

  // ---- From attempts ------------------------------------------------------------------------------------------------------

  onAnswer(attempt: Attempt): Relay | null {
    if (this.#winner !== null) {
      this.#drop(attempt);
      return null;
    }
    this.#winner = attempt;
    this.#cancelHedge?.();
    this.#cancelHedge = null;
    if (this.#rival !== null) this.#upstreams.count("hedges", String(attempt === this.#rival));
    const other = attempt === this.#rival ? this.#attempt : this.#rival;
    if (other !== null && other !== attempt) this.#drop(other);
    this.#name(attempt);
    attempt.relay = makeRelay(this.#upstreams, this.#caller, this.#exchange, attempt, this.#mayResume());
    attempt.gate = null;
    return attempt.relay;
  }

  onErrorAnswer(attempt: Attempt, answer: HeldAnswer): boolean {
    const said = readErrorAnswer(answer, attempt.candidate.deployment.provider, this.#wallNow());
    this.#exchange.upstreamErrorType = said.type;
    judgeFailure(this.#upstreams, attempt, said.class, said.status, said.retryAfterMs);
    this.#name(attempt);
    if (this.#hasOther(attempt)) {
      attempt.end("unserved", this.#now());
      this.#drop(attempt);
      return false;
    }
    const move = this.#nextAfter(attempt, said.class, said.retryAfterMs);
    const isLast = move === null || move.kind === "end";
    // Whatever comes last is the answer: a provider's own word says more than ours.
    if (isLast && said.hidden === null) return true;
    attempt.end("unserved", this.#now());
    this.#attempt = null;
    // After the gate has let go of the call.
    queueMicrotask(() => {
      if (!isLast) this.#follow(move);
      else this.#rescue(said.hidden);
    });
    return false;
  }

  onFirstByte(attempt: Attempt): void {
    const exchange = this.#exchange;
    exchange.phase = "streaming";
    exchange.noteFirstByte();
    const { relay, candidate } = attempt;
    if (relay !== null && relay.status < 300) {
      const nowMs = this.#now();
      const firstByteMs = nowMs - attempt.startedMs;
      attempt.noteFirstByte(firstByteMs, nowMs);
      // A whole answer's first byte comes with its last: only a stream tells how soon a deployment begins.
      if (relay.isStream || this.#pending?.endpoint.operation !== "generate")
        candidate.live.firstByte.add(firstByteMs, nowMs);
      this.#upstreams.onFirstByte(candidate.deployment, firstByteMs);
    }
    if (!this.#mayResume()) this.#forgetRequest(attempt);
  }

  onProviderDone(): void {
    this.#exchange.noteUpstreamEnd();
  }

  onAttemptEnd(attempt: Attempt, end: RelayEnd): void {
    if (attempt.isOver) return;
    const exchange = this.#exchange;
    if (attempt.relay !== null) this.#take(attempt.relay);
    switch (end.kind) {
      case "complete":
        this.#complete(attempt);
        return;
      case "truncated":
        // It answered as long as it was given: the total time is the config's, and no fault.
        if (end.error.options.upstreamType === "timeout_total") attempt.judge("neutral", this.#now());
        judgeError(this.#upstreams, attempt, end.error);
        if (exchange.usage !== null) this.#upstreams.onUsage(attempt.candidate.deployment, exchange.usage);
        this.#end(attempt);
        exchange.upstreamErrorType = end.error.options.upstreamType ?? null;
        this.#upstreams.settle(exchange, this.#caller, { kind: "truncated", error: end.error });
        return;
      case "interrupted":
        this.#interrupted(attempt, end.error);
        return;
      case "unanswered":
        this.#unanswered(attempt, end.error);
        return;
      default:
        end satisfies never;
    }
  }

  /** What the relay knows of the answer so far. */
  #take({ status, isStream, usage }: Relay): void {
    this.#exchange.status = status;
    this.#exchange.isStream = isStream;
    this.#exchange.usage = usage;
  }

  #complete(attempt: Attempt): void {
    const exchange = this.#exchange;
    const { status } = exchange;
    const fault = attempt.relay?.faultOfProvider() ?? null;
    exchange.upstreamErrorType = fault;
    if (status >= 400) exchange.upstreamErrorType = upstreamErrorTypeOf(status);
    if (status >= 400) judgeFailure(this.#upstreams, attempt, classifyStatus(status), status, null);
    else if (fault !== null) judgeFailure(this.#upstreams, attempt, "server", status, null);
    else judgeSuccess(this.#upstreams, attempt, exchange.usage, this.#prompt ?? this.#pending?.facts.seenHints ?? null);
    this.#end(attempt);
    const outcome = status >= 400 ? ({ kind: "provider-error", status } as const) : ({ kind: "finished" } as const);
    this.#upstreams.settle(exchange, this.#caller, outcome);
  }

  #unanswered(attempt: Attempt, error: GatewayError): void {
    const failureClass = judgeError(this.#upstreams, attempt, error);
    if (this.#winner === attempt) this.#winner = null;
    const hasOther = this.#hasOther(attempt);
    const move = failureClass === null || hasOther ? null : this.#nextAfter(attempt, failureClass, null);
    this.#end(attempt, "unserved");
    if (hasOther) return;
    this.#name(attempt);
    this.#exchange.upstreamErrorType = error.options.upstreamType ?? null;
    if (move === null || move.kind === "end") this.#rescue(error);
    else this.#follow(move);
  }

  // ---- Resuming -----------------------------------------------------------------------------------------------------------

  /** A plain text broke off in mid-stream: another deployment goes on where it stopped, or the caller is told. */
  #interrupted(attempt: Attempt, error: GatewayError): void {
    const failureClass = judgeError(this.#upstreams, attempt, error);
    const canGoOn = failureClass !== null && this.#resumes++ < MAX_RESUMES && !this.#caller.isGone;
    const move = canGoOn ? this.#nextAfter(attempt, failureClass, null) : null;
    const tokens = tokensOf(attempt.relay?.usage ?? null);
    // What the relay knows is the sum over all that wrote this stream.
    attempt.end(tokens === null ? null : tokens - this.#tokensBefore, this.#now());
    this.#tokensBefore = tokens ?? this.#tokensBefore;
    this.#broken = { attempt, error };
    if (move === null || move.kind === "end") this.#giveUp(this.#broken);
    else this.#follow(move);
  }

  /** Nobody goes on: an attempt that was none hears what becomes of the rest. */
  #giveUp({ attempt, error }: Broken): void {
    const { candidate, plan, outgoing, relay } = attempt;
    this.#stopWaiting();
    if (this.#attempt !== null) this.#drop(this.#attempt);
    const last = new Attempt(this, candidate, plan as Plan, outgoing as Outgoing, false);
    last.relay = relay;
    last.isJudged = true;
    this.#winner = last;
    this.#broken = null;
    (relay as TranslateRelay).giveUp(error, last);
  }

  // ---- What became of an attempt --------------------------------------------------------------------------------------------

  /** null where nothing can be tried again. */
  #nextAfter(attempt: Attempt, failureClass: FailureClass, retryAfterMs: number | null): Move | null {
    const pending = this.#pending;
    if (pending === null || attempt.isHedge !== (attempt === this.#rival)) return null;
    if (pending.request.body === null || this.#caller.isGone) return null;
    const { provider } = attempt.candidate.deployment;
    const { credential } = attempt;
    let hasOtherCredential = false;
    if (credential !== null && (failureClass === "auth" || failureClass === "rate_limit")) {
      hasOtherCredential = this.#upstreams.credentials.hasAnother(credential);
      this.#tried ??= new Map();
      const tried = this.#tried.get(provider.name) ?? new Set<number>();
      tried.add(credential.index);
      this.#tried.set(provider.name, tried);
    }
    const failure = { class: failureClass, retryAfterMs, hasOtherCredential };
    const move = pending.course.afterFailure(attempt.candidate, failure, this.#now(), this.#wallNow());
    if (move.kind !== "end") {
      const { group } = move.candidate.deployment;
      this.#upstreams.count("retries", failureClass);
      if (group !== attempt.candidate.deployment.group) this.#upstreams.count("fallbacks", group);
    }
    return move;
  }

  /** Whether the other one of a race is still running. */
  #hasOther(attempt: Attempt): boolean {
    const other = attempt === this.#rival ? this.#attempt : this.#rival;
    return other !== null && other !== attempt && !other.isOver;
  }

  /** What the present attempt used: of a stream that several wrote, its own part. */
  #tokensOfLast(): number | null {
    const tokens = tokensOf(this.#exchange.usage);
    return tokens === null ? null : tokens - this.#tokensBefore;
  }

  /** The attempt is over. */
  #end(attempt: Attempt, tokens: number | null | "unserved" = this.#tokensOfLast()): void {
    attempt.end(tokens, this.#now());
    if (attempt === this.#rival) this.#rival = null;
    else if (attempt === this.#attempt) this.#attempt = null;
  }

  /** Gives up one attempt without a word to the caller. */
  #drop(attempt: Attempt): void {
    attempt.abandon(this.#now());
    if (attempt === this.#rival) this.#rival = null;
    else if (attempt === this.#attempt) this.#attempt = null;
  }

  #stopWaiting(): void {
    this.#ticket?.leave();
    this.#cancelWait?.();
    this.#cancelHedge?.();
    this.#ticket = null;
    this.#cancelWait = null;
    this.#cancelHedge = null;
  }

  #abandonAll(): void {
    const nowMs = this.#now();
    this.#stopWaiting();
    this.#winner?.abandon(nowMs, this.#tokensOfLast());
    this.#attempt?.abandon(nowMs);
    this.#rival?.abandon(nowMs);
    this.#pending = null;
  }

  /** Bytes have reached the caller: nothing is tried any more, and nothing of the request is kept. */
  #forgetRequest(attempt: Attempt): void {
    this.#prompt = this.#pending?.facts.seenHints ?? null;
    this.#pending = null;
    this.#tried = null;
    this.#exchange.ownLines = null;
    attempt.plan = null;
    attempt.outgoing = null;
    this.#caller.forgetRequest();
  }

  #rescue(thrown: unknown): void {
    // What has begun to answer is told in the stream itself.
    if (this.#broken !== null && !this.#caller.isGone && !this.#exchange.isSettled) {
      this.#giveUp(this.#broken);
      return;
    }
    this.#upstreams.rescue(this.#exchange, this.#caller, thrown);
  }

  /** After a wait. */
  #goOn(step: () => Move | null): void {
    if (this.#exchange.isSettled) return;
    try {
      this.#follow(step());
    } catch (thrown) {
      this.#rescue(thrown); // the caller has left, or what comes next cannot be done
    }
  }

  #now(): number {
    return this.#upstreams.clock();
  }

  #wallNow(): number {
    return this.#upstreams.wallClock();
  }
}

function unsupported(provider: string, endpoint: string): GatewayError {
  return new GatewayError("invalid_request", `The provider ${provider} has nothing like ${endpoint} for this model.`, {
    detail: "unsupported_operation",
    param: "model",
  });
}

/**
 * Active health checks: the cheapest request there is to each deployment that wants one, on an interval. They find out that a
 * deployment is back, or gone, before a caller does; they are counted apart and never stand for a caller's request.
 */
import { DIALECTS } from "../dialect/dialects.ts";
import type { Endpoint, Operation } from "../dialect/dialect.ts";
import { patchMembers } from "../dialect/json-request.ts";
import { fillModel } from "../dialect/recognise.ts";
import { translateRequest } from "../dialect/translate.ts";
import type { GatewayError } from "../errors.ts";
import type { AuthHeaders, Deployment, Snapshot, Surface } from "../exchange.ts";
import type { Json } from "../lib/json.ts";
import type { Cancel, Schedule } from "../lib/clock.ts";
import type { TimerWheel } from "../lib/timer-wheel.ts";
import { quirksOf } from "../provider/quirks-of.ts";
import { composeUpstreamRequest, upstreamTarget } from "../relay/upstream-head.ts";
import { chooseSurface } from "../route/choose-surface.ts";
import type { BodySlices } from "../wire/chunked.ts";
import type { ConnectionPool } from "../wire/connection-pool.ts";
import { parseRequestHead, type RequestHead } from "../wire/request-head.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import { type CallListener, UpstreamCall } from "../wire/upstream-call.ts";
import { dialectOf, membersOf } from "./read-request.ts";

/** `unknown`: it was reached, and its answer says nothing of the deployment (a refused credential, a rate limit). */
export type HealthResult = "healthy" | "unhealthy" | "unknown";

// ---- When ------------------------------------------------------------------------------------------------------------

/** Intervals differ by so much, so that deployments and gateways do not fall into step. */
const JITTER = 0.2;

export type HealthChecksOptions = {
  readonly schedule: Schedule;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Makes one check. `signal`: nobody waits for it any more. */
  readonly check: (deployment: Deployment, timeoutMs: number, signal: AbortSignal) => Promise<HealthResult>;
  readonly onResult: (deployment: Deployment, result: HealthResult) => void;
  /** Hears of what `check` threw: a mistake of ours, which says nothing of the deployment. */
  readonly onFault?: (error: unknown) => void;
};

type Entry = {
  deployment: Deployment;
  intervalMs: number;
  timeoutMs: number;
  cancel: Cancel;
  /** Of the check that runs; null while none does. */
  running: AbortController | null;
};

/** One timer for each deployment that wants checks; as many as the config names. */
export class HealthChecks {
  readonly #options: HealthChecksOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  /** A new config: what stays keeps its rhythm, what left it ends, a check on its way included. */
  reconfigure({ models, implicitGroups }: Pick<Snapshot, "models" | "implicitGroups">): void {
    const kept = new Set<string>();
    for (const groups of [models, implicitGroups]) {
      for (const { deployments } of groups.values()) {
        for (const deployment of deployments) if (this.#keep(deployment)) kept.add(deployment.id);
      }
    }
    for (const [id, entry] of this.#entries) if (!kept.has(id)) this.#end(id, entry);
  }

  /** Ends every timer and every check. */
  close(): void {
    for (const [id, entry] of this.#entries) this.#end(id, entry);
  }

  #keep(deployment: Deployment): boolean {
    const { healthCheck, id } = deployment;
    if (healthCheck === null || isWildcard(deployment)) return false;
    const { intervalMs, timeoutMs } = healthCheck;
    const known = this.#entries.get(id);
    if (known === undefined) {
      const entry: Entry = { deployment, intervalMs, timeoutMs, cancel: NOTHING, running: null };
      this.#entries.set(id, entry);
      // The first one somewhere within the interval: a config of a thousand deployments is no burst.
      this.#arm(entry, intervalMs * this.#options.random());
      return true;
    }
    const isAnother = known.intervalMs !== intervalMs;
    known.deployment = deployment;
    known.timeoutMs = timeoutMs;
    known.intervalMs = intervalMs;
    if (isAnother) {
      known.cancel();
      this.#arm(known, intervalMs * this.#options.random());
    }
    return true;
  }

  #arm(entry: Entry, delayMs: number): void {
    entry.cancel = this.#options.schedule(delayMs, () => this.#beat(entry));
  }

  #beat(entry: Entry): void {
    this.#arm(entry, entry.intervalMs * (1 - JITTER + 2 * JITTER * this.#options.random()));
    // One that takes longer than the interval leaves out a beat.
    if (entry.running === null) void this.#check(entry);
  }

  async #check(entry: Entry): Promise<void> {
    const { check, onResult, onFault } = this.#options;
    const running = new AbortController();
    const { deployment, timeoutMs } = entry;
    entry.running = running;
    let result: HealthResult = "unknown";
    try {
      result = await check(deployment, timeoutMs, running.signal);
    } catch (thrown) {
      if (!running.signal.aborted) onFault?.(thrown); // our own mistake: the deployment may be as well as before
    } finally {
      entry.running = null;
    }
    if (!running.signal.aborted) onResult(deployment, result);
  }

  #end(id: string, entry: Entry): void {
    this.#entries.delete(id);
    entry.cancel();
    entry.running?.abort();
  }
}

const NOTHING: Cancel = () => {
  // nothing is scheduled yet
};

/** It has no model that could be asked. */
function isWildcard({ model }: Deployment): boolean {
  return model.includes("*");
}

// ---- What ------------------------------------------------------------------------------------------------------------

export type HealthCheckRequest = {
  readonly method: string;
  /** The whole target after the host. */
  readonly path: string;
  readonly body: Buffer;
  readonly surface: Surface;
};

const CHAT = "openai-chat";
/** What is asked, as an OpenAI caller would: one token of an answer, or one word to embed. Providers with other names for them say so in their quirks. */
const QUESTIONS = [
  { name: "chat.completions", body: { messages: [{ role: "user", content: "ping" }], max_completion_tokens: 1 } },
  { name: "embeddings", body: { input: "ping" } },
] as const;

/**
 * The cheapest request that tells whether a deployment works, in its provider's own dialect: a generation of one token, or where
 * the provider only embeds, an embedding of one word. null where it does neither, and for a wildcard (`*`), which has no model to ask.
 */
export function composeHealthCheck(deployment: Deployment): HealthCheckRequest | null {
  if (isWildcard(deployment)) return null;
  const { provider, model } = deployment;
  const from = dialectOf(CHAT);
  for (const { name, body } of QUESTIONS) {
    const endpoint = from.endpoints.find((candidate) => candidate.name === name) as Endpoint;
    const chosen = chooseSurface(provider, model, endpoint, false, (id) => DIALECTS.get(id)?.endpoints ?? []);
    if (chosen === null) continue;
    const { surface } = chosen;
    const { body: written } = translateRequest({
      from,
      to: dialectOf(surface.dialect),
      operation: endpoint.operation as Operation,
      body: { model, ...body } as unknown as { readonly [key: string]: Json },
      context: { endpoint, model, isStream: false, query: new URLSearchParams() },
      model,
      quirks: quirksOf(surface, model),
      dropParams: true,
      requestId: "health",
      createdAt: 0,
    });
    return {
      method: chosen.endpoint.method,
      path: upstreamTarget(provider, surface, fillModel(chosen.path, model), ""),
      body: patchMembers(Buffer.from(JSON.stringify(written)), membersOf(surface, model)),
      surface,
    };
  }
  return null;
}

// ---- How -------------------------------------------------------------------------------------------------------------

/** Of an answer so much is read so that its connection can be used again; nobody looks at it. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** A request that no caller sent. */
const NO_CALLER = parseOwnHead("POST / HTTP/1.1\r\nhost: localhost\r\nuser-agent: llmux-health-check\r\n\r\n");

function parseOwnHead(text: string): RequestHead {
  const parsed = parseRequestHead(Buffer.from(text), { maxHeadBytes: text.length, maxHeaders: 8 });
  if (parsed.kind !== "head") throw new Error("expected the health check's own head to be a request head");
  return parsed.head;
}

export type HealthCheckRun = {
  readonly deployment: Deployment;
  readonly request: HealthCheckRequest;
  /** The credential's header lines for this request. */
  readonly auth: AuthHeaders;
  readonly requestId: string;
  readonly pool: ConnectionPool;
  readonly wheel: TimerWheel;
  /** For all of it, from connecting to the answer's last byte. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
};

/**
 * Sends it and judges the answer: healthy for a 2xx; unhealthy for 5xx, 404 (the model is not there), redirects, and no answer at all;
 * unknown for what says nothing of the deployment (429, a refused credential, any other 4xx), and when nobody waits any more.
 */
export function runHealthCheck(run: HealthCheckRun): Promise<HealthResult> {
  return new Promise((resolve) => new HealthCall(run, resolve).start());
}

/** One check on its way. */
class HealthCall implements CallListener {
  readonly #call: UpstreamCall;
  readonly #signal: AbortSignal | null;
  readonly #resolve: (result: HealthResult) => void;
  #result: HealthResult = "unhealthy";
  #bytes = 0;

  constructor(run: HealthCheckRun, resolve: (result: HealthResult) => void) {
    const { deployment, request, auth, requestId, pool, wheel, timeoutMs, signal } = run;
    const { method, path, body, surface } = request;
    const bytes = composeUpstreamRequest(
      NO_CALLER,
      {
        provider: deployment.provider,
        surface,
        auth,
        method,
        path,
        requestId,
        bodyBytes: body.length,
        wantsIdentity: true,
        isTranslated: true,
        upgrade: null,
      },
      body,
    );
    this.#resolve = resolve;
    this.#signal = signal ?? null;
    this.#call = new UpstreamCall(
      pool,
      { method, bytes, body: null, isStreamed: false },
      {
        timeouts: { connectMs: timeoutMs, firstByteMs: timeoutMs, idleMs: timeoutMs, totalMs: timeoutMs },
        totalDeadlineMs: wheel.refresh() + timeoutMs,
        wheel,
        listener: this,
      },
    );
  }

  start(): void {
    if (this.#signal?.aborted === true) {
      this.#resolve("unknown");
      return;
    }
    this.#signal?.addEventListener("abort", this.#onAbort);
    this.#call.start();
  }

  readonly #onAbort = (): void => {
    this.#call.abort();
    this.#end("unknown");
  };

  onHead({ status }: ResponseHead): void {
    this.#result = judge(status);
  }

  onBody(_bytes: Buffer, { count, starts, ends }: BodySlices): void {
    for (let index = 0; index < count; index++) this.#bytes += (ends[index] as number) - (starts[index] as number);
    if (this.#bytes <= MAX_ANSWER_BYTES) return;
    this.#call.abort();
    this.#end(this.#result);
  }

  onEnd(): void {
    this.#end(this.#result);
  }

  onError(_error: GatewayError): void {
    this.#end("unhealthy");
  }

  onWritable(): void {
    // the request went out whole
  }

  onUpgraded(): void {
    this.#call.abort();
    this.#end("unhealthy");
  }

  onUpgradedData(): void {
    // never upgraded: onUpgraded has ended the call
  }

  onUpgradedClose(): void {
    // never upgraded: onUpgraded has ended the call
  }

  #end(result: HealthResult): void {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#resolve(result);
  }
}

function judge(status: number): HealthResult {
  if (status < 300) return "healthy";
  return status < 400 || status === 404 || status >= 500 ? "unhealthy" : "unknown";
}

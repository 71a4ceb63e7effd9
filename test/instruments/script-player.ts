/** The HTTP side of a fake upstream's connection: reads its requests and plays their scripts, one after the other. */
import { HttpReader, HttpSyntaxError, type HttpMessage } from "./http-reader.ts";
import { encodeStep, type Script, type Step } from "./script.ts";
import { nextTurn } from "./until.ts";
import type { UpstreamConnection } from "./upstream-connection.ts";

/** One request as it arrived. `message.isComplete` says whether its body did, too. */
export type UpstreamRequest = {
  readonly message: HttpMessage;
  readonly connection: UpstreamConnection;
  /** 0 for the first request of its connection. */
  readonly indexOnConnection: number;
  /** When its head had arrived, as `performance.now()`. */
  readonly headAtMs: number;
  /** When its script had played to its end; null when it never did. */
  playedAtMs: number | null;
};

/** What to do with a new connection: read HTTP from it, or play a script at once or after its first bytes. */
export type ConnectionPlan =
  | { readonly kind: "http" }
  | { readonly kind: "at-open"; readonly script: Script }
  | { readonly kind: "at-first-bytes"; readonly script: Script };

/** What a player asks of the upstream it belongs to, and tells it. */
export interface ScriptSource {
  respond: (request: UpstreamRequest) => Script | Promise<Script>;
  respondToHead: (request: UpstreamRequest) => Script | null;
  planConnection: (connection: UpstreamConnection) => ConnectionPlan;
  readonly syntaxErrors: string[];
  readonly scriptErrors: unknown[];
  record(request: UpstreamRequest): void;
}

/** Reads one connection's requests and plays their scripts one after the other. */
export class ScriptPlayer {
  readonly #upstream: ScriptSource;
  readonly #connection: UpstreamConnection;
  readonly #reader: HttpReader;
  #plan: ConnectionPlan = { kind: "http" };
  #current: UpstreamRequest | null = null;
  #playing: Promise<void> = Promise.resolve();
  #isBroken = false;

  constructor(upstream: ScriptSource, connection: UpstreamConnection) {
    this.#upstream = upstream;
    this.#connection = connection;
    this.#reader = new HttpReader({
      side: "request",
      onHead: (message) => this.#beginRequest(message),
      onEnd: () => this.#endRequest(),
    });
  }

  open(): void {
    this.#plan = this.#upstream.planConnection(this.#connection);
    if (this.#plan.kind === "at-open") this.#enqueue(this.#plan.script, null);
  }

  receive(bytes: Buffer): void {
    const isFirst = this.#connection.bytesReceived === 0;
    this.#connection.bytesReceived += bytes.length;
    if (this.#plan.kind !== "http") {
      this.#connection.received.push(bytes);
      if (this.#plan.kind === "at-first-bytes" && isFirst) this.#enqueue(this.#plan.script, null);
      return;
    }
    if (this.#isBroken) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      // What the gateway wrote is not HTTP: the test must hear of it, and nothing after it can be understood.
      this.#refuse(error);
    }
  }

  peerEnded(): void {
    if (this.#plan.kind !== "http" || this.#isBroken) return;
    try {
      this.#reader.finish();
    } catch (error) {
      // A request cut short by the peer's leaving is no offence: callers abort, and the gateway passes that on.
      if (!(error instanceof HttpSyntaxError)) throw error;
    }
  }

  #refuse(error: unknown): void {
    this.#isBroken = true;
    this.#upstream.syntaxErrors.push(error instanceof Error ? error.message : String(error));
    this.#connection.finish();
  }

  #beginRequest(message: HttpMessage): void {
    const request: UpstreamRequest = {
      message,
      connection: this.#connection,
      indexOnConnection: this.#connection.requestCount,
      headAtMs: performance.now(),
      playedAtMs: null,
    };
    this.#connection.requestCount += 1;
    this.#connection.isBusy = true;
    this.#upstream.record(request);
    const early = this.#upstream.respondToHead(request);
    if (early !== null) this.#enqueue(early, request);
    this.#current = early === null ? request : null;
  }

  #endRequest(): void {
    const request = this.#current;
    this.#current = null;
    if (request !== null) this.#enqueue(null, request);
  }

  /** Scripts of one connection never overlap: each begins where the one before ended. */
  #enqueue(script: Script | null, request: UpstreamRequest | null): void {
    this.#playing = this.#playing.then(async () => {
      try {
        const chosen = script ?? (request === null ? [] : await this.#upstream.respond(request));
        await this.#play(chosen, request);
      } catch (error) {
        // The test's callback failed: kept for the test to see; the connection ends so that nothing waits for it.
        this.#upstream.scriptErrors.push(error);
        this.#connection.reset();
      }
    });
  }

  async #play(script: Script, request: UpstreamRequest | null): Promise<void> {
    const connection = this.#connection;
    for (const step of script) {
      const bytes = encodeStep(step);
      if (bytes === null) {
        await this.#act(step);
        continue;
      }
      // The loop turns before every write (the first, too: it may come from inside the loop's polling), so that a
      // reader in the same process meets each one alone.
      await nextTurn();
      const size = step.kind === "pieces" ? Math.max(1, step.size) : Math.max(1, bytes.length);
      for (let offset = 0; offset < bytes.length; offset += size) {
        if (offset > 0) await nextTurn();
        if (!(await connection.write(bytes.subarray(offset, offset + size)))) return;
      }
    }
    if (!connection.isOpen) return;
    if (request !== null) {
      request.playedAtMs = performance.now();
      connection.isBusy = connection.requestCount > request.indexOnConnection + 1;
      if (asksForClose(request.message.all("connection")) || script.some(saysClose)) connection.finish();
    }
  }

  async #act(step: Step): Promise<void> {
    switch (step.kind) {
      case "wait":
        await this.#connection.waitFor(step.until);
        return;
      case "pause":
        await this.#connection.waitFor(Bun.sleep(step.ms));
        return;
      case "call":
        step.run();
        return;
      case "fin":
        this.#connection.finish();
        return;
      case "rst":
        this.#connection.reset();
        return;
      case "silence":
        await this.#connection.waitUntilLeft();
        return;
      default:
        throw new Error(`a ${step.kind} step writes bytes and is not acted out`);
    }
  }
}

function asksForClose(values: readonly string[]): boolean {
  return values.some((value) =>
    value
      .toLowerCase()
      .split(",")
      .some((option) => option.trim() === "close"),
  );
}

function saysClose(step: Step): boolean {
  return (
    step.kind === "head" &&
    asksForClose(step.headers.filter(([name]) => name.toLowerCase() === "connection").map(([, value]) => value))
  );
}

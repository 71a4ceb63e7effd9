import { GatewayError } from "../errors.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import type { BodySlices } from "../wire/chunked.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { CallListener, UpstreamCall } from "../wire/upstream-call.ts";
import { composeAnswerHead } from "./answer-head.ts";
import type { RelayEvents } from "./answer-relay.ts";

/** A refusal of the upgrade is an ordinary answer; beyond this it is not read. */
const MAX_REFUSAL_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Asks a provider to switch protocols; after its 101 both directions are a plain relay of bytes with back-pressure both ways,
 * and either side's end ends the other. A refusal is passed on as the answer it is.
 */
export class UpgradeRelay implements CallListener {
  status = 0;
  readonly isStream = false;
  readonly usage = null;
  readonly #caller: CallerStream;
  readonly #requestId: string;
  readonly #events: RelayEvents;
  #call: UpstreamCall | null = null;
  #head: ResponseHead | null = null;
  #refusal: Buffer[] = [];
  #refusalBytes = 0;
  #isDone = false;

  constructor(caller: CallerStream, requestId: string, events: RelayEvents) {
    this.#caller = caller;
    this.#requestId = requestId;
    this.#events = events;
  }

  /** The call this relay listens to; given before it starts. */
  attach(call: UpstreamCall): void {
    this.#call = call;
    this.#caller.drainListener = this;
    call.send(NOTHING, true);
  }

  faultOfProvider(): null {
    return null;
  }

  /** Ends both sides (drain). */
  cut(error: GatewayError): void {
    if (this.#isDone) return;
    this.#call?.abort();
    if (this.status === 101) this.#endUpgraded();
    else this.onError(error);
  }

  onHead(head: ResponseHead): void {
    this.#head = head;
    this.status = head.status;
    if (head.status < 300 || head.status >= 400) return;
    // As for every other answer: the caller's request goes to no host that is not configured.
    this.#call?.abort();
    this.onError(
      new GatewayError("upstream_error", `The provider answered with a redirect (status ${head.status}).`, {
        upstreamType: "redirect",
      }),
    );
  }

  onBody(bytes: Buffer, slices: BodySlices): void {
    for (let index = 0; index < slices.count; index++) {
      const piece = bytes.subarray(slices.starts[index], slices.ends[index]);
      this.#refusalBytes += piece.length;
      if (this.#refusalBytes <= MAX_REFUSAL_BYTES) this.#refusal.push(piece);
    }
    if (this.#refusalBytes <= MAX_REFUSAL_BYTES) return;
    // Half of it would look like all of it.
    this.#call?.abort();
    this.onError(
      new GatewayError("upstream_error", `The provider refused the upgrade in more than ${MAX_REFUSAL_BYTES} bytes.`, {
        upstreamType: "protocol",
      }),
    );
  }

  onEnd(): void {
    const body = Buffer.concat(this.#refusal);
    const own = `content-length: ${body.length}\r\n${this.#caller.connectionHeader()}`;
    this.#caller.sendHead(composeAnswerHead(this.#head as ResponseHead, this.#requestId, own, body), true);
    this.#events.onProviderDone();
    this.#caller.finish(() => this.#finish());
  }

  /** From the caller: it has taken all that was written. */
  onDrained(): void {
    this.#call?.resume();
  }

  onError(error: GatewayError): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#events.onEnd({ kind: "unanswered", error });
  }

  onWritable(): void {
    this.#caller.connection.resumeReading();
  }

  onUpgraded(head: ResponseHead, rest: Buffer | null): void {
    const call = this.#call as UpstreamCall;
    const caller = this.#caller;
    this.status = 101;
    this.#events.onFirstByte();
    const own = `connection: upgrade\r\nupgrade: ${head.headers.get("upgrade") ?? "websocket"}\r\n`;
    caller.sendHead(composeAnswerHead(head, this.#requestId, own, null), true);
    caller.upgrade((bytes) => {
      if (!call.sendUpgraded(bytes)) caller.connection.pauseReading();
    });
    if (rest !== null) this.onUpgradedData(rest);
  }

  onUpgradedData(bytes: Buffer): void {
    this.#caller.write(bytes, 0, bytes.length);
    if (this.#caller.isClogged) this.#call?.pause();
  }

  onUpgradedClose(): void {
    this.#endUpgraded();
  }

  #endUpgraded(): void {
    this.#events.onProviderDone();
    this.#caller.breakOff(() => this.#finish());
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#events.onEnd({ kind: "complete" });
  }
}

/** A relay between calls and a caller that are played by the test: what each did is written down. */
import type { RelayEnd, RelayEvents } from "../../src/relay/answer-relay.ts";
import { TranslateRelay, type TranslateOptions } from "../../src/relay/translate-relay.ts";
import type { CallerStream } from "../../src/wire/caller-stream.ts";
import type { BodySlices } from "../../src/wire/chunked.ts";
import { parseResponseHead, type ResponseHead } from "../../src/wire/response-head.ts";
import type { UpstreamCall } from "../../src/wire/upstream-call.ts";
import type { DialectId } from "../../src/dialect/neutral.ts";
import { ask } from "../dialect/resumed-streams.ts";

/** A provider's call, as far as a relay sees it. */
export class PlayedCall {
  isAborted = false;
  isPaused = false;

  abort(): void {
    this.isAborted = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

/** A caller's connection, as far as a relay sees it. */
export class PlayedCaller {
  readonly head: { minorVersion: 0 | 1 } = { minorVersion: 1 };
  willClose = false;
  drainListener: { onDrained(): void } | null = null;
  isClogged = false;
  /** How its answer ended; null while it has not. */
  ended: "whole" | "broken" | "reset" | null = null;
  readonly #pieces: Buffer[] = [];

  connectionHeader(): string {
    return "";
  }

  sendHead(head: Buffer): void {
    this.#pieces.push(Buffer.from(head));
  }

  write(bytes: Buffer, from: number, to: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(from, to)));
  }

  finish(onTaken: () => void): void {
    this.ended = "whole";
    onTaken();
  }

  breakOff(onEnded: () => void, isAbrupt: boolean): void {
    this.ended = isAbrupt ? "reset" : "broken";
    onEnded();
  }

  /** Everything it was sent. */
  get text(): string {
    return Buffer.concat(this.#pieces).toString("latin1");
  }

  /** The payload of its chunks. */
  get payload(): Buffer {
    const all = Buffer.concat(this.#pieces);
    const pieces: Buffer[] = [];
    let at = all.indexOf("\r\n\r\n") + 4;
    while (at < all.length) {
      const lineEnd = all.indexOf("\r\n", at);
      const size = Number.parseInt(all.toString("latin1", at, lineEnd), 16);
      pieces.push(all.subarray(lineEnd + 2, lineEnd + 2 + size));
      at = lineEnd + 2 + size + 2;
    }
    return Buffer.concat(pieces);
  }
}

export class ResumeStage implements RelayEvents {
  readonly caller = new PlayedCaller();
  readonly ends: RelayEnd[] = [];
  firstBytes = 0;
  call = new PlayedCall();
  readonly relay: TranslateRelay;
  /** What holding answers took and has not given back. */
  heldBytes = 0;
  readonly #from: DialectId;

  constructor(from: DialectId, to: DialectId, options: Partial<TranslateOptions> = {}) {
    this.#from = from;
    const budget = {
      take: (bytes: number) => {
        this.heldBytes += bytes;
        return true;
      },
      give: (bytes: number) => {
        this.heldBytes -= bytes;
      },
    };
    const all: TranslateOptions = {
      translation: ask({ from, to }).answer,
      isStreamRequested: true,
      requestId: "req_1",
      dropped: [],
      ownLines: "x-llmux-attempts: 1\r\n",
      mayResume: true,
      budget,
      onAnswered: null,
      ...options,
    };
    this.relay = new TranslateRelay(this.caller as unknown as CallerStream, all, this);
    this.relay.attach(this.call as unknown as UpstreamCall);
  }

  onFirstByte(): void {
    this.firstBytes++;
  }

  onProviderDone(): void {
    // the end tells it too
  }

  onEnd(end: RelayEnd): void {
    this.ends.push(end);
  }

  /** The provider's answer begins. */
  begin(dialect: DialectId, status = 200, fields: Readonly<Record<string, string>> = {}): void {
    const type = dialect === "bedrock-converse" ? "application/vnd.amazon.eventstream" : "text/event-stream";
    this.relay.onHead(headOf(status, { "content-type": type, ...fields }));
  }

  feed(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece);
      this.relay.onBody(bytes, { starts: [0], ends: [bytes.length], count: 1, rawStart: 0, rawEnd: -1 } as BodySlices);
    }
  }

  /** Another provider's call goes on; the new call is `this.call`. */
  resume(to: DialectId, mark: string, events?: RelayEvents): boolean {
    const continues = this.relay.resumable?.text ?? "";
    this.call = new PlayedCall();
    const { answer } = ask({ from: this.#from, to, continues });
    const call = this.call as unknown as UpstreamCall;
    return events === undefined ? this.relay.resume(call, answer, mark) : this.relay.resume(call, answer, mark, events);
  }
}

function headOf(status: number, fields: Readonly<Record<string, string>>): ResponseHead {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const bytes = Buffer.from(`HTTP/1.1 ${status} X\r\n${lines.join("")}transfer-encoding: chunked\r\n\r\n`);
  const parsed = parseResponseHead(bytes, { maxHeadBytes: 16_384, maxHeaders: 100 }, "POST");
  if (parsed.kind !== "head") throw new Error("expected a response head");
  return parsed.head;
}

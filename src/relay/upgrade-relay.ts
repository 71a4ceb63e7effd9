import { GatewayError } from "../errors.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import type { BodySlices } from "../wire/chunked.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { CallListener, UpstreamCall } from "../wire/upstream-call.ts";
import type { RelayEnd } from "./answer-relay.ts";

/** What the relay needs of the exchange it serves. */
export interface UpgradeExchange {
  readonly requestId: string;
  status: number;
  cancelStep: (() => void) | null;
  cut: ((error: GatewayError) => void) | null;
  noteFirstByte(): void;
  noteUpstreamClosed(): void;
}

/** A refusal of the upgrade is an ordinary answer; beyond this it is not read. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/**
 * Asks a provider to switch protocols; after its 101 both directions are a plain relay of bytes with back-pressure both ways,
 * and either side's end ends the other. Resolves when both are done.
 */
export function relayUpgrade(
  caller: CallerStream,
  options: { readonly exchange: UpgradeExchange; readonly makeCall: (listener: CallListener) => UpstreamCall },
): Promise<RelayEnd> {
  return new Promise((resolve) => {
    const { exchange } = options;
    let head: ResponseHead | null = null;
    let refusal: Buffer[] = [];
    let refusalBytes = 0;
    let isDone = false;
    const finish = (end: RelayEnd): void => {
      if (isDone) return;
      isDone = true;
      resolve(end);
    };
    const call = options.makeCall({
      onHead(received) {
        head = received;
        exchange.status = received.status;
      },
      onBody(bytes: Buffer, slices: BodySlices) {
        for (let index = 0; index < slices.count; index++) {
          const piece = bytes.subarray(slices.starts[index], slices.ends[index]);
          refusalBytes += piece.length;
          if (refusalBytes <= MAX_REFUSAL_BYTES) refusal.push(piece);
        }
      },
      onEnd() {
        const status = head?.status ?? 502;
        const body = Buffer.concat(refusal);
        refusal = [];
        const type = head?.headers.get("content-type") ?? "application/json";
        caller.sendHead(
          `HTTP/1.1 ${status} ${head?.reason ?? ""}\r\ncontent-type: ${type}\r\nx-request-id: ${exchange.requestId}\r\n` +
            `content-length: ${body.length}\r\n${caller.connectionHeader()}\r\n`,
        );
        caller.write(body, 0, body.length);
        caller.finish(() => finish({ kind: "complete" }));
      },
      onError(error) {
        finish({ kind: "unanswered", error });
      },
      onWritable() {
        caller.connection.resumeReading();
      },
      onUpgraded(received, rest) {
        exchange.status = 101;
        exchange.noteFirstByte();
        let text = "HTTP/1.1 101 Switching Protocols\r\n";
        const { names, lowerNames, values } = received.headers;
        for (let index = 0; index < names.length; index++) {
          const lowerName = lowerNames[index] as string;
          if (lowerName === "content-length" || lowerName === "transfer-encoding" || lowerName === "x-request-id")
            continue;
          text += `${names[index]}: ${values[index]}\r\n`;
        }
        caller.sendHead(`${text}x-request-id: ${exchange.requestId}\r\n\r\n`);
        caller.flushHead();
        caller.onDrained = () => call.resume();
        caller.upgrade((bytes) => {
          if (!call.sendUpgraded(bytes)) caller.connection.pauseReading();
        });
        if (rest !== null) caller.write(rest, 0, rest.length);
      },
      onUpgradedData(bytes) {
        caller.write(bytes, 0, bytes.length);
        if (caller.isClogged) call.pause();
      },
      onUpgradedClose() {
        caller.breakOff();
        finish({ kind: "complete" });
      },
    });
    exchange.cancelStep = () => {
      call.abort();
      exchange.noteUpstreamClosed();
      // After the upgrade a caller's leaving is how a session ends.
      finish(
        exchange.status === 101
          ? { kind: "complete" }
          : { kind: "unanswered", error: new GatewayError("internal", "The caller left.") },
      );
    };
    exchange.cut = () => {
      call.abort();
      caller.breakOff();
      finish({ kind: "complete" });
    };
    call.start();
    call.send(Buffer.alloc(0), true);
  });
}

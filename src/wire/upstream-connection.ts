import { WholeSlice } from "../lib/whole-slice.ts";
import { GatewayError } from "../errors.ts";
import { pauseSocket, resumeSocket } from "./caller-connection.ts";
import { type BodySlices, ChunkedDecoder } from "./chunked.ts";
import type { SocketOwner, UpstreamSocket } from "./dial.ts";
import type { BodyFraming, HeadLimits } from "./request-head.ts";
import { parseResponseHead, type ResponseHead } from "./response-head.ts";

/** What the one exchange on a connection hears; each of onEnd, onBroken, onUpgraded ends it. */
export interface ConnectionUser {
  readonly method: string;
  onHead(head: ResponseHead): void;
  onBody(bytes: Buffer, slices: BodySlices): void;
  /** The answer is complete. */
  onEnd(): void;
  /** The answer can never be completed. `gotBytes`: whether any byte of it had come. */
  onBroken(error: GatewayError, gotBytes: boolean): void;
  /** All of the request written so far has been taken by the socket. */
  onWritable(): void;
  /** After 101: bytes of the other protocol, both ways from now on. */
  onUpgraded(head: ResponseHead, rest: Buffer | null): void;
  onUpgradedData(bytes: Buffer): void;
  onUpgradedClose(): void;
}

/** Whose connection it is: the pool. */
export interface ConnectionOwner {
  onIdle(connection: UpstreamConnection): void;
  onClosed(connection: UpstreamConnection): void;
}

/** Interim answers (RFC 9110 section 15.2) a provider may send before the final one. */
const MAX_INTERIM_RESPONSES = 16;

type ConnectionState = "idle" | "waiting" | "body" | "upgraded" | "closed";

/** A socket's own errors have a code; what has none was thrown while its bytes were handled, and is a fault of ours. */
function isOurs(error: Error): boolean {
  return (error as { readonly code?: unknown }).code === undefined;
}

const WHOLE = new WholeSlice();

/**
 * One connection to a provider, serving one exchange at a time. Reads the answer as hostile bytes: bounded head, strict
 * framing, and nothing past the end of an answer is ever used; such a connection serves nobody again.
 *
 *   idle => waiting => body => idle | closed ;  waiting => upgraded => closed
 */
export class UpstreamConnection implements SocketOwner {
  socket: UpstreamSocket | null = null;
  /** Exchanges begun on it. */
  served = 0;
  idleSinceMs = 0;
  readonly #limits: HeadLimits;
  readonly #owner: ConnectionOwner;
  #state: ConnectionState = "idle";
  #user: ConnectionUser | null = null;
  #head: Buffer | null = null;
  /** Of the answer that is being read. */
  #framing: BodyFraming | null = null;
  #decoder: ChunkedDecoder | null = null;
  #remaining = 0;
  #interim = 0;
  #gotBytes = false;
  #isReusable = true;
  #isRequestSent = false;
  #isPaused = false;
  #outbox: Buffer[] | null = null;
  #outboxBytes = 0;

  constructor(limits: HeadLimits, owner: ConnectionOwner) {
    this.#limits = limits;
    this.#owner = owner;
  }

  get isOpen(): boolean {
    return this.#state !== "closed" && this.socket !== null;
  }

  /** Bytes of the request the socket has not taken. */
  get unsentBytes(): number {
    return this.#outboxBytes;
  }

  /** Begins an exchange: writes what there is of the request. */
  begin(user: ConnectionUser, bytes: readonly Buffer[], isComplete: boolean): void {
    this.#state = "waiting";
    this.#user = user;
    this.#head = null;
    this.#framing = null;
    this.#decoder = null;
    this.#interim = 0;
    this.#gotBytes = false;
    this.#isRequestSent = isComplete;
    this.served++;
    for (const piece of bytes) this.#write(piece);
  }

  /** More of the request's body. */
  send(bytes: Buffer, isLast: boolean): void {
    if (this.#state === "closed") return;
    this.#isRequestSent = isLast;
    if (bytes.length > 0) this.#write(bytes);
  }

  pause(): void {
    if (this.#isPaused || this.socket === null || this.#state === "closed") return;
    this.#isPaused = true;
    pauseSocket(this.socket);
  }

  resume(): void {
    if (!this.#isPaused || this.socket === null || this.#state === "closed") return;
    this.#isPaused = false;
    resumeSocket(this.socket);
  }

  /** Ends it at once, whatever it was doing; its user hears nothing more. */
  destroy(): void {
    if (this.#state === "closed") return;
    this.#user = null;
    this.#close();
    this.socket?.terminate();
  }

  /** Ends an upgraded connection's sending side, or an idle connection. */
  end(): void {
    this.socket?.end();
  }

  // ---- From the socket ----------------------------------------------------------------------------------------------

  onData(bytes: Buffer): void {
    switch (this.#state) {
      case "waiting":
        this.#gotBytes = true;
        this.#readHead(bytes);
        return;
      case "body":
        this.#readBody(bytes, 0);
        return;
      case "upgraded":
        this.#user?.onUpgradedData(bytes);
        return;
      case "idle":
        // Nobody asked: whatever this is, it must not become somebody's answer.
        this.destroy();
        return;
      case "closed":
        return;
      default:
        this.#state satisfies never;
    }
  }

  onDrain(): void {
    if (this.#outboxBytes === 0 || this.socket === null) return;
    const outbox = this.#outbox ?? [];
    while (outbox.length > 0) {
      const piece = outbox[0] as Buffer;
      const written = this.socket.write(piece);
      if (written < 0) return;
      this.#outboxBytes -= written;
      if (written < piece.length) {
        outbox[0] = piece.subarray(written);
        return;
      }
      outbox.shift();
    }
    this.#user?.onWritable();
  }

  onClose(error: Error | undefined): void {
    if (this.#state === "closed") return;
    const user = this.#user;
    const wasState = this.#state;
    const framing = this.#framing?.kind;
    this.#user = null;
    this.#close();
    // What was thrown while its bytes were handled leaves the socket open.
    if (error !== undefined) this.socket?.terminate();
    if (user === null) return;
    if (error !== undefined && isOurs(error)) user.onBroken(GatewayError.from(error), true);
    else if (wasState === "upgraded") user.onUpgradedClose();
    else if (wasState === "body" && framing === "until-close" && error === undefined) user.onEnd();
    else if (wasState === "body") {
      user.onBroken(
        new GatewayError("upstream_truncated", "The provider's connection ended before its answer did.", {
          cause: error,
          upstreamType: error === undefined ? "truncated" : "reset",
        }),
        true,
      );
    } else {
      user.onBroken(
        new GatewayError("upstream_error", "The provider closed the connection before it answered.", {
          cause: error,
          upstreamType: "reset",
        }),
        this.#gotBytes,
      );
    }
  }

  // ---- Inside ---------------------------------------------------------------------------------------------------------

  #write(piece: Buffer): void {
    if (this.socket === null) return;
    let written = 0;
    if (this.#outboxBytes === 0) {
      written = this.socket.write(piece);
      if (written === piece.length || written < 0) return;
    }
    const rest = written === 0 ? piece : piece.subarray(written);
    if (this.#outbox === null) this.#outbox = [rest];
    else this.#outbox.push(rest);
    this.#outboxBytes += piece.length - written;
  }

  #readHead(bytes: Buffer): void {
    let input = this.#head === null ? bytes : Buffer.concat([this.#head, bytes]);
    this.#head = null;
    for (;;) {
      const user = this.#user as ConnectionUser;
      const parsed = parseResponseHead(input, this.#limits, user.method);
      if (parsed.kind === "incomplete") {
        this.#head = input;
        return;
      }
      if (parsed.kind === "invalid") {
        this.#break(parsed.message);
        return;
      }
      const { head, length } = parsed;
      if (head.status === 101) {
        this.#state = "upgraded";
        this.#isReusable = false;
        user.onUpgraded(head, length < input.length ? input.subarray(length) : null);
        return;
      }
      if (head.status < 200) {
        if (++this.#interim > MAX_INTERIM_RESPONSES) {
          this.#break("too many interim answers");
          return;
        }
        if (length === input.length) return;
        input = input.subarray(length);
        continue;
      }
      this.#framing = head.framing;
      this.#isReusable = head.keepAlive;
      this.#state = "body";
      if (head.framing.kind === "chunked") this.#decoder = new ChunkedDecoder();
      if (head.framing.kind === "length") this.#remaining = head.framing.bytes;
      user.onHead(head);
      // The user may have given up on seeing the head.
      if (this.#user !== user) return;
      if (head.framing.kind === "none") this.#finish(length === input.length);
      else if (length < input.length) this.#readBody(input, length);
      return;
    }
  }

  #readBody(bytes: Buffer, from: number): void {
    const user = this.#user as ConnectionUser;
    const framing = this.#framing as BodyFraming;
    switch (framing.kind) {
      case "chunked": {
        const decoder = this.#decoder as ChunkedDecoder;
        const used = decoder.decode(bytes, from);
        if (decoder.count > 0) user.onBody(bytes, decoder);
        if (this.#user !== user) return;
        if (decoder.error !== null) this.#break(decoder.error);
        else if (decoder.isDone) this.#finish(used === bytes.length);
        return;
      }
      case "length": {
        const end = Math.min(bytes.length, from + this.#remaining);
        this.#remaining -= end - from;
        user.onBody(bytes, WHOLE.set(from, end));
        if (this.#user !== user) return;
        if (this.#remaining === 0) this.#finish(end === bytes.length);
        return;
      }
      case "until-close":
        user.onBody(bytes, WHOLE.set(from, bytes.length));
        return;
      case "none":
        return;
      default:
        framing satisfies never;
    }
  }

  #finish(isExact: boolean): void {
    const user = this.#user as ConnectionUser;
    this.#user = null;
    this.#framing = null;
    this.#decoder = null;
    // Bytes past the end, or an answer before the whole request was read: the next answer could be anyone's.
    const isReusable = this.#isReusable && isExact && this.#isRequestSent && this.#outboxBytes === 0;
    if (isReusable) {
      this.#state = "idle";
      // The answer's last bytes may have been too much for its caller; that is not the next one's concern.
      this.resume();
      this.#owner.onIdle(this);
    } else {
      this.#close();
      this.socket?.terminate();
    }
    user.onEnd();
  }

  #break(message: string): void {
    const user = this.#user;
    this.#user = null;
    this.#close();
    this.socket?.terminate();
    user?.onBroken(
      new GatewayError("upstream_error", `The provider's answer is malformed: ${message}.`, {
        upstreamType: "protocol",
      }),
      true,
    );
  }

  #close(): void {
    this.#state = "closed";
    this.#outbox = null;
    this.#outboxBytes = 0;
    this.#head = null;
    this.#owner.onClosed(this);
  }
}

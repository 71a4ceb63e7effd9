import { GatewayError } from "../errors.ts";
import type { BodySink, CallerGone, CallerStream } from "../wire/caller-stream.ts";
import type { UpstreamCall } from "../wire/upstream-call.ts";

/** Who finds the model's name in a body that streams by. */
export interface ModelFinder {
  readonly finding:
    | { readonly kind: "pending" | "absent" }
    | { readonly kind: "found"; readonly model: string; readonly start: number; readonly end: number }
    | { readonly kind: "invalid"; readonly message: string };
  push(bytes: Buffer): void;
  finish(): void;
}

/** What a provider has not taken yet, beyond which the caller is paused. */
const MAX_UNSENT_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);
const CRLF = Buffer.from("\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/**
 * A multipart request on its way through: held until the model's name is known, then passed piece by piece under
 * back-pressure, with the name replaced. Only what stands before the model field is ever held; callers that send the model
 * first send files of any allowed size in constant memory.
 */
export class MultipartUpload implements BodySink {
  /** Until its model is known and a provider chosen. */
  isHolding = true;
  /** Called when the body turns out to be wrong after the model was found. */
  onFailed: ((error: GatewayError) => void) | null = null;
  readonly #caller: CallerStream;
  readonly #finder: ModelFinder;
  readonly #maxBytes: number;
  #held: Buffer[] = [];
  #bytes = 0;
  #isEnded = false;
  #failure: GatewayError | null = null;
  #call: UpstreamCall | null = null;
  #isChunked = false;
  #onModel: ((model: string | null) => void) | null = null;
  #onModelError: ((error: GatewayError | CallerGone) => void) | null = null;

  constructor(caller: CallerStream, finder: ModelFinder, maxBytes: number) {
    this.#caller = caller;
    this.#finder = finder;
    this.#maxBytes = maxBytes;
  }

  /** Reads until the model's name is known; null when the body names none. Throws GatewayError or CallerGone. */
  findModel(): Promise<string | null> {
    const declared = this.#caller.declaredBodyBytes;
    if (declared !== null && declared > this.#maxBytes) throw this.#tooLarge();
    return new Promise((resolve, reject) => {
      this.#onModel = resolve;
      this.#onModelError = reject;
      this.#caller.streamBody(this);
    });
  }

  /** Length of the body with another name in it; null when the caller does not declare one. */
  lengthWith(model: string | null): number | null {
    const declared = this.#caller.declaredBodyBytes;
    if (declared === null) return null;
    const { finding } = this.#finder;
    if (finding.kind !== "found" || model === null) return declared;
    return declared - (finding.end - finding.start) + Buffer.byteLength(model);
  }

  /** Sends what is held, with the name replaced (null: left alone), and lets the rest follow. */
  sendTo(call: UpstreamCall, model: string | null): void {
    if (this.#failure !== null) {
      // It went wrong while the request waited for its turn.
      this.onFailed?.(this.#failure);
      return;
    }
    this.#call = call;
    this.isHolding = false;
    this.#isChunked = this.#caller.declaredBodyBytes === null;
    const held = this.#held;
    this.#held = [];
    const { finding } = this.#finder;
    if (finding.kind === "found" && model !== null) {
      let at = 0;
      let isNamed = false;
      for (const piece of held) {
        const end = at + piece.length;
        // Before, inside and after the name: each piece may hold any part of these.
        if (at < finding.start) this.#send(piece.subarray(0, Math.min(piece.length, finding.start - at)));
        if (!isNamed && end > finding.start) {
          isNamed = true;
          this.#send(Buffer.from(model));
        }
        if (end > finding.end) this.#send(piece.subarray(Math.max(0, finding.end - at)));
        at = end;
      }
    } else for (const piece of held) this.#send(piece);
    this.#caller.releaseBody();
    if (this.#isEnded) this.#sendEnd();
    else this.onWritable();
  }

  /** The provider takes more. */
  onWritable(): void {
    if (this.#call !== null && this.#call.unsentBytes < MAX_UNSENT_BYTES) this.#caller.resumeBody();
  }

  // ---- From the caller ------------------------------------------------------------------------------------------------

  onBytes(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) {
      this.#fail(this.#tooLarge());
      return;
    }
    this.#finder.push(bytes);
    const { finding } = this.#finder;
    if (finding.kind === "invalid") {
      this.#fail(new GatewayError("invalid_request", `The multipart body is malformed: ${finding.message}.`));
      return;
    }
    if (this.#call === null) this.#held.push(bytes);
    else this.#send(bytes);
    if (finding.kind === "found" && this.#onModel !== null) {
      this.#caller.pauseBody();
      this.#tellModel(finding.model);
    }
  }

  onEnd(): void {
    this.#finder.finish();
    const { finding } = this.#finder;
    if (finding.kind === "invalid") {
      this.#fail(new GatewayError("invalid_request", `The multipart body is malformed: ${finding.message}.`));
      return;
    }
    this.#isEnded = true;
    if (this.#onModel !== null) this.#tellModel(finding.kind === "found" ? finding.model : null);
    if (this.#call !== null) this.#sendEnd();
  }

  onError(error: GatewayError | CallerGone): void {
    this.#fail(error);
  }

  // ---- Inside ---------------------------------------------------------------------------------------------------------

  #tellModel(model: string | null): void {
    const onModel = this.#onModel;
    this.#onModel = null;
    this.#onModelError = null;
    onModel?.(model);
  }

  #send(bytes: Buffer): void {
    const call = this.#call;
    if (call === null || bytes.length === 0) return;
    if (this.#isChunked) {
      call.send(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]), false);
    } else call.send(bytes, false);
    if (call.unsentBytes > MAX_UNSENT_BYTES) this.#caller.pauseBody();
  }

  #sendEnd(): void {
    this.#call?.send(this.#isChunked ? LAST_CHUNK : NOTHING, true);
  }

  #fail(error: GatewayError | CallerGone): void {
    const onModelError = this.#onModelError;
    this.#held = [];
    this.#onModel = null;
    this.#onModelError = null;
    if (onModelError !== null) onModelError(error);
    else if (error instanceof GatewayError) {
      if (this.onFailed === null) this.#failure = error;
      else this.onFailed(error);
    }
    // A caller that left is the gateway's to notice: it aborts the call.
  }

  #tooLarge(): GatewayError {
    return new GatewayError(
      "payload_too_large",
      `The request body is larger than the ${this.#maxBytes} bytes allowed.`,
    );
  }
}

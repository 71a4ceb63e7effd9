import { GatewayError } from "../errors.ts";
import type { DeadlineOwner, TimerWheel } from "../lib/timer-wheel.ts";
import { WholeSlice } from "../lib/whole-slice.ts";
import type { BodySlices } from "../wire/chunked.ts";
import type { ResponseHead } from "../wire/response-head.ts";
import type { CallListener, UpstreamCall } from "../wire/upstream-call.ts";
import { isIdentity, isJsonType } from "./answer-checks.ts";
import { joinSlices } from "./chunk-framing.ts";
import type { Relay } from "./relay.ts";

/** An error answer is a few hundred bytes; of a longer one the beginning tells what it is. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Nor is one waited for that does not end: its status alone says enough. */
const ERROR_BODY_MS = 1_000;
/** What a slow beginning may hold back. */
const MAX_HELD_BYTES = 64 * 1024;
/** As far as an error in the place of an answer shows itself. */
const LOOK_BYTES = 128;
/** So many bytes without an end of line tell whether they begin an error. */
const CLEAR_BYTES = 32;
/** How providers begin a stream, or an answer with status 200, that is an error (OpenRouter, Azure, Anthropic's `event: error`, and those that follow OpenAI's `{"error":{…}}`). */
const BEGINS_WITH_ERROR = /^\s*(event: ?error\b|(data: ?)?\{\s*("type":\s*"error"\s*,\s*)?"error":\s*[{"])/;

/** An error answer of which nothing has gone anywhere. */
export type HeldAnswer = { readonly head: ResponseHead; readonly body: Buffer };

/** Who decides what becomes of an answer. */
export interface GateKeeper {
  /** The first byte of an answer is there: the relay that takes it to the caller; null: another attempt was faster, and the call is to be given up. */
  onAnswer(): Relay | null;
  /** An error answer is there: whether it is what the caller gets. Where not, the call is over. */
  onErrorAnswer(answer: HeldAnswer): boolean;
  /** No answer came. */
  onFailed(error: GatewayError): void;
}

/** A stream that begins too slowly goes no further: fewer characters than that within the time. */
export type SlowAnswerGuard = {
  readonly minCharsPerSecond: number;
  readonly withinMs: number;
  /** Characters of the answer's text in these bytes of its body. */
  readonly countChars: (payload: Uint8Array) => number;
};

/**
 * waiting => begun             (a head of an answer; committed with the first byte of its body)
 * waiting | begun => error     (an error answer; held to its end, then shown to the keeper)
 * begun => slow                (held until it is fast enough, or the time is over)
 * any => done                  (handed over to a relay, or given up)
 */
type State = "waiting" | "begun" | "error" | "slow" | "done";

/**
 * Stands between a call and the caller until its answer is committed. What is held here the caller has not seen, so another
 * attempt may take its place; from the first byte on the call speaks to the relay directly, and the gate is gone.
 */
export class CommitGate implements CallListener, DeadlineOwner {
  deadlineMs = Number.POSITIVE_INFINITY;
  readonly #keeper: GateKeeper;
  readonly #guard: SlowAnswerGuard | null;
  readonly #expectsStream: boolean;
  readonly #wheel: TimerWheel;
  #call: UpstreamCall | null = null;
  #state: State = "waiting";
  /** Whether an error in the place of an answer could be seen. */
  #isReadable = false;
  #head: ResponseHead | null = null;
  #held: Buffer[] | null = null;
  #heldBytes = 0;
  #chars = 0;

  /** `expectsStream`: an answer without a body would be none. */
  constructor(keeper: GateKeeper, wheel: TimerWheel, expectsStream: boolean, guard: SlowAnswerGuard | null) {
    this.#wheel = wheel;
    this.#keeper = keeper;
    this.#expectsStream = expectsStream;
    this.#guard = guard;
  }

  /** The call it listens to; given before it starts. */
  attach(call: UpstreamCall): void {
    this.#call = call;
  }

  /** The attempt is over: nothing is told any more. */
  close(): void {
    this.#state = "done";
    this.#held = null;
    this.#head = null;
    if (this.deadlineMs !== Number.POSITIVE_INFINITY) this.#wheel.remove(this);
  }

  onHead(head: ResponseHead): void {
    this.#head = head;
    if (head.status >= 400) this.#beginError();
    else this.#state = "begun";
    const isText =
      this.#expectsStream || isJsonType(head) || head.headers.startsWith("content-type", "text/event-stream");
    this.#isReadable = isText && isIdentity(head.headers.get("content-encoding"));
  }

  onBody(bytes: Buffer, slices: BodySlices): void {
    switch (this.#state) {
      case "begun":
        this.#begin(bytes, slices);
        return;
      case "error":
        this.#holdError(bytes, slices);
        return;
      case "slow":
        this.#holdSlow(bytes, slices);
        return;
      case "waiting":
      case "done":
        return;
      default:
        this.#state satisfies never;
    }
  }

  onEnd(): void {
    if (this.#state === "error") this.#showError()?.onEnd();
    else if (this.#state === "begun" && this.#expectsStream && this.#head?.status === 200 && this.#heldBytes === 0) {
      this.onError(
        new GatewayError("upstream_truncated", "The provider ended its stream before it began.", {
          upstreamType: "truncated",
        }),
      );
    } else if (this.#state !== "done") this.#commit()?.onEnd();
  }

  onError(error: GatewayError): void {
    if (this.#state === "done") return;
    if (this.#state === "error") {
      // Broken off or not, its status has told what it is.
      this.#showError()?.onError(error);
      return;
    }
    this.close();
    this.#keeper.onFailed(error);
  }

  onWritable(): void {
    // the request went out whole
  }

  onUpgraded(): void {
    this.#call?.abort();
    this.onError(
      new GatewayError("upstream_error", "The provider switched protocols without being asked.", {
        upstreamType: "protocol",
      }),
    );
  }

  onUpgradedData(): void {
    // never upgraded: onUpgraded has ended the call
  }

  onUpgradedClose(): void {
    // never upgraded: onUpgraded has ended the call
  }

  /** The first bytes of an answer: mostly they tell at once that it is no error. */
  #begin(bytes: Buffer, slices: BodySlices): void {
    if (slices.count === 0) return;
    if (!this.#isReadable) {
      this.#commit()?.onBody(bytes, slices);
      return;
    }
    if (this.#held === null && slices.count === 1 && this.#guard === null) {
      const verdict = lookAt(bytes, slices.starts[0] as number, slices.ends[0] as number);
      if (verdict === "answer") {
        this.#commit()?.onBody(bytes, slices);
        return;
      }
    }
    this.#hold(bytes, slices);
    const beginning = this.#held?.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held ?? []);
    switch (lookAt(beginning, 0, beginning.length)) {
      case "error":
        this.#beginError();
        return;
      case "answer":
        if (this.#guard === null) this.#commit();
        else this.#beginSlow(this.#guard, beginning);
        return;
      case "unclear":
        return;
    }
  }

  // ---- Errors -------------------------------------------------------------------------------------------------------------

  #beginError(): void {
    this.#state = "error";
    this.#wheel.set(this, this.#wheel.refresh() + ERROR_BODY_MS);
  }

  #holdError(bytes: Buffer, slices: BodySlices): void {
    this.#hold(bytes, slices);
    if (this.#heldBytes > MAX_ERROR_BYTES) this.#showError();
  }

  /** The relay where the keeper wants it answered: what was held has gone to it. */
  #showError(): Relay | null {
    const body = Buffer.concat(this.#held ?? []);
    if (this.#keeper.onErrorAnswer({ head: this.#head as ResponseHead, body })) {
      this.#held = body.length === 0 ? null : [body];
      return this.#commit();
    }
    this.close();
    // One that goes on, or hangs, is not waited for.
    if (this.#call?.phase !== "done") this.#call?.abort();
    return null;
  }

  // ---- A slow beginning -----------------------------------------------------------------------------------------------------

  #beginSlow(guard: SlowAnswerGuard, beginning: Buffer): void {
    this.#state = "slow";
    this.#wheel.set(this, this.#wheel.refresh() + guard.withinMs);
    this.#judgeSpeed(guard, beginning);
  }

  #holdSlow(bytes: Buffer, slices: BodySlices): void {
    this.#judgeSpeed(this.#guard as SlowAnswerGuard, this.#hold(bytes, slices));
  }

  #judgeSpeed(guard: SlowAnswerGuard, payload: Buffer): void {
    this.#chars += guard.countChars(payload);
    const wanted = (guard.minCharsPerSecond * guard.withinMs) / 1000;
    if (this.#chars >= wanted || this.#heldBytes > MAX_HELD_BYTES) this.#commit();
  }

  /** The time of a slow beginning, or of an error that does not end, is over. */
  onDeadline(): void {
    if (this.#state === "error") this.#showError();
    if (this.#state !== "slow") return;
    const { minCharsPerSecond, withinMs } = this.#guard as SlowAnswerGuard;
    this.#call?.abort();
    this.onError(
      new GatewayError(
        "upstream_timeout",
        `The provider sent ${this.#chars} characters in ${withinMs} ms, fewer than ${minCharsPerSecond} per second.`,
        { upstreamType: "timeout_first_byte" },
      ),
    );
  }

  // ---- Committing -----------------------------------------------------------------------------------------------------------

  /** Hands over to the relay, with what was held; null where the keeper has another answer already. */
  #commit(): Relay | null {
    const head = this.#head as ResponseHead;
    const held = this.#held;
    const call = this.#call as UpstreamCall;
    this.close();
    const relay = this.#keeper.onAnswer();
    if (relay === null) {
      if (call.phase !== "done") call.abort();
      return null;
    }
    call.handOver(relay);
    relay.attach(call);
    relay.onHead(head);
    for (const payload of held ?? []) relay.onBody(payload, new WholeSlice().set(0, payload.length));
    return relay;
  }

  #hold(bytes: Buffer, slices: BodySlices): Buffer {
    const payload = joinSlices(bytes, slices);
    this.#held ??= [];
    this.#held.push(payload);
    this.#heldBytes += payload.length;
    return payload;
  }
}

/** `{"id"`, `data: {"id"` and their like, with enough behind them: what nearly all answers are, told without a copy. */
function isPlainlyNoError(bytes: Buffer, start: number, end: number): boolean {
  if (end - start < CLEAR_BYTES) return false;
  let at = start;
  // "data: " as server-sent events begin.
  if (bytes[at] === 100 && bytes[at + 4] === 58) at += bytes[at + 5] === 32 ? 6 : 5;
  if (bytes[at] !== 123 || bytes[at + 1] !== 34) return false;
  const letter = bytes[at + 2];
  return letter !== 101 && letter !== 116; // an error begins with "error" or "type"
}

/** What a beginning is. `unclear`: too little of its first line is there. */
function lookAt(bytes: Buffer, start: number, end: number): "answer" | "error" | "unclear" {
  if (isPlainlyNoError(bytes, start, end)) return "answer";
  const text = bytes.toString("latin1", start, Math.min(end, start + LOOK_BYTES));
  if (text.length < CLEAR_BYTES && !text.includes("\n")) return "unclear";
  return text.includes("error") && BEGINS_WITH_ERROR.test(text) ? "error" : "answer";
}

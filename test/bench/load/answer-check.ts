/**
 * Checks one answer at a time: status, length, bytes of a plain body, all texts and the end of a stream. Of a translated stream
 * the length is the gateway's own affair.
 */
import { isPassed } from "../call.ts";
import type { Call } from "../call.ts";
import { DONE_EVENT, PLAIN_BODY, measureStreamBody } from "../payloads.ts";
import type { Scenario } from "../payloads.ts";
import { StreamMarks } from "./stream-marks.ts";

export type CheckOptions = {
  readonly call: Call;
  /** Whether the subject withholds the usage event that it asked for itself. */
  readonly withholdsUsage: boolean;
  /** Told of each chunk of a stream, with its stamp in µs since 1970 (0: not stamped). */
  readonly onChunk?: (stampMicros: number) => void;
};

export class AnswerCheck {
  readonly #options: CheckOptions;
  readonly #marks: StreamMarks;
  #scenario: Scenario = { kind: "plain" };
  #status = 0;
  #bodyBytes = 0;
  #matches = true;
  #tail: Buffer = Buffer.alloc(0);

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#marks = new StreamMarks(options.call.api, options.onChunk ?? null);
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Chunks of the stream so far. */
  get chunks(): number {
    return this.#marks.chunks;
  }

  /** Of the answer under way, or the last one; 0 before its head. */
  get status(): number {
    return this.#status;
  }

  begin(scenario: Scenario): void {
    this.#scenario = scenario;
    this.#status = 0;
    this.#bodyBytes = 0;
    this.#matches = true;
    this.#marks.begin();
  }

  addHead(status: number): void {
    this.#status = status;
  }

  addBody(bytes: Buffer, from: number, to: number): void {
    if (this.#scenario.kind === "plain") {
      const start = this.#bodyBytes;
      const end = start + to - from;
      this.#matches &&= end <= PLAIN_BODY.length && PLAIN_BODY.compare(bytes, from, to, start, end) === 0;
    } else if (this.#scenario.kind !== "flood") {
      this.#marks.add(bytes, from, to);
    } else if (to - from >= DONE_EVENT.length) {
      this.#tail = bytes.subarray(to - DONE_EVENT.length, to);
    } else {
      this.#tail = Buffer.concat([this.#tail, bytes.subarray(from, to)]).subarray(-DONE_EVENT.length);
    }
    this.#bodyBytes += to - from;
  }

  /** What is wrong with the answer now that it has ended; null where nothing is. */
  findFault(): string | null {
    if (this.#status !== 200) return `expected status 200, got ${this.#status}`;
    if (this.#scenario.kind === "plain") {
      if (this.#bodyBytes !== PLAIN_BODY.length) {
        return `expected a body of ${PLAIN_BODY.length} bytes, got ${this.#bodyBytes}`;
      }
      return this.#matches ? null : "the body differs from what the provider sent";
    }
    const { call, withholdsUsage } = this.#options;
    if (isPassed(call)) {
      const expected = measureStreamBody(this.#scenario, call.provider, withholdsUsage);
      if (this.#bodyBytes !== expected) return `expected a stream of ${expected} bytes, got ${this.#bodyBytes}`;
    }
    if (this.#scenario.kind === "flood") {
      return this.#tail.equals(DONE_EVENT) ? null : "the stream ended without [DONE]";
    }
    if (this.#scenario.kind === "stream" && this.#marks.chunks !== this.#scenario.chunks) {
      return `expected a stream of ${this.#scenario.chunks} texts, got ${this.#marks.chunks}`;
    }
    return this.#marks.hasEnd ? null : "the stream ended without its last event";
  }
}

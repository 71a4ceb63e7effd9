/** Checks one answer at a time: status, length, bytes of a plain body, [DONE] at the end of a stream. */
import { DONE_EVENT, PLAIN_BODY, measureStreamBody } from "../payloads.ts";
import type { Scenario } from "../payloads.ts";

export class AnswerCheck {
  readonly #withholdsUsage: boolean;
  #scenario: Scenario = { kind: "plain" };
  #status = 0;
  #bodyBytes = 0;
  #matches = true;
  #tail: Buffer = Buffer.alloc(0);

  constructor(withholdsUsage: boolean) {
    this.#withholdsUsage = withholdsUsage;
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  begin(scenario: Scenario): void {
    this.#scenario = scenario;
    this.#status = 0;
    this.#bodyBytes = 0;
    this.#matches = true;
  }

  addHead(status: number): void {
    this.#status = status;
  }

  addBody(bytes: Buffer, from: number, to: number): void {
    if (this.#scenario.kind === "plain") {
      const start = this.#bodyBytes;
      const end = start + to - from;
      this.#matches &&= end <= PLAIN_BODY.length && PLAIN_BODY.compare(bytes, from, to, start, end) === 0;
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
    const expected = measureStreamBody(this.#scenario, this.#withholdsUsage);
    if (this.#bodyBytes !== expected) return `expected a stream of ${expected} bytes, got ${this.#bodyBytes}`;
    return this.#tail.equals(DONE_EVENT) ? null : "the stream ended without [DONE]";
  }
}

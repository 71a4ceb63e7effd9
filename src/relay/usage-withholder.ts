/** An event longer than this is not the small one we are looking for. */
const MAX_HELD_BYTES = 16 * 1024;
const EMPTY = Buffer.alloc(0);

/**
 * Takes out of a stream the one event we asked for and the caller did not: the usage after the finish.
 *
 * Until the answer has finished nothing is held: bytes pass as they came. After that the stream is passed event by event, so
 * only the last lines of a stream ever wait for their end.
 */
export class UsageWithholder {
  readonly #isUsageOnlyEvent: (data: string) => boolean;
  #held: Buffer = EMPTY;

  constructor(isUsageOnlyEvent: (data: string) => boolean) {
    this.#isUsageOnlyEvent = isUsageOnlyEvent;
  }

  /** Takes payload that came after the finish (or with it); returns what may pass now. */
  filter(payload: Buffer): Buffer {
    const input = this.#held.length === 0 ? payload : Buffer.concat([this.#held, payload]);
    const passed: Buffer[] = [];
    let start = 0;
    for (;;) {
      const end = endOfEvent(input, start);
      if (end === -1) break;
      const event = input.subarray(start, end);
      if (!this.#isWithheld(event)) passed.push(event);
      start = end;
    }
    const rest = input.subarray(start);
    if (rest.length > MAX_HELD_BYTES) {
      passed.push(rest);
      this.#held = EMPTY;
    } else this.#held = Buffer.from(rest);
    return passed.length === 1 ? (passed[0] as Buffer) : Buffer.concat(passed);
  }

  /** What still waits for its event's end, at the end of the stream. */
  release(): Buffer {
    const held = this.#held;
    this.#held = EMPTY;
    return held;
  }

  #isWithheld(event: Buffer): boolean {
    if (!event.includes('"usage"')) return false;
    const data: string[] = [];
    for (const line of event.toString().split(/\r\n|\r|\n/)) {
      if (line.startsWith("data:")) data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
    }
    return this.#isUsageOnlyEvent(data.join("\n"));
  }
}

/** Index after the empty line that ends the event beginning at `start` (LF, CRLF or CR line ends); -1 when it is not there. */
function endOfEvent(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const code = bytes[at];
    if (code === 10) {
      if (bytes[at + 1] === 10) return at + 2;
      if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
    } else if (code === 13 && bytes[at + 1] === 13) return at + 2;
  }
  return -1;
}

import { GatewayError } from "../errors.ts";
import type { EventSink } from "./dialect.ts";
import type { NeutralEvent } from "./neutral.ts";

/** What one stream may hold back; a tool call's arguments are a few kilobytes. */
const MAX_HELD_EVENTS = 65_536;

/**
 * Puts interleaved parts one after the other, for dialects that cannot say two at once: events of a part that is not the open one
 * are held until the open one has ended. Order within each part stays; streams that never interleave are never held.
 */
export class Sequencer {
  readonly #out: EventSink;
  #open: string | null = null;
  /** Events of waiting parts, in order of arrival. */
  #held: NeutralEvent[] = [];

  constructor(out: EventSink) {
    this.#out = out;
  }

  push(event: NeutralEvent): void {
    if (!("part" in event)) {
      // Nothing may overtake a choice's finish; what is held belongs before it.
      if (event.kind === "finish" || event.kind === "message-end" || event.kind === "error") this.#release();
      this.#out(event);
      return;
    }
    const part = `${event.choice}:${event.part}`;
    if (this.#open === null && event.kind === "part-start") this.#open = part;
    if (this.#open !== part) {
      if (this.#held.length >= MAX_HELD_EVENTS) {
        throw new GatewayError("upstream_error", "The provider interleaved more parts than can be put in order.", {
          upstreamType: "protocol",
        });
      }
      this.#held.push(event);
      return;
    }
    this.#out(event);
    if (event.kind !== "part-end") return;
    this.#open = null;
    this.#next();
  }

  /** The first waiting part gets its turn; those behind it too, as long as they are complete. */
  #next(): void {
    while (this.#open === null && this.#held.length > 0) {
      const waiting = this.#held;
      this.#held = [];
      for (const event of waiting) this.push(event);
      if (this.#held.length === waiting.length) return;
    }
  }

  /** The stream ends with parts still open: what waits for them goes out as it came. */
  #release(): void {
    const held = this.#held;
    this.#held = [];
    this.#open = null;
    for (const event of held) this.#out(event);
  }
}

import { GatewayError } from "../errors.ts";
import type { EventSink } from "./dialect.ts";
import type { NeutralEvent } from "./neutral.ts";

/** What one stream may hold back; a tool call's arguments are a few kilobytes, in a few hundred events. */
const MAX_HELD_EVENTS = 65_536;
const MAX_HELD_CHARS = 4 * 1024 * 1024;

/** Parts of one choice are told apart by their number; no reader counts that far. */
const PARTS_OF_CHOICE = 2 ** 24;
const NONE = -1;

type PartEvent = Extract<NeutralEvent, { readonly part: number }>;

/**
 * Puts interleaved parts one after the other, for dialects that cannot say two at once: events of a part that is not the open one
 * are held until the open one has ended. Order within each part stays; streams that never interleave are never held.
 */
export class Sequencer {
  readonly #out: EventSink;
  #open = NONE;
  /** Events of waiting parts; the part that began first comes first. */
  readonly #waiting = new Map<number, PartEvent[]>();
  #heldEvents = 0;
  #heldChars = 0;

  constructor(out: EventSink) {
    this.#out = out;
  }

  /** Throws GatewayError `upstream_error` beyond the bounds. */
  push(event: NeutralEvent): void {
    if (!("part" in event)) {
      // Nothing may overtake a choice's finish; what is held belongs before it.
      if (event.kind === "finish" || event.kind === "message-end" || event.kind === "error") this.#release();
      this.#out(event);
      return;
    }
    const part = event.choice * PARTS_OF_CHOICE + event.part;
    if (this.#open === NONE && event.kind === "part-start") this.#open = part;
    if (this.#open !== part) {
      this.#hold(part, event);
      return;
    }
    this.#out(event);
    if (event.kind !== "part-end") return;
    this.#open = NONE;
    if (this.#waiting.size > 0) this.#next();
  }

  #hold(part: number, event: PartEvent): void {
    this.#heldEvents++;
    this.#heldChars += charsOf(event);
    if (this.#heldEvents > MAX_HELD_EVENTS || this.#heldChars > MAX_HELD_CHARS) {
      throw new GatewayError("upstream_error", "The provider interleaved more parts than can be put in order.", {
        upstreamType: "protocol",
      });
    }
    const events = this.#waiting.get(part);
    if (events === undefined) this.#waiting.set(part, [event]);
    else events.push(event);
  }

  /** The first waiting part gets its turn; those behind it too, as long as they are complete. */
  #next(): void {
    for (const [part, events] of this.#waiting) {
      this.#waiting.delete(part);
      this.#tell(events);
      if (events.at(-1)?.kind === "part-end") continue;
      this.#open = part;
      return;
    }
  }

  /** The stream ends with parts still open: what waits for them goes out, part by part. */
  #release(): void {
    this.#open = NONE;
    for (const events of this.#waiting.values()) this.#tell(events);
    this.#waiting.clear();
  }

  #tell(events: readonly PartEvent[]): void {
    for (const event of events) {
      this.#heldEvents--;
      this.#heldChars -= charsOf(event);
      this.#out(event);
    }
  }
}

/** What of an event grows with what the provider sends. */
function charsOf(event: PartEvent): number {
  switch (event.kind) {
    case "text-delta":
    case "reasoning-delta":
    case "tool-call-arguments-delta":
      return event.text.length;
    case "audio-delta":
      return event.data.length + event.transcript.length;
    case "signature":
      return event.opaque.data.length;
    default:
      return 0;
  }
}

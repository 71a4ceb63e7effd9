import { GatewayError } from "../../errors.ts";
import { ResponseIds } from "./ids.ts";

/** What one stream may keep of its answer: the last event has to say all of it again. As much as a whole answer that is translated. */
const MAX_HELD_CHARS = 64 * 1024 * 1024;

/** What the parts of a stream writer share: event numbers, ids, places in the output, and the finished items. */
export class EventWriter {
  readonly ids = new ResponseIds();
  /** JSON of the finished items by their place; each text of the answer is kept in one form at a time. */
  readonly #items: string[] = [];
  #places = 0;
  #heldChars = 0;
  #sequence = 0;

  /** The number of the next event. */
  next(): number {
    return this.#sequence++;
  }

  /** A complete event; `members` is JSON of what follows type and number, without braces. */
  event(type: string, members: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#sequence++},${members}}\n\n`;
  }

  /** A place in the output for a new item. */
  takePlace(): number {
    this.#items.push("");
    return this.#places++;
  }

  /** `output_item.added` */
  openItem(place: number, item: object): string {
    return this.event("response.output_item.added", `"output_index":${place},"item":${JSON.stringify(item)}`);
  }

  /** `output_item.done`; the item's JSON is kept for the last event. */
  closeItem(place: number, item: string): string {
    this.#items[place] = item;
    this.hold(item.length);
    return this.event("response.output_item.done", `"output_index":${place},"item":${item}`);
  }

  /** Counts characters that are kept (or, negative, are not any more). Throws GatewayError `upstream_error` beyond 64 Mi. */
  hold(chars: number): void {
    this.#heldChars += chars;
    if (this.#heldChars <= MAX_HELD_CHARS) return;
    throw new GatewayError("upstream_error", `The provider's answer is longer than ${MAX_HELD_CHARS} characters.`, {
      upstreamType: "protocol",
    });
  }

  /** JSON of the whole output; items that never ended are left out. */
  output(): string {
    return `[${this.#items.filter((item) => item !== "").join(",")}]`;
  }
}

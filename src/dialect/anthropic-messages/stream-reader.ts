import { parseObject } from "../../lib/json.ts";
import { SseParser } from "../../lib/sse.ts";
import type { EventSink, StreamReader } from "../dialect.ts";
import { MessageEvents } from "./stream-events.ts";

/** Reads a provider's server-sent events. The event's name says no more than its data's `type`. */
export class MessagesReader implements StreamReader {
  readonly #parser = new SseParser();
  readonly #events = new MessageEvents();
  #sink: EventSink | null = null;
  readonly #onEvent = (type: string, data: string): void => {
    const event = parseObject(data);
    // `[DONE]`, which some gateways add, and broken JSON are no events.
    if (event === null || this.#sink === null) return;
    if (type === "error" && event["type"] !== "error") this.#events.read({ ...event, type: "error" }, this.#sink);
    else this.#events.read(event, this.#sink);
  };

  push(bytes: Uint8Array, sink: EventSink): void {
    this.#sink = sink;
    this.#parser.push(bytes, this.#onEvent);
  }

  end(sink: EventSink): void {
    this.#sink = sink;
    this.#parser.end(this.#onEvent);
  }
}

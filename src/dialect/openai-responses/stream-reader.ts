import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type JsonObject } from "../../lib/json.ts";
import { SseParser } from "../../lib/sse.ts";
import type { EventSink, StreamReader } from "../dialect.ts";
import { readErrorObject } from "./errors.ts";
import { readFinish } from "./finish.ts";
import { readHead } from "./read-answer.ts";
import { StreamItems } from "./stream-items.ts";
import { readUsageObject } from "./usage.ts";

/**
 * Reads a stream of Responses: https://platform.openai.com/docs/api-reference/responses-streaming
 *
 * Told by `type` alone, with or without an `event:` line, before or after the data (Bedrock). Items are known by `output_index`:
 * GitHub Copilot gives the same item another id in every event. What a provider leaves out (a `created`, deltas, a `done`) is made
 * good from the events that say it again; events of a type not known here are passed over.
 */
export class ResponsesStreamReader implements StreamReader {
  readonly #parser = new SseParser();
  readonly #onEvent = (type: string, data: string): void => this.#read(type, data);
  #sink: EventSink = ignore;
  /** For items of a response that was never said to begin. */
  readonly #startingSink: EventSink = (event) => {
    this.#start(null);
    this.#sink(event);
  };
  #items = new StreamItems();
  #head: ReturnType<typeof readHead> | null = null;
  #hasStarted = false;
  #hasEnded = false;
  #isBodyOver = false;

  push(bytes: Uint8Array, sink: EventSink): void {
    this.#sink = sink;
    this.#parser.push(bytes, this.#onEvent);
  }

  end(sink: EventSink): void {
    this.#sink = sink;
    this.#isBodyOver = true;
    this.#parser.end(this.#onEvent);
  }

  #read(eventName: string, data: string): void {
    if (this.#hasEnded || data === "" || data === "[DONE]") return;
    let event: JsonObject | null;
    try {
      event = asObject(JSON.parse(data));
    } catch {
      // An event that the body's end cut in two is no event; inside the stream it would be a hole in the answer.
      if (this.#isBodyOver) return;
      throw new GatewayError(
        "upstream_error",
        "The provider's stream should hold JSON events, and holds one that is not.",
        {
          upstreamType: "protocol",
        },
      );
    }
    if (event === null) return;
    const type = asString(event["type"]) ?? eventName;
    switch (type) {
      case "response.created":
      case "response.in_progress":
      case "response.queued":
        this.#start(asObject(event["response"]));
        return;
      case "response.completed":
      case "response.incomplete":
      case "response.cancelled":
        this.#finish(asObject(event["response"]) ?? {});
        return;
      case "response.failed":
        this.#fail(asObject(asObject(event["response"])?.["error"]) ?? { message: "The provider's response failed." });
        return;
      case "error":
        this.#fail(asObject(event["error"]) ?? event);
        return;
      default:
        // An error object in place of an event, as many gateways send it.
        if (type === "" && asObject(event["error"]) !== null) this.#fail(event["error"] as JsonObject);
        else this.#items.read(type, event, this.#hasStarted ? this.#sink : this.#startingSink);
    }
  }

  #start(response: JsonObject | null): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const head = readHead(response ?? {}, true);
    this.#head = head;
    const { id, model, createdAt, serviceTier } = head;
    // No usage yet is no news; one that comes later must not meet it.
    const { usage: _, ...extra } = head.extra ?? {};
    this.#sink({
      kind: "message-start",
      id,
      model,
      createdAt,
      serviceTier,
      extra: Object.keys(extra).length === 0 ? null : extra,
    });
  }

  #fail(error: JsonObject): void {
    this.#hasEnded = true;
    this.#sink({ kind: "error", error: readErrorObject(error) });
  }

  #finish(response: JsonObject): void {
    const sink = this.#sink;
    this.#start(response);
    this.#items.finish(asArray(response["output"]), sink);
    const finish = readFinish(response, this.#items.hasToolCalls);
    sink({
      kind: "finish",
      choice: 0,
      finish: finish ?? { kind: "stop", native: null, stopSequence: null },
      extra: null,
    });
    const usage = readUsageObject(asObject(response["usage"]));
    if (usage !== null) sink({ kind: "usage", usage });
    this.#hasEnded = true;
    sink({ kind: "message-end", extra: this.#endExtra(response) });
  }

  /** What the last event says that the first did not, or said otherwise. */
  #endExtra(response: JsonObject): JsonObject | null {
    const first = this.#head;
    const last = readHead(response, true);
    const extra: Record<string, JsonObject[string]> = { ...last.extra };
    if (last.model !== null && last.model !== first?.model) extra["model"] = last.model;
    if (last.serviceTier !== null && last.serviceTier !== first?.serviceTier) extra["service_tier"] = last.serviceTier;
    if (last.createdAt !== null && last.createdAt !== first?.createdAt) extra["created_at"] = last.createdAt;
    return Object.keys(extra).length === 0 ? null : extra;
  }
}

function ignore(): void {
  // nothing is read before the first push
}

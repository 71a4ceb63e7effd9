import { asCount, asObject, asString, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import { SseParser } from "../../lib/sse.ts";
import type { EventSink, StreamReader } from "../dialect.ts";
import { PartTracker } from "../part-tracker.ts";
import { providerError } from "../neutral-error.ts";
import { readCitation } from "./citations.ts";
import { readFinish } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { OffsetMap } from "./offsets.ts";
import { PLAN, readBlock } from "./parts.ts";
import { readUsage } from "./usage.ts";

const KNOWN_START = new Set(["id", "type", "delta"]);
const KNOWN_END_DELTA = new Set(["finish_reason", "usage"]);
/** Events of a message; one that comes first begins it, as `message-start` does. */
const OF_MESSAGE: ReadonlySet<unknown> = new Set([
  "message-start",
  "content-start",
  "content-delta",
  "tool-plan-delta",
  "tool-call-start",
  "message-end",
]);
const NONE = -1;

/**
 * Reads `POST /v2/chat` with `stream: true`: https://docs.cohere.com/reference/chat-stream
 *
 *   message-start → (content-start content-delta* content-end | tool-plan-delta* | tool-call-start …-delta* …-end)* → message-end
 *
 * Citations come as soon as the words they stand on, and with `citation_options.mode` "accurate" after the content's end: so a
 * text is closed when the next thing begins, not at its own end.
 */
export class CohereStreamReader implements StreamReader {
  readonly #parser = new SseParser();
  readonly #parts = new PartTracker();
  /** The open block: its index on the wire, its part, and what it is. */
  #block = NONE;
  #part = NONE;
  #isText = false;
  #offsets = new OffsetMap();
  #plan = NONE;
  readonly #calls = new Map<number, number>();
  #nextCall = 0;
  #hasBegun = false;
  #isOver = false;

  push(bytes: Uint8Array, sink: EventSink): void {
    this.#parser.push(bytes, (_, data) => this.#read(data, sink));
  }

  end(sink: EventSink): void {
    this.#parser.end((_, data) => this.#read(data, sink));
  }

  #read(data: string, sink: EventSink): void {
    if (this.#isOver || data === "[DONE]") return;
    const event = parseObject(data);
    if (event === null) return;
    if (!this.#hasBegun && (event["delta"] !== undefined || OF_MESSAGE.has(event["type"]))) this.#begin(event, sink);
    const delta = event["delta"] as JsonObject | undefined;
    const message = asObject(asObject(delta)?.["message"]);
    switch (event["type"]) {
      case "content-delta":
        this.#readContent(event, asObject(message?.["content"]), sink);
        return;
      case "tool-call-delta": {
        const part = this.#calls.get(indexOf(event));
        const fn = asObject(asObject(message?.["tool_calls"])?.["function"]);
        const text = asString(fn?.["arguments"]);
        if (part !== undefined && text !== null && text !== "") {
          sink({ kind: "tool-call-arguments-delta", choice: 0, part, text });
        }
        return;
      }
      case "tool-plan-delta":
        this.#readPlan(asString(message?.["tool_plan"]), sink);
        return;
      case "content-start":
        this.#startBlock(event, message, sink);
        return;
      case "content-end":
      case "citation-end":
        return;
      case "citation-start": {
        const citation = asObject(message?.["citations"]);
        if (citation === null || !this.#isText || this.#part === NONE) return;
        for (const one of readCitation(citation, this.#offsets)) {
          sink({ kind: "citation", choice: 0, part: this.#part, citation: one });
        }
        return;
      }
      case "tool-call-start":
        this.#startCall(event, asObject(message?.["tool_calls"]), sink);
        return;
      case "tool-call-end": {
        const index = indexOf(event);
        const part = this.#calls.get(index);
        if (part === undefined) return;
        this.#calls.delete(index);
        this.#parts.close(sink, 0, part);
        return;
      }
      case "message-start":
        return;
      case "message-end":
        this.#readEnd(asObject(delta) ?? {}, sink);
        return;
      default:
        this.#readOther(event, sink);
    }
  }

  /** With the first event, which is message-start unless the provider left it out. */
  #begin(event: JsonObject, sink: EventSink): void {
    this.#hasBegun = true;
    const isStart = event["type"] === "message-start";
    sink({
      kind: "message-start",
      id: asString(event["id"]),
      model: null,
      createdAt: null,
      serviceTier: null,
      extra: isStart ? restOf(event, KNOWN_START) : null,
    });
  }

  #readContent(event: JsonObject, content: JsonObject | null, sink: EventSink): void {
    const index = indexOf(event);
    const isText = content?.["thinking"] === undefined;
    const text = asString(isText ? content?.["text"] : content?.["thinking"]);
    // A delta without its start, or of the other kind: a start of its own.
    if (this.#block !== index || this.#isText !== isText) this.#openText(index, isText, sink);
    if (text !== null && text !== "") this.#tellText(text, sink);
    if (event["logprobs"] === undefined) return;
    const tokens = readLogprobs(event["logprobs"]);
    if (tokens !== null) sink({ kind: "logprobs", choice: 0, tokens });
  }

  #tellText(text: string, sink: EventSink): void {
    if (this.#isText) {
      this.#offsets.push(text);
      sink({ kind: "text-delta", choice: 0, part: this.#part, text });
    } else sink({ kind: "reasoning-delta", choice: 0, part: this.#part, text });
  }

  #startBlock(event: JsonObject, message: JsonObject | null, sink: EventSink): void {
    const content = message?.["content"] ?? null;
    const block = readBlock(content);
    const index = indexOf(event);
    if (block === null) return;
    if (block.kind === "text" || block.kind === "reasoning") {
      this.#openText(index, block.kind === "text", sink);
      if (block.text !== "") this.#tellText(block.text, sink);
      return;
    }
    this.#closeRunning(sink);
    const part = this.#parts.open(sink, 0, { kind: "whole", part: block });
    this.#parts.close(sink, 0, part);
  }

  #openText(index: number, isText: boolean, sink: EventSink): void {
    this.#closeRunning(sink);
    this.#block = index;
    this.#isText = isText;
    this.#offsets = new OffsetMap();
    this.#part = this.#parts.open(sink, 0, { kind: isText ? "text" : "reasoning" });
  }

  #readPlan(text: string | null, sink: EventSink): void {
    if (text === null || text === "") return;
    if (this.#plan === NONE) {
      this.#closeRunning(sink);
      this.#plan = this.#parts.open(sink, 0, { kind: "reasoning", isSummary: true, extra: PLAN });
    }
    sink({ kind: "reasoning-delta", choice: 0, part: this.#plan, text });
  }

  #startCall(event: JsonObject, call: JsonObject | null, sink: EventSink): void {
    const fn = asObject(call?.["function"]);
    this.#closeRunning(sink);
    const number = ++this.#nextCall;
    const part = this.#parts.open(sink, 0, {
      kind: "tool-call",
      id: asString(call?.["id"]) ?? `call_${number}`,
      name: asString(fn?.["name"]) ?? "",
    });
    this.#calls.set(indexOf(event), part);
    const text = asString(fn?.["arguments"]);
    if (text !== null && text !== "") sink({ kind: "tool-call-arguments-delta", choice: 0, part, text });
  }

  #closeRunning(sink: EventSink): void {
    if (this.#part !== NONE) this.#parts.close(sink, 0, this.#part);
    if (this.#plan !== NONE) this.#parts.close(sink, 0, this.#plan);
    this.#part = NONE;
    this.#plan = NONE;
    this.#block = NONE;
  }

  #readEnd(delta: JsonObject, sink: EventSink): void {
    this.#isOver = true;
    const usage = readUsage(asObject(delta["usage"]));
    const reason = asString(delta["finish_reason"]);
    const error = asString(delta["error"]);
    if (error !== null && error !== "") {
      if (usage !== null) sink({ kind: "usage", usage });
      this.#fail(reason, error, sink);
      return;
    }
    this.#parts.closeAll(sink, 0);
    const finish = readFinish(reason) ?? {
      kind: this.#nextCall > 0 ? "tool-calls" : "stop",
      native: null,
      stopSequence: null,
    };
    sink({ kind: "finish", choice: 0, finish, extra: null });
    if (usage !== null) sink({ kind: "usage", usage });
    sink({ kind: "message-end", extra: restOf(delta, KNOWN_END_DELTA) });
  }

  /** `debug` events and what comes new mean nothing elsewhere; an error's shape ends the stream. */
  #readOther(event: JsonObject, sink: EventSink): void {
    if (typeof event["type"] === "string" && event["type"] !== "error") return;
    const error = asObject(event["error"]);
    const message = asString(error?.["message"]) ?? asString(event["error"]) ?? asString(event["message"]);
    if (message === null) return;
    this.#isOver = true;
    this.#fail(null, message, sink);
  }

  #fail(reason: string | null, message: string, sink: EventSink): void {
    const isTimeout = reason === "TIMEOUT";
    sink({
      kind: "error",
      error: providerError({
        code: isTimeout ? "upstream_timeout" : "upstream_error",
        status: isTimeout ? 504 : 502,
        message,
        param: null,
        detail: null,
        retryAfterSeconds: null,
      }),
    });
  }
}

function indexOf(event: JsonObject): number {
  return asCount(event["index"]) ?? 0;
}

import { asObject, asString, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import { NdjsonParser } from "../../lib/ndjson.ts";
import { makeCallId } from "../call-id.ts";
import type { EventSink, StreamReader } from "../dialect.ts";
import { PartTracker } from "../part-tracker.ts";
import { providerError } from "../neutral-error.ts";
import { readMessage } from "./errors.ts";
import { readFinish } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { readImages, readToolCalls } from "./parts.ts";
import { readGenerated, readTime } from "./read-answer.ts";
import { DURATIONS, readUsage } from "./usage.ts";

const KNOWN_LAST: ReadonlySet<string> = new Set([
  "model",
  "created_at",
  "message",
  "response",
  "thinking",
  "done",
  "done_reason",
  "logprobs",
  "prompt_eval_count",
  "eval_count",
  ...DURATIONS,
]);

/** Reads a stream of `/api/chat` or `/api/generate`: https://docs.ollama.com/api/streaming. A tool call comes whole, in one line. */
export class OllamaStreamReader implements StreamReader {
  readonly #parser = new NdjsonParser();
  readonly #parts = new PartTracker();
  #hasBegun = false;
  #hasCalls = false;
  #isOver = false;

  push(bytes: Uint8Array, sink: EventSink): void {
    this.#parser.push(bytes, (line) => this.#read(line, sink));
  }

  end(sink: EventSink): void {
    this.#parser.end((line) => this.#read(line, sink));
  }

  #read(text: string, sink: EventSink): void {
    if (this.#isOver) return;
    const line = parseObject(text);
    if (line === null) return;
    const message = asObject(line["message"]) ?? readGenerated(line);
    if (message === null && line["done"] !== true) {
      const error = readMessage(line);
      if (error !== null) this.#fail(error, sink);
      return;
    }
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      sink({
        kind: "message-start",
        id: null,
        model: asString(line["model"]),
        createdAt: readTime(line["created_at"]),
        serviceTier: null,
        extra: null,
      });
    }
    if (message !== null) this.#readMessage(message, sink);
    const { logprobs } = line;
    if (logprobs !== undefined) {
      const tokens = readLogprobs(logprobs);
      if (tokens !== null) sink({ kind: "logprobs", choice: 0, tokens });
    }
    if (line["done"] === true) this.#readEnd(line, sink);
  }

  #readMessage(message: JsonObject, sink: EventSink): void {
    const { thinking, content } = message;
    if (typeof thinking === "string" && thinking !== "") {
      const part = this.#parts.continue(sink, 0, "reasoning");
      sink({ kind: "reasoning-delta", choice: 0, part, text: thinking });
    }
    if (typeof content === "string" && content !== "") {
      const part = this.#parts.continue(sink, 0, "text");
      sink({ kind: "text-delta", choice: 0, part, text: content });
    }
    if (message["images"] !== undefined) {
      for (const image of readImages(message["images"])) {
        this.#parts.close(sink, 0, this.#parts.open(sink, 0, { kind: "whole", part: image }));
      }
    }
    if (message["tool_calls"] === undefined) return;
    for (const { id, name, arguments: text } of readToolCalls(message["tool_calls"], makeCallId)) {
      this.#hasCalls = true;
      const part = this.#parts.open(sink, 0, { kind: "tool-call", id, name });
      sink({ kind: "tool-call-arguments-delta", choice: 0, part, text });
      this.#parts.close(sink, 0, part);
    }
  }

  #readEnd(line: JsonObject, sink: EventSink): void {
    this.#isOver = true;
    this.#parts.closeAll(sink, 0);
    sink({
      kind: "finish",
      choice: 0,
      finish: readFinish(asString(line["done_reason"]), this.#hasCalls),
      extra: null,
    });
    const usage = readUsage(line);
    if (usage !== null) sink({ kind: "usage", usage });
    sink({ kind: "message-end", extra: restOf(line, KNOWN_LAST) });
  }

  #fail(message: string, sink: EventSink): void {
    this.#isOver = true;
    sink({
      kind: "error",
      error: providerError({
        code: "upstream_error",
        status: 502,
        message,
        param: null,
        detail: null,
        retryAfterSeconds: null,
      }),
    });
  }
}

import { asObject, type JsonObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { Finish, NeutralError, NeutralEvent, NeutralUsage, Part, PartStart } from "../neutral.ts";
import { CallWriter } from "./call-writer.ts";
import { writeErrorEventData, writeResponseError } from "./errors.ts";
import { EventWriter } from "./event-writer.ts";
import { writeFinish } from "./finish.ts";
import { writeImageItem } from "./items.ts";
import { type ContentWriter, MessageWriter } from "./message-writer.ts";
import { writeNativeItem } from "./native-writer.ts";
import { isEncryptionAsked } from "./reasoning-item.ts";
import { ReasoningWriter, writeCarrier } from "./reasoning-writer.ts";
import { writeSettings } from "./response-object.ts";
import { writeUsage } from "./usage.ts";

type Start<Kind extends NeutralEvent["kind"]> = Extract<NeutralEvent, { readonly kind: Kind }>;
type OpenPart =
  | { readonly kind: "content"; readonly writer: ContentWriter }
  | { readonly kind: "reasoning"; readonly writer: ReasoningWriter }
  | { readonly kind: "call"; readonly writer: CallWriter };

/**
 * Writes a stream of Responses in the API's order: https://platform.openai.com/docs/api-reference/responses-streaming
 *
 *   created, in_progress, then for each item: added, its contents' events, done; then completed | incomplete | failed
 *
 * Parts that are open at once are items (or contents) that are open at once: each event says by `output_index` where it belongs.
 */
export class ResponsesStreamWriter implements StreamWriter {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly #context: AnswerContext;
  readonly #out = new EventWriter();
  readonly #parts = new Map<number, OpenPart>();
  /** The response's members but for status, output and usage. */
  #response: JsonObject | null = null;
  /** The events come from a provider of this same dialect: its `object` says so, and nobody else's `extra` has that word. */
  #isOwn = false;
  #message: MessageWriter | null = null;
  #latest: ContentWriter | null = null;
  #finish: Finish | null = null;
  #usage: NeutralUsage | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  write(event: NeutralEvent): string {
    switch (event.kind) {
      case "text-delta": {
        const open = this.#open(event);
        return open?.kind === "content" ? open.writer.delta(event.text) : "";
      }
      case "reasoning-delta": {
        const open = this.#open(event);
        return open?.kind === "reasoning" ? open.writer.delta(event.text, event.isBreak === true) : "";
      }
      case "tool-call-arguments-delta": {
        const open = this.#open(event);
        return open?.kind === "call" ? open.writer.delta(event.text) : "";
      }
      case "audio-delta": {
        const open = this.#open(event);
        return open?.kind === "content" ? open.writer.delta(event.transcript) : "";
      }
      case "message-start":
        return this.#begin(event);
      case "part-start":
        return event.choice === 0 ? this.#startPart(event.part, event.start) : "";
      case "part-end":
        return this.#endPart(event);
      case "signature": {
        const open = this.#open(event);
        if (open === undefined) return "";
        if (open.kind === "reasoning") open.writer.carry(event.slot, event.opaque);
        else open.writer.signature = event.opaque;
        return "";
      }
      case "citation": {
        const open = this.#open(event);
        return open?.kind === "content" ? open.writer.citation(event.citation) : "";
      }
      case "logprobs":
        if (event.choice === 0) this.#latest?.logprobs(event.tokens);
        return "";
      case "finish":
        if (event.choice === 0) this.#finish = event.finish;
        return "";
      case "usage":
        this.#usage = event.usage;
        return "";
      case "message-end":
        return this.#end(event.extra);
      case "keep-alive":
        return ": keep-alive\n\n";
      case "error":
        return this.#fail(event.error);
      default:
        return event satisfies never;
    }
  }

  #open(event: { readonly choice: number; readonly part: number }): OpenPart | undefined {
    return event.choice === 0 ? this.#parts.get(event.part) : undefined;
  }

  // ---- The response -----------------------------------------------------------------------------------------------------

  #begin({ id, model, createdAt, serviceTier, extra }: Start<"message-start">): string {
    const context = this.#context;
    this.#isOwn = extra?.["object"] === "response";
    this.#response = this.#isOwn
      ? {
          id: id ?? this.#out.ids.response,
          created_at: createdAt ?? context.createdAt,
          model: model ?? context.model,
          ...(serviceTier === null ? {} : { service_tier: serviceTier }),
          ...extra,
        }
      : {
          id: this.#out.ids.response,
          object: "response",
          created_at: createdAt ?? context.createdAt,
          completed_at: null,
          error: null,
          incomplete_details: null,
          ...writeSettings(context.request),
          model: model ?? context.model,
          service_tier: serviceTier ?? "default",
        };
    const response = this.#render("in_progress", { usage: null });
    return this.#out.event("response.created", response) + this.#out.event("response.in_progress", response);
  }

  /** `"response":{…}` */
  #render(status: string, more: JsonObject): string {
    const members = JSON.stringify({ ...this.#response, status, ...more });
    return `"response":${members.slice(0, -1)},"output":${this.#out.output()}}`;
  }

  #end(extra: JsonObject | null): string {
    let text = this.#closeEverything();
    const { status, reason } = writeFinish(this.#finish?.kind ?? "stop");
    text += this.#closeMessage(status === "incomplete" ? "incomplete" : "completed");
    const usage = { usage: writeUsage(this.#usage, this.#isOwn) };
    const more = this.#isOwn
      ? { ...(this.#usage === null ? {} : usage), ...extra }
      : {
          ...usage,
          ...(status === "completed" ? { completed_at: Math.floor(Date.now() / 1000) } : {}),
          ...(reason === null ? {} : { incomplete_details: { reason } }),
          ...(status === "failed"
            ? { error: { code: "server_error", message: "The provider ended with an error." } }
            : {}),
        };
    return text + this.#out.event(`response.${status}`, this.#render(status, more));
  }

  /** As the API does it: the `error` event, which SDKs raise, and the response that failed, for those that look at it. */
  #fail(error: NeutralError): string {
    const event = `event: error\ndata: ${JSON.stringify(writeErrorEventData(error, this.#out.next()))}\n\n`;
    if (this.#response === null) return event;
    return (
      event +
      this.#out.event("response.failed", this.#render("failed", { error: writeResponseError(error), usage: null }))
    );
  }

  // ---- Parts ------------------------------------------------------------------------------------------------------------

  #startPart(part: number, start: PartStart): string {
    switch (start.kind) {
      case "text":
      case "refusal":
      case "audio":
        return this.#startContent(part, start);
      case "reasoning": {
        const closed = this.#leaveMessage();
        const writer = new ReasoningWriter(this.#out, start, this.#isOwn, isEncryptionAsked(this.#context));
        this.#parts.set(part, { kind: "reasoning", writer });
        return closed + writer.open();
      }
      case "tool-call": {
        const closed = this.#leaveMessage();
        const carrier = start.signature === undefined ? "" : writeCarrier(this.#out, { next: start.signature });
        const writer = new CallWriter(this.#out, start, this.#isOwn);
        this.#parts.set(part, { kind: "call", writer });
        return closed + carrier + writer.open();
      }
      case "whole":
        return this.#writeWhole(start.part);
      default:
        return start satisfies never;
    }
  }

  /** A text joins the open message, unless this dialect's reader says that it begins another. */
  #startContent(part: number, start: Extract<PartStart, { kind: "text" | "refusal" | "audio" }>): string {
    const item = this.#isOwn ? asObject(start.extra?.["item"]) : null;
    let text = item === null ? "" : this.#leaveMessage();
    let message = this.#message;
    if (message === null) {
      message = new MessageWriter(this.#out, item ?? (this.#isOwn ? {} : null));
      this.#message = message;
      text += message.open();
    }
    const writer = message.openContent(start.kind === "refusal");
    this.#parts.set(part, { kind: "content", writer });
    this.#latest = writer;
    return text + writer.open();
  }

  #endPart({ choice, part, extra }: Start<"part-end">): string {
    const open = this.#open({ choice, part });
    if (open === undefined) return "";
    this.#parts.delete(part);
    return this.#close(open, extra);
  }

  #close(open: OpenPart, extra: JsonObject | null): string {
    const { signature } = open.kind === "reasoning" ? { signature: null } : open.writer;
    if (open.kind === "content") {
      const { message } = open.writer;
      let text = open.writer.close(this.#isOwn ? (extra ?? {}) : null);
      // One that was left while this content was open ends with it; a signature has to follow what it signs.
      if (message !== this.#message && !message.hasOpenContents) text += message.close("completed");
      if (signature === null) return text;
      return text + this.#leaveMessage() + writeCarrier(this.#out, { previous: signature });
    }
    const text = open.writer.close(extra);
    return signature === null ? text : text + writeCarrier(this.#out, { previous: signature });
  }

  /** Images and items of this API's own; other wholes have no place in an answer of it. */
  #writeWhole(part: Part): string {
    if (part.kind === "native") {
      if (part.dialect !== "openai-responses" || part.extra?.["content"] === true) return "";
      return this.#leaveMessage() + writeNativeItem(this.#out, part.value);
    }
    if (part.kind !== "image") return "";
    const item = writeImageItem(part, this.#isOwn ? null : this.#out.ids.next("ig"), this.#isOwn);
    if (item !== null) return this.#leaveMessage() + writeNativeItem(this.#out, item);
    if (part.source.kind !== "url") return "";
    const message = this.#message ?? new MessageWriter(this.#out, null);
    const opened = this.#message === null ? message.open() : "";
    this.#message = message;
    const writer = message.openContent(false);
    return opened + writer.open() + writer.delta(`![image](${part.source.url})`) + writer.close(null);
  }

  /** The message takes no further content: it ends now, or with the content that is still open. */
  #leaveMessage(): string {
    const message = this.#message;
    if (message === null) return "";
    this.#message = null;
    return message.hasOpenContents ? "" : message.close("completed");
  }

  #closeMessage(status: "completed" | "incomplete"): string {
    const message = this.#message;
    if (message === null) return "";
    this.#message = null;
    return message.close(status);
  }

  /** Parts that a reader left open; there are none in a stream that keeps the order. */
  #closeEverything(): string {
    let text = "";
    for (const open of this.#parts.values()) text += this.#close(open, null);
    this.#parts.clear();
    return text;
  }
}

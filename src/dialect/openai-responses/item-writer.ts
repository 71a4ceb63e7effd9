import type { Json, JsonObject } from "../../lib/json.ts";
import { asObject } from "../../lib/json.ts";
import type { Part, ToolCallPart, TokenLogprob } from "../neutral.ts";
import { writeCallItem } from "./call-item.ts";
import { writeImageItem, writeRefusalContent, writeTextContent } from "./items.ts";
import { takeLogprobs } from "./logprobs.ts";
import { writeEncryptedContent, writeReasoningItem } from "./reasoning-item.ts";

export type ItemWriterOptions = {
  /** The parts were read from this dialect, and get back what their items had. */
  readonly isOwn: boolean;
  readonly isEncryptionAsked: boolean;
  /** An id for an item of that prefix; only called for parts of another dialect. */
  readonly newId: (prefix: string) => string;
  readonly logprobs: readonly TokenLogprob[];
  /** Of the message that ends the answer. */
  readonly lastStatus: "completed" | "incomplete";
};

/** Makes items of the parts of one turn of the model, in order. */
export class ItemWriter {
  readonly #options: ItemWriterOptions;
  readonly #items: Json[] = [];
  #message: { head: JsonObject; readonly content: Json[]; bare: string | null } | null = null;
  #logprobsUsed = 0;

  constructor(options: ItemWriterOptions) {
    this.#options = options;
  }

  add(part: Part): void {
    const { isOwn, newId, isEncryptionAsked } = this.#options;
    switch (part.kind) {
      case "text": {
        const { logprobs } = this.#options;
        const from = this.#logprobsUsed;
        this.#logprobsUsed = takeLogprobs(logprobs, from, part.text);
        const content = writeTextContent(part, logprobs.slice(from, this.#logprobsUsed), isOwn);
        this.#addContent(part, content);
        if (isOwn && part.extra?.["bare"] === true && this.#message !== null) this.#message.bare = part.text;
        if (part.signature !== undefined) {
          this.#put(this.#carrier(writeEncryptedContent({ previous: part.signature })));
        }
        return;
      }
      case "refusal":
        this.#addContent(part, writeRefusalContent(part, isOwn));
        return;
      case "audio":
        // The API speaks no audio: its words are the answer.
        if (part.transcript !== undefined) this.add({ kind: "text", text: part.transcript });
        return;
      case "reasoning":
        this.#put(writeReasoningItem(part, isOwn ? (part.id ?? null) : newId("rs"), isOwn, isEncryptionAsked));
        return;
      case "tool-call":
        this.#addCall(part);
        return;
      case "image": {
        const item = writeImageItem(part, isOwn ? null : newId("ig"), isOwn);
        if (item !== null) this.#put(item);
        else if (part.source.kind === "url") this.add({ kind: "text", text: `![image](${part.source.url})` });
        return;
      }
      case "native":
        if (part.dialect !== "openai-responses") return;
        if (part.extra?.["content"] === true) this.#addContent(part, part.value);
        else this.#put(part.value);
        return;
      case "video":
      case "file":
      case "tool-result":
        // No answer of this API holds them: results of another provider's own tools.
        return;
      default:
        part satisfies never;
    }
  }

  finish(): readonly Json[] {
    this.#closeMessage(this.#options.lastStatus);
    return this.#items;
  }

  #addCall(part: ToolCallPart): void {
    const { isOwn, newId } = this.#options;
    if (part.signature !== undefined) this.#put(this.#carrier(writeEncryptedContent({ next: part.signature })));
    const isCustom = part.isCustom === true;
    this.#put(
      isOwn
        ? writeCallItem(part, part.extra ?? {})
        : writeCallItem(part, { id: newId(isCustom ? "ctc" : "fc"), status: "completed" }),
    );
  }

  /** An item that is there for what it carries alone. */
  #carrier(encrypted: string | null): JsonObject {
    return { type: "reasoning", id: this.#options.newId("rs"), summary: [], encrypted_content: encrypted };
  }

  #addContent(part: Part, content: JsonObject): void {
    const { isOwn, newId } = this.#options;
    const item = isOwn ? asObject(part.extra?.["item"]) : null;
    const open = this.#message;
    if (item !== null && open !== null && item["id"] !== undefined && item["id"] === open.head["id"]) {
      // A streamed message tells what it is at its beginning and at its end, and may end with another content.
      open.head = { ...open.head, ...item };
    } else if (item !== null) this.#closeMessage("completed");
    this.#message ??= {
      head: item ?? { type: "message", ...(isOwn ? {} : { id: newId("msg") }), role: "assistant" },
      content: [],
      bare: null,
    };
    this.#message.content.push(content);
  }

  #put(item: JsonObject): void {
    this.#closeMessage("completed");
    this.#items.push(item);
  }

  #closeMessage(status: "completed" | "incomplete"): void {
    const message = this.#message;
    if (message === null) return;
    this.#message = null;
    const { head, content, bare } = message;
    this.#items.push({
      ...head,
      ...(this.#options.isOwn ? {} : { status }),
      content: bare !== null && content.length === 1 ? bare : content,
    });
  }
}

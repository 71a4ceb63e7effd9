import { gatherText } from "../../lib/gather-text.ts";
import { asObject, type JsonObject } from "../../lib/json.ts";
import type { Citation, Opaque, TokenLogprob } from "../neutral.ts";
import { writeCitation } from "./citations.ts";
import type { EventWriter } from "./event-writer.ts";
import { writeRefusalContent, writeTextContent } from "./items.ts";
import { writeLogprobs } from "./logprobs.ts";

/** A text or refusal on its way: one content of a message item. */
export class ContentWriter {
  readonly message: MessageWriter;
  signature: Opaque | null = null;
  readonly #out: EventWriter;
  readonly #isRefusal: boolean;
  readonly #index: number;
  readonly #place: string;
  /** Everything of a delta's event before its number, and between number and text. */
  readonly #before: string;
  readonly #behind: string;
  readonly #end: string;
  #text = "";
  readonly #citations: Citation[] = [];
  /** Citations that are for the whole of a text that has not ended. */
  readonly #waiting: Citation[] = [];
  readonly #logprobs: TokenLogprob[] = [];
  /** Log-probabilities that no delta has carried yet. */
  #unsent: TokenLogprob[] = [];

  constructor(out: EventWriter, message: MessageWriter, index: number, isRefusal: boolean) {
    this.#out = out;
    this.message = message;
    this.#index = index;
    this.#isRefusal = isRefusal;
    const type = isRefusal ? "response.refusal.delta" : "response.output_text.delta";
    this.#place = `"item_id":${JSON.stringify(message.id)},"output_index":${message.place},"content_index":${index}`;
    this.#before = `event: ${type}\ndata: {"type":"${type}","sequence_number":`;
    this.#behind = `,${this.#place},"delta":`;
    this.#end = isRefusal ? "}\n\n" : ',"logprobs":[]}\n\n';
  }

  open(): string {
    const part = this.#isRefusal
      ? '{"type":"refusal","refusal":""}'
      : '{"type":"output_text","annotations":[],"logprobs":[],"text":""}';
    return this.#out.event("response.content_part.added", `${this.#place},"part":${part}`);
  }

  delta(text: string): string {
    if (text === "") return "";
    this.#text = gatherText(this.#text, text);
    this.#out.hold(text.length);
    const end = this.#unsent.length === 0 ? this.#end : this.#takeLogprobs();
    return this.#before + this.#out.next() + this.#behind + JSON.stringify(text) + end;
  }

  /** They go with the text that comes next; several lists may come before one. */
  logprobs(tokens: readonly TokenLogprob[]): void {
    if (this.#isRefusal) return;
    for (const token of tokens) {
      this.#unsent.push(token);
      this.#logprobs.push(token);
      // A token's entry is about as long as its text and those of its alternatives, with the numbers.
      let chars = token.token.length;
      for (const other of token.top) chars += other.token.length;
      this.#out.hold(64 * (1 + token.top.length) + chars);
    }
  }

  citation(citation: Citation): string {
    if (this.#isRefusal) return "";
    this.#out.hold(JSON.stringify(citation).length);
    const isForWhole = citation.start === null && citation.url !== null && citation.extra?.["type"] !== "url_citation";
    if (!isForWhole) return this.#annotate(citation);
    this.#waiting.push(citation);
    return "";
  }

  /** `extra`: what this dialect's reader found at the content's end; null for another's. */
  close(extra: JsonObject | null): string {
    let text = "";
    if (this.#unsent.length > 0) {
      text = this.#before + this.#out.next() + this.#behind + '""' + this.#takeLogprobs();
    }
    for (const citation of this.#waiting) text += this.#annotate(citation);
    const json = JSON.stringify(this.#text);
    text += this.#isRefusal
      ? this.#out.event("response.refusal.done", `${this.#place},"refusal":${json}`)
      : this.#out.event(
          "response.output_text.done",
          `${this.#place},"text":${json},"logprobs":${JSON.stringify(writeLogprobs(this.#logprobs))}`,
        );
    const isOwn = extra !== null;
    const base = { text: this.#text, ...(isOwn ? { extra } : {}) };
    const content = JSON.stringify(
      this.#isRefusal
        ? writeRefusalContent({ kind: "refusal", ...base }, isOwn)
        : writeTextContent({ kind: "text", ...base, citations: this.#citations }, this.#logprobs, isOwn),
    );
    this.#out.hold(content.length - this.#text.length);
    this.#text = "";
    this.message.add(this.#index, content, asObject(extra?.["item"]));
    return text + this.#out.event("response.content_part.done", `${this.#place},"part":${content}`);
  }

  #takeLogprobs(): string {
    const tokens = writeLogprobs(this.#unsent);
    this.#unsent = [];
    return `,"logprobs":${JSON.stringify(tokens)}}\n\n`;
  }

  #annotate(citation: Citation): string {
    const index = this.#citations.push(citation) - 1;
    const annotation = JSON.stringify(writeCitation(citation, this.#text.length));
    return this.#out.event(
      "response.output_text.annotation.added",
      `${this.#place},"annotation_index":${index},"annotation":${annotation}`,
    );
  }
}

/** A message item on its way. It stays open behind its last content, for another may follow. */
export class MessageWriter {
  readonly id: string;
  readonly place: number;
  readonly #out: EventWriter;
  readonly #isOwn: boolean;
  #head: JsonObject;
  /** JSON of the contents that have ended, by their index. */
  readonly #contents: string[] = [];
  #opened = 0;
  #ended = 0;

  /** `head`: the item's own members where it was read from this dialect; null otherwise. */
  constructor(out: EventWriter, head: JsonObject | null) {
    this.#out = out;
    this.#isOwn = head !== null;
    const given = head?.["id"];
    this.id = typeof given === "string" && given !== "" ? given : out.ids.next("msg");
    this.place = out.takePlace();
    this.#head = { type: "message", role: "assistant", ...head, id: this.id };
  }

  get hasOpenContents(): boolean {
    return this.#ended < this.#opened;
  }

  open(): string {
    return this.#out.openItem(this.place, { ...this.#head, status: "in_progress", content: [] });
  }

  openContent(isRefusal: boolean): ContentWriter {
    return new ContentWriter(this.#out, this, this.#opened++, isRefusal);
  }

  /** A content has ended. `item`: what the end of the item says of it. */
  add(index: number, content: string, item: JsonObject | null): void {
    this.#ended++;
    this.#contents[index] = content;
    if (item !== null) this.#head = { ...this.#head, ...item, id: this.id };
  }

  close(status: "completed" | "incomplete"): string {
    const contents = this.#contents.filter((content) => content !== undefined);
    const hasStatus = this.#isOwn && this.#head["status"] !== undefined;
    const head = JSON.stringify(hasStatus ? this.#head : { ...this.#head, status });
    const item = `${head.slice(0, -1)},"content":[${contents.join(",")}]}`;
    for (const content of contents) this.#out.hold(-content.length);
    return this.#out.closeItem(this.place, item);
  }
}

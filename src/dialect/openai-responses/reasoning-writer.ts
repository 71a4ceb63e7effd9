import { gatherText } from "../../lib/gather-text.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Opaque, PartStart } from "../neutral.ts";
import type { EventWriter } from "./event-writer.ts";
import { type Carried, writeEncryptedContent, writeReasoningItem } from "./reasoning-item.ts";

/**
 * A reasoning item on its way: summary paragraphs, or reasoning text where it was read from this dialect as such
 * (writeReasoningItem says why everything else is a summary).
 */
export class ReasoningWriter {
  readonly #out: EventWriter;
  readonly #place: number;
  readonly #id: string;
  readonly #isContent: boolean;
  readonly #isOwn: boolean;
  readonly #isEncryptionAsked: boolean;
  readonly #carried: Carried = {};
  readonly #paragraphs: string[] = [];
  #text = "";
  #isOpen = false;
  #before = "";
  #behind = "";

  constructor(
    out: EventWriter,
    start: Extract<PartStart, { kind: "reasoning" }>,
    isOwn: boolean,
    isEncryptionAsked: boolean,
  ) {
    this.#isEncryptionAsked = isEncryptionAsked;
    this.#out = out;
    this.#place = out.takePlace();
    this.#isOwn = isOwn;
    this.#isContent = isOwn && start.isSummary === false;
    this.#id = isOwn && start.id !== undefined && start.id !== "" ? start.id : out.ids.next("rs");
  }

  open(): string {
    return this.#out.openItem(this.#place, { id: this.#id, type: "reasoning", summary: [] });
  }

  delta(text: string, isBreak: boolean): string {
    if (text === "") return "";
    if (isBreak && !this.#isContent) return this.#isOpen ? this.#closeParagraph() : "";
    const opened = this.#isOpen ? "" : this.#openParagraph();
    this.#text = gatherText(this.#text, text);
    this.#out.hold(text.length);
    return `${opened}${this.#before}${this.#out.next()}${this.#behind}${JSON.stringify(text)}}\n\n`;
  }

  carry(slot: "signature" | "encrypted", opaque: Opaque): void {
    this.#out.hold(opaque.data.length);
    this.#carried[slot] = opaque;
  }

  close(extra: JsonObject | null): string {
    const closed = this.#isOpen ? this.#closeParagraph() : "";
    const texts = this.#paragraphs;
    const item = writeReasoningItem(
      {
        kind: "reasoning",
        text: texts.join("\n\n"),
        isSummary: !this.#isContent,
        summaries: this.#isContent ? [] : texts,
        ...this.#carried,
        ...(extra === null ? {} : { extra }),
      },
      this.#id,
      this.#isOwn,
      this.#isEncryptionAsked,
    );
    for (const text of texts) this.#out.hold(-text.length);
    return closed + this.#out.closeItem(this.#place, JSON.stringify(this.#isOwn ? { ...item, id: this.#id } : item));
  }

  /** `"item_id":…,"output_index":…,"summary_index":…` (or `content_index`) */
  #at(): string {
    const index = this.#isContent ? "content_index" : "summary_index";
    return `"item_id":${JSON.stringify(this.#id)},"output_index":${this.#place},"${index}":${this.#paragraphs.length}`;
  }

  #openParagraph(): string {
    this.#isOpen = true;
    const at = this.#at();
    const type = this.#isContent ? "response.reasoning_text.delta" : "response.reasoning_summary_text.delta";
    this.#before = `event: ${type}\ndata: {"type":"${type}","sequence_number":`;
    this.#behind = `,${at},"delta":`;
    return this.#isContent
      ? this.#out.event("response.content_part.added", `${at},"part":{"type":"reasoning_text","text":""}`)
      : this.#out.event("response.reasoning_summary_part.added", `${at},"part":{"type":"summary_text","text":""}`);
  }

  #closeParagraph(): string {
    this.#isOpen = false;
    const at = this.#at();
    const json = JSON.stringify(this.#text);
    this.#paragraphs.push(this.#text);
    this.#text = "";
    return this.#isContent
      ? this.#out.event("response.reasoning_text.done", `${at},"text":${json}`) +
          this.#out.event("response.content_part.done", `${at},"part":{"type":"reasoning_text","text":${json}}`)
      : this.#out.event("response.reasoning_summary_text.done", `${at},"text":${json}`) +
          this.#out.event(
            "response.reasoning_summary_part.done",
            `${at},"part":{"type":"summary_text","text":${json}}`,
          );
  }
}

/** An item that is there for the signature it carries alone. */
export function writeCarrier(out: EventWriter, carried: Carried): string {
  const place = out.takePlace();
  const item = { id: out.ids.next("rs"), type: "reasoning", summary: [] };
  return (
    out.openItem(place, item) +
    out.closeItem(place, JSON.stringify({ ...item, encrypted_content: writeEncryptedContent(carried) }))
  );
}

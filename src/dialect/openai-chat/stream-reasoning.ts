import { type Json, type JsonObject, asNumber, asObject, asString } from "../../lib/json.ts";
import type { EventSink } from "../dialect.ts";
import type { KeptChars } from "../kept-members.ts";
import type { Opaque, PartStart } from "../neutral.ts";
import type { PartTracker } from "../part-tracker.ts";
import { withForm } from "./form.ts";
import { PLAIN_FIELDS, kindOfDetail, opaqueOfDetail } from "./reasoning-parts.ts";
import type { StreamCalls } from "./stream-calls.ts";

/** One choice's reasoning: as plain text, in details, or (mostly) both at once. */
export class StreamReasoning {
  readonly #choice: number;
  readonly #tracker: PartTracker;
  readonly #kept: KeptChars;
  /** The open reasoning part; -1: none. Another kind of part closes it without a word. */
  #part = -1;
  #index: number | null = null;
  #hasPlain = false;
  #isSigned = false;
  /** What came when no reasoning was open any more: told when the choice ends. */
  readonly #late: { readonly slot: "signature" | "encrypted"; readonly opaque: Opaque; readonly id: string | null }[] =
    [];

  constructor(choice: number, tracker: PartTracker, kept: KeptChars) {
    this.#choice = choice;
    this.#tracker = tracker;
    this.#kept = kept;
  }

  /** Something else begins: what is said next is another part. */
  interrupt(): void {
    this.#part = -1;
  }

  /** The common case, a piece of plain text without details. */
  pushText(text: string, field: string, sink: EventSink): void {
    this.#hasPlain = true;
    if (this.#isSigned) this.interruptOpen(sink);
    if (this.#part === -1) this.#open({ plainReasoning: [field] }, false, null, sink);
    sink({ kind: "reasoning-delta", choice: this.#choice, part: this.#part, text });
  }

  /** A delta with `reasoning_details`, whose text the plain members repeat. */
  pushDetails(delta: JsonObject, details: readonly Json[], calls: StreamCalls, chars: number, sink: EventSink): void {
    const fields = PLAIN_FIELDS.filter((field) => typeof delta[field] === "string" && delta[field] !== "");
    let plain = fields[0] === undefined ? "" : (asString(delta[fields[0]]) ?? "");
    if (plain !== "") this.#hasPlain = true;
    for (const entry of details) {
      const detail = asObject(entry);
      if (detail === null) continue;
      const kind = kindOfDetail(detail);
      const id = asString(detail["id"]);
      if (kind === "encrypted") {
        const opaque = opaqueOfDetail(detail, "data");
        if (opaque !== null) this.#keep("encrypted", opaque, id, calls, chars, sink);
        continue;
      }
      const text = asString(detail[kind]) ?? "";
      const said = plain !== "" ? plain : this.#hasPlain ? "" : text;
      plain = "";
      if (said !== "") {
        const index = asNumber(detail["index"]);
        if (this.#part !== -1 && index !== this.#index && this.#index !== null) this.interruptOpen(sink);
        if (this.#part === -1)
          this.#open(
            { plainReasoning: fields, hasDetails: true, detail: templateOf(detail) },
            kind === "summary",
            index,
            sink,
          );
        sink({ kind: "reasoning-delta", choice: this.#choice, part: this.#part, text: said });
      }
      const signature = opaqueOfDetail(detail, "signature");
      if (signature !== null) this.#keep("signature", signature, id, calls, chars, sink);
    }
    if (plain !== "") this.pushText(plain, fields[0] ?? "reasoning", sink);
  }

  /** Mistral's thinking, a block of the content. */
  pushThinking(text: string, sink: EventSink): void {
    if (this.#part === -1) this.#open({ isList: true }, false, null, sink);
    if (text !== "") sink({ kind: "reasoning-delta", choice: this.#choice, part: this.#part, text });
  }

  /** What came late, as parts of its own. */
  finish(sink: EventSink): void {
    for (const { slot, opaque, id } of this.#late.splice(0)) {
      const part = this.#tracker.open(sink, this.#choice, { kind: "reasoning", ...(id === null ? {} : { id }) });
      sink({ kind: "signature", choice: this.#choice, part, slot, opaque });
      this.#tracker.close(sink, this.#choice, part);
    }
  }

  interruptOpen(sink: EventSink): void {
    if (this.#part !== -1) this.#tracker.close(sink, this.#choice, this.#part);
    this.#part = -1;
    this.#isSigned = false;
  }

  #open(form: Parameters<typeof withForm>[1], isSummary: boolean, index: number | null, sink: EventSink): void {
    const start: PartStart = { kind: "reasoning", ...(isSummary ? { isSummary } : {}) };
    this.#part = this.#tracker.open(sink, this.#choice, withForm(start, form));
    this.#index = index;
    this.#isSigned = false;
  }

  /** Gemini's signatures name the call they belong to. */
  #keep(
    slot: "signature" | "encrypted",
    opaque: Opaque,
    id: string | null,
    calls: StreamCalls,
    chars: number,
    sink: EventSink,
  ): void {
    const call = id === null ? -1 : calls.partOf(id);
    if (call !== -1) {
      calls.sign(call, opaque, sink);
      return;
    }
    // Anthropic's redacted thinking behind a signed text is a block of its own.
    if (slot === "encrypted" && this.#part !== -1 && this.#isSigned) {
      this.interruptOpen(sink);
      this.#open({}, false, null, sink);
    }
    if (slot === "signature") this.#isSigned = true;
    if (this.#part !== -1) sink({ kind: "signature", choice: this.#choice, part: this.#part, slot, opaque });
    else {
      this.#kept.charge(chars);
      this.#late.push({ slot, opaque, id });
    }
  }
}

/** A detail without what changes from piece to piece. */
function templateOf({ text: _text, summary: _summary, signature: _signature, ...rest }: JsonObject): JsonObject {
  return rest;
}

import { GatewayError } from "../../errors.ts";
import { asArray, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { EventSink } from "../dialect.ts";
import { KeptChars } from "../kept-members.ts";
import type { TokenLogprob } from "../neutral.ts";
import { readArguments, readCallItem } from "./call-item.ts";
import { readCitation } from "./citations.ts";
import { nativeOf, readContent, readImageItem } from "./items.ts";
import { leftover } from "./leftover.ts";
import { readLogprobs } from "./logprobs.ts";
import { readReasoningItem } from "./reasoning-item.ts";
import { type Item, type ItemKind, kindOf, newItem, NO_HEAD } from "./stream-item.ts";

/** Far more than an answer has; a provider that opens more is broken. */
const MAX_ITEMS = 16_384;

/** The items of one streamed response, as parts. */
export class StreamItems {
  hasToolCalls = false;
  readonly #items = new Map<number, Item>();
  readonly #kept = new KeptChars();
  #itemCount = 0;
  #nextPart = 0;
  #lastIndex = 0;

  read(type: string, event: JsonObject, sink: EventSink): void {
    switch (type) {
      case "response.output_text.delta":
        this.#text(event, false, event["delta"], sink);
        return;
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        this.#arguments(event, event["delta"], type === "response.custom_tool_call_input.delta", sink);
        return;
      case "response.reasoning_summary_text.delta":
        this.#reasoning(event, true, "summary_index", event["delta"], sink);
        return;
      case "response.reasoning_text.delta":
        this.#reasoning(event, false, "content_index", event["delta"], sink);
        return;
      case "response.refusal.delta":
        this.#text(event, true, event["delta"], sink);
        return;
      case "response.output_item.added":
        this.#open(event, asObject(event["item"]), sink);
        return;
      case "response.output_item.done":
        this.#done(event, asObject(event["item"]), sink);
        return;
      case "response.content_part.added":
      case "response.reasoning_part.added":
        this.#openContent(event, asObject(event["part"]), sink);
        return;
      case "response.output_text.done":
        this.#whole(event, false, event["text"], sink);
        return;
      case "response.refusal.done":
        this.#whole(event, true, event["refusal"], sink);
        return;
      case "response.output_text.annotation.added": {
        const annotation = asObject(event["annotation"]);
        const item = this.#find(event);
        if (annotation === null || item?.kind !== "message" || item.isDone || item.part === -1) return;
        if (item.isRefusal) return;
        item.citations++;
        sink({ kind: "citation", choice: 0, part: item.part, citation: readCitation(annotation) });
        return;
      }
      case "response.function_call_arguments.done":
      case "response.custom_tool_call_input.done": {
        const item = this.#find(event);
        const whole = readArguments(event["arguments"] ?? event["input"]);
        if (item !== null && item.chars === 0 && whole !== null) {
          this.#arguments(event, whole, type === "response.custom_tool_call_input.done", sink);
        }
        return;
      }
      case "response.reasoning_summary_text.done":
      case "response.reasoning_text.done": {
        const isSummary = type === "response.reasoning_summary_text.done";
        const place = isSummary ? "summary_index" : "content_index";
        if (hasCome(this.#find(event), asNumber(event[place]))) return;
        this.#reasoning(event, isSummary, place, event["text"], sink);
        return;
      }
      default:
      // Progress of the provider's own tools, boundaries that deltas tell too, and what is newer than this file.
    }
  }

  /** The response is complete: `output` says what no event has said. */
  finish(output: readonly Json[], sink: EventSink): void {
    if (this.#items.size === 0) {
      for (const [index, entry] of output.entries()) this.#done({ output_index: index }, asObject(entry), sink);
      return;
    }
    for (const [index, item] of this.#items) {
      if (!item.isDone) this.#done({ output_index: index }, asObject(output[index]), sink);
    }
  }

  // ---- Items ------------------------------------------------------------------------------------------------------------

  /** The item of an event: by its index, by its id where there is no index, or else the latest. */
  #find(event: JsonObject): Item | null {
    const index = asNumber(event["output_index"]);
    if (index !== null) return this.#items.get(index) ?? null;
    const id = asString(event["item_id"]);
    if (id !== null) for (const item of this.#items.values()) if (item.id === id) return item;
    return this.#items.get(this.#lastIndex) ?? null;
  }

  #add(event: JsonObject, kind: ItemKind, item: JsonObject | null, sink: EventSink): Item {
    const index = asNumber(event["output_index"]) ?? this.#items.size;
    const before = this.#items.get(index);
    // A provider that counts every item as the same one: the one before has ended without a word.
    if (before !== undefined && !before.isDone) this.#close(before, null, sink);
    if (++this.#itemCount > MAX_ITEMS) throw tooMany("items");
    const added = newItem(kind, item, asString(event["item_id"]));
    this.#items.set(index, added);
    this.#lastIndex = index;
    return added;
  }

  #open(event: JsonObject, item: JsonObject | null, sink: EventSink): Item {
    const kind = kindOf(asString(item?.["type"]));
    const added = this.#add(event, kind, item, sink);
    if (item !== null) added.headChars = JSON.stringify(item).length;
    this.#kept.charge(added.headChars);
    if (kind === "call") this.#startCall(added, sink);
    return added;
  }

  #arguments(event: JsonObject, delta: Json | undefined, isCustom: boolean, sink: EventSink): void {
    let item = this.#find(event);
    if (item === null) {
      item = this.#add(event, "call", { type: isCustom ? "custom_tool_call" : "function_call" }, sink);
      this.#startCall(item, sink);
    }
    if (item.kind !== "call" || item.isDone || typeof delta !== "string" || delta === "") return;
    item.chars += delta.length;
    sink({ kind: "tool-call-arguments-delta", choice: 0, part: item.part, text: delta });
  }

  #startCall(item: Item, sink: EventSink): void {
    this.hasToolCalls = true;
    const { head, isCustom } = item;
    const extra = leftover(head, { type: true, call_id: true, name: true, arguments: true, input: true, status: true });
    item.part = this.#newPart();
    sink({
      kind: "part-start",
      choice: 0,
      part: item.part,
      start: {
        kind: "tool-call",
        id: asString(head["call_id"]) ?? item.id ?? "",
        name: asString(head["name"]) ?? "",
        ...(isCustom ? { isCustom } : {}),
        ...(extra === null ? {} : { extra }),
      },
    });
  }

  #newPart(): number {
    if (this.#nextPart >= MAX_ITEMS) throw tooMany("parts");
    return this.#nextPart++;
  }

  /** An item is complete. What no delta said is said now, and its parts end. */
  #done(event: JsonObject, given: JsonObject | null, sink: EventSink): void {
    const known = this.#find(event);
    this.#close(known === null || known.isDone ? this.#open(event, given, sink) : known, given, sink);
  }

  #close(item: Item, given: JsonObject | null, sink: EventSink): void {
    item.isDone = true;
    this.#end(item, given, sink);
    item.head = NO_HEAD;
    this.#kept.charge(-item.headChars);
  }

  #end(item: Item, given: JsonObject | null, sink: EventSink): void {
    const final = given === null ? null : item.id === null ? given : { ...given, id: item.id };
    switch (item.kind) {
      case "message":
        this.#endMessage(item, final, sink);
        return;
      case "reasoning":
        this.#endReasoning(item, final, sink);
        return;
      case "call": {
        const call = final === null ? null : readCallItem(final);
        if (call !== null && item.chars === 0 && call.arguments !== "{}" && call.arguments !== "") {
          sink({ kind: "tool-call-arguments-delta", choice: 0, part: item.part, text: call.arguments });
        }
        sink({ kind: "part-end", choice: 0, part: item.part, extra: call?.extra ?? null });
        return;
      }
      case "other": {
        if (final === null) return;
        const part = this.#newPart();
        const image = final["type"] === "image_generation_call" ? readImageItem(final) : null;
        sink({ kind: "part-start", choice: 0, part, start: { kind: "whole", part: image ?? nativeOf(final) } });
        sink({ kind: "part-end", choice: 0, part, extra: null });
        return;
      }
      default:
        item.kind satisfies never;
    }
  }

  // ---- Messages ---------------------------------------------------------------------------------------------------------

  #text(event: JsonObject, isRefusal: boolean, delta: Json | undefined, sink: EventSink): void {
    const item = this.#find(event) ?? this.#add(event, "message", null, sink);
    if (item.kind !== "message" || item.isDone) return;
    const part = this.#startContent(
      item,
      asNumber(event["content_index"]) ?? Math.max(item.content, 0),
      isRefusal,
      sink,
    );
    const logprobs = event["logprobs"];
    if (Array.isArray(logprobs) && logprobs.length > 0) this.#sendLogprobs(item, readLogprobs(logprobs), sink);
    if (typeof delta !== "string" || delta === "") return;
    item.chars += delta.length;
    sink({ kind: "text-delta", choice: 0, part, text: delta });
  }

  /** A content's whole text: needed only where its deltas did not come. */
  #whole(event: JsonObject, isRefusal: boolean, text: Json | undefined, sink: EventSink): void {
    if (hasCome(this.#find(event), asNumber(event["content_index"]))) return;
    this.#text(event, isRefusal, text, sink);
  }

  #openContent(event: JsonObject, content: JsonObject | null, sink: EventSink): void {
    const type = asString(content?.["type"]);
    if (type === "reasoning_text") {
      this.#reasoning(event, false, "content_index", "", sink);
    } else if (type === "output_text" || type === "refusal") {
      this.#text(event, type === "refusal", asString(content?.[type === "refusal" ? "refusal" : "text"]) ?? "", sink);
    }
  }

  #startContent(item: Item, index: number, isRefusal: boolean, sink: EventSink): number {
    if (item.part !== -1 && item.content === index && item.isRefusal === isRefusal) return item.part;
    const isFirst = item.content === -1;
    if (item.part !== -1) sink({ kind: "part-end", choice: 0, part: item.part, extra: null });
    item.part = this.#newPart();
    item.content = index;
    item.isRefusal = isRefusal;
    item.chars = 0;
    item.citations = 0;
    item.logprobs = 0;
    const head = isFirst ? leftover(item.head, { content: true, status: true }) : null;
    sink({
      kind: "part-start",
      choice: 0,
      part: item.part,
      start: { kind: isRefusal ? "refusal" : "text", ...(head === null ? {} : { extra: { item: head } }) },
    });
    return item.part;
  }

  #sendLogprobs(item: Item, tokens: readonly TokenLogprob[], sink: EventSink): void {
    item.logprobs += tokens.length;
    sink({ kind: "logprobs", choice: 0, tokens });
  }

  #endMessage(item: Item, final: JsonObject | null, sink: EventSink): void {
    const contents = asArray(final?.["content"]).map(asObject);
    let extra: JsonObject | undefined;
    for (const [index, content] of contents.entries()) {
      // Those before the open one have been said and ended.
      if (content === null || index < item.content) continue;
      const logprobs: TokenLogprob[] = [];
      const part = readContent(content, logprobs);
      if (part.kind !== "text" && part.kind !== "refusal") continue;
      this.#startContent(item, index, part.kind === "refusal", sink);
      if (item.logprobs === 0 && logprobs.length > 0) this.#sendLogprobs(item, logprobs, sink);
      if (item.chars === 0 && part.text !== "") {
        item.chars = part.text.length;
        sink({ kind: "text-delta", choice: 0, part: item.part, text: part.text });
      }
      if (part.kind === "text") {
        for (const citation of (part.citations ?? []).slice(item.citations)) {
          sink({ kind: "citation", choice: 0, part: item.part, citation });
        }
      }
      extra = part.extra;
    }
    if (item.part !== -1) {
      const { content: _, ...head } = final ?? {};
      const end = final === null ? null : { ...extra, item: head };
      sink({ kind: "part-end", choice: 0, part: item.part, extra: end });
    } else if (final !== null) {
      // A message without any content, kept as it is.
      item.part = this.#newPart();
      sink({ kind: "part-start", choice: 0, part: item.part, start: { kind: "whole", part: nativeOf(final) } });
      sink({ kind: "part-end", choice: 0, part: item.part, extra: null });
    }
  }

  // ---- Reasoning --------------------------------------------------------------------------------------------------------

  #reasoning(event: JsonObject, isSummary: boolean, place: string, delta: Json | undefined, sink: EventSink): void {
    const item = this.#find(event) ?? this.#add(event, "reasoning", null, sink);
    if (item.kind !== "reasoning" || item.isDone) return;
    if (item.part === -1) this.#startReasoning(item, isSummary, sink);
    // A provider that says both gives the summary of the text: once is enough, the other stays in the item's own members.
    if (item.isSummary !== isSummary || typeof delta !== "string") return;
    const index = asNumber(event[place]) ?? 0;
    if (index > item.content) {
      if (item.hasText) sink({ kind: "reasoning-delta", choice: 0, part: item.part, text: "\n\n", isBreak: true });
      item.chars = 0;
    }
    item.content = index;
    if (delta === "") return;
    item.chars += delta.length;
    item.hasText = true;
    sink({ kind: "reasoning-delta", choice: 0, part: item.part, text: delta });
  }

  #startReasoning(item: Item, isSummary: boolean, sink: EventSink): void {
    item.part = this.#newPart();
    item.isSummary = isSummary;
    const read = { type: true, id: item.id, summary: true, content: true, encrypted_content: true, status: true };
    const extra = leftover(item.head, read);
    sink({
      kind: "part-start",
      choice: 0,
      part: item.part,
      start: {
        kind: "reasoning",
        isSummary,
        ...(item.id === null ? {} : { id: item.id }),
        ...(extra === null ? {} : { extra }),
      },
    });
  }

  #endReasoning(item: Item, final: JsonObject | null, sink: EventSink): void {
    const read = final === null ? null : readReasoningItem(final);
    const part = read?.part ?? null;
    if (item.part === -1) this.#startReasoning(item, part?.isSummary !== false, sink);
    if (part !== null && !item.hasText && part.text !== "") {
      sink({ kind: "reasoning-delta", choice: 0, part: item.part, text: part.text });
    }
    for (const slot of ["signature", "encrypted"] as const) {
      const opaque = read?.carried[slot];
      if (opaque !== undefined) sink({ kind: "signature", choice: 0, part: item.part, slot, opaque });
    }
    sink({ kind: "part-end", choice: 0, part: item.part, extra: part?.extra ?? null });
  }
}

function tooMany(what: "items" | "parts"): GatewayError {
  return new GatewayError("upstream_error", `The provider's answer has more than ${MAX_ITEMS} ${what}.`, {
    upstreamType: "protocol",
  });
}

/** Whether a content's text has come as deltas already. */
function hasCome(item: Item | null, index: number | null): boolean {
  if (item === null) return false;
  return index === null || index === item.content ? item.chars > 0 : index < item.content;
}

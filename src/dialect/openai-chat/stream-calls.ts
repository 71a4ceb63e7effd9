import { gatherText } from "../../lib/gather-text.ts";
import { type Json, type JsonObject, asArray, asObject, asString, restOf } from "../../lib/json.ts";
import { makeCallId } from "../call-id.ts";
import type { EventSink } from "../dialect.ts";
import type { KeptChars } from "../kept-members.ts";
import type { Opaque } from "../neutral.ts";
import type { PartTracker } from "../part-tracker.ts";
import { readGoogleSignature } from "./read-tool-calls.ts";

/** Arguments looked at for their end, over all calls of a choice; longer calls stay open until the choice ends. */
const MAX_WATCHED_CHARS = 256 * 1024;
/** More calls than that no answer has: the index is a mistake. */
const MAX_CALLS = 1_024;

const CALL_KEYS: ReadonlySet<string> = new Set(["index", "id", "type", "function", "custom", "extra_content"]);

type OpenCall = {
  readonly index: number | null;
  readonly id: string;
  readonly name: string;
  readonly part: number;
  /** The arguments so far; null where they are not watched any more. */
  text: string | null;
  /** How much of them was no whole object when last looked at. */
  seenChars: number;
  isOpen: boolean;
};

/**
 * One choice's tool calls, of deltas: https://platform.openai.com/docs/api-reference/chat-streaming/streaming. An index tells whose
 * arguments a delta carries; where it is missing, negative (Z.ai) or the same for every call, a new id does.
 */
export class StreamCalls {
  readonly #choice: number;
  readonly #tracker: PartTracker;
  readonly #kept: KeptChars;
  readonly #calls: OpenCall[] = [];
  #watchedChars = 0;
  /** What came of a call before its name. */
  #nameless: { id: string; index: number | null; text: string } | null = null;

  constructor(choice: number, tracker: PartTracker, kept: KeptChars) {
    this.#choice = choice;
    this.#kept = kept;
    this.#tracker = tracker;
  }

  get count(): number {
    return this.#calls.length;
  }

  /** The part of a call's id, while it is open; -1 for none. */
  partOf(id: string): number {
    return this.#calls.find((call) => call.isOpen && call.id === id)?.part ?? -1;
  }

  /** `chars`: the length of the event it came in. */
  push(value: Json, chars: number, sink: EventSink): void {
    const delta = asObject(value);
    if (delta === null) return;
    const given = delta["index"];
    const index = typeof given === "number" && given >= 0 ? given : null;
    const id = asString(delta["id"]) ?? "";
    // Snowflake fills in an empty `custom` beside every function.
    const isCustom =
      asObject(delta["custom"]) !== null && (delta["type"] === "custom" || delta["function"] === undefined);
    const named = asObject(delta[isCustom ? "custom" : "function"]) ?? {};
    const name = asString(named["name"]) ?? "";
    const text = textOf(named[isCustom ? "input" : "arguments"]);
    let call = this.#find(index, id, name);
    if (call === null) {
      const waiting = this.#nameless;
      if (name === "") {
        // The name is still to come (some send the id first).
        this.#kept.charge(chars);
        if (waiting === null) this.#nameless = { id, index, text };
        else waiting.text += text;
        return;
      }
      call = this.#open(delta, index, waiting?.id || id, name, isCustom, chars, sink);
      if (call === null) return;
      const early = waiting?.text ?? "";
      this.#nameless = null;
      if (early !== "") this.#say(call, early, sink);
    } else this.#sign(call, delta, sink);
    if (text !== "") this.#say(call, text, sink);
  }

  /** The legacy form: one call, without an id. */
  pushLegacy(delta: JsonObject, chars: number, sink: EventSink): void {
    const name = asString(delta["name"]) ?? "";
    const text = textOf(delta["arguments"]);
    const last = this.#calls.at(-1);
    if (last !== undefined) {
      if (text !== "") this.#say(last, text, sink);
    } else if (name !== "") {
      const call = this.#open({}, 0, "", name, false, chars, sink);
      if (call !== null && text !== "") this.#say(call, text, sink);
    }
  }

  #find(index: number | null, id: string, name: string): OpenCall | null {
    const last = this.#calls.at(-1) ?? null;
    if (index !== null) {
      const known = this.#calls.findLast((call) => call.index === index);
      if (known === undefined) return null;
      // The same index with another id and a name is another call all the same.
      return id !== "" && id !== known.id && name !== "" ? null : known;
    }
    if (id !== "") return this.#calls.find((call) => call.id === id) ?? null;
    return name === "" ? last : null;
  }

  #open(
    delta: JsonObject,
    index: number | null,
    id: string,
    name: string,
    isCustom: boolean,
    chars: number,
    sink: EventSink,
  ): OpenCall | null {
    if (this.#calls.length >= MAX_CALLS) return null;
    this.#closeComplete(sink);
    const signature = readGoogleSignature(delta["extra_content"]);
    const extra = restOf(delta, CALL_KEYS);
    if (extra !== null) this.#kept.charge(chars);
    const callId = id === "" ? makeCallId() : id;
    const part = this.#tracker.open(sink, this.#choice, {
      kind: "tool-call",
      id: callId,
      name,
      ...(isCustom ? { isCustom: true } : {}),
      ...(signature === null ? {} : { signature }),
      ...(extra === null ? {} : { extra }),
    });
    const call: OpenCall = { index, id: callId, name, part, text: "", seenChars: 0, isOpen: true };
    this.#calls.push(call);
    return call;
  }

  #say(call: OpenCall, text: string, sink: EventSink): void {
    if (!call.isOpen) return;
    if (call.text !== null) {
      call.text = gatherText(call.text, text);
      this.#watchedChars += text.length;
      if (this.#watchedChars > MAX_WATCHED_CHARS) this.#unwatch(call);
    }
    sink({ kind: "tool-call-arguments-delta", choice: this.#choice, part: call.part, text });
  }

  #sign(call: OpenCall, delta: JsonObject, sink: EventSink): void {
    if (delta["extra_content"] === undefined || !call.isOpen) return;
    const opaque = readGoogleSignature(delta["extra_content"]);
    if (opaque !== null) this.sign(call.part, opaque, sink);
  }

  sign(part: number, opaque: Opaque, sink: EventSink): void {
    sink({ kind: "signature", choice: this.#choice, part, slot: "signature", opaque });
  }

  /**
   * A call whose arguments are whole ends when the next begins, so that dialects that cannot interleave need not wait for the
   * choice's end. Providers that do interleave begin the next before that.
   */
  #closeComplete(sink: EventSink): void {
    for (const call of this.#calls) {
      const { text } = call;
      if (!call.isOpen || text === null || text.length === call.seenChars) continue;
      call.seenChars = text.length;
      if (!isWholeObject(text)) continue;
      call.isOpen = false;
      this.#unwatch(call);
      this.#tracker.close(sink, this.#choice, call.part);
    }
  }

  #unwatch(call: OpenCall): void {
    this.#watchedChars -= call.text?.length ?? 0;
    call.text = null;
  }

  /** The choice has ended: a call that never got its name is told without one. */
  finish(sink: EventSink): void {
    const waiting = this.#nameless;
    this.#nameless = null;
    if (waiting === null || (waiting.id === "" && waiting.text === "")) return;
    const call = this.#open({}, waiting.index, waiting.id, "", false, 0, sink);
    if (call !== null && waiting.text !== "") this.#say(call, waiting.text, sink);
  }
}

/** Some servers send arguments as an object, whole. */
function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

function isWholeObject(text: string): boolean {
  if (!text.trimEnd().endsWith("}")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // more is to come
  }
}

/** The calls of a delta. */
export function callsOf(delta: JsonObject): readonly Json[] {
  return asArray(delta["tool_calls"]);
}

import { gatherText } from "../../lib/gather-text.ts";
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import { makeCallId } from "../call-id.ts";
import type { EventSink } from "../dialect.ts";
import { type KeptChars, KeptMembers } from "../kept-members.ts";
import type { Opaque } from "../neutral.ts";
import type { PartTracker } from "../part-tracker.ts";
import { readCitations } from "./citations.ts";
import { readFinish } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { PartialArguments } from "./partial-arguments.ts";
import { callExtra, readPart, signatureOf } from "./parts.ts";
import { ANSWER_CALL_IDS } from "./read-answer.ts";

/** Text kept to place citations in, which come last; beyond it they have no place. */
const MAX_KEPT_CHARS = 256 * 1024;

/** Members of a candidate with a place of their own; of the others the latest is the choice's extra. */
const FIELDS = new Set(["content", "finishReason", "index", "logprobsResult"]);

type OpenCall = { readonly part: number; readonly arguments: PartialArguments };
type OpenAudio = { readonly part: number; readonly mediaType: string; left: Buffer };

/** One candidate of a stream. */
export class CandidateReader {
  readonly #index: number;
  readonly #tracker: PartTracker;
  /** The open text part's text so far. */
  #text = "";
  /** The open text part, -1: none. */
  #textPart = -1;
  /** The open part has its signature: what follows is another part. */
  #isSealed = false;
  #call: OpenCall | null = null;
  #audio: OpenAudio | null = null;
  #hasCalls = false;
  #reason: string | null = null;
  readonly #kept: KeptChars;
  readonly #extra: KeptMembers;

  constructor(index: number, tracker: PartTracker, kept: KeptChars) {
    this.#kept = kept;
    this.#extra = new KeptMembers(kept);
    this.#index = index;
    this.#tracker = tracker;
  }

  /** `chars`: the length of the event it came in. */
  read(candidate: JsonObject, chars: number, sink: EventSink): void {
    const content = candidate["content"] as { readonly parts?: unknown } | undefined;
    const parts = content?.parts;
    if (Array.isArray(parts)) {
      for (let at = 0; at < parts.length; at++) {
        const part = asObject(parts[at]);
        if (part !== null) this.#readPart(part, chars, sink);
      }
    }
    for (const key in candidate) {
      if (!FIELDS.has(key)) this.#keep(key, candidate[key] as Json, chars);
    }
    const reason = candidate["finishReason"];
    if (typeof reason === "string") this.#reason = reason;
    const tokens = candidate["logprobsResult"] === undefined ? null : readLogprobs(candidate["logprobsResult"]);
    if (tokens !== null) sink({ kind: "logprobs", choice: this.#index, tokens });
  }

  /** The body has ended: closes what is open, tells the finish. Returns whether the candidate came to its end. */
  finish(sink: EventSink): boolean {
    this.#closeWhole(sink);
    this.#cite(sink);
    this.#tracker.closeAll(sink, this.#index);
    if (this.#reason === null) return false;
    sink({
      kind: "finish",
      choice: this.#index,
      finish: readFinish(this.#reason, this.#hasCalls),
      extra: this.#extra.members,
    });
    return true;
  }

  /** An empty one, as many chunks have it, says nothing new. */
  #keep(key: string, value: Json, chars: number): void {
    const before = this.#extra.get(key);
    if (before !== undefined && typeof value === "object" && value !== null && Object.keys(value).length === 0) return;
    this.#extra.set(key, value, chars);
  }

  #readPart(part: JsonObject, chars: number, sink: EventSink): void {
    const text = part["text"];
    if (typeof text === "string" && isPlain(part)) {
      const isThought = part["thought"] === true;
      const signature = part["thoughtSignature"] === undefined ? null : signatureOf(part);
      if (text === "" && signature === null) return;
      this.#readText(text, isThought, signature, sink);
      return;
    }
    const call = asObject(part["functionCall"]);
    if (call !== null) {
      this.#readCall(part, call, chars, sink);
      return;
    }
    const blob = asObject(part["inlineData"]);
    const mediaType = asString(blob?.["mimeType"]);
    if (blob !== null && mediaType?.startsWith("audio/") === true) {
      this.#readAudio(mediaType, asString(blob["data"]) ?? "", sink);
      return;
    }
    this.#closeWhole(sink);
    this.#leaveText();
    const choice = this.#index;
    const whole = this.#tracker.open(sink, choice, { kind: "whole", part: readPart(part, ANSWER_CALL_IDS, null) });
    this.#tracker.close(sink, choice, whole);
  }

  #readText(text: string, isThought: boolean, signature: ReturnType<typeof signatureOf>, sink: EventSink): void {
    const choice = this.#index;
    if (this.#call !== null || this.#audio !== null) this.#closeWhole(sink);
    if (this.#isSealed) this.#seal(sink);
    const part = this.#tracker.continue(sink, choice, isThought ? "reasoning" : "text");
    if (isThought) {
      this.#leaveText();
      if (text !== "") sink({ kind: "reasoning-delta", choice, part, text });
    } else {
      if (this.#textPart !== part) {
        this.#textPart = part;
        this.#text = "";
      }
      if (this.#text.length < MAX_KEPT_CHARS) this.#text = gatherText(this.#text, text);
      if (text !== "") sink({ kind: "text-delta", choice, part, text });
    }
    if (signature === null) return;
    sink({ kind: "signature", choice, part, slot: signature.slot, opaque: signature.opaque });
    this.#isSealed = true;
  }

  /** Closes the signed part: Google asks that parts with a signature are not joined with others. */
  #seal(sink: EventSink): void {
    this.#isSealed = false;
    const part = this.#tracker.continue(sink, this.#index, this.#textPart === -1 ? "reasoning" : "text");
    this.#tracker.close(sink, this.#index, part);
    this.#leaveText();
  }

  #leaveText(): void {
    this.#textPart = -1;
    this.#text = "";
    this.#isSealed = false;
  }

  /** A call comes whole, or (Vertex, where asked for) in pieces: its name first, then parts of its arguments, then an empty one. */
  #readCall(part: JsonObject, call: JsonObject, chars: number, sink: EventSink): void {
    const name = asString(call["name"]);
    const goesOn = call["willContinue"] === true;
    const args = asObject(call["args"]);
    if (name === null) {
      const open = this.#call;
      if (open === null) return;
      open.arguments.add(call["partialArgs"]);
      if (args !== null) open.arguments.addWhole(args, chars);
      if (!goesOn) this.#closeWhole(sink);
      return;
    }
    this.#closeWhole(sink);
    this.#leaveText();
    this.#hasCalls = true;
    const own = asString(call["id"]);
    const signature: Opaque | undefined = signatureOf(part)?.opaque;
    const isPieces = goesOn || asArray(call["partialArgs"]).length > 0;
    // The pieces' own members are gone once they are put together.
    const extra = isPieces ? (own === null ? { functionCall: { id: null } } : null) : callExtra(part, call, own);
    const choice = this.#index;
    const number = this.#tracker.open(sink, choice, {
      kind: "tool-call",
      id: own ?? makeCallId(),
      name,
      ...(signature === undefined ? {} : { signature }),
      ...(extra === null ? {} : { extra }),
    });
    if (!isPieces) {
      sink({ kind: "tool-call-arguments-delta", choice, part: number, text: JSON.stringify(args ?? {}) });
      this.#tracker.close(sink, choice, number);
      return;
    }
    const open: OpenCall = { part: number, arguments: new PartialArguments(this.#kept) };
    this.#call = open;
    open.arguments.add(call["partialArgs"]);
    if (args !== null) open.arguments.addWhole(args, chars);
    if (!goesOn) this.#closeWhole(sink);
  }

  /** Speech comes in pieces of base64, each complete; the deltas join to one. */
  #readAudio(mediaType: string, data: string, sink: EventSink): void {
    const choice = this.#index;
    if (this.#audio?.mediaType !== mediaType) {
      this.#closeWhole(sink);
      this.#leaveText();
      const part = this.#tracker.open(sink, choice, { kind: "audio", format: mediaType });
      this.#audio = { part, mediaType, left: Buffer.alloc(0) };
    }
    const audio = this.#audio as OpenAudio;
    const bytes = Buffer.concat([audio.left, Buffer.from(data, "base64")]);
    const even = bytes.length - (bytes.length % 3);
    audio.left = Buffer.from(bytes.subarray(even));
    const text = bytes.toString("base64", 0, even);
    if (text !== "") sink({ kind: "audio-delta", choice, part: audio.part, data: text, transcript: "" });
  }

  /** Closes a call or audio that is still coming. */
  #closeWhole(sink: EventSink): void {
    const choice = this.#index;
    const call = this.#call;
    if (call !== null) {
      this.#call = null;
      sink({ kind: "tool-call-arguments-delta", choice, part: call.part, text: call.arguments.json });
      this.#tracker.close(sink, choice, call.part);
    }
    const audio = this.#audio;
    if (audio === null) return;
    this.#audio = null;
    if (audio.left.length > 0) {
      const data = audio.left.toString("base64");
      sink({ kind: "audio-delta", choice, part: audio.part, data, transcript: "" });
    }
    this.#tracker.close(sink, choice, audio.part);
  }

  #cite(sink: EventSink): void {
    if (this.#extra.isEmpty || this.#textPart === -1) return;
    for (const { citation } of readCitations(this.#extra.members ?? {}, [this.#text])) {
      sink({ kind: "citation", choice: this.#index, part: this.#textPart, citation });
    }
  }
}

/** Whether a part is text and what belongs to it, and nothing else. */
function isPlain(part: JsonObject): boolean {
  for (const key in part) {
    if (key !== "text" && key !== "thought" && key !== "thoughtSignature") return false;
  }
  return true;
}

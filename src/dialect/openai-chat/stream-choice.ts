import { type Json, type JsonObject, asArray, asObject, asString } from "../../lib/json.ts";
import type { EventSink } from "../dialect.ts";
import { type KeptChars, KeptMembers } from "../kept-members.ts";
import type { Citation } from "../neutral.ts";
import type { PartTracker } from "../part-tracker.ts";
import { readAnnotations } from "./citations.ts";
import { readFinish } from "./finish.ts";
import { withForm } from "./form.ts";
import { readLogprobs } from "./logprobs.ts";
import { sourceOfUrl, urlMember } from "./media.ts";
import { readGoogleSignature } from "./read-tool-calls.ts";
import { StreamCalls, callsOf } from "./stream-calls.ts";
import { StreamReasoning } from "./stream-reasoning.ts";

const KNOWN_CHOICE: ReadonlySet<string> = new Set(["index", "delta", "text", "finish_reason", "logprobs", "usage"]);
const KNOWN_DELTA: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
  "images",
  "annotations",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
]);

/** What is kept of log-probabilities that only their own dialect understands; what comes beyond it is left out. */
const MAX_LOGPROB_CHARS = 4 * 1024 * 1024;

/** One choice of a stream, from its deltas. */
export class StreamChoice {
  readonly #index: number;
  readonly #tracker: PartTracker;
  readonly #calls: StreamCalls;
  readonly #reasoning: StreamReasoning;
  #reason: string | null = null;
  #hasRefusal = false;
  /** The open part of that kind; -1: none. */
  #text = -1;
  #refusal = -1;
  #audio = -1;
  #audioEnd: Record<string, Json> | null = null;
  /** Citations of a list beside the text, told at its end. */
  #citations: readonly Citation[] = [];
  readonly #kept: KeptChars;
  readonly #extra: KeptMembers;
  /** Unknown members of deltas. */
  readonly #delta: KeptMembers;
  #annotations: Json[] = [];
  #logprobs: Record<string, Json | undefined> | null = null;
  #logprobChars = 0;
  #isFinished = false;

  constructor(index: number, tracker: PartTracker, kept: KeptChars) {
    this.#index = index;
    this.#tracker = tracker;
    this.#kept = kept;
    this.#extra = new KeptMembers(kept);
    this.#delta = new KeptMembers(kept);
    this.#calls = new StreamCalls(index, tracker, kept);
    this.#reasoning = new StreamReasoning(index, tracker, kept);
  }

  get hasFinish(): boolean {
    return this.#reason !== null;
  }

  /** Reads one chunk's choice, of `chars` characters with all of its chunk; gives whether it was the one with the finish reason. */
  read(choice: JsonObject, chars: number, sink: EventSink): boolean {
    const delta = asObject(choice["delta"]);
    if (delta !== null) this.#readDelta(delta, chars, sink);
    else if (typeof choice["text"] === "string") this.#say(choice["text"], sink);
    const logprobs = choice["logprobs"];
    if (logprobs !== undefined && logprobs !== null) this.#readLogprobs(logprobs, chars, sink);
    const reason = choice["finish_reason"];
    if (typeof reason !== "string") return false;
    // OpenRouter says it twice; callers take the last.
    this.#reason = reason;
    for (const key in choice) {
      const value = choice[key];
      if (value === null || value === undefined || KNOWN_CHOICE.has(key)) continue;
      this.#extra.set(key, value, chars);
    }
    return true;
  }

  /** Perplexity's list of what the text's numbers refer to. */
  cite(citations: readonly Citation[]): void {
    this.#citations = citations;
  }

  finish(sink: EventSink): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    if (this.#citations.length > 0) {
      const part = this.#continueText(sink);
      for (const citation of this.#citations) sink({ kind: "citation", choice: this.#index, part, citation });
    }
    this.#calls.finish(sink);
    if (this.#audio !== -1) this.#tracker.close(sink, this.#index, this.#audio, this.#audioEnd);
    this.#tracker.closeAll(sink, this.#index);
    this.#reasoning.finish(sink);
    this.#tracker.closeAll(sink, this.#index);
    const stopReason = this.#extra.get("stop_reason");
    const signs = { hasToolCalls: this.#calls.count > 0, hasRefusal: this.#hasRefusal, stopReason };
    let extra = this.#extra.members;
    if (this.#annotations.length > 0) this.#delta.set("annotations", this.#annotations, 0);
    if (!this.#delta.isEmpty) extra = { ...extra, delta: { ...this.#delta.members } };
    if (this.#logprobs !== null) extra = { ...extra, logprobs: this.#logprobs };
    sink({ kind: "finish", choice: this.#index, finish: readFinish(this.#reason, signs), extra });
  }

  #readDelta(delta: JsonObject, chars: number, sink: EventSink): void {
    const details = delta["reasoning_details"];
    if (Array.isArray(details) && details.length > 0) {
      this.#beginReasoning();
      this.#reasoning.pushDetails(delta, details as readonly Json[], this.#calls, chars, sink);
    } else {
      const content = delta["reasoning_content"];
      const plain = typeof content === "string" && content !== "" ? content : delta["reasoning"];
      if (typeof plain === "string" && plain !== "") {
        this.#beginReasoning();
        this.#reasoning.pushText(plain, plain === content ? "reasoning_content" : "reasoning", sink);
      }
    }
    const { content } = delta;
    if (typeof content === "string") this.#say(content, sink);
    else if (Array.isArray(content)) for (const block of content as readonly Json[]) this.#readBlock(block, sink);
    for (const key in delta) {
      const value = delta[key];
      if (value === null || value === undefined || key === "role" || key === "content") continue;
      this.#readMember(key, value, delta, chars, sink);
    }
  }

  #readMember(key: string, value: Json, delta: JsonObject, chars: number, sink: EventSink): void {
    switch (key) {
      case "refusal":
        if (typeof value === "string" && value !== "") this.#refuse(value, sink);
        return;
      case "tool_calls":
        if (asArray(value).length === 0) break;
        this.#endText();
        for (const call of callsOf(delta)) this.#calls.push(call, chars, sink);
        return;
      case "function_call": {
        const call = asObject(value);
        if (call === null) return;
        this.#endText();
        this.#calls.pushLegacy(call, chars, sink);
        return;
      }
      case "audio":
        this.#readAudio(asObject(value), sink);
        return;
      case "images":
        for (const image of asArray(value)) this.#readImage(asObject(image), sink);
        return;
      case "annotations":
        this.#readAnnotations(value, chars, sink);
        return;
      case "extra_content": {
        const opaque = readGoogleSignature(value);
        if (opaque === null) break;
        const part = this.#continueText(sink);
        sink({ kind: "signature", choice: this.#index, part, slot: "signature", opaque });
        return;
      }
      default:
    }
    // A known member is read by now; an empty list of it says that there is none.
    if (KNOWN_DELTA.has(key) && !(Array.isArray(value) && value.length === 0)) return;
    this.#delta.set(key, value, chars);
  }

  #say(text: string, sink: EventSink): void {
    if (text === "") return;
    if (this.#text === -1) this.#continueText(sink);
    sink({ kind: "text-delta", choice: this.#index, part: this.#text, text });
  }

  #continueText(sink: EventSink): number {
    if (this.#text !== -1) return this.#text;
    this.#endText();
    this.#text = this.#tracker.continue(sink, this.#index, "text");
    return this.#text;
  }

  #refuse(text: string, sink: EventSink): void {
    if (this.#refusal === -1) {
      this.#endText();
      this.#refusal = this.#tracker.continue(sink, this.#index, "refusal");
      this.#hasRefusal = true;
    }
    sink({ kind: "text-delta", choice: this.#index, part: this.#refusal, text });
  }

  /** Another part begins: the tracker closes the open text-like one. */
  #endText(): void {
    this.#text = -1;
    this.#refusal = -1;
    this.#reasoning.interrupt();
  }

  #beginReasoning(): void {
    this.#text = -1;
    this.#refusal = -1;
  }

  /** Mistral's content blocks. */
  #readBlock(value: Json, sink: EventSink): void {
    const block = asObject(value);
    if (block === null) return;
    if (block["type"] === "thinking") {
      this.#beginReasoning();
      for (const piece of asArray(block["thinking"])) {
        this.#reasoning.pushThinking(asString(asObject(piece)?.["text"]) ?? "", sink);
      }
    } else if (typeof block["text"] === "string" && block["text"] !== "") {
      if (this.#text === -1) {
        this.#endText();
        this.#text = this.#tracker.open(sink, this.#index, withForm({ kind: "text" }, { isList: true }));
      }
      sink({ kind: "text-delta", choice: this.#index, part: this.#text, text: block["text"] });
    }
  }

  #readLogprobs(value: Json, chars: number, sink: EventSink): void {
    const { tokens, rest } = readLogprobs(value);
    if (tokens !== null && tokens.length > 0) sink({ kind: "logprobs", choice: this.#index, tokens });
    const others = asObject(rest);
    if (others === null || this.#logprobChars > MAX_LOGPROB_CHARS) return;
    for (const key in others) {
      const more = others[key];
      if (more === undefined || (key === "content" && tokens !== null)) continue;
      this.#logprobs ??= {};
      const before = this.#logprobs[key];
      if (more !== null) this.#logprobChars += chars;
      if (Array.isArray(before) && Array.isArray(more)) for (const token of more as Json[]) before.push(token);
      else if (before === undefined || before === null)
        this.#logprobs[key] = Array.isArray(more) ? [...(more as Json[])] : more;
    }
  }

  #readAnnotations(value: Json, chars: number, sink: EventSink): void {
    const { citations, others } = readAnnotations(value);
    if (others.length > 0) this.#kept.charge(chars);
    for (const other of others) this.#annotations.push(other);
    if (citations.length === 0) return;
    const part = this.#continueText(sink);
    for (const citation of citations) sink({ kind: "citation", choice: this.#index, part, citation });
  }

  /** https://platform.openai.com/docs/guides/audio: streams are pcm16; the id comes first, `expires_at` last. */
  #readAudio(audio: JsonObject | null, sink: EventSink): void {
    if (audio === null) return;
    const { id, data, transcript, expires_at } = audio;
    if (this.#audio === -1) {
      this.#endText();
      this.#audio = this.#tracker.open(sink, this.#index, {
        kind: "audio",
        format: "audio/pcm",
        ...(typeof id === "string" ? { id } : {}),
      });
    }
    if (typeof expires_at === "number") this.#audioEnd = { expires_at };
    const piece = { data: asString(data) ?? "", transcript: asString(transcript) ?? "" };
    if (piece.data === "" && piece.transcript === "") return;
    sink({ kind: "audio-delta", choice: this.#index, part: this.#audio, ...piece });
  }

  #readImage(image: JsonObject | null, sink: EventSink): void {
    const url = image === null ? null : urlMember(image, "image_url");
    if (image === null || url === null) return;
    const { type: _type, image_url: _url, ...rest } = image;
    this.#endText();
    const extra = Object.keys(rest).length === 0 ? {} : { extra: rest };
    const part = this.#tracker.open(sink, this.#index, {
      kind: "whole",
      part: { kind: "image", source: sourceOfUrl(url), ...extra },
    });
    this.#tracker.close(sink, this.#index, part);
  }
}

import { GatewayError } from "../../errors.ts";
import { asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { EventSink } from "../dialect.ts";
import { KeptChars, KeptMembers } from "../kept-members.ts";
import type { Finish, Opaque } from "../neutral.ts";
import { carriedForToolUse } from "../restore-signatures.ts";
import { readCitation } from "./citations.ts";
import { readStreamError } from "./errors.ts";
import { readFinish } from "./finish.ts";
import { MESSAGE } from "./read-answer.ts";
import { native, readPart, readSignature } from "./read-part.ts";
import { readTier, readUsage } from "./usage.ts";

/** What a content block has become: its part, and what is held of it until it ends. */
type Block = {
  /** Its part's index; -1 while nothing was told of it. */
  part: number;
  readonly kind: "text" | "thinking" | "tool" | "native";
  /** Of a native block: the block as it grows. Of any other: nothing. */
  native: Record<string, Json | undefined> | null;
  /** Arguments that stood in the block's start, told only where no deltas follow. */
  startInput: string;
  /** A native block's input, as it came. */
  input: string;
  signature: string;
  hasDelta: boolean;
};

const DELTA: ReadonlySet<string> = new Set(["stop_reason", "stop_sequence"]);
const MESSAGE_DELTA: ReadonlySet<string> = new Set(["type", "delta", "usage"]);
const CHOICE = 0;
/** The message has ended, and its provider did not say why. */
const UNSAID: Finish = { kind: "stop", native: null, stopSequence: null };
/** Far more than an answer has; a provider that opens more is broken. */
const MAX_BLOCKS = 16_384;
/** What is held of one answer until its blocks end: signatures, and blocks that are told whole (search results, code output). */
const MAX_HELD_CHARS = 32 * 1024 * 1024;

/**
 * Reads the events of a stream, whatever frames them (SSE here, an event stream at Bedrock), into neutral events:
 * https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export class MessageEvents {
  /** By index, which is whatever the provider says it is. */
  readonly #blocks = new Map<unknown, Block>();
  #nextPart = 0;
  readonly #kept = new KeptChars();
  readonly #usage = new KeptMembers(this.#kept);
  #hasStarted = false;
  #hasFinish = false;
  #hasEnded = false;
  #blockCount = 0;
  #heldChars = 0;
  readonly #extra = new KeptMembers(this.#kept);
  /** Another provider's signature, carried for the tool call that comes next (see restore-signatures.ts). */
  #carried: Opaque | null = null;

  read(event: JsonObject, sink: EventSink): void {
    if (this.#hasEnded) return;
    switch (event["type"]) {
      case "content_block_delta":
        this.#readDelta(event, sink);
        return;
      case "content_block_start":
        this.#openBlock(event, sink);
        return;
      case "content_block_stop": {
        const block = this.#blocks.get(event["index"]);
        if (block !== undefined) this.#closeBlock(event["index"], block, sink);
        return;
      }
      case "message_start":
        this.#start(event, sink);
        return;
      case "message_delta":
        this.#readMessageDelta(event, sink);
        return;
      case "message_stop":
        this.#end(sink);
        return;
      case "ping":
        sink({ kind: "keep-alive" });
        return;
      case "error":
        this.#hasEnded = true;
        sink({ kind: "error", error: readStreamError(event) });
        return;
      default:
      // An event of a later version: "your code should handle unknown event types gracefully".
    }
  }

  #start(event: JsonObject, sink: EventSink): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const message = asObject(event["message"]) ?? {};
    this.#keepUsage(asObject(message["usage"]) ?? {});
    sink({
      kind: "message-start",
      id: asString(message["id"]),
      model: asString(message["model"]),
      createdAt: null,
      serviceTier: readTier(this.#usage.members),
      extra: restOf(message, MESSAGE),
    });
    this.#tellUsage(sink);
  }

  #tellUsage(sink: EventSink): void {
    const { members } = this.#usage;
    const usage = members === null ? null : readUsage(members);
    if (usage !== null) sink({ kind: "usage", usage });
  }

  /** Later figures are the whole message's so far; what they leave out or say null of stays. */
  #keepUsage(usage: JsonObject): void {
    const chars = JSON.stringify(usage).length;
    for (const key in usage) {
      const value = usage[key];
      if (value === undefined || (value === null && this.#usage.get(key) !== undefined)) continue;
      this.#usage.set(key, value, chars);
    }
  }

  #openBlock(event: JsonObject, sink: EventSink): void {
    const index = event["index"];
    const start = asObject(event["content_block"]);
    // What follows the stop reason is not the message's any more.
    if (typeof index !== "number" || start === null || this.#hasFinish) return;
    this.#start({}, sink);
    const open = this.#blocks.get(index);
    if (open !== undefined) this.#closeBlock(index, open, sink);
    if (++this.#blockCount > MAX_BLOCKS) throw tooMuch(`an answer of more than ${MAX_BLOCKS} blocks`);
    const block: Block = {
      part: -1,
      kind: kindOf(start),
      native: null,
      startInput: "",
      input: "",
      signature: "",
      hasDelta: false,
    };
    this.#blocks.set(index, block);
    if (block.kind === "native") {
      // Whole parts come as one piece: told when the block ends.
      block.native = { ...start };
      this.#hold(JSON.stringify(start).length);
      return;
    }
    const part = readPart(start);
    const carried = this.#carried;
    this.#carried = carriedForToolUse(part);
    if (this.#carried !== null) {
      this.#blocks.delete(index);
      return;
    }
    block.part = this.#nextPart++;
    const at = { choice: CHOICE, part: block.part };
    const extra = part.extra === undefined ? {} : { extra: part.extra };
    switch (part.kind) {
      case "text":
        sink({ kind: "part-start", ...at, start: { kind: "text", ...extra } });
        if (part.text !== "") sink({ kind: "text-delta", ...at, text: part.text });
        for (const citation of part.citations ?? []) sink({ kind: "citation", ...at, citation });
        return;
      case "reasoning":
        sink({ kind: "part-start", ...at, start: { kind: "reasoning", ...extra } });
        if (part.text !== "") sink({ kind: "reasoning-delta", ...at, text: part.text });
        if (start["type"] === "thinking") block.signature = asString(start["signature"]) ?? "";
        else if (part.encrypted !== undefined) {
          sink({ kind: "signature", ...at, slot: "encrypted", opaque: part.encrypted });
        }
        return;
      case "tool-call": {
        const signature = carried === null ? {} : { signature: carried };
        sink({
          kind: "part-start",
          ...at,
          start: { kind: "tool-call", id: part.id, name: part.name, ...signature, ...extra },
        });
        if (part.arguments === "{}") return;
        this.#hold(part.arguments.length);
        block.startInput = part.arguments;
        return;
      }
      default:
    }
  }

  #readDelta(event: JsonObject, sink: EventSink): void {
    const block = this.#blocks.get(event["index"]);
    const delta = event["delta"] as JsonObject | null | undefined;
    if (block === undefined || typeof delta !== "object" || delta === null) return;
    if (block.native !== null) {
      this.#hold(JSON.stringify(delta).length);
      growNative(block, delta);
      return;
    }
    const { part, kind } = block;
    switch (delta["type"]) {
      case "text_delta":
        if (kind !== "text") return;
        sink({ kind: "text-delta", choice: CHOICE, part, text: asString(delta["text"]) ?? "" });
        return;
      case "input_json_delta": {
        const text = asString(delta["partial_json"]) ?? "";
        // The first delta is empty.
        if (text === "" || kind !== "tool") return;
        block.hasDelta = true;
        sink({ kind: "tool-call-arguments-delta", choice: CHOICE, part, text });
        return;
      }
      case "thinking_delta":
        if (kind !== "thinking") return;
        sink({ kind: "reasoning-delta", choice: CHOICE, part, text: asString(delta["thinking"]) ?? "" });
        return;
      case "signature_delta": {
        const more = kind === "thinking" ? (asString(delta["signature"]) ?? "") : "";
        this.#hold(more.length);
        block.signature += more;
        return;
      }
      case "citations_delta": {
        const citation = asObject(delta["citation"]);
        if (citation !== null && kind === "text")
          sink({ kind: "citation", choice: CHOICE, part, citation: readCitation(citation) });
        return;
      }
      default:
      // A delta of a later version.
    }
  }

  #closeBlock(index: unknown, block: Block, sink: EventSink): void {
    this.#blocks.delete(index);
    if (block.native !== null) {
      const part = this.#nextPart++;
      sink({
        kind: "part-start",
        choice: CHOICE,
        part,
        start: { kind: "whole", part: native(finishNative(block.native, block.input)) },
      });
      sink({ kind: "part-end", choice: CHOICE, part, extra: null });
      return;
    }
    const at = { choice: CHOICE, part: block.part };
    if (block.startInput !== "" && !block.hasDelta) {
      sink({ kind: "tool-call-arguments-delta", ...at, text: block.startInput });
    }
    if (block.signature !== "") {
      const { signature, encrypted } = readSignature(block.signature);
      if (signature !== undefined) sink({ kind: "signature", ...at, slot: "signature", opaque: signature });
      if (encrypted !== undefined) sink({ kind: "signature", ...at, slot: "encrypted", opaque: encrypted });
    }
    sink({ kind: "part-end", ...at, extra: null });
  }

  #closeAll(sink: EventSink): void {
    for (const [index, block] of this.#blocks) this.#closeBlock(index, block, sink);
  }

  #end(sink: EventSink): void {
    this.#start({}, sink);
    this.#closeAll(sink);
    if (!this.#hasFinish) sink({ kind: "finish", choice: CHOICE, finish: UNSAID, extra: null });
    this.#hasEnded = true;
    sink({ kind: "message-end", extra: this.#extra.members });
  }

  #hold(chars: number): void {
    this.#heldChars += chars;
    if (this.#heldChars > MAX_HELD_CHARS) throw tooMuch(`blocks of more than ${MAX_HELD_CHARS} characters`);
  }

  #readMessageDelta(event: JsonObject, sink: EventSink): void {
    this.#start({}, sink);
    this.#closeAll(sink);
    const delta = asObject(event["delta"]) ?? {};
    const finish = readFinish(asString(delta["stop_reason"]), asString(delta["stop_sequence"]));
    const extra = restOf(delta, DELTA);
    if (finish !== null && !this.#hasFinish) {
      this.#hasFinish = true;
      sink({ kind: "finish", choice: CHOICE, finish, extra });
    }
    const usage = asObject(event["usage"]);
    if (usage !== null) {
      this.#keepUsage(usage);
      this.#tellUsage(sink);
    }
    const rest = restOf(event, MESSAGE_DELTA);
    if (rest === null) return;
    const chars = JSON.stringify(rest).length;
    for (const key in rest) this.#extra.set(key, rest[key] as Json, chars);
  }
}

function tooMuch(what: string): GatewayError {
  return new GatewayError("upstream_error", `The provider sent ${what}.`, { upstreamType: "protocol" });
}

function kindOf(start: JsonObject): Block["kind"] {
  switch (start["type"]) {
    case "text":
      return "text";
    case "thinking":
    case "redacted_thinking":
      return "thinking";
    case "tool_use":
      return "tool";
    default:
      return "native";
  }
}

/** A server tool's input comes in pieces; any other delta of a block nobody here knows adds its members to it. */
function growNative(block: Block, delta: JsonObject): void {
  if (delta["type"] === "input_json_delta") {
    block.input += asString(delta["partial_json"]) ?? "";
    return;
  }
  const value = block.native as Record<string, Json | undefined>;
  for (const key in delta) {
    const more = delta[key];
    if (key === "type" || more === undefined) continue;
    const before = value[key];
    value[key] = typeof before === "string" && typeof more === "string" ? before + more : more;
  }
}

function finishNative(value: Record<string, Json | undefined>, input: string): JsonObject {
  if (input === "") return value;
  try {
    return { ...value, input: JSON.parse(input) as Json };
  } catch {
    // the tool's input broke off (max_tokens): what came of it is kept as text
    return { ...value, input };
  }
}

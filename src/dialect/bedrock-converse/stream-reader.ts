/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
import { GatewayError } from "../../errors.ts";
import { type EventHeaders, EventStreamDecoder, textHeader } from "../../lib/aws-event-stream.ts";
import {
  asArray,
  asNumber,
  asObject,
  asString,
  type Json,
  type JsonObject,
  parseObject,
  restOf,
} from "../../lib/json.ts";
import type { EventSink, StreamReader } from "../dialect.ts";
import type { Finish, PartStart } from "../neutral.ts";
import { readCitation } from "./citations.ts";
import { readStreamException } from "./errors.ts";
import { readFinish } from "./finish.ts";
import { stopSequenceOf } from "./read-answer.ts";
import { isServerTool, readPart } from "./read-part.ts";
import { readRedacted, readSignature } from "./reasoning-block.ts";
import { readUsage } from "./usage.ts";

const MESSAGE_STOP: ReadonlySet<string> = new Set(["stopReason", "p"]);
const METADATA: ReadonlySet<string> = new Set(["usage", "p"]);
/** What blocks that are told whole may grow to (a picture, a code interpreter's output). */
const MAX_WHOLE_CHARS = 32 * 1024 * 1024;
/** Far more than an answer has; a provider that begins more is broken. */
const MAX_PARTS = 16_384;

/** The message has ended, and its provider did not say why. */
const UNSAID: Finish = { kind: "stop", native: null, stopSequence: null };

type Running = "text" | "reasoning" | "tool-call";

/** A block that is no stream of words to other dialects: collected, and told whole at its end. */
type WholeBlock = {
  readonly kind: "whole";
  readonly name: "toolUse" | "toolResult" | "image";
  readonly start: JsonObject;
  readonly pieces: Json[];
};
/** A block that has begun. */
type OpenBlock = { readonly kind: "part"; readonly part: number; readonly what: Running } | WholeBlock;

/** Reads one ConverseStream: blocks by their index, usage in the metadata behind the stop. */
export class ConverseStreamReader implements StreamReader {
  readonly #decoder = new EventStreamDecoder();
  readonly #open = new Map<number, OpenBlock>();
  #nextPart = 0;
  #wholeChars = 0;
  #hasBegun = false;
  #hasStopped = false;
  #metadata: JsonObject | null = null;
  #hasEnded = false;

  push(bytes: Uint8Array, sink: EventSink): void {
    this.#decoder.push(bytes, (headers, payload) => this.#readMessage(headers, payload, sink));
  }

  end(sink: EventSink): void {
    // Bytes of a message that did not come whole: the stream broke, whatever it said before.
    if (this.#hasStopped && !this.#decoder.isMidMessage) this.#finish(sink);
  }

  #readMessage(headers: EventHeaders, payload: Uint8Array, sink: EventSink): void {
    if (this.#hasEnded) return;
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
    const type = textHeader(headers, ":message-type");
    if (type === "exception" || type === "error") {
      this.#hasEnded = true;
      const name = textHeader(headers, type === "error" ? ":error-code" : ":exception-type") ?? type;
      const words = textHeader(headers, ":error-message") ?? "";
      sink({ kind: "error", error: readStreamException(name, parseObject(text), words) });
      return;
    }
    const event = parseObject(text);
    if (event === null) {
      throw new GatewayError(
        "upstream_error",
        "The provider's stream should hold JSON objects, and holds something else.",
        {
          upstreamType: "protocol",
        },
      );
    }
    const name = textHeader(headers, ":event-type");
    // What follows the stop, but for its figures, is not the message's any more.
    if (this.#hasStopped && name !== "metadata") return;
    this.#begin(name === "messageStart" ? event : null, sink);
    switch (name) {
      case "contentBlockDelta":
        this.#readDelta(event, sink);
        return;
      case "contentBlockStart":
        this.#readStart(asNumber(event["contentBlockIndex"]) ?? 0, asObject(event["start"]) ?? {}, sink);
        return;
      case "contentBlockStop":
        this.#close(asNumber(event["contentBlockIndex"]) ?? 0, sink);
        return;
      case "messageStop":
        this.#readStop(event, sink);
        return;
      case "metadata":
        this.#metadata = event;
        if (this.#hasStopped) this.#finish(sink);
        return;
      default:
      // Events of a kind not known yet tell nothing.
    }
  }

  #begin(start: JsonObject | null, sink: EventSink): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const extra = start === null ? null : restOf(start, new Set(start["role"] === "assistant" ? ["role", "p"] : ["p"]));
    sink({ kind: "message-start", id: null, model: null, createdAt: null, serviceTier: null, extra });
  }

  #readStart(index: number, start: JsonObject, sink: EventSink): void {
    const use = asObject(start["toolUse"]);
    const result = asObject(start["toolResult"]);
    const image = asObject(start["image"]);
    if (use !== null && !isServerTool(use)) {
      const rest = restOf(use, new Set(["toolUseId", "name"]));
      this.#openPart(index, "tool-call", sink, {
        kind: "tool-call",
        id: asString(use["toolUseId"]) ?? "",
        name: asString(use["name"]) ?? "",
        ...(rest === null ? {} : { extra: { toolUse: rest } }),
      });
    } else if (use !== null) this.#openWhole(index, "toolUse", use, sink);
    else if (result !== null) this.#openWhole(index, "toolResult", result, sink);
    else if (image !== null) this.#openWhole(index, "image", image, sink);
    // A start that says nothing: the first delta says what it is.
  }

  #readDelta(event: JsonObject, sink: EventSink): void {
    const delta = event["delta"] as JsonObject | undefined;
    if (delta === undefined || delta === null) return;
    const index = asNumber(event["contentBlockIndex"]) ?? 0;
    const { text } = delta;
    if (typeof text === "string") {
      const part = this.#running(index, "text", sink);
      if (text !== "") sink({ kind: "text-delta", choice: 0, part, text });
      return;
    }
    const use = asObject(delta["toolUse"]);
    if (use !== null) {
      this.#readInput(index, asString(use["input"]) ?? "", sink);
      return;
    }
    const reasoning = asObject(delta["reasoningContent"]);
    if (reasoning !== null) {
      this.#readReasoning(index, reasoning, sink);
      return;
    }
    const citation = asObject(delta["citation"]);
    if (citation !== null) {
      sink({ kind: "citation", choice: 0, part: this.#running(index, "text", sink), citation: readCitation(citation) });
      return;
    }
    const image = asObject(delta["image"]);
    if (image !== null) this.#collect(index, [image]);
    else if (Array.isArray(delta["toolResult"])) this.#collect(index, asArray(delta["toolResult"]));
  }

  #readInput(index: number, text: string, sink: EventSink): void {
    const open = this.#open.get(index);
    if (open?.kind === "whole") this.#collect(index, [text]);
    else if (open?.what === "tool-call" && text !== "") {
      sink({ kind: "tool-call-arguments-delta", choice: 0, part: open.part, text });
    }
  }

  #readReasoning(index: number, reasoning: JsonObject, sink: EventSink): void {
    const part = this.#running(index, "reasoning", sink);
    const text = asString(reasoning["text"]);
    const signature = asString(reasoning["signature"]);
    const redacted = asString(reasoning["redactedContent"]);
    if (text !== null && text !== "") sink({ kind: "reasoning-delta", choice: 0, part, text });
    if (signature !== null && signature !== "") {
      const proof = readSignature(signature);
      if (proof.encrypted !== undefined) {
        sink({ kind: "signature", choice: 0, part, slot: "encrypted", opaque: proof.encrypted });
      } else if (proof.signature !== undefined) {
        sink({ kind: "signature", choice: 0, part, slot: "signature", opaque: proof.signature });
      }
    }
    if (redacted !== null && redacted !== "") {
      sink({ kind: "signature", choice: 0, part, slot: "encrypted", opaque: readRedacted(redacted) });
    }
  }

  /** The block's part; a block that says another thing than before is another part. */
  #running(index: number, what: "text" | "reasoning", sink: EventSink): number {
    const open = this.#open.get(index);
    if (open?.kind === "part" && open.what === what) return open.part;
    return this.#openPart(index, what, sink, { kind: what });
  }

  #openPart(index: number, what: Running, sink: EventSink, start: PartStart): number {
    // A provider that counts every block as the same one: the one before has ended without a word.
    this.#close(index, sink);
    const part = this.#newPart();
    this.#open.set(index, { kind: "part", part, what });
    sink({ kind: "part-start", choice: 0, part, start });
    return part;
  }

  #openWhole(index: number, name: WholeBlock["name"], start: JsonObject, sink: EventSink): void {
    this.#close(index, sink);
    this.#count(JSON.stringify(start).length);
    if (this.#open.size >= MAX_PARTS) throw tooMuch(`more than ${MAX_PARTS} blocks at once`);
    this.#open.set(index, { kind: "whole", name, start, pieces: [] });
  }

  #newPart(): number {
    if (this.#nextPart >= MAX_PARTS) throw tooMuch(`an answer of more than ${MAX_PARTS} blocks`);
    return this.#nextPart++;
  }

  #count(chars: number): void {
    this.#wholeChars += chars;
    if (this.#wholeChars > MAX_WHOLE_CHARS) throw tooMuch(`blocks of more than ${MAX_WHOLE_CHARS} characters`);
  }

  #collect(index: number, pieces: readonly Json[]): void {
    const open = this.#open.get(index);
    if (open?.kind !== "whole") return;
    for (const piece of pieces) {
      this.#count(typeof piece === "string" ? piece.length : JSON.stringify(piece).length);
      open.pieces.push(piece);
    }
  }

  #close(index: number, sink: EventSink): void {
    const open = this.#open.get(index);
    if (open === undefined) return;
    this.#open.delete(index);
    if (open.kind === "part") {
      sink({ kind: "part-end", choice: 0, part: open.part, extra: null });
      return;
    }
    const part = this.#newPart();
    sink({ kind: "part-start", choice: 0, part, start: { kind: "whole", part: readPart(wholeBlock(open), true) } });
    sink({ kind: "part-end", choice: 0, part, extra: null });
  }

  #readStop(event: JsonObject, sink: EventSink): void {
    for (const index of [...this.#open.keys()]) this.#close(index, sink);
    const finish = readFinish(asString(event["stopReason"]), stopSequenceOf(event["additionalModelResponseFields"]));
    sink({ kind: "finish", choice: 0, finish: finish ?? UNSAID, extra: restOf(event, MESSAGE_STOP) });
    this.#hasStopped = true;
    if (this.#metadata !== null) this.#finish(sink);
  }

  #finish(sink: EventSink): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const metadata = this.#metadata;
    const object = asObject(metadata?.["usage"]);
    const usage = object === null ? null : readUsage(object);
    if (usage !== null) sink({ kind: "usage", usage });
    sink({ kind: "message-end", extra: metadata === null ? null : restOf(metadata, METADATA) });
  }
}

function tooMuch(what: string): GatewayError {
  return new GatewayError("upstream_error", `The provider sent ${what}.`, { upstreamType: "protocol" });
}

/** The block as an answer that is no stream has it. */
function wholeBlock({ name, start, pieces }: WholeBlock): JsonObject {
  switch (name) {
    case "toolUse": {
      const text = pieces.join("");
      return { toolUse: { ...start, input: text === "" ? {} : (parseObject(text) ?? { input: text }) } };
    }
    case "toolResult":
      return { toolResult: { ...start, content: pieces } };
    case "image":
      return { image: Object.assign({ ...start }, ...(pieces as JsonObject[])) as JsonObject };
    default:
      return name satisfies never;
  }
}

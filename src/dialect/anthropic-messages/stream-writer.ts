import type { Json, JsonObject } from "../../lib/json.ts";
import { NO_USAGE } from "../../lib/usage.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { NeutralEvent, NeutralUsage, Opaque, PartStart } from "../neutral.ts";
import { wrapOpaque } from "../opaque.ts";
import { Sequencer } from "../sequencer.ts";
import { carryForText, carryForToolUse } from "./carried-signature.ts";
import { writeCitation } from "./citations.ts";
import { writeStreamError } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { OWN, OWNER } from "./own.ts";
import { writeUsage } from "./usage.ts";
import { writeAnswerPart } from "./write-answer.ts";

type Start = Extract<NeutralEvent, { kind: "message-start" }>;
type Finish = Extract<NeutralEvent, { kind: "finish" }>;

const NOTHING: NeutralUsage = { ...NO_USAGE, extra: null };
/** Figures that the first event tells, and the last one only where they have changed. */
const SAID_AT_START = ["inference_geo", "cache_creation", "speed"] as const;

/**
 * Writes a stream as the API does: message_start, each block from its start to its stop, message_delta with the stop reason and the
 * final usage, message_stop. https://platform.claude.com/docs/en/build-with-claude/streaming
 *
 * What the first event must hold of the usage comes after it in the neutral stream, so it waits for the next event; a block whose
 * kind only its first delta shows (thinking or redacted) waits for that.
 */
export class MessagesWriter implements StreamWriter {
  readonly contentType = "text/event-stream; charset=utf-8";
  readonly #context: AnswerContext;
  readonly #isOwn: boolean;
  readonly #sequencer: Sequencer;
  #out = "";
  #start: Start | null = null;
  #hasStarted = false;
  #usage: NeutralUsage | null = null;
  #usageAtStart: JsonObject | null = null;
  #finish: Finish | null = null;
  /** The next block's index, which is the open one's as long as there is one. */
  #index = 0;
  /** The neutral part that is open; -1: none. */
  #part = -1;
  #partKind: PartStart["kind"] | null = null;
  #partExtra: JsonObject | null = null;
  /** Whether the open part's block has been started. */
  #isStarted = false;
  #carrier: JsonObject | null = null;
  /** A thinking block of another provider that nothing has signed: told as such, since SDKs drop thoughts that lack the event. */
  #isUnsigned = false;
  /** The JSON of a delta up to its text. */
  #prefix = "";

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#isOwn = (context.answerDialect ?? OWN) === OWN;
    this.#sequencer = new Sequencer((event) => this.#writeInOrder(event));
  }

  write(event: NeutralEvent): string {
    switch (event.kind) {
      case "text-delta":
      case "reasoning-delta":
      case "tool-call-arguments-delta":
        // What belongs to the open block goes straight out.
        if (event.choice === 0 && event.part === this.#part && this.#isStarted && this.#prefix !== "") {
          return `${this.#prefix}${JSON.stringify(event.text)}}}\n\n`;
        }
        break;
      case "usage":
        this.#usage = event.usage;
        return "";
      case "logprobs":
        return "";
      case "keep-alive":
        return this.#hasStarted ? 'event: ping\ndata: {"type":"ping"}\n\n' : "";
      case "error":
        return writeStreamError(event.error);
      default:
    }
    // The API gives one choice.
    if ("choice" in event && event.choice !== 0) return "";
    this.#out = "";
    this.#sequencer.push(event);
    const out = this.#out;
    this.#out = "";
    return out;
  }

  #writeInOrder(event: NeutralEvent): void {
    if (event.kind === "message-start") {
      this.#start = event;
      return;
    }
    this.#startMessage();
    switch (event.kind) {
      case "part-start":
        this.#openPart(event.part, event.start);
        return;
      case "text-delta":
        if (this.#partKind === "text" || this.#partKind === "refusal") this.#writeText("text", event.text);
        return;
      case "reasoning-delta":
        if (this.#partKind === "reasoning") this.#writeText("thinking", event.text);
        return;
      case "tool-call-arguments-delta":
        if (this.#partKind === "tool-call") this.#writeText("tool", event.text);
        return;
      case "audio-delta":
        // Sound has no block; its words have.
        if (this.#partKind === "audio" && event.transcript !== "") this.#writeText("text", event.transcript);
        return;
      case "signature":
        this.#writeSignature(event.slot, event.opaque);
        return;
      case "citation": {
        const citation = writeCitation(event.citation, this.#isOwn);
        if (citation === null || this.#partKind !== "text") return;
        this.#ensureBlock("text");
        this.#delta({ type: "citations_delta", citation });
        return;
      }
      case "part-end":
        this.#closePart();
        return;
      case "finish":
        this.#closePart();
        this.#finish = event;
        return;
      case "message-end":
        this.#endMessage(event.extra);
        return;
      default:
    }
  }

  #startMessage(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const start = this.#start;
    const figures = this.#usageOf(this.#usage ?? NOTHING);
    this.#usageAtStart = figures;
    const message: Record<string, Json | undefined> = {
      id: start?.id || `msg_${this.#context.requestId}`,
      type: "message",
      role: "assistant",
      model: start?.model || this.#context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...(this.#isOwn ? start?.extra : null),
      usage: this.#usage === null ? { input_tokens: 0, output_tokens: 0, ...figures } : figures,
    };
    this.#event("message_start", { type: "message_start", message });
  }

  #usageOf(usage: NeutralUsage): JsonObject {
    return writeUsage(usage, this.#start?.serviceTier ?? null, this.#isOwn);
  }

  #openPart(part: number, start: PartStart): void {
    this.#closePart();
    this.#part = part;
    this.#partKind = start.kind;
    this.#isStarted = false;
    this.#carrier = null;
    this.#prefix = "";
    this.#partExtra = this.#isOwn && start.kind !== "whole" ? (start.extra ?? null) : null;
    if (start.kind === "tool-call") {
      const carrier = start.signature === undefined ? null : carryForToolUse(start.signature);
      if (carrier !== null) this.#writeWhole(carrier);
      this.#startBlock({ type: "tool_use", id: start.id, name: start.name, input: {} });
      this.#prefix = this.#deltaPrefix("input_json_delta", "partial_json");
    } else if (start.kind === "whole") {
      for (const block of writeAnswerPart(start.part, this.#isOwn)) this.#writeWhole(block);
    } else if (this.#isOwn && start.kind === "text") this.#ensureBlock("text");
  }

  #writeText(kind: "text" | "thinking" | "tool", text: string): void {
    // The first piece of many APIs is empty, and a block without a word would be refused when it is sent back.
    if (text === "" && !this.#isStarted) return;
    if (kind !== "tool") this.#ensureBlock(kind);
    // A redacted block takes no words.
    if (this.#prefix === "") return;
    this.#out += `${this.#prefix}${JSON.stringify(text)}}}\n\n`;
  }

  #ensureBlock(kind: "text" | "thinking"): void {
    if (this.#isStarted) return;
    if (kind === "text") {
      this.#startBlock({ type: "text", text: "" });
      this.#prefix = this.#deltaPrefix("text_delta", "text");
    } else {
      this.#startBlock({ type: "thinking", thinking: "", signature: "" });
      this.#prefix = this.#deltaPrefix("thinking_delta", "thinking");
      this.#isUnsigned = !this.#isOwn;
    }
  }

  #writeSignature(slot: "signature" | "encrypted", opaque: Opaque): void {
    if (this.#partKind === "reasoning") {
      if (slot === "encrypted" && !this.#isStarted) {
        this.#startBlock({ type: "redacted_thinking", data: wrapOpaque(opaque, OWNER) });
        return;
      }
      this.#ensureBlock("thinking");
      if (this.#prefix === "") return;
      this.#isUnsigned = false;
      this.#delta({ type: "signature_delta", signature: wrapOpaque(opaque, OWNER) });
    } else if (this.#partKind === "text") this.#carrier = carryForText(opaque);
    else if (this.#partKind === "tool-call") {
      // Too late for the place before its call: the block behind it is found as well.
      this.#carrier = carryForToolUse(opaque);
    }
  }

  #closePart(): void {
    if (this.#part === -1) return;
    if (this.#partKind === "reasoning" && this.#isOwn) this.#ensureBlock("thinking");
    if (this.#isStarted) {
      if (this.#isUnsigned) this.#delta({ type: "signature_delta", signature: "" });
      this.#stopBlock();
    }
    this.#isUnsigned = false;
    const carrier = this.#carrier;
    this.#part = -1;
    this.#partKind = null;
    this.#prefix = "";
    this.#carrier = null;
    if (carrier !== null) this.#writeWhole(carrier);
  }

  #startBlock(block: JsonObject): void {
    this.#isStarted = true;
    const extra = this.#partExtra;
    this.#event("content_block_start", {
      type: "content_block_start",
      index: this.#index,
      content_block: extra === null ? block : { ...block, ...extra },
    });
  }

  #stopBlock(): void {
    this.#out += `event: content_block_stop\ndata: {"type":"content_block_stop","index":${this.#index}}\n\n`;
    this.#isStarted = false;
    this.#index++;
  }

  /** A block that comes as one piece. A server tool's input comes as a delta, as the SDKs expect it of what they track. */
  #writeWhole(block: JsonObject): void {
    const { type, input, signature } = block;
    const isCall = typeof type === "string" && type.endsWith("tool_use") && typeof input === "object";
    const extra = this.#partExtra;
    this.#partExtra = null;
    const isSigned = type === "thinking" && typeof signature === "string";
    this.#startBlock(isCall ? { ...block, input: {} } : isSigned ? { ...block, signature: "" } : block);
    if (isSigned) this.#delta({ type: "signature_delta", signature });
    if (isCall) this.#delta({ type: "input_json_delta", partial_json: JSON.stringify(input) });
    this.#stopBlock();
    this.#partExtra = extra;
  }

  #endMessage(extra: JsonObject | null): void {
    this.#closePart();
    const finish = this.#finish;
    const usage = this.#usage ?? NOTHING;
    const figures: Record<string, Json | undefined> = { ...this.#usageOf(usage) };
    delete figures["service_tier"];
    for (const key of SAID_AT_START) {
      if (JSON.stringify(figures[key]) === JSON.stringify(this.#usageAtStart?.[key])) delete figures[key];
    }
    const delta: Record<string, Json | undefined> = {
      stop_reason: finish === null ? "end_turn" : writeFinish(finish.finish, this.#isOwn),
      stop_sequence: finish?.finish.stopSequence ?? null,
    };
    if (this.#isOwn) Object.assign(delta, finish?.extra);
    // Without a finish of the provider's (some recordings have none) nothing is said of one.
    if (!this.#isOwn || (finish?.finish.native ?? null) !== null) {
      this.#event("message_delta", {
        type: "message_delta",
        delta,
        usage: { output_tokens: 0, ...figures },
        ...(this.#isOwn ? extra : null),
      });
    }
    this.#out += 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
  }

  #deltaPrefix(type: string, member: string): string {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":{"type":"${type}","${member}":`;
  }

  #delta(delta: JsonObject): void {
    this.#event("content_block_delta", { type: "content_block_delta", index: this.#index, delta });
  }

  #event(name: string, data: JsonObject): void {
    this.#out += `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}

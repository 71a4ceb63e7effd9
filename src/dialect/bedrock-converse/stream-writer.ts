/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
import { encodeEventHeaders, encodeEventMessage } from "../../lib/aws-event-stream.ts";
import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { NeutralEvent, NeutralUsage, Opaque, Part } from "../neutral.ts";
import { wrapOpaque } from "../opaque.ts";
import { Sequencer } from "../sequencer.ts";
import { carryForText, carryForToolUse } from "./carried-signature.ts";
import { writeCitation } from "./citations.ts";
import { writeStreamException } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { writeMetrics } from "./metrics.ts";
import { OWN, OWNER } from "./own.ts";
import { writeRedacted } from "./reasoning-block.ts";
import { writeUsage } from "./usage.ts";
import { writeAnswerPart } from "./write-answer.ts";

const NOTHING = new Uint8Array(0);

type EventName =
  "messageStart" | "contentBlockStart" | "contentBlockDelta" | "contentBlockStop" | "messageStop" | "metadata";

/** Headers of each event, made once. */
const HEADERS = new Map<EventName, Uint8Array>(
  (
    ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"] as const
  ).map((name) => [
    name,
    encodeEventHeaders([
      [":event-type", { kind: "string", value: name }],
      [":content-type", { kind: "string", value: "application/json" }],
      [":message-type", { kind: "string", value: "event" }],
    ]),
  ]),
);

/** Writes one ConverseStream. Blocks follow each other; usage comes behind the stop. */
export class ConverseStreamWriter implements StreamWriter {
  readonly contentType = "application/vnd.amazon.eventstream";
  readonly #context: AnswerContext;
  readonly #isOwn: boolean;
  readonly #sequencer = new Sequencer((event) => this.#writeNext(event));
  #out: Uint8Array[] = [];
  #block = -1;
  /** What stands before and behind the words of a delta of the open block. */
  #before = "";
  #behind = "";
  #hasStopped = false;
  #usage: NeutralUsage | null = null;
  /** Whether the open part has had words: reasoning's proof is its signature then, and not all there is of it. */
  #hasWords = false;
  /** What the open block is where nothing was said in it; null where something was. */
  #emptyDelta: string | null = null;
  /** A text part's signature, which follows in a block of its own. */
  #carried: JsonObject | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#isOwn = (context.answerDialect ?? OWN) === OWN;
  }

  write(event: NeutralEvent): Uint8Array {
    // The API gives one choice; another's parts would stand in the way of its own.
    if ("choice" in event && event.choice !== 0) return NOTHING;
    this.#sequencer.push(event);
    const out = this.#out;
    if (out.length === 0) return NOTHING;
    this.#out = [];
    return out.length === 1 ? (out[0] as Uint8Array) : Buffer.concat(out);
  }

  #writeNext(event: NeutralEvent): void {
    switch (event.kind) {
      case "message-start":
        this.#put("messageStart", { role: "assistant", ...(this.#isOwn ? event.extra : null) });
        return;
      case "part-start":
        this.#start(event.start);
        return;
      case "text-delta":
      case "reasoning-delta":
      case "tool-call-arguments-delta":
        if (event.text === "") return;
        this.#hasWords = true;
        this.#emptyDelta = null;
        this.#putText("contentBlockDelta", this.#before + JSON.stringify(event.text) + this.#behind);
        return;
      case "audio-delta":
        // Converse's streams have no sound; the words spoken are the answer.
        if (event.transcript !== "") this.#delta({ text: event.transcript });
        return;
      case "signature":
        this.#sign(event.slot, event.opaque);
        return;
      case "citation":
        this.#delta({ citation: writeCitation(event.citation, this.#isOwn) });
        return;
      case "part-end":
        this.#stop();
        return;
      case "finish":
        this.#hasStopped = true;
        this.#put("messageStop", {
          stopReason: writeFinish(event.finish, this.#isOwn),
          ...(this.#isOwn ? event.extra : null),
        });
        return;
      case "usage":
        this.#usage = event.usage;
        return;
      case "message-end":
        this.#end(event.extra);
        return;
      case "error":
        this.#out.push(writeStreamException(event.error));
        return;
      case "logprobs":
      case "keep-alive":
        return;
      default:
        event satisfies never;
    }
  }

  #start(start: Extract<NeutralEvent, { kind: "part-start" }>["start"]): void {
    this.#block++;
    this.#hasWords = false;
    this.#behind = `},"contentBlockIndex":${this.#block}}`;
    switch (start.kind) {
      case "text":
      case "refusal":
      case "audio":
        this.#before = '{"delta":{"text":';
        this.#emptyDelta = `${this.#before}""${this.#behind}`;
        return;
      case "reasoning":
        this.#before = '{"delta":{"reasoningContent":{"text":';
        this.#behind = `}${this.#behind}`;
        this.#emptyDelta = `${this.#before}""${this.#behind}`;
        return;
      case "tool-call": {
        const carried = this.#isOwn ? null : carryForToolUse(start.signature);
        if (carried !== null) this.#putWhole(carried);
        this.#before = '{"delta":{"toolUse":{"input":';
        this.#behind = `}},"contentBlockIndex":${this.#block}}`;
        const rest = this.#isOwn ? asObject(start.extra?.["toolUse"]) : null;
        this.#put("contentBlockStart", {
          start: { toolUse: { toolUseId: start.id, name: start.name, ...rest } },
          contentBlockIndex: this.#block,
        });
        return;
      }
      case "whole":
        this.#startWhole(start.part);
        return;
      default:
        start satisfies never;
    }
  }

  /** A part that comes as one piece. Its part-end closes the last of its blocks. */
  #startWhole(part: Part): void {
    const blocks = writeAnswerPart(part, this.#isOwn);
    for (const [index, block] of blocks.entries()) {
      if (index > 0) {
        this.#stop();
        this.#block++;
      }
      this.#putBlock(block);
    }
    // A part that Converse has no word for is an empty text.
    if (blocks.length === 0) this.#delta({ text: "" });
  }

  /** A block of its own before the open one. */
  #putWhole(block: JsonObject): void {
    this.#putBlock(block);
    this.#put("contentBlockStop", { contentBlockIndex: this.#block });
    this.#block++;
  }

  #putBlock(block: JsonObject): void {
    const use = asObject(block["toolUse"]);
    const result = asObject(block["toolResult"]);
    const image = asObject(block["image"]);
    const reasoning = asObject(block["reasoningContent"]);
    if (use !== null) {
      const { input, ...start } = use;
      this.#put("contentBlockStart", { start: { toolUse: start }, contentBlockIndex: this.#block });
      this.#delta({ toolUse: { input: JSON.stringify(input ?? {}) } });
    } else if (result !== null) {
      const { content, ...start } = result;
      this.#put("contentBlockStart", { start: { toolResult: start }, contentBlockIndex: this.#block });
      this.#delta({ toolResult: content ?? [] });
    } else if (image !== null) {
      this.#put("contentBlockStart", {
        start: { image: { format: image["format"] ?? null } },
        contentBlockIndex: this.#block,
      });
      this.#delta({ image: { source: image["source"] ?? null } });
    } else if (reasoning !== null) {
      const inner = asObject(reasoning["reasoningText"]);
      this.#delta({ reasoningContent: inner === null ? reasoning : { signature: inner["signature"] ?? "" } });
    } else this.#delta({ text: typeof block["text"] === "string" ? block["text"] : "" });
  }

  /** What proves or holds the open part's reasoning; of a text, what another provider wants back. */
  #sign(slot: "signature" | "encrypted", opaque: Opaque): void {
    if (this.#before.startsWith('{"delta":{"reasoningContent"')) {
      const isRedacted = slot === "encrypted" && !this.#hasWords;
      this.#delta({
        reasoningContent: isRedacted
          ? { redactedContent: writeRedacted(opaque) }
          : { signature: wrapOpaque(opaque, OWNER) },
      });
    } else if (!this.#isOwn && this.#before.startsWith('{"delta":{"text"')) this.#carried = carryForText(opaque);
  }

  #stop(): void {
    // Without a delta nobody could tell what the block was.
    if (this.#emptyDelta !== null) this.#putText("contentBlockDelta", this.#emptyDelta);
    this.#emptyDelta = null;
    this.#put("contentBlockStop", { contentBlockIndex: this.#block });
    const carried = this.#carried;
    if (carried === null) return;
    this.#carried = null;
    this.#block++;
    this.#putBlock(carried);
    this.#put("contentBlockStop", { contentBlockIndex: this.#block });
  }

  #end(extra: JsonObject | null): void {
    if (!this.#hasStopped) this.#put("messageStop", { stopReason: "end_turn" });
    const metrics = this.#isOwn ? null : writeMetrics(this.#context);
    const metadata = {
      ...(this.#usage === null ? null : { usage: writeUsage(this.#usage, this.#isOwn) }),
      ...(this.#isOwn ? extra : null),
      ...(metrics === null ? null : { metrics }),
    };
    if (Object.keys(metadata).length > 0) this.#put("metadata", metadata);
  }

  #delta(delta: { readonly [key: string]: Json }): void {
    this.#emptyDelta = null;
    this.#put("contentBlockDelta", { delta, contentBlockIndex: this.#block });
  }

  #put(name: EventName, payload: JsonObject): void {
    this.#putText(name, JSON.stringify(payload));
  }

  #putText(name: EventName, payload: string): void {
    this.#out.push(encodeEventMessage(HEADERS.get(name) ?? NOTHING, payload));
  }
}

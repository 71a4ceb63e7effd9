import { gatherText } from "../../lib/gather-text.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { Citation, NeutralEvent, NeutralUsage, Part, PartStart, TokenLogprob } from "../neutral.ts";
import { Sequencer } from "../sequencer.ts";
import { isSamePlace, writeCitation } from "./citations.ts";
import { writeErrorEvent } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobsChunk } from "./logprobs.ts";
import { OffsetMap } from "./offsets.ts";
import { writeBlock } from "./parts.ts";
import { writeUsage } from "./usage.ts";

/** What of a text is kept so that citations can quote it; longer ones go unquoted. */
const MAX_QUOTABLE_CHARS = 16_384;

/** Log-probabilities wait for the text they belong to, which stands right before or right after them. */
const MAX_PENDING_LOGPROBS = 1024;

/** Sources of one place that are told as one citation. */
const MAX_NEIGHBOURS = 256;

/** What the open part is on the wire. */
type OpenPart = "text" | "thinking" | "plan" | "call" | "whole" | "nothing";

/** Writes `POST /v2/chat` with `stream: true`: https://docs.cohere.com/reference/chat-stream. Of several choices the first. */
export class CohereStreamWriter implements StreamWriter {
  readonly contentType = "text/event-stream";
  readonly #context: AnswerContext;
  readonly #sequencer = new Sequencer((event) => this.#put(event));
  #out = "";
  #open: OpenPart = "nothing";
  /** Before and after the text of a content-delta of the open part. */
  #prefix = "";
  #suffix = "";
  #content = -1;
  #call = -1;
  #citation = -1;
  #offsets = new OffsetMap();
  #text: string | null = "";
  /** Neighbours at one place are one citation: it goes out when another event comes. */
  #cited: Citation[] = [];
  #logprobs: TokenLogprob[] = [];
  #finish = "COMPLETE";
  #usage: NeutralUsage | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  write(event: NeutralEvent): string {
    if ("choice" in event && event.choice !== 0) return "";
    this.#out = "";
    this.#sequencer.push(event);
    return this.#out;
  }

  #put(event: NeutralEvent): void {
    if (this.#cited.length > 0) this.#flushCitations(event);
    switch (event.kind) {
      case "text-delta":
        if (this.#open === "text" && this.#text !== null) {
          this.#text =
            this.#text.length + event.text.length > MAX_QUOTABLE_CHARS ? null : gatherText(this.#text, event.text);
        }
        this.#offsets.push(event.text);
        this.#delta(event.text);
        return;
      case "reasoning-delta":
      case "tool-call-arguments-delta":
        this.#delta(event.text);
        return;
      case "audio-delta":
        if (event.transcript !== "") this.#delta(event.transcript);
        return;
      case "part-start":
        this.#start(event.start);
        return;
      case "part-end":
        this.#end();
        return;
      case "citation":
        this.#cited.push(event.citation);
        return;
      case "logprobs":
        if (this.#logprobs.length < MAX_PENDING_LOGPROBS) this.#logprobs.push(...event.tokens);
        return;
      case "message-start":
        this.#event("message-start", {
          id: event.id ?? this.#context.requestId,
          type: "message-start",
          delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } },
        });
        return;
      case "finish":
        this.#finish = writeFinish(event.finish);
        return;
      case "usage":
        this.#usage = event.usage;
        return;
      case "message-end":
        this.#event("message-end", {
          type: "message-end",
          delta: {
            finish_reason: this.#finish,
            ...(this.#usage === null ? null : { usage: writeUsage(this.#usage) }),
          },
        });
        this.#out += "data: [DONE]\n\n";
        return;
      case "error":
        this.#out += writeErrorEvent(event.error);
        return;
      case "signature":
      case "keep-alive":
        return;
      default:
        event satisfies never;
    }
  }

  #start(start: PartStart): void {
    switch (start.kind) {
      case "text":
      case "refusal":
      case "audio":
        this.#startContent("text", { type: "text", text: "" });
        this.#prefixDelta("text");
        return;
      case "reasoning":
        if (start.extra?.["tool_plan"] === true) {
          this.#open = "plan";
          this.#prefix = `event: tool-plan-delta\ndata: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":`;
          this.#suffix = "}}}\n\n";
          return;
        }
        this.#startContent("thinking", { type: "thinking", thinking: "" });
        this.#prefixDelta("thinking");
        return;
      case "tool-call": {
        const index = ++this.#call;
        this.#open = "call";
        this.#event("tool-call-start", {
          type: "tool-call-start",
          index,
          delta: {
            message: {
              tool_calls: { id: start.id, type: "function", function: { name: start.name, arguments: "" } },
            },
          },
        });
        this.#prefix = `event: tool-call-delta\ndata: {"type":"tool-call-delta","index":${index},"delta":{"message":{"tool_calls":{"function":{"arguments":`;
        this.#suffix = "}}}}}\n\n";
        return;
      }
      case "whole":
        this.#putWhole(start.part);
        return;
      default:
        start satisfies never;
    }
  }

  #startContent(open: "text" | "thinking" | "whole", content: JsonObject): void {
    const index = ++this.#content;
    this.#open = open;
    this.#offsets = new OffsetMap();
    this.#text = "";
    this.#event("content-start", { type: "content-start", index, delta: { message: { content } } });
  }

  #prefixDelta(name: "text" | "thinking"): void {
    this.#prefix = `event: content-delta\ndata: {"type":"content-delta","index":${this.#content},"delta":{"message":{"content":{"${name}":`;
    this.#suffix = "}}}}\n\n";
  }

  #delta(text: string): void {
    if (this.#open === "nothing" || this.#open === "whole") return;
    if (this.#logprobs.length > 0 && this.#open === "text") this.#deltaWithLogprobs(text);
    else this.#out += this.#prefix + JSON.stringify(text) + this.#suffix;
  }

  #deltaWithLogprobs(text: string): void {
    const logprobs = JSON.stringify(writeLogprobsChunk(this.#logprobs));
    this.#logprobs = [];
    this.#out += `${this.#prefix}${JSON.stringify(text)}}}},"logprobs":${logprobs}}\n\n`;
  }

  /** What an answer holds beside text comes whole, in its content-start. */
  #putWhole(part: Part): void {
    this.#open = "nothing";
    const content = writeBlock(part);
    if (content === null) return;
    this.#startContent("whole", content);
  }

  #end(): void {
    switch (this.#open) {
      case "text":
      case "thinking":
      case "whole":
        if (this.#logprobs.length > 0 && this.#open === "text") this.#deltaWithLogprobs("");
        this.#event("content-end", { type: "content-end", index: this.#content });
        break;
      case "call":
        this.#event("tool-call-end", { type: "tool-call-end", index: this.#call });
        break;
      case "plan":
      case "nothing":
        break;
      default:
        this.#open satisfies never;
    }
    this.#open = "nothing";
  }

  #flushCitations(next: NeutralEvent): void {
    const isMore = next.kind === "citation" && isSamePlace(this.#cited[0] as Citation, next.citation);
    if (isMore && this.#cited.length < MAX_NEIGHBOURS) return;
    const group = this.#cited;
    this.#cited = [];
    const index = ++this.#citation;
    const citations = writeCitation(group, this.#content, this.#text, this.#offsets);
    this.#event("citation-start", { type: "citation-start", index, delta: { message: { citations } } });
    this.#event("citation-end", { type: "citation-end", index });
  }

  #event(name: string, data: JsonObject): void {
    this.#out += `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}

import { GatewayError } from "../../errors.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { NeutralEvent, NeutralUsage, Part, PartStart, TokenLogprob } from "../neutral.ts";
import { writeErrorLine } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { GENERATE } from "./names.ts";
import { writeUsage } from "./usage.ts";
import { writeTime, writeToolCall } from "./write-answer.ts";

/** A tool call goes out whole, so its arguments are gathered; they are a few kilobytes. */
const MAX_ARGUMENT_CHARS = 4 * 1024 * 1024;
/** Log-probabilities wait for the text they belong to, which stands right before or right after them. */
const MAX_PENDING_LOGPROBS = 1024;

type OpenCall = { readonly id: string; readonly name: string; arguments: string };

/** Writes a stream of `/api/chat` or `/api/generate`: https://docs.ollama.com/api/streaming. Of several choices the first. */
export class OllamaStreamWriter implements StreamWriter {
  readonly contentType = "application/x-ndjson";
  readonly #context: AnswerContext;
  readonly #isGenerate: boolean;
  /** `{"model":…,"created_at":…,`, which begins every line. */
  #head = "";
  /** What stands before and after the text of a delta. */
  #textPrefix = "";
  #thinkingPrefix = "";
  #suffix = "";
  readonly #calls = new Map<number, OpenCall>();
  #argumentChars = 0;
  #nextCall = 0;
  #logprobs: TokenLogprob[] = [];
  #reason = "stop";
  #usage: NeutralUsage | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#isGenerate = context.endpoint.name === GENERATE;
    this.#begin(null, null);
  }

  write(event: NeutralEvent): string {
    if ("choice" in event && event.choice !== 0) return "";
    switch (event.kind) {
      case "text-delta":
        if (this.#logprobs.length > 0) return this.#lineWithLogprobs(event.text);
        return this.#textPrefix + JSON.stringify(event.text) + this.#suffix;
      case "reasoning-delta":
        return this.#thinkingPrefix + JSON.stringify(event.text) + this.#suffix;
      case "audio-delta":
        return event.transcript === "" ? "" : this.#textPrefix + JSON.stringify(event.transcript) + this.#suffix;
      case "message-start":
        this.#begin(event.model, event.createdAt);
        return "";
      case "part-start":
        return this.#start(event.part, event.start);
      case "tool-call-arguments-delta": {
        const call = this.#calls.get(event.part);
        if (call === undefined) return "";
        this.#countArguments(event.text.length);
        call.arguments += event.text;
        return "";
      }
      case "part-end":
        return this.#end(event.part);
      case "logprobs":
        if (this.#logprobs.length < MAX_PENDING_LOGPROBS) this.#logprobs.push(...event.tokens);
        return "";
      case "finish":
        this.#reason = writeFinish(event.finish);
        return "";
      case "usage":
        this.#usage = event.usage;
        return "";
      case "message-end":
        return this.#last(event.extra);
      case "error":
        return writeErrorLine(event.error);
      case "citation":
      case "signature":
      case "keep-alive":
        return "";
      default:
        return event satisfies never;
    }
  }

  #begin(model: string | null, createdAt: number | null): void {
    const name = JSON.stringify(model ?? this.#context.model);
    this.#head = `{"model":${name},"created_at":"${writeTime(createdAt ?? this.#context.createdAt)}",`;
    if (this.#isGenerate) {
      this.#textPrefix = `${this.#head}"response":`;
      this.#thinkingPrefix = `${this.#head}"response":"","thinking":`;
      this.#suffix = `,"done":false}\n`;
    } else {
      this.#textPrefix = `${this.#head}"message":{"role":"assistant","content":`;
      this.#thinkingPrefix = `${this.#head}"message":{"role":"assistant","content":"","thinking":`;
      this.#suffix = `},"done":false}\n`;
    }
  }

  #start(part: number, start: PartStart): string {
    if (start.kind === "tool-call") {
      this.#calls.set(part, { id: start.id, name: start.name, arguments: "" });
      return "";
    }
    return start.kind === "whole" ? this.#whole(start.part) : "";
  }

  /** An image; nothing else that comes whole has a place here. */
  #whole(part: Part): string {
    if (part.kind !== "image" || part.source.kind !== "data" || this.#isGenerate) return "";
    return this.#line({ role: "assistant", content: "", images: [part.source.data] });
  }

  #end(part: number): string {
    const call = this.#calls.get(part);
    if (call === undefined) return "";
    this.#calls.delete(part);
    // A generated answer has no place for calls, and none were offered.
    if (this.#isGenerate) return "";
    const text = call.arguments === "" ? "{}" : call.arguments;
    const tool = writeToolCall({ ...call, arguments: text }, this.#nextCall++);
    return this.#line({ role: "assistant", content: "", tool_calls: [tool] });
  }

  #line(message: JsonObject): string {
    return `${this.#head}"message":${JSON.stringify(message)},"done":false}\n`;
  }

  #lineWithLogprobs(text: string): string {
    const logprobs = JSON.stringify(writeLogprobs(this.#logprobs));
    this.#logprobs = [];
    const message = this.#isGenerate ? "" : "}";
    return `${this.#textPrefix}${JSON.stringify(text)}${message},"done":false,"logprobs":${logprobs}}\n`;
  }

  /** `context` is Ollama's own: the conversation so far, for the next prompt. */
  #last(extra: JsonObject | null): string {
    const before = this.#logprobs.length > 0 ? this.#lineWithLogprobs("") : "";
    const members: Record<string, Json | undefined> = {
      ...(this.#isGenerate ? { response: "" } : { message: { role: "assistant", content: "" } }),
      done: true,
      done_reason: this.#reason,
      ...(this.#isGenerate && Array.isArray(extra?.["context"]) ? { context: extra["context"] } : null),
      ...(this.#usage === null ? null : writeUsage(this.#usage)),
    };
    return `${before}${this.#head}${JSON.stringify(members).slice(1)}\n`;
  }

  #countArguments(chars: number): void {
    this.#argumentChars += chars;
    if (this.#argumentChars <= MAX_ARGUMENT_CHARS) return;
    throw new GatewayError(
      "upstream_error",
      `The provider's tool calls are longer than ${MAX_ARGUMENT_CHARS} characters.`,
      {
        upstreamType: "protocol",
      },
    );
  }
}

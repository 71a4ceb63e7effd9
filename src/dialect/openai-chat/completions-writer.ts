import type { Json, JsonObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { NeutralEvent, NeutralUsage } from "../neutral.ts";
import { writeErrorEvent } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { writeTokenLists } from "./logprobs.ts";
import { writeUsage } from "./usage.ts";
import { makeAnswerId } from "./write-answer.ts";

/** Writes a stream of legacy completions, which is text and nothing else: https://platform.openai.com/docs/api-reference/completions */
export class CompletionStreamWriter implements StreamWriter {
  readonly contentType = "text/event-stream";
  readonly #context: AnswerContext;
  readonly #isOwn: boolean;
  /** Parts whose text is the completion's. */
  readonly #texts = new Set<string>();
  #head = "";
  #frame: JsonObject = {};
  #usage: NeutralUsage | null = null;
  /** Characters written of each choice, for the log-probabilities' places. */
  readonly #lengths: number[] = [];

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#isOwn = (context.answerDialect ?? "openai-chat") === "openai-chat";
  }

  write(event: NeutralEvent): string {
    switch (event.kind) {
      case "message-start": {
        const { requestId, createdAt, model } = this.#context;
        const frame: Record<string, Json | undefined> = {
          id: event.id ?? makeAnswerId(requestId, true),
          object: "text_completion",
          created: event.createdAt ?? createdAt,
          model: event.model ?? model,
        };
        if (this.#isOwn) Object.assign(frame, event.extra);
        this.#frame = frame;
        this.#head = `data: ${JSON.stringify(frame).slice(0, -1)},"choices":[{"text":`;
        return "";
      }
      case "part-start":
        if (event.start.kind === "text" || event.start.kind === "refusal")
          this.#texts.add(`${event.choice}:${event.part}`);
        return "";
      case "part-end":
        this.#texts.delete(`${event.choice}:${event.part}`);
        return "";
      case "text-delta":
        if (!this.#texts.has(`${event.choice}:${event.part}`)) return "";
        this.#lengths[event.choice] = (this.#lengths[event.choice] ?? 0) + event.text.length;
        return `${this.#head}${JSON.stringify(event.text)},"index":${event.choice},"logprobs":null,"finish_reason":null}]}\n\n`;
      case "logprobs": {
        const length = event.tokens.reduce((sum, { token }) => sum + token.length, 0);
        const offset = Math.max(0, (this.#lengths[event.choice] ?? 0) - length);
        return this.#chunk(event.choice, { logprobs: writeTokenLists(event.tokens, offset) });
      }
      case "finish": {
        const native = this.#isOwn ? event.finish.native : null;
        const finish_reason = native ?? writeFinish(event.finish.kind, false, false);
        return this.#chunk(event.choice, { logprobs: null, finish_reason, ...(this.#isOwn ? event.extra : null) });
      }
      case "usage":
        this.#usage = event.usage;
        return "";
      case "message-end": {
        const usage = this.#usage;
        const late = this.#isOwn ? event.extra : null;
        if (!this.#context.wantsStreamUsage || (usage === null && late === null)) return "data: [DONE]\n\n";
        const last = {
          ...this.#frame,
          choices: [],
          ...(usage === null ? null : { usage: writeUsage(usage) }),
          ...late,
        };
        return `data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`;
      }
      case "keep-alive":
        return ": keep-alive\n\n";
      case "error":
        return writeErrorEvent(event.error);
      case "reasoning-delta":
      case "signature":
      case "tool-call-arguments-delta":
      case "citation":
      case "audio-delta":
        return "";
      default:
        return event satisfies never;
    }
  }

  #chunk(index: number, members: JsonObject): string {
    return `${this.#head}"",${JSON.stringify({ index, finish_reason: null, ...members }).slice(1)}]}\n\n`;
  }
}

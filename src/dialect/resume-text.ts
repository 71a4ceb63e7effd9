/**
 * A plain text that broke off in mid-stream, continued by another model (`resume: text`): what may be continued, how the other
 * model is asked to, and how its answer is joined to what the caller has.
 *
 * The writer of the caller's stream lives on; the reader behind it is exchanged. Only text is joined, and only to text: what two
 * models call, think, cite or refuse can not be made one answer, and is refused on both sides.
 */
import { GatewayError } from "../errors.ts";
import type { Usage } from "../exchange.ts";
import { gatherText } from "../lib/gather-text.ts";
import type { JsonObject } from "../lib/json.ts";
import { NO_USAGE } from "../lib/usage.ts";
import type { Endpoint, EventSink } from "./dialect.ts";
import type { Finish, NeutralEvent, NeutralMessage, NeutralRequest, NeutralUsage } from "./neutral.ts";
import { OverlapRemover } from "./overlap-remover.ts";

/**
 * What the other model is told, as the user, behind the text so far as its own message. Not as a prefilled answer, which only some
 * models take (Anthropic's newer ones refuse it: https://platform.claude.com/docs/en/build-with-claude/prefill-claudes-response).
 */
export const CONTINUE_INSTRUCTION =
  "Your last message was cut off while it was being sent. Go on with it exactly where it stopped. Begin with the very next " +
  "character, even in the middle of a word, a sentence, a list, a table or a code block. Do not repeat anything of it, do not " +
  "begin it anew, do not open a code block that is open already, and do not comment on the interruption: what you write now is " +
  "joined to it without a gap. If it was complete, write nothing.";

/** Longer texts are not continued: so much is kept for each stream that might be. */
export const MAX_RESUMED_CHARS = 256 * 1024;

/** English text of the common tokenizers: https://platform.openai.com/tokenizer. Other text has fewer, so that more seems left of a limit than is. */
const BYTES_PER_TOKEN = 4;
/** OpenAI's Responses refuse to write fewer ("Expected a value >= 16"), so that a limit is not lowered below. */
const MIN_TOKENS_LEFT = 16;

/** Endpoints that generate from a bare prompt: nothing can be said there in the model's own name. */
const PROMPT_ENDPOINTS: ReadonlySet<string> = new Set(["completions", "ollama.generate"]);

// ---- The request -----------------------------------------------------------------------------------------------------

/** Whether requests of an endpoint can be written anew with the text so far: only conversations can. */
export function isConversation({ operation, name }: Pick<Endpoint, "operation" | "name">): boolean {
  return operation === "generate" && !PROMPT_ENDPOINTS.has(name);
}

/** Whether an answer to it may be plain text alone: then it can be continued. */
export function asksForPlainText(request: NeutralRequest): boolean {
  const { choices, responseFormat, modalities, audio, logprobs } = request;
  return (
    (choices === null || choices === 1) &&
    (responseFormat === null || responseFormat.kind === "text") &&
    (modalities === null || modalities.every((modality) => modality === "text")) &&
    audio === null &&
    logprobs !== true
  );
}

/**
 * The request, with the text so far as the model's own words and the instruction to go on. A limit on the answer's tokens is
 * lowered by an estimate of what is written already (its UTF-8 bytes by four), to 16 at least, or to itself where it is less.
 */
export function continueRequest(request: NeutralRequest, textSoFar: string): NeutralRequest {
  // Half a character cannot be sent, and APIs refuse messages of nothing but white space.
  const text = isHalfAtEnd(textSoFar) ? textSoFar.slice(0, -1) : textSoFar;
  if (text.trim() === "") return request;
  const messages = [...request.messages];
  const last = messages.at(-1);
  const said: NeutralMessage = { role: "assistant", parts: [{ kind: "text", text }] };
  // The caller had begun the answer itself: both beginnings are one message.
  if (last?.role === "assistant") messages[messages.length - 1] = { ...said, parts: [...last.parts, ...said.parts] };
  else messages.push(said);
  messages.push({ role: "user", parts: [{ kind: "text", text: CONTINUE_INSTRUCTION }] });
  return { ...request, messages, maxTokens: tokensLeft(request.maxTokens, text) };
}

function tokensLeft(maxTokens: number | null, written: string): number | null {
  if (maxTokens === null) return null;
  const left = maxTokens - Math.ceil(Buffer.byteLength(written) / BYTES_PER_TOKEN);
  return Math.max(left, Math.min(maxTokens, MIN_TOKENS_LEFT));
}

function isHalfAtEnd(text: string): boolean {
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code <= 0xdbff;
}

// ---- The answer so far -----------------------------------------------------------------------------------------------

/** Keeps the text of an answer for as long as plain text of one choice is all it is. Sees the events as they are written. */
export class TextTracker {
  /** null: it is more than text, has its end, or is too long. */
  text: string | null = "";
  hasStarted = false;
  /** The text part that is open; -1: none. */
  part = -1;
  #parts = 0;

  /** The number of a part that begins now. */
  get nextPart(): number {
    return this.#parts;
  }

  note(event: NeutralEvent): void {
    switch (event.kind) {
      case "text-delta":
        if (this.text === null) return;
        if (event.choice === 0 && this.text.length + event.text.length <= MAX_RESUMED_CHARS) {
          this.text = gatherText(this.text, event.text);
        } else this.spoil();
        return;
      case "part-start":
        if (event.choice !== 0 || event.start.kind !== "text" || this.part !== -1) this.spoil();
        this.part = event.part;
        this.#parts = Math.max(this.#parts, event.part + 1);
        return;
      case "part-end":
        this.part = -1;
        return;
      case "message-start":
        this.hasStarted = true;
        return;
      case "usage":
      case "keep-alive":
        return;
      case "reasoning-delta":
      case "signature":
      case "tool-call-arguments-delta":
      case "citation":
      case "audio-delta":
      case "logprobs":
      case "finish":
      case "message-end":
      case "error":
        this.spoil();
        return;
      default:
        event satisfies never;
    }
  }

  /** It cannot be continued any more; nothing of it is kept. */
  spoil(): void {
    this.text = null;
  }
}

// ---- The rest of it --------------------------------------------------------------------------------------------------

/** An answer's end in the words of the dialect that the writer takes for its provider's. */
export type SaidEnd = {
  readonly finish: Finish;
  readonly extra: JsonObject | null;
};

export type ContinuationOptions = {
  readonly tracker: TextTracker;
  /** What all providers before this one told. */
  readonly usage: Usage | null;
  /** Says the end anew where this provider's words are not those the writer expects; null where they are. */
  readonly sayEnd: ((finish: Finish) => SaidEnd) | null;
  readonly out: EventSink;
  /** Something of this provider's goes into the answer. */
  readonly onShare: () => void;
};

/**
 * Joins another provider's answer to a text. Its start is swallowed, its text goes into the open part (less what it repeats), its
 * end becomes the answer's. Usage is added up: the text so far was read as input once more, and all of that was really spent.
 *
 * Anything but text is refused, before or behind the text: tool calls, refusals, citations, media, and reasoning that shows words.
 * Reasoning without a word (encrypted, or only signed) and signatures are left out: nobody can read them, and they prove nothing of a
 * joined answer.
 */
export class Continuation {
  readonly #options: ContinuationOptions;
  readonly #remover: OverlapRemover;
  #hasShare = false;
  #end: SaidEnd | null = null;

  constructor(options: ContinuationOptions) {
    this.#options = options;
    this.#remover = new OverlapRemover(options.tracker.text ?? "");
  }

  /** Throws GatewayError `upstream_error` for what cannot be joined to a text. */
  push(event: NeutralEvent): void {
    const { out } = this.#options;
    if ("choice" in event && event.choice !== 0) this.#refuse("more than one answer");
    switch (event.kind) {
      case "text-delta":
        this.#write(this.#remover.push(event.text));
        return;
      case "message-start":
        // Nothing but a keep-alive may have come of the first.
        if (!this.#options.tracker.hasStarted) out(this.#own(event));
        return;
      case "part-start":
        this.#startPart(event);
        return;
      case "reasoning-delta":
        if (event.text !== "") this.#refuse("reasoning");
        return;
      case "part-end":
      case "signature":
        return;
      case "usage":
        out({ kind: "usage", usage: addUsage(this.#options.usage, event.usage) });
        return;
      case "finish":
        this.#finish(event);
        return;
      case "message-end":
        this.#write(this.#remover.end());
        this.#share();
        this.#closePart();
        out({ kind: "message-end", extra: this.#end === null ? this.#own(event).extra : this.#end.extra });
        return;
      case "keep-alive":
      case "error":
        out(event);
        return;
      case "tool-call-arguments-delta":
        this.#refuse("a tool call");
        return;
      case "citation":
        this.#refuse("a citation");
        return;
      case "audio-delta":
        this.#refuse("audio");
        return;
      case "logprobs":
        this.#refuse("log-probabilities");
        return;
      default:
        event satisfies never;
    }
  }

  #startPart({ start }: Extract<NeutralEvent, { kind: "part-start" }>): void {
    switch (start.kind) {
      case "text":
      case "reasoning":
        return;
      case "tool-call":
        this.#refuse("a tool call");
        return;
      case "refusal":
        this.#refuse("a refusal");
        return;
      case "audio":
        this.#refuse("audio");
        return;
      case "whole":
        this.#refuse(`a part of the kind ${start.part.kind}`);
        return;
      default:
        start satisfies never;
    }
  }

  #write(text: string): void {
    if (text === "") return;
    const { tracker, out } = this.#options;
    this.#share();
    if (tracker.part === -1) out({ kind: "part-start", choice: 0, part: tracker.nextPart, start: { kind: "text" } });
    out({ kind: "text-delta", choice: 0, part: tracker.part, text });
  }

  #finish({ finish, extra }: Extract<NeutralEvent, { kind: "finish" }>): void {
    const { sayEnd, out } = this.#options;
    this.#write(this.#remover.end());
    this.#share();
    const end = sayEnd === null ? null : sayEnd(finish);
    this.#end = end;
    this.#closePart();
    out({ kind: "finish", choice: 0, finish: end?.finish ?? finish, extra: end === null ? extra : null });
  }

  #closePart(): void {
    const { tracker, out } = this.#options;
    if (tracker.part !== -1) out({ kind: "part-end", choice: 0, part: tracker.part, extra: null });
  }

  /** An event with its own dialect's members only where the writer knows them. */
  #own<Event extends { readonly extra: JsonObject | null }>(event: Event): Event {
    return this.#options.sayEnd === null ? event : { ...event, extra: null };
  }

  #share(): void {
    if (this.#hasShare) return;
    this.#hasShare = true;
    this.#options.onShare();
  }

  /**
   * It is not the provider's fault, so no `upstreamType` is named. As long as nothing of this provider's is in the answer, another
   * one may still continue it.
   */
  #refuse(what: string): never {
    if (this.#hasShare) this.#options.tracker.spoil();
    throw new GatewayError(
      "upstream_error",
      `The model that went on with an interrupted text answered with ${what}, which cannot be joined to it.`,
    );
  }
}

/** Both, where both are known. */
function addUsage(before: Usage | null, latest: NeutralUsage): NeutralUsage {
  if (before === null) return latest;
  const sum: Record<string, number | null> = {};
  for (const key in NO_USAGE) {
    const a = before[key as keyof Usage];
    const b = latest[key as keyof Usage];
    sum[key] = a === null ? b : a + (b ?? 0);
  }
  return { ...(sum as Usage), extra: null };
}

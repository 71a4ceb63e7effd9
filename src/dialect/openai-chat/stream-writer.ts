import { gatherText } from "../../lib/gather-text.ts";
import type { Json, JsonObject } from "../../lib/json.ts";
import { asObject } from "../../lib/json.ts";
import type { AnswerContext, StreamWriter } from "../dialect.ts";
import type { NeutralEvent, NeutralUsage, Opaque, OpaqueOwner, PartStart } from "../neutral.ts";
import { writeAnnotation } from "./citations.ts";
import { reasoningMember } from "./client-kind.ts";
import { writeErrorEvent } from "./errors.ts";
import { writeFinish } from "./finish.ts";
import { formOf } from "./form.ts";
import { writeTokens } from "./logprobs.ts";
import { urlOf } from "./media.ts";
import { detailOf } from "./reasoning-parts.ts";
import { writeUsage } from "./usage.ts";
import { isLegacyCaller, makeAnswerId } from "./write-answer.ts";
import { writeGoogleSignature } from "./write-tool-calls.ts";

/** Reasoning that is kept until its signature comes, so that both can be told in one detail; more is told without its text. */
const MAX_KEPT_CHARS = 256 * 1024;

/** What is known of an open part; `lead` and `tail` are the JSON around a delta's text. */
type OpenPart = {
  readonly kind: PartStart["kind"];
  readonly lead: string;
  readonly tail: string;
  /** Of a tool call: its number among the choice's calls. */
  readonly call: number;
  /** Of reasoning: its detail as the provider repeats it, or its text so far; null where neither is needed. */
  readonly template: JsonObject | null;
  kept: string | null;
  readonly isSummary: boolean;
  /** Of reasoning behind other reasoning: an empty line is to come before its text. */
  needsBreak: boolean;
};

type Choice = {
  readonly parts: (OpenPart | undefined)[];
  calls: number;
  reasonings: number;
  /** The last reasoning had text and no signature; what follows it is another paragraph of the same. */
  isReasoning: boolean;
  hasRefusal: boolean;
};

/**
 * Writes a chat stream: https://platform.openai.com/docs/api-reference/chat-streaming. A delta is one chunk; of the common ones all but
 * the text is made once for each part.
 */
export class ChatStreamWriter implements StreamWriter {
  readonly contentType = "text/event-stream";
  readonly #context: AnswerContext;
  readonly #isOwn: boolean;
  readonly #isLegacy: boolean;
  readonly #choices: (Choice | undefined)[] = [];
  /** A chunk up to its choices. */
  #head = "";
  #frame: JsonObject = {};
  #usage: NeutralUsage | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#isOwn = (context.answerDialect ?? "openai-chat") === "openai-chat";
    this.#isLegacy = isLegacyCaller(context);
  }

  write(event: NeutralEvent): string {
    switch (event.kind) {
      case "text-delta":
      case "reasoning-delta":
      case "tool-call-arguments-delta":
        return this.#writeText(event.choice, event.part, event.text);
      case "message-start":
        return this.#start(event);
      case "part-start":
        return this.#open(event.choice, event.part, event.start);
      case "part-end":
        return this.#close(event.choice, event.part, event.extra);
      case "signature":
        return this.#sign(event.choice, event.part, event.slot, event.opaque);
      case "citation": {
        const annotation = writeAnnotation(event.citation, this.#isOwn);
        return annotation === null ? "" : this.#chunk(event.choice, { annotations: [annotation] });
      }
      case "audio-delta": {
        const audio: Record<string, Json> = {};
        if (event.data !== "") audio["data"] = event.data;
        if (event.transcript !== "") audio["transcript"] = event.transcript;
        return this.#chunk(event.choice, { audio });
      }
      case "logprobs":
        return this.#chunk(event.choice, {}, { logprobs: { content: writeTokens(event.tokens), refusal: null } });
      case "finish":
        return this.#finish(event);
      case "usage":
        this.#usage = event.usage;
        return "";
      case "message-end":
        return this.#end(event.extra);
      case "keep-alive":
        return ": keep-alive\n\n";
      case "error":
        return writeErrorEvent(event.error);
      default:
        return event satisfies never;
    }
  }

  /** A chunk with a delta of one's own making. */
  writeDelta(index: number, delta: JsonObject): string {
    return this.#introduce(index) + this.#chunk(index, delta);
  }

  #start(event: Extract<NeutralEvent, { kind: "message-start" }>): string {
    const { requestId, createdAt, model } = this.#context;
    const frame: Record<string, Json | undefined> = { id: event.id ?? makeAnswerId(requestId, false) };
    if (!(this.#isOwn && formOf(event).lacks?.includes("object") === true)) frame["object"] = "chat.completion.chunk";
    frame["created"] = event.createdAt ?? createdAt;
    frame["model"] = event.model ?? model;
    this.#frame = frame;
    this.#head = `data: ${JSON.stringify(frame).slice(0, -1)},"choices":[{"index":`;
    const first: Record<string, Json | undefined> = { ...frame };
    if (this.#isOwn) {
      Object.assign(first, event.extra);
      if (event.serviceTier !== null) first["service_tier"] = event.serviceTier;
    }
    first["choices"] = [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }];
    this.#choices[0] = newChoice();
    return `data: ${JSON.stringify(first)}\n\n`;
  }

  #choice(index: number): Choice {
    return (this.#choices[index] ??= newChoice());
  }

  /** The role, for every choice but the first, whose came with the start. */
  #introduce(index: number): string {
    if (this.#choices[index] !== undefined) return "";
    this.#choices[index] = newChoice();
    return this.#chunk(index, { role: "assistant", content: "" });
  }

  #open(index: number, part: number, start: PartStart): string {
    const introduction = this.#introduce(index);
    const choice = this.#choice(index);
    const wrap = (before: string, after: string): readonly [string, string] => [
      `${this.#head}${index},"delta":{${before}`,
      `${after}},"finish_reason":null}]}\n\n`,
    ];
    const open = (lead: string, tail: string, more: Partial<OpenPart> = {}): void => {
      choice.parts[part] = {
        kind: start.kind,
        lead,
        tail,
        call: -1,
        template: null,
        kept: null,
        isSummary: false,
        needsBreak: false,
        ...more,
      };
    };
    switch (start.kind) {
      case "text":
        if (this.#isOwn && formOf(start).isList === true) open(...wrap('"content":[{"type":"text","text":', "}]"));
        else open(...wrap('"content":', ""));
        return introduction;
      case "refusal":
        choice.hasRefusal = true;
        open(...wrap('"refusal":', ""));
        return introduction;
      case "reasoning":
        this.#openReasoning(choice, start, wrap, open);
        return introduction;
      case "tool-call":
        return introduction + this.#openCall(index, choice, start, wrap, open);
      case "audio":
        open("", "");
        return introduction + (start.id === undefined ? "" : this.#chunk(index, { audio: { id: start.id } }));
      case "whole": {
        open("", "");
        const whole = start.part;
        if (whole.kind !== "image") return introduction;
        const url = urlOf(whole.source);
        if (url === null) return introduction;
        const image = { type: "image_url", image_url: { url }, ...(this.#isOwn ? whole.extra : null) };
        return introduction + this.#chunk(index, { images: [image] });
      }
      default:
        return start satisfies never;
    }
  }

  #openReasoning(
    choice: Choice,
    start: Extract<PartStart, { kind: "reasoning" }>,
    wrap: (before: string, after: string) => readonly [string, string],
    open: (lead: string, tail: string, more?: Partial<OpenPart>) => void,
  ): void {
    choice.reasonings++;
    const form = this.#isOwn ? formOf(start) : {};
    if (form.isList === true) {
      open(...wrap('"content":[{"type":"thinking","thinking":[{"type":"text","text":', "}]}]"));
      return;
    }
    const isSummary = start.isSummary === true;
    const field = form.plainReasoning?.[0] ?? reasoningMember(this.#context);
    const keepsText = form.detail === undefined;
    open(...wrap(`${JSON.stringify(field)}:`, ""), {
      template: form.detail ?? null,
      kept: keepsText ? "" : null,
      isSummary,
      needsBreak: choice.isReasoning && !this.#isOwn,
    });
  }

  #openCall(
    index: number,
    choice: Choice,
    start: Extract<PartStart, { kind: "tool-call" }>,
    wrap: (before: string, after: string) => readonly [string, string],
    open: (lead: string, tail: string, more?: Partial<OpenPart>) => void,
  ): string {
    const call = choice.calls++;
    if (this.#isLegacy) {
      // One call is all that the legacy form can say; the model asks again for what it still needs.
      open(...wrap('"function_call":{"arguments":', "}"), { call });
      return call > 0 ? "" : this.#chunk(index, { function_call: { name: start.name, arguments: "" } });
    }
    const { signature } = start;
    const extra = this.#isOwn ? start.extra : undefined;
    const member = start.isCustom === true ? "custom" : "function";
    const text = start.isCustom === true ? "input" : "arguments";
    open(...wrap(`"tool_calls":[{"index":${call},"${member}":{"${text}":`, "}}]"), { call });
    const begun: Record<string, Json | undefined> = {
      index: call,
      id: start.id,
      type: member,
      [member]: { name: start.name, [text]: "" },
      ...extra,
    };
    if (signature !== undefined && signature.owner !== "openai-chat") {
      begun["extra_content"] = writeGoogleSignature(signature);
    }
    return this.#chunk(index, { tool_calls: [begun] });
  }

  #writeText(index: number, number: number, text: string): string {
    const choice = this.#choices[index];
    const part = choice?.parts[number];
    if (choice === undefined || part === undefined || text === "" || (this.#isLegacy && part.call > 0)) return "";
    let json = JSON.stringify(text);
    if (part.kept !== null) {
      if (part.needsBreak) json = `"\\n\\n${json.slice(1)}`;
      part.needsBreak = false;
      choice.isReasoning = true;
      const kept = gatherText(part.kept, text);
      part.kept = kept.length > MAX_KEPT_CHARS ? null : kept;
    } else if (part.template !== null) {
      const detail = JSON.stringify({ ...part.template, [part.isSummary ? "summary" : "text"]: text });
      return `${part.lead}${json},"reasoning_details":[${detail}]${part.tail}`;
    }
    return part.lead + json + part.tail;
  }

  #sign(index: number, number: number, slot: "signature" | "encrypted", opaque: Opaque): string {
    const choice = this.#choice(index);
    const part = choice.parts[number];
    if (part === undefined) return "";
    if (part.kind === "reasoning") {
      choice.isReasoning = false;
      const detail = detailOf(opaque, slot === "encrypted" ? "data" : "signature", false);
      if (detail === null) return "";
      const isForeign = opaque.owner !== ("openai-chat" satisfies OpaqueOwner);
      const text =
        isForeign && slot === "signature" && part.kept !== null && part.kept !== "" ? { text: part.kept } : null;
      const place = isForeign ? { index: choice.reasonings - 1 } : null;
      return this.#chunk(index, { reasoning_details: [{ ...detail, ...text, ...place }] });
    }
    if (opaque.owner === "openai-chat") {
      const detail = detailOf(opaque, "data", false);
      return detail === null ? "" : this.#chunk(index, { reasoning_details: [detail] });
    }
    const extra_content = writeGoogleSignature(opaque);
    if (part.kind === "text") return this.#chunk(index, { extra_content });
    if (part.kind !== "tool-call" || this.#isLegacy) return "";
    return this.#chunk(index, { tool_calls: [{ index: part.call, extra_content }] });
  }

  #close(index: number, number: number, extra: JsonObject | null): string {
    const choice = this.#choice(index);
    const part = choice.parts[number];
    choice.parts[number] = undefined;
    if (part?.kind !== "audio") return "";
    const expires = extra?.["expires_at"];
    return typeof expires === "number" && this.#isOwn ? this.#chunk(index, { audio: { expires_at: expires } }) : "";
  }

  #finish({ choice: index, finish, extra }: Extract<NeutralEvent, { kind: "finish" }>): string {
    const introduction = this.#introduce(index);
    const choice = this.#choice(index);
    const { delta, ...rest } = (this.#isOwn ? extra : null) ?? {};
    const native = this.#isOwn && !(this.#isLegacy && finish.native === "tool_calls") ? finish.native : null;
    const finish_reason = native ?? writeFinish(finish.kind, this.#isLegacy, choice.hasRefusal);
    return introduction + this.#chunk(index, asObject(delta) ?? {}, { finish_reason, ...rest });
  }

  /** Usage comes last, in a chunk without choices, for those who asked: `stream_options.include_usage`. */
  #end(extra: JsonObject | null): string {
    const usage = this.#usage;
    const late = this.#isOwn ? extra : null;
    if (!this.#context.wantsStreamUsage || (usage === null && late === null)) return "data: [DONE]\n\n";
    const last = { ...this.#frame, choices: [], ...(usage === null ? null : { usage: writeUsage(usage) }), ...late };
    return `data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`;
  }

  #chunk(index: number, delta: JsonObject, members: JsonObject | null = null): string {
    const choice = JSON.stringify({ delta, finish_reason: null, ...members });
    return `${this.#head}${index},${choice.slice(1)}]}\n\n`;
  }
}

function newChoice(): Choice {
  return { parts: [], calls: 0, reasonings: 0, isReasoning: false, hasRefusal: false };
}

import { GatewayError } from "../errors.ts";
import { gatherText } from "../lib/gather-text.ts";
import type { JsonObject } from "../lib/json.ts";
import type { EventSink } from "./dialect.ts";
import type {
  Citation,
  DialectId,
  Finish,
  NeutralAnswer,
  NeutralError,
  NeutralEvent,
  NeutralUsage,
  Opaque,
  Part,
  PartStart,
  TokenLogprob,
} from "./neutral.ts";

/** What one folded answer may hold: as much as a whole answer that is translated. */
const MAX_FOLDED_CHARS = 64 * 1024 * 1024;

type OpenPart = {
  readonly start: PartStart;
  text: string;
  audio: string;
  citations: Citation[] | null;
  signature: Opaque | null;
  encrypted: Opaque | null;
  extra: JsonObject | null;
};

type OpenChoice = {
  readonly parts: (OpenPart | undefined)[];
  finish: Finish | null;
  logprobs: TokenLogprob[] | null;
  extra: JsonObject | null;
};

/** Makes a whole answer of its events. */
export class AnswerFolder {
  readonly #dialect: DialectId;
  readonly #choices: (OpenChoice | undefined)[] = [];
  #start: Extract<NeutralEvent, { kind: "message-start" }> | null = null;
  #usage: NeutralUsage | null = null;
  #extra: JsonObject | null = null;
  #chars = 0;
  /** The provider's own end was seen. */
  isFinished = false;
  /** The stream ended with this error. */
  error: NeutralError | null = null;

  constructor(dialect: DialectId) {
    this.#dialect = dialect;
  }

  /** Throws GatewayError `upstream_error` beyond 64 Mi characters. */
  push(event: NeutralEvent): void {
    switch (event.kind) {
      case "message-start":
        this.#start = event;
        return;
      case "part-start":
        this.#choice(event.choice).parts[event.part] = {
          start: event.start,
          text: "",
          audio: "",
          citations: null,
          signature: null,
          encrypted: null,
          extra: null,
        };
        return;
      case "text-delta":
      case "reasoning-delta":
      case "tool-call-arguments-delta": {
        this.#count(event.text.length);
        const part = this.#part(event);
        if (part !== undefined) part.text = gatherText(part.text, event.text);
        return;
      }
      case "audio-delta": {
        this.#count(event.data.length + event.transcript.length);
        const part = this.#part(event);
        if (part !== undefined) {
          part.audio += event.data;
          part.text += event.transcript;
        }
        return;
      }
      case "signature": {
        const part = this.#part(event);
        if (part !== undefined) part[event.slot] = event.opaque;
        return;
      }
      case "citation": {
        const part = this.#part(event);
        if (part !== undefined) (part.citations ??= []).push(event.citation);
        return;
      }
      case "part-end": {
        const part = this.#part(event);
        if (part !== undefined) part.extra = event.extra;
        return;
      }
      case "logprobs": {
        const choice = this.#choice(event.choice);
        (choice.logprobs ??= []).push(...event.tokens);
        return;
      }
      case "finish": {
        const choice = this.#choice(event.choice);
        choice.finish = event.finish;
        choice.extra = event.extra;
        return;
      }
      case "usage":
        this.#usage = event.usage;
        return;
      case "message-end":
        this.isFinished = true;
        this.#extra = event.extra;
        return;
      case "keep-alive":
        return;
      case "error":
        this.error = event.error;
        return;
      default:
        event satisfies never;
    }
  }

  /** What has come so far, as an answer. */
  answer(): NeutralAnswer {
    const start = this.#start;
    return {
      dialect: this.#dialect,
      id: start?.id ?? null,
      model: start?.model ?? null,
      createdAt: start?.createdAt ?? null,
      choices: this.#choices.flatMap((choice, index) =>
        choice === undefined
          ? []
          : [
              {
                index,
                parts: choice.parts.flatMap((part) => (part === undefined ? [] : [closePart(part)])),
                finish: choice.finish,
                logprobs: choice.logprobs,
                extra: choice.extra,
              },
            ],
      ),
      usage: this.#usage,
      serviceTier: start?.serviceTier ?? null,
      extra: mergeExtra(start?.extra ?? null, this.#extra),
    };
  }

  #choice(index: number): OpenChoice {
    return (this.#choices[index] ??= { parts: [], finish: null, logprobs: null, extra: null });
  }

  #part(at: { readonly choice: number; readonly part: number }): OpenPart | undefined {
    return this.#choices[at.choice]?.parts[at.part];
  }

  #count(chars: number): void {
    this.#chars += chars;
    if (this.#chars <= MAX_FOLDED_CHARS) return;
    throw new GatewayError("upstream_error", `The provider's answer is longer than ${MAX_FOLDED_CHARS} characters.`, {
      upstreamType: "protocol",
    });
  }
}

function closePart(part: OpenPart): Part {
  const { start } = part;
  if (start.kind === "whole") return start.part;
  const extra = mergeExtra(start.extra ?? null, part.extra);
  const base = extra === null ? {} : { extra };
  switch (start.kind) {
    case "text":
      return {
        ...base,
        kind: "text",
        text: part.text,
        ...(part.citations === null ? {} : { citations: part.citations }),
        ...(part.signature === null ? {} : { signature: part.signature }),
      };
    case "refusal":
      return { ...base, kind: "refusal", text: part.text };
    case "reasoning":
      return {
        ...base,
        kind: "reasoning",
        text: part.text,
        ...(start.id === undefined ? {} : { id: start.id }),
        ...(start.isSummary === undefined ? {} : { isSummary: start.isSummary }),
        ...(part.signature === null ? {} : { signature: part.signature }),
        ...(part.encrypted === null ? {} : { encrypted: part.encrypted }),
      };
    case "tool-call": {
      const signature = part.signature ?? start.signature ?? null;
      return {
        ...base,
        kind: "tool-call",
        id: start.id,
        name: start.name,
        arguments: part.text === "" && start.isCustom !== true ? "{}" : part.text,
        ...(start.isCustom === undefined ? {} : { isCustom: start.isCustom }),
        ...(signature === null ? {} : { signature }),
      };
    }
    case "audio":
      return {
        ...base,
        kind: "audio",
        source: { kind: "data", mediaType: start.format, data: part.audio },
        ...(part.text === "" ? {} : { transcript: part.text }),
        ...(start.id === undefined ? {} : { id: start.id }),
        ...(start.expiresAt === undefined ? {} : { expiresAt: start.expiresAt }),
      };
    default:
      return start satisfies never;
  }
}

function mergeExtra(first: JsonObject | null, second: JsonObject | null): JsonObject | null {
  if (first === null) return second;
  return second === null ? first : { ...first, ...second };
}

/** Makes the events of a whole answer: for a caller that asked for a stream where the provider gave none. */
export function unfoldAnswer(answer: NeutralAnswer, sink: EventSink): void {
  sink({
    kind: "message-start",
    id: answer.id,
    model: answer.model,
    createdAt: answer.createdAt,
    serviceTier: answer.serviceTier,
    extra: answer.extra,
  });
  for (const { index, parts, logprobs, finish, extra } of answer.choices) {
    for (const [number, part] of parts.entries()) unfoldPart(part, index, number, sink);
    if (logprobs !== null) sink({ kind: "logprobs", choice: index, tokens: logprobs });
    if (finish !== null) sink({ kind: "finish", choice: index, finish, extra });
  }
  if (answer.usage !== null) sink({ kind: "usage", usage: answer.usage });
  sink({ kind: "message-end", extra: null });
}

function unfoldPart(part: Part, choice: number, number: number, sink: EventSink): void {
  const at = { choice, part: number };
  const extra = part.extra === undefined ? {} : { extra: part.extra };
  switch (part.kind) {
    case "text":
      sink({ kind: "part-start", ...at, start: { kind: "text", ...extra } });
      if (part.text !== "") sink({ kind: "text-delta", ...at, text: part.text });
      for (const citation of part.citations ?? []) sink({ kind: "citation", ...at, citation });
      if (part.signature !== undefined) sink({ kind: "signature", ...at, slot: "signature", opaque: part.signature });
      break;
    case "refusal":
      sink({ kind: "part-start", ...at, start: { kind: "refusal", ...extra } });
      sink({ kind: "text-delta", ...at, text: part.text });
      break;
    case "reasoning":
      sink({
        kind: "part-start",
        ...at,
        start: {
          kind: "reasoning",
          ...extra,
          ...(part.id === undefined ? {} : { id: part.id }),
          ...(part.isSummary === undefined ? {} : { isSummary: part.isSummary }),
        },
      });
      if (part.text !== "") sink({ kind: "reasoning-delta", ...at, text: part.text });
      if (part.signature !== undefined) sink({ kind: "signature", ...at, slot: "signature", opaque: part.signature });
      if (part.encrypted !== undefined) sink({ kind: "signature", ...at, slot: "encrypted", opaque: part.encrypted });
      break;
    case "tool-call":
      sink({
        kind: "part-start",
        ...at,
        start: {
          kind: "tool-call",
          id: part.id,
          name: part.name,
          ...extra,
          ...(part.isCustom === undefined ? {} : { isCustom: part.isCustom }),
          ...(part.signature === undefined ? {} : { signature: part.signature }),
        },
      });
      sink({ kind: "tool-call-arguments-delta", ...at, text: part.arguments });
      break;
    case "audio":
      sink({
        kind: "part-start",
        ...at,
        start: {
          kind: "audio",
          format: part.source.mediaType ?? "",
          ...extra,
          ...(part.id === undefined ? {} : { id: part.id }),
          ...(part.expiresAt === undefined ? {} : { expiresAt: part.expiresAt }),
        },
      });
      sink({
        kind: "audio-delta",
        ...at,
        data: part.source.kind === "data" ? part.source.data : "",
        transcript: part.transcript ?? "",
      });
      break;
    case "image":
    case "video":
    case "file":
    case "tool-result":
    case "native":
      sink({ kind: "part-start", ...at, start: { kind: "whole", part } });
      break;
    default:
      part satisfies never;
  }
  sink({ kind: "part-end", ...at, extra: null });
}

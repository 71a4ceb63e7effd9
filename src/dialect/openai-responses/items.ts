/**
 * Items and parts. An item of this API is a message with several contents, or one call, or one reasoning; a neutral message holds
 * them all as parts. What of an item has no neutral word stays in its parts' `extra`:
 *
 *   item    of a message's first content: the message's own members (id, status, phase …); the contents after it have none
 *   bare    the message's content was a text, not a list
 *   absent  members that are usually there and were not
 */
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { ImagePart, NativePart, Opaque, Part, RefusalPart, TextPart, TokenLogprob } from "../neutral.ts";
import { readCallItem } from "./call-item.ts";
import { readCitation, writeCitation } from "./citations.ts";
import { leftover } from "./leftover.ts";
import { readLogprobs, writeLogprobs } from "./logprobs.ts";
import { readReasoningItem } from "./reasoning-item.ts";

const OFTEN_THERE = ["annotations", "logprobs"] as const;

/** Reads the items of one turn of the model, in order. */
export class ItemReader {
  readonly parts: Part[] = [];
  readonly #logprobs: TokenLogprob[] | null;
  /** Signs the item that comes next. */
  #next: Opaque | null = null;

  /** `logprobs`: where an answer's log-probabilities go; null for a request, whose old ones mean nothing and stay in `extra`. */
  constructor(logprobs: TokenLogprob[] | null) {
    this.#logprobs = logprobs;
  }

  add(item: JsonObject): void {
    switch (item["type"]) {
      case "message":
      case undefined:
        this.#sign(readMessageItem(item, this.#logprobs));
        return;
      case "function_call":
      case "custom_tool_call":
        this.#sign([readCallItem(item)]);
        return;
      case "reasoning": {
        const { part, carried } = readReasoningItem(item);
        const last = this.parts.length - 1;
        if (carried.previous !== undefined && last >= 0) {
          this.parts[last] = signPart(this.parts[last] as Part, carried.previous);
        }
        if (part !== null) this.parts.push(part);
        this.#next = carried.next ?? null;
        return;
      }
      case "image_generation_call":
        this.#sign([readImageItem(item) ?? nativeOf(item)]);
        return;
      default:
        this.#sign([nativeOf(item)]);
    }
  }

  #sign(parts: readonly Part[]): void {
    const [first, ...others] = parts;
    if (first === undefined) return;
    this.parts.push(this.#next === null ? first : signPart(first, this.#next), ...others);
    this.#next = null;
  }
}

export function nativeOf(value: JsonObject): NativePart {
  return { kind: "native", dialect: "openai-responses", value };
}

function signPart(part: Part, signature: Opaque): Part {
  return part.kind === "text" || part.kind === "tool-call" || part.kind === "image" ? { ...part, signature } : part;
}

/** The contents of a message of the model's. One without any is kept as it is. */
function readMessageItem(item: JsonObject, logprobs: TokenLogprob[] | null): readonly Part[] {
  const { content, ...head } = item;
  if (typeof content === "string") return [{ kind: "text", text: content, extra: { item: head, bare: true } }];
  const parts = asArray(content).flatMap((entry): Part[] => {
    const object = asObject(entry);
    return object === null ? [] : [readContent(object, logprobs)];
  });
  const [first, ...others] = parts;
  return first === undefined ? [nativeOf(item)] : [{ ...first, extra: { ...first.extra, item: head } }, ...others];
}

/** One content of a message of the model's. */
export function readContent(content: JsonObject, logprobs: TokenLogprob[] | null): Part {
  const type = asString(content["type"]);
  switch (type) {
    case "output_text":
    case "input_text":
    case "text":
      return readTextContent(content, type, logprobs);
    case "refusal": {
      const text = asString(content["refusal"]);
      const extra = leftover(content, { type: true, refusal: text });
      return { kind: "refusal", text: text ?? "", ...(extra === null ? {} : { extra }) };
    }
    default:
      return { ...nativeOf(content), extra: { content: true } };
  }
}

function readTextContent(content: JsonObject, type: string, logprobs: TokenLogprob[] | null): TextPart {
  const text = asString(content["text"]);
  const annotations = content["annotations"];
  const citations = asArray(annotations).flatMap((entry) => {
    const object = asObject(entry);
    return object === null ? [] : [readCitation(object)];
  });
  const tokens = content["logprobs"];
  const isKept = logprobs === null && Array.isArray(tokens) && tokens.length > 0;
  if (logprobs !== null) logprobs.push(...readLogprobs(tokens));
  const extra: Record<string, Json | undefined> = {
    ...leftover(content, {
      type: type === "output_text" ? true : null,
      text,
      annotations: Array.isArray(annotations) ? true : null,
      logprobs: Array.isArray(tokens) && !isKept ? true : null,
    }),
  };
  const absent = OFTEN_THERE.filter((name) => content[name] === undefined);
  if (absent.length > 0) extra["absent"] = absent;
  return {
    kind: "text",
    text: text ?? "",
    ...(citations.length === 0 ? {} : { citations }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** An image the model made; null while it has none. */
export function readImageItem(item: JsonObject): ImagePart | null {
  const data = asString(item["result"]);
  if (data === null || data === "") return null;
  const format = asString(item["output_format"]) ?? "png";
  const extra = leftover(item, { type: true, result: data });
  return {
    kind: "image",
    source: { kind: "data", mediaType: `image/${format}`, data },
    ...(extra === null ? {} : { extra }),
  };
}

/** A text as a content of a message. */
export function writeTextContent(part: TextPart, logprobs: readonly TokenLogprob[], isOwn: boolean): JsonObject {
  const { item: _item, bare: _bare, absent, ...rest } = (isOwn ? part.extra : undefined) ?? {};
  const missing = asArray(absent);
  const citations = part.citations ?? [];
  return {
    type: "output_text",
    ...(missing.includes("annotations")
      ? {}
      : { annotations: citations.map((citation) => writeCitation(citation, part.text.length)) }),
    ...(missing.includes("logprobs") && logprobs.length === 0 ? {} : { logprobs: writeLogprobs(logprobs) }),
    text: part.text,
    ...rest,
  };
}

export function writeRefusalContent(part: RefusalPart, isOwn: boolean): JsonObject {
  const { item: _item, ...rest } = (isOwn ? part.extra : undefined) ?? {};
  return { type: "refusal", refusal: part.text, ...rest };
}

/** An image as the item of the tool that makes them; null for one that is no data: the item holds nothing else. */
export function writeImageItem(part: ImagePart, id: string | null, isOwn: boolean): JsonObject | null {
  if (part.source.kind !== "data") return null;
  const { mediaType, data } = part.source;
  return {
    type: "image_generation_call",
    ...(id === null ? {} : { id }),
    ...(isOwn ? {} : { status: "completed", output_format: mediaType.replace(/^image\//, "") }),
    result: data,
    ...(isOwn ? part.extra : {}),
  };
}

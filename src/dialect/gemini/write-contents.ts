/** Messages as `systemInstruction` and `contents`: https://ai.google.dev/api/caching#Content */
import { asObject, type Json, type JsonObject, parseObject } from "../../lib/json.ts";
import type { NeutralMessage, NeutralRequest, Part, ToolCallPart, ToolResultPart } from "../neutral.ts";
import type { Target } from "../target.ts";
import { isHeldByGemini, writeMedia } from "./media.ts";
import { SAME_CONTENT } from "./read-request.ts";
import { ownSignatures, withRest, writeCall, writePart } from "./write-part.ts";

/**
 * Gemini 3 refuses a function call in the history without its signature; this one tells it that there is none, for calls that
 * another model made: https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
 */
const NO_SIGNATURE = "skip_thought_signature_validator";

type Content = { role: string | null; parts: Json[] };

export type WrittenContents = {
  readonly systemInstruction: JsonObject | null;
  readonly contents: readonly JsonObject[];
};

export function writeContents(request: NeutralRequest, target: Target): WrittenContents {
  const isOwn = request.dialect === "gemini";
  const writer = new ContentsWriter(isOwn, target);
  const system: NeutralMessage[] = [];
  for (const message of request.messages) {
    if (message.name !== undefined) target.hint("name");
    // There is one place for instructions; later ones join those before.
    if (message.role === "system" || message.role === "developer") system.push(message);
    else writer.add(message);
  }
  const contents = writer.contents.map(({ role, parts }) => ({ ...(role === null ? {} : { role }), parts }));
  const parts = system.flatMap((message) => writeParts(message.parts, isOwn));
  if (parts.length === 0) return { systemInstruction: null, contents };
  // Instructions alone are no conversation here: they are its first turn.
  if (contents.length === 0) return { systemInstruction: null, contents: [{ role: "user", parts }] };
  const role = isOwn ? system[0]?.extra?.["role"] : undefined;
  return { systemInstruction: { ...(role === undefined ? {} : { role }), parts }, contents };
}

function writeParts(parts: readonly Part[], isOwn: boolean): JsonObject[] {
  return parts.flatMap((part) => {
    const written = writePart(part, isOwn, ownSignatures);
    return written === null ? [] : [written];
  });
}

class ContentsWriter {
  readonly contents: Content[] = [];
  readonly #isOwn: boolean;
  readonly #target: Target;
  /** Gemini 3 checks signatures and takes media within results; models before it do neither. */
  readonly #isSinceGemini3: boolean;
  readonly #names = new Map<string, string>();
  #lastRole: NeutralMessage["role"] | null = null;

  constructor(isOwn: boolean, target: Target) {
    this.#isOwn = isOwn;
    this.#target = target;
    const style = target.quirks.reasoning;
    this.#isSinceGemini3 = style !== "budget" && style !== "none";
  }

  add(message: NeutralMessage): void {
    const parts = message.role === "tool" ? this.#writeResults(message) : this.#writeTurn(message);
    if (parts.length === 0 && !this.#isOwn) return;
    const last = this.contents.at(-1);
    const joins = this.#isOwn
      ? message.extra?.[SAME_CONTENT] === true
      : // All calls of a turn stand in one content, and so do all their results.
        message.role === this.#lastRole && message.role !== "user";
    this.#lastRole = message.role;
    if (joins && last !== undefined) {
      last.parts.push(...parts);
      return;
    }
    const own = this.#isOwn ? message.extra : undefined;
    const role = message.role === "assistant" ? "model" : "user";
    this.contents.push({ role: own !== undefined && "role" in own ? (own["role"] as string | null) : role, parts });
  }

  #writeTurn(message: NeutralMessage): JsonObject[] {
    let isFirstCall = true;
    return message.parts.flatMap((part, index): JsonObject[] => {
      if (part.kind === "tool-result") return this.#writeResult(part);
      if (part.kind === "tool-call") {
        this.#names.set(part.id, part.name);
        const signature = this.#signatureOf(part, isFirstCall);
        isFirstCall = false;
        return [writeCall(part, this.#isOwn, signature)];
      }
      if (!this.#isReachable(part, index)) return [];
      const written = writePart(part, this.#isOwn, ownSignatures);
      return written === null ? [] : [written];
    });
  }

  #signatureOf(part: ToolCallPart, isFirstCall: boolean): string | undefined {
    const signature = ownSignatures(part.signature);
    if (signature !== undefined || this.#isOwn || !isFirstCall || !this.#isSinceGemini3) return signature;
    return NO_SIGNATURE;
  }

  /** Files that another provider holds are out of Gemini's reach. */
  #isReachable(part: Part, index: number): boolean {
    if (part.kind !== "image" && part.kind !== "video" && part.kind !== "file") return true;
    if (part.source.kind !== "file-id" || isHeldByGemini(part.source.id)) return true;
    this.#target.cannot(`content.${index}.file_id`, "Gemini does not hold this file");
    return false;
  }

  #writeResults(message: NeutralMessage): JsonObject[] {
    return message.parts.flatMap((part) => (part.kind === "tool-result" ? this.#writeResult(part) : []));
  }

  /** A result, and behind it the media that only Gemini 3 takes within. */
  #writeResult(part: ToolResultPart): JsonObject[] {
    const kept = this.#isOwn ? asObject(part.extra?.["functionResponse"]) : null;
    const media = part.content.flatMap((inner) =>
      inner.kind === "image" || inner.kind === "audio" || inner.kind === "video" || inner.kind === "file"
        ? [withRest(writeMedia(inner, this.#isOwn), undefined, inner, this.#isOwn)]
        : [],
    );
    const isWithin = this.#isSinceGemini3 || this.#isOwn;
    const result: Record<string, Json> = {};
    if (kept?.["id"] !== null) result["id"] = part.callId;
    result["name"] = part.name ?? this.#names.get(part.callId) ?? part.callId;
    result["response"] = responseOf(part);
    if (media.length > 0 && isWithin) result["parts"] = media;
    if (kept !== null) for (const key in kept) if (key !== "id") result[key] = kept[key] as Json;
    return [withRest({ functionResponse: result }, undefined, part, this.#isOwn), ...(isWithin ? [] : media)];
  }
}

/**
 * `response` must be an object: JSON objects are it, anything else is its `output`, or its `error`.
 * https://ai.google.dev/api/caching#FunctionResponse
 */
function responseOf(part: ToolResultPart): JsonObject {
  let text = "";
  for (const inner of part.content) if (inner.kind === "text" || inner.kind === "refusal") text += inner.text;
  const object = text.startsWith("{") ? parseObject(text) : null;
  if (part.isError === true) return object?.["error"] === undefined ? { error: text } : object;
  if (object !== null) return object;
  return { output: text.startsWith("[") ? arrayOr(text) : text };
}

function arrayOr(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // a text that only begins like an array
  }
}

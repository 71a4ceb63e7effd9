import { createHash } from "node:crypto";
import type { JsonObject } from "../../lib/json.ts";
import type { CacheHint, FilePart, NeutralMessage, Part, ReasoningPart } from "../neutral.ts";
import type { Target } from "../target.ts";
import { UniqueNames } from "../unique-names.ts";
import { formOf } from "../wire-form.ts";
import { familyOf, hasCachePoints, hasHourCache } from "./model-family.ts";
import { OWN, OWNER } from "./own.ts";
import { writeReasoningBlock } from "./reasoning-block.ts";
import {
  writeCachePoint,
  writeDocument,
  writeMedia,
  writeNative,
  writeText,
  writeToolResult,
  writeToolUse,
} from "./write-part.ts";

const MAX_NAME_CHARS = 200;
const MAX_ID_CHARS = 64;

export type WrittenMessages = { readonly system: readonly JsonObject[]; readonly messages: readonly JsonObject[] };

type Turn = { readonly role: "user" | "assistant"; readonly blocks: JsonObject[]; readonly extra: JsonObject };

/**
 * Writes a conversation: system messages into `system`, tool results into user messages, neighbours of the same role into one message
 * ("roles must alternate": https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html).
 */
export class MessageWriter {
  readonly #isOwn: boolean;
  readonly #target: Target;
  readonly #names = new UniqueNames();

  constructor(isOwn: boolean, target: Target) {
    this.#isOwn = isOwn;
    this.#target = target;
  }

  write(messages: readonly NeutralMessage[]): WrittenMessages {
    const system: JsonObject[] = [];
    const turns: Turn[] = [];
    for (const message of messages) {
      const blocks = message.parts.flatMap((part) => this.#writeBlocks(part));
      if (message.role === "system" || message.role === "developer") {
        system.push(...blocks);
        continue;
      }
      // An empty message says nothing, and is refused.
      if (blocks.length === 0 && !this.#isOwn) continue;
      const role = message.role === "assistant" ? "assistant" : "user";
      const last = turns.at(-1);
      const continues = this.#isOwn ? formOf(message, OWN) !== null : last?.role === role;
      if (last !== undefined && continues) last.blocks.push(...blocks);
      else turns.push({ role, blocks, extra: (this.#isOwn ? message.extra : undefined) ?? {} });
    }
    if (!this.#isOwn) {
      for (const turn of turns) if (turn.role === "user") finishUserTurn(turn.blocks);
      placeSystem(system, turns, this.#target.quirks.refuses.includes("system"));
    }
    return { system, messages: turns.map(({ role, blocks, extra }) => ({ role, content: blocks, ...extra })) };
  }

  #writeBlocks(part: Part): readonly JsonObject[] {
    const block = this.#writeBlock(part);
    const cache = part.cache ?? (part.kind === "tool-result" && !this.#isOwn ? innerCache(part.content) : undefined);
    const point = cache === undefined ? null : this.#writeCache(cache);
    return block === null ? [] : point === null ? [block] : [block, point];
  }

  /** A cache point where the model has such; a hint, so that it is left out elsewhere. */
  #writeCache(cache: CacheHint): JsonObject | null {
    if (this.#isOwn) return writeCachePoint(cache);
    if (!hasCachePoints(this.#target.model)) {
      this.#target.hint("cache");
      return null;
    }
    return writeCachePoint(hasHourCache(this.#target.model) ? cache : { ttl: null });
  }

  #writeBlock(part: Part): JsonObject | null {
    const isOwn = this.#isOwn;
    switch (part.kind) {
      case "text":
        // "The text field in the ContentBlock object is blank."
        if (part.text.trim() === "" && !isOwn) return null;
        return writeText(isOwn ? part : { kind: "text", text: part.text }, isOwn);
      case "refusal":
        return part.text.trim() === "" ? null : { text: part.text };
      case "image":
      case "video":
        return this.#checked(writeMedia(part, isOwn), part);
      case "audio":
        if (part.transcript !== undefined && part.transcript !== "") return { text: part.transcript };
        // An answer's own sound is named by its id, which only its provider knows.
        return part.id === undefined ? this.#checked(writeMedia(part, isOwn), part) : null;
      case "file":
        return this.#checked(writeDocument(part, this.#nameOf(part), isOwn), part);
      case "reasoning":
        return this.#writeReasoning(part);
      case "tool-call":
        return writeToolUse(part, isOwn ? part.id : idOf(part.id), isOwn);
      case "tool-result": {
        const content = part.content.flatMap((inner) => {
          const block = this.#writeBlock(inner);
          return block === null ? [] : [block];
        });
        // "content: Member must not be null" is said of an empty one, too, by some models.
        if (content.length === 0 && !isOwn) content.push({ text: "(no output)" });
        const { isError, ...rest } = part;
        return writeToolResult(
          isOwn || isError === true ? part : rest,
          isOwn ? part.callId : idOf(part.callId),
          content,
          isOwn,
        );
      }
      case "native":
        return writeNative(part);
      default:
        return part satisfies never;
    }
  }

  /** What Converse cannot have is refused by its name. */
  #checked(
    block: JsonObject | null,
    part: Extract<Part, { kind: "image" | "video" | "audio" | "file" }>,
  ): JsonObject | null {
    if (block !== null) return block;
    const { source } = part;
    const why =
      source.kind === "data"
        ? `Converse has no ${part.kind} of type ${source.mediaType}`
        : `Converse takes it as bytes, or from S3 (s3://…)${source.kind === "url" && source.url.startsWith("s3://") ? " with a known ending or media type" : ""}`;
    this.#target.cannot(part.kind, why);
    return null;
  }

  /**
   * Claude wants its own signed reasoning back, and takes no other; other models' reasoning goes back only to whom it came from, in
   * its own dialect.
   */
  #writeReasoning(part: ReasoningPart): JsonObject | null {
    if (this.#isOwn) return writeReasoningBlock(part, true);
    if (familyOf(this.#target.model) !== "claude") return null;
    const { signature, encrypted } = part;
    if (encrypted?.owner === OWNER) return writeReasoningBlock({ kind: "reasoning", text: "", encrypted }, false);
    return signature?.owner === OWNER
      ? writeReasoningBlock({ kind: "reasoning", text: part.text, signature }, false)
      : null;
  }

  /**
   * Names may hold "alphanumeric characters, whitespace (no more than one in a row), hyphens, parentheses and square brackets", and no
   * two documents may share one: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
   */
  #nameOf({ name }: FilePart): string | null {
    if (this.#isOwn) return name ?? null;
    const clean = (name ?? "")
      .replace(/\.[A-Za-z0-9]{1,5}$/, "")
      .replaceAll(/[^\p{L}\p{N}\s()[\]-]/gu, "-")
      .normalize("NFKD")
      .replaceAll(/[^A-Za-z0-9\s()[\]-]/g, "")
      .replaceAll(/\s+/g, " ")
      .trim()
      .slice(0, MAX_NAME_CHARS - 8);
    const wanted = /[A-Za-z0-9]/.test(clean) ? clean : "document";
    return this.#names.take(wanted, (name, number) => `${name} (${number})`);
  }
}

/**
 * A conversation of instructions alone would be none: the API wants a message. And models without a system prompt are told in the
 * first message.
 */
function placeSystem(system: JsonObject[], turns: Turn[], isRefused: boolean): void {
  if (system.length === 0) return;
  const [first] = turns;
  if (first === undefined) turns.push({ role: "user", blocks: system.splice(0), extra: {} });
  else if (isRefused && first.role === "user") first.blocks.unshift(...system.splice(0));
  else if (isRefused) turns.unshift({ role: "user", blocks: system.splice(0), extra: {} });
}

/** A cache point cannot stand inside a tool's result: it goes behind it. */
function innerCache(content: readonly Part[]): CacheHint | undefined {
  return content.findLast((part) => part.cache !== undefined)?.cache;
}

/** Tool results come first, and a document needs a text beside it: "you must also include a ContentBlock with a text field". */
function finishUserTurn(blocks: JsonObject[]): void {
  const isResult = (block: JsonObject): boolean => block["toolResult"] !== undefined;
  const last = blocks.findLastIndex(isResult);
  if (last > 0 && blocks.slice(0, last).some((block) => !isResult(block) && block["cachePoint"] === undefined)) {
    const results = blocks.filter(isResult);
    const others = blocks.filter((block) => !isResult(block));
    blocks.splice(0, blocks.length, ...results, ...others);
  }
  const hasDocument = blocks.some((block) => block["document"] !== undefined);
  if (hasDocument && !blocks.some((block) => block["text"] !== undefined))
    blocks.push({ text: "See the attached document." });
}

/** Ids must match `[a-zA-Z0-9_-]+` and have at most 64 characters; any other is said in this form, the same for a call and its result. */
function idOf(id: string): string {
  if (id.length <= MAX_ID_CHARS && /^[a-zA-Z0-9_-]+$/.test(id)) return id;
  return `tooluse_${createHash("sha256").update(id).digest("hex").slice(0, 24)}`;
}

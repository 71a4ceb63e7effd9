import type { Json, JsonObject } from "../../lib/json.ts";
import type { NeutralMessage, Part, ReasoningPart } from "../neutral.ts";
import type { Target } from "../target.ts";
import { UniqueNames } from "../unique-names.ts";
import { OWNER, SPLIT } from "./own.ts";
import { isText, withBase, writeDocument, writeImage, writeNative, writeText, writeToolUse } from "./write-part.ts";

type WireRole = "user" | "assistant" | "system";
type Turn = { readonly role: WireRole; readonly blocks: JsonObject[]; readonly extra: JsonObject | null };

/** What goes into `system` and `messages`. */
export type WrittenMessages = { readonly system: Json | null; readonly messages: JsonObject[] };

/**
 * Writes a conversation: leading system messages into `system`, tool results into user messages, neighbours of the same role into
 * one message ("consecutive turns will be combined": https://platform.claude.com/docs/en/api/messages).
 */
export class MessageWriter {
  readonly #isOwn: boolean;
  readonly #target: Target;
  /** Ids as they stand on the wire, by the caller's. */
  readonly #ids = new Map<string, string>();
  readonly #taken = new UniqueNames();

  constructor(isOwn: boolean, target: Target) {
    this.#isOwn = isOwn;
    this.#target = target;
  }

  write(messages: readonly NeutralMessage[]): WrittenMessages {
    let first = 0;
    while (isSystem(messages[first])) first++;
    const leading = messages.slice(0, first);
    const rest = messages.slice(first);
    // A conversation of instructions alone would be none: the API wants a message.
    if (rest.length === 0 && leading.length > 0 && !this.#isOwn) {
      return {
        system: null,
        messages: this.#writeTurns([{ role: "user", parts: leading.flatMap(({ parts }) => parts) }]),
      };
    }
    const system = leading.flatMap((message) => this.#writeBlocks(message.parts));
    return {
      system: system.length === 0 && !(this.#isOwn && first > 0) ? null : contentOf(system, this.#isBare(leading)),
      messages: this.#writeTurns(rest),
    };
  }

  #writeTurns(messages: readonly NeutralMessage[]): JsonObject[] {
    const turns: Turn[] = [];
    const placed = this.#isOwn ? messages : placeInstructions(messages, this.#target.quirks.systemRole === "system");
    const bare = new Set<Turn>();
    for (const message of placed) {
      const role = message.role === "assistant" ? "assistant" : isSystem(message) ? "system" : "user";
      const blocks = this.#writeBlocks(message.parts);
      // An empty message says nothing, and is refused.
      if (blocks.length === 0 && !this.#isOwn) continue;
      const extra = this.#isOwn ? (message.extra ?? null) : null;
      const last = turns.at(-1);
      if (last?.role === role && role !== "system" && (!this.#isOwn || isSplit(message))) {
        if (role === "user" && !this.#isOwn) insertResultsFirst(last.blocks, blocks);
        else last.blocks.push(...blocks);
        bare.delete(last);
        continue;
      }
      const turn: Turn = { role, blocks: [...blocks], extra };
      if (this.#isBare([message])) bare.add(turn);
      turns.push(turn);
    }
    if (!this.#isOwn) trimPrefill(turns.at(-1));
    return turns.map((turn) => ({
      role: turn.role,
      content: contentOf(turn.blocks, bare.has(turn)),
      ...withoutMarks(turn.extra),
    }));
  }

  /** Whether content is one text that says no more than its words. */
  #isBare(messages: readonly NeutralMessage[]): boolean {
    const parts = messages.flatMap((message) => message.parts);
    const [part] = parts;
    return parts.length === 1 && part?.kind === "text" && isBareText(part, this.#isOwn);
  }

  #writeBlocks(parts: readonly Part[]): JsonObject[] {
    return parts.flatMap((part) => {
      const block = this.#writeBlock(part);
      return block === null ? [] : [block];
    });
  }

  #writeBlock(part: Part): JsonObject | null {
    const isOwn = this.#isOwn;
    switch (part.kind) {
      case "text":
        // "text content blocks must be non-empty"
        if (part.text === "" && !isOwn) return null;
        return isOwn ? writeText(part, true) : writeText(withoutCitations(part), false);
      case "refusal":
        return part.text === "" ? null : { type: "text", text: part.text };
      case "image":
        return writeImage(part, isOwn);
      case "file":
        if (part.source.kind === "data" && !isDocument(part.source.mediaType)) {
          this.#target.cannot("file", `documents are PDF or text, and this one is ${part.source.mediaType}`);
          return null;
        }
        return writeDocument(part, isOwn);
      case "reasoning":
        return writeSignedReasoning(part, isOwn);
      case "tool-call":
        return writeToolUse(part, this.#idOf(part.id), isOwn);
      case "tool-result":
        return this.#writeToolResult(part);
      case "native":
        return writeNative(part);
      case "audio":
        // What the model said aloud in an earlier answer; other audio was refused before.
        return part.transcript === undefined || part.transcript === "" ? null : { type: "text", text: part.transcript };
      case "video":
        return null;
      default:
        return part satisfies never;
    }
  }

  #writeToolResult(part: Extract<Part, { kind: "tool-result" }>): JsonObject {
    const block: Record<string, Json> = { type: "tool_result", tool_use_id: this.#idOf(part.callId) };
    const content = this.#writeBlocks(part.content);
    const [first] = part.content;
    if (content.length > 0) {
      const isBare = part.content.length === 1 && first?.kind === "text" && isBareText(first, this.#isOwn);
      block["content"] = contentOf(content, isBare);
    }
    if (part.isError !== undefined && (this.#isOwn || part.isError)) block["is_error"] = part.isError;
    return withBase(block, part, this.#isOwn);
  }

  /** Ids must match `^[a-zA-Z0-9_-]+$`; any other is said with these letters, the same for a call and its result. */
  #idOf(id: string): string {
    if (/^[a-zA-Z0-9_-]+$/.test(id)) {
      this.#taken.add(id);
      return id;
    }
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const clean = id.replaceAll(/[^a-zA-Z0-9_-]/g, "_") || "call";
    const unique = this.#taken.take(clean, (name, number) => `${name}_${number}`);
    this.#ids.set(id, unique);
    return unique;
  }
}

function isSystem(message: NeutralMessage | undefined): boolean {
  return message?.role === "system" || message?.role === "developer";
}

/** A string says the same as one plain text block. In its own dialect the text says which it was (see `readContent`). */
function isBareText(part: Extract<Part, { kind: "text" }>, isOwn: boolean): boolean {
  if (part.cache !== undefined) return false;
  return !isOwn || (part.extra === undefined && part.citations === undefined);
}

function contentOf(blocks: readonly JsonObject[], isBare: boolean): Json {
  const [only] = blocks;
  return isBare && only !== undefined ? (only["text"] ?? "") : blocks;
}

/** Reasoning goes back only with Anthropic's own proof; an API refuses any other. */
function writeSignedReasoning(part: ReasoningPart, isOwn: boolean): JsonObject | null {
  const { text, signature, encrypted } = part;
  if (encrypted?.owner === OWNER) return withBase({ type: "redacted_thinking", data: encrypted.data }, part, isOwn);
  if (signature?.owner !== OWNER) return null;
  return withBase({ type: "thinking", thinking: text, signature: signature.data }, part, isOwn);
}

/** Citations of another API have no proof that this one would take. */
function withoutCitations<T extends Extract<Part, { kind: "text" }>>(part: T): T {
  if (part.citations === undefined) return part;
  const { citations: _, ...rest } = part;
  return rest as T;
}

function isDocument(mediaType: string): boolean {
  return mediaType === "application/pdf" || isText(mediaType);
}

/** Results come first in a user message: "tool_result blocks must come first". */
function insertResultsFirst(blocks: JsonObject[], more: readonly JsonObject[]): void {
  let at = 0;
  while (blocks[at]?.["type"] === "tool_result") at++;
  for (const block of more) {
    if (block["type"] === "tool_result") blocks.splice(at++, 0, block);
    else blocks.push(block);
  }
}

/** "final assistant content cannot end with trailing whitespace" */
function trimPrefill(last: Turn | undefined): void {
  const block = last?.role === "assistant" ? last.blocks.at(-1) : undefined;
  if (last === undefined || block?.["type"] !== "text" || typeof block["text"] !== "string") return;
  last.blocks[last.blocks.length - 1] = { ...block, text: block["text"].trimEnd() };
}

/**
 * Instructions in mid-conversation: models that know them take a system message right behind a user's turn and before the
 * assistant's (https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages); it is moved to the
 * end of the turn it stands in. For other models, and where no user's turn is near, it is user text.
 */
function placeInstructions(messages: readonly NeutralMessage[], isKnown: boolean): readonly NeutralMessage[] {
  if (!messages.some(isSystem)) return messages;
  const placed: NeutralMessage[] = [];
  let waiting: NeutralMessage[] = [];
  let hasUser = false;
  const settle = (): void => {
    if (waiting.length > 0) {
      const parts = waiting.flatMap((message) => message.parts);
      placed.push({ role: hasUser ? "system" : "user", parts });
    }
    waiting = [];
    hasUser = false;
  };
  for (const message of messages) {
    if (isSystem(message)) {
      if (isKnown) waiting.push(message);
      else placed.push({ ...message, role: "user" });
    } else if (message.role === "assistant") {
      settle();
      placed.push(message);
    } else {
      hasUser = true;
      placed.push(message);
    }
  }
  settle();
  return placed;
}

function isSplit(message: NeutralMessage): boolean {
  return message.extra?.[SPLIT] === true;
}

function withoutMarks(extra: JsonObject | null): JsonObject {
  if (extra === null) return {};
  const { [SPLIT]: _, ...rest } = extra;
  return rest;
}

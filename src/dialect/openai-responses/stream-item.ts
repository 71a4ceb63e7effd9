import { asString, type JsonObject } from "../../lib/json.ts";

export type ItemKind = "message" | "reasoning" | "call" | "other";

/** One output item of a stream that is being read. */
export type Item = {
  readonly kind: ItemKind;
  readonly isCustom: boolean;
  /** The id it came with first. */
  readonly id: string | null;
  /** Its own members, for the part it opens; none once it is done. */
  head: JsonObject;
  headChars: number;
  /** The neutral part that is open; -1: none. */
  part: number;
  /** Which content (or summary paragraph) of the item that is; -1: none yet. */
  content: number;
  isRefusal: boolean;
  isSummary: boolean;
  /** Characters that came as deltas for this content (or paragraph). */
  chars: number;
  /** Whether any came for the item. */
  hasText: boolean;
  citations: number;
  logprobs: number;
  isDone: boolean;
};

export const NO_HEAD: JsonObject = {};

/** An item that begins; `idOfEvent`: where the item itself was not sent. */
export function newItem(kind: ItemKind, item: JsonObject | null, idOfEvent: string | null): Item {
  return {
    kind,
    isCustom: item?.["type"] === "custom_tool_call",
    id: asString(item?.["id"]) ?? idOfEvent,
    head: item ?? NO_HEAD,
    headChars: 0,
    part: -1,
    content: -1,
    isRefusal: false,
    isSummary: true,
    chars: 0,
    hasText: false,
    citations: 0,
    logprobs: 0,
    isDone: false,
  };
}

/** What an item's type is to a reader: messages, reasoning and calls have parts of their own kind, all others come whole. */
export function kindOf(type: string | null): ItemKind {
  switch (type) {
    case "message":
    case null:
      return "message";
    case "reasoning":
      return "reasoning";
    case "function_call":
    case "custom_tool_call":
      return "call";
    default:
      return "other";
  }
}

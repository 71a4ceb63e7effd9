/** `finishReason` and `blockReason`: https://ai.google.dev/api/generate-content#FinishReason */
import type { Finish, FinishKind } from "../neutral.ts";

/** The API's words (AI Studio's and Vertex's); a word not among them is `other`. */
const KINDS: ReadonlyMap<string, FinishKind> = new Map(
  Object.entries({
    STOP: "stop",
    MAX_TOKENS: "length",
    SAFETY: "content-filter",
    RECITATION: "content-filter",
    LANGUAGE: "content-filter",
    BLOCKLIST: "content-filter",
    PROHIBITED_CONTENT: "content-filter",
    SPII: "content-filter",
    MODEL_ARMOR: "content-filter",
    IMAGE_SAFETY: "content-filter",
    IMAGE_PROHIBITED_CONTENT: "content-filter",
    IMAGE_RECITATION: "content-filter",
    MALFORMED_FUNCTION_CALL: "error",
    MALFORMED_RESPONSE: "error",
    UNEXPECTED_TOOL_CALL: "error",
    TOO_MANY_TOOL_CALLS: "error",
    MISSING_THOUGHT_SIGNATURE: "error",
    IMAGE_OTHER: "other",
    NO_IMAGE: "other",
    OTHER: "other",
    FINISH_REASON_UNSPECIFIED: "other",
  } as const),
);

/** A stop after function calls is for their results' sake: Gemini has no word of its own for that. */
export function readFinish(reason: string, hasToolCalls: boolean): Finish {
  const kind = KINDS.get(reason) ?? "other";
  return { kind: kind === "stop" && hasToolCalls ? "tool-calls" : kind, native: reason, stopSequence: null };
}

/** A prompt that was blocked has no candidates at all. */
export function blockedFinish(reason: string): Finish {
  return { kind: "content-filter", native: reason, stopSequence: null };
}

/** `isOwn`: the answer was Gemini's, so that a word unknown here is one of its own all the same. */
export function writeFinish({ kind, native }: Finish, isOwn: boolean): string {
  if (native !== null && (isOwn || KINDS.get(native) === kind || (native === "STOP" && kind === "tool-calls")))
    return native;
  switch (kind) {
    case "stop":
    case "stop-sequence":
    case "tool-calls":
    case "pause":
      return "STOP";
    case "length":
    case "context-window":
      return "MAX_TOKENS";
    case "content-filter":
    case "refusal":
      return "SAFETY";
    case "error":
    case "other":
      return "OTHER";
    default:
      return kind satisfies never;
  }
}

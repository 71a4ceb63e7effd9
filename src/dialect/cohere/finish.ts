import type { Finish, FinishKind } from "../neutral.ts";
import { tableOf } from "../../lib/table.ts";

/** https://docs.cohere.com/reference/chat (finish_reason); those of v1's that older models still give stand at the end. */
const KINDS: Readonly<Record<string, FinishKind>> = tableOf({
  COMPLETE: "stop",
  STOP_SEQUENCE: "stop-sequence",
  MAX_TOKENS: "length",
  TOOL_CALL: "tool-calls",
  ERROR: "error",
  TIMEOUT: "error",
  ERROR_TOXIC: "content-filter",
  ERROR_LIMIT: "context-window",
  USER_CANCEL: "other",
});

const NAMES: Readonly<Record<FinishKind, string>> = {
  stop: "COMPLETE",
  "stop-sequence": "STOP_SEQUENCE",
  length: "MAX_TOKENS",
  "context-window": "MAX_TOKENS",
  "tool-calls": "TOOL_CALL",
  // v2 has no word of its own; that the answer is not whole is what counts.
  "content-filter": "ERROR",
  refusal: "COMPLETE",
  pause: "COMPLETE",
  error: "ERROR",
  other: "COMPLETE",
};

export function readFinish(reason: string | null): Finish | null {
  if (reason === null) return null;
  return { kind: KINDS[reason] ?? "other", native: reason, stopSequence: null };
}

/** Cohere's own word where it came from there, or else the one for the kind. */
export function writeFinish({ kind, native }: Finish): string {
  return native !== null && KINDS[native] === kind ? native : NAMES[kind];
}

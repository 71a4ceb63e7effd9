import type { Finish, FinishKind } from "../neutral.ts";
import { tableOf } from "../../lib/table.ts";

/** Stop reasons: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons */
const KINDS: Readonly<Record<string, FinishKind>> = tableOf({
  end_turn: "stop",
  max_tokens: "length",
  stop_sequence: "stop-sequence",
  tool_use: "tool-calls",
  pause_turn: "pause",
  refusal: "refusal",
  model_context_window_exceeded: "context-window",
});

const WORDS = {
  stop: "end_turn",
  length: "max_tokens",
  "stop-sequence": "stop_sequence",
  "tool-calls": "tool_use",
  pause: "pause_turn",
  refusal: "refusal",
  // Anthropic stops a streaming answer for a policy with the same word.
  "content-filter": "refusal",
  "context-window": "model_context_window_exceeded",
  error: "end_turn",
  other: "end_turn",
} as const satisfies Record<FinishKind, string>;

/** How an answer ended; null where the provider did not say. */
export function readFinish(stopReason: string | null, stopSequence: string | null): Finish | null {
  if (stopReason === null) return null;
  return { kind: KINDS[stopReason] ?? "other", native: stopReason, stopSequence };
}

/** The stop reason for a finish: the provider's own word where it is one of this API. */
export function writeFinish(finish: Finish, isOwn: boolean): string {
  const { native, kind } = finish;
  if (native !== null && (isOwn || KINDS[native] === kind)) return native;
  return WORDS[kind];
}

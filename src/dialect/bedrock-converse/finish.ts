import type { Finish, FinishKind } from "../neutral.ts";
import { tableOf } from "../../lib/table.ts";

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseResponse.html (stopReason) */
const KINDS: Readonly<Record<string, FinishKind>> = tableOf({
  end_turn: "stop",
  stop_sequence: "stop-sequence",
  max_tokens: "length",
  model_context_window_exceeded: "context-window",
  tool_use: "tool-calls",
  guardrail_intervened: "content-filter",
  content_filtered: "content-filter",
  malformed_model_output: "error",
  malformed_tool_use: "error",
});

const WORDS = {
  stop: "end_turn",
  "stop-sequence": "stop_sequence",
  length: "max_tokens",
  "context-window": "model_context_window_exceeded",
  "tool-calls": "tool_use",
  "content-filter": "content_filtered",
  refusal: "content_filtered",
  pause: "end_turn",
  error: "malformed_model_output",
  other: "end_turn",
} as const satisfies Record<FinishKind, string>;

/** How an answer ended; null where the provider did not say. */
export function readFinish(stopReason: string | null, stopSequence: string | null): Finish | null {
  if (stopReason === null) return null;
  return { kind: KINDS[stopReason] ?? "other", native: stopReason, stopSequence };
}

/** The stop reason for a finish: the provider's own word where it is one of this API. */
export function writeFinish({ kind, native }: Finish, isOwn: boolean): string {
  if (native !== null && (isOwn || KINDS[native] === kind)) return native;
  return WORDS[kind];
}

import type { Finish, FinishKind } from "../neutral.ts";
import { tableOf } from "../../lib/table.ts";

/**
 * Every finish reason that OpenAI's API and those that speak it are known to say:
 * https://platform.openai.com/docs/api-reference/chat/object (stop … function_call); `eos` Together; `eos_token`, `stop_sequence` TGI;
 * `model_length` Mistral; `insufficient_system_resource` DeepSeek (https://api-docs.deepseek.com/api/create-chat-completion);
 * `sensitive`, `network_error`, `model_context_window_exceeded` Z.ai (https://docs.z.ai/api-reference/llm/chat-completion);
 * `error` OpenRouter; `abort` vLLM; `end_turn` … where an Anthropic model's own word shines through.
 */
const KINDS: Readonly<Record<string, FinishKind>> = tableOf({
  stop: "stop",
  eos: "stop",
  eos_token: "stop",
  end_turn: "stop",
  stop_sequence: "stop-sequence",
  length: "length",
  max_tokens: "length",
  model_length: "context-window",
  model_context_window_exceeded: "context-window",
  tool_calls: "tool-calls",
  tool_use: "tool-calls",
  function_call: "tool-calls",
  content_filter: "content-filter",
  sensitive: "content-filter",
  refusal: "refusal",
  pause_turn: "pause",
  insufficient_system_resource: "error",
  network_error: "error",
  error: "error",
  abort: "error",
});

/** What of a choice beside its finish reason tells how it ended. */
export type FinishSigns = {
  readonly hasToolCalls: boolean;
  readonly hasRefusal: boolean;
  /** vLLM's `stop_reason`: the stop string that matched. */
  readonly stopReason: unknown;
};

/**
 * A choice's end in the neutral form. "stop" with tool calls is what OpenAI says where `tool_choice` named the function; an empty
 * reason is Snowflake's.
 */
export function readFinish(native: string | null, signs: FinishSigns): Finish {
  let kind: FinishKind = native === null || native === "" ? "other" : (KINDS[native] ?? "other");
  let stopSequence: string | null = null;
  if (signs.hasToolCalls && (kind === "stop" || kind === "other")) kind = "tool-calls";
  else if (kind === "stop") {
    if (signs.hasRefusal) kind = "refusal";
    else if (typeof signs.stopReason === "string") {
      kind = "stop-sequence";
      stopSequence = signs.stopReason;
    }
  }
  return { kind, native, stopSequence };
}

/** The finish reason for a caller. `hasRefusal`: the refusal itself is told beside it, as OpenAI does. */
export function writeFinish(kind: FinishKind, isLegacy: boolean, hasRefusal: boolean): string {
  switch (kind) {
    case "stop":
    case "stop-sequence":
    case "pause":
    case "other":
      return "stop";
    case "length":
    case "context-window":
      return "length";
    case "tool-calls":
      return isLegacy ? "function_call" : "tool_calls";
    case "content-filter":
      return "content_filter";
    case "refusal":
      return hasRefusal ? "stop" : "content_filter";
    case "error":
      // OpenRouter's word; OpenAI has none: https://openrouter.ai/docs/api-reference/overview#finish-reason
      return "error";
    default:
      return kind satisfies never;
  }
}

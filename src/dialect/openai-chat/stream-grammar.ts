import type { StreamGrammar } from "../../exchange.ts";
import { asObject, parseObject } from "../../lib/json.ts";
import { renderErrorEvent } from "./errors.ts";

/**
 * Chat and legacy completions: https://platform.openai.com/docs/api-reference/chat-streaming. OpenAI ends with `[DONE]`;
 * several that speak its API (Cerebras, Perplexity) end after the finish reason without it, so either is an end.
 */
export const CHAT_STREAM: StreamGrammar = {
  endMarks: [],
  hasDoneMark: true,
  finishKey: "finish_reason",
  usageKey: "usage",
  framing: "sse",
  isUsageOnlyEvent,
  renderErrorEvent,
};

/** Speech, transcription and image streams, each with its own last event. */
export const MEDIA_STREAM: StreamGrammar = {
  endMarks: ['"speech.audio.done"', '"transcript.text.done"', '"image_generation.completed"', '"image_edit.completed"'],
  hasDoneMark: true,
  finishKey: null,
  usageKey: "usage",
  framing: "sse",
  isUsageOnlyEvent: () => false,
  renderErrorEvent,
};

/** The extra event of `include_usage`: usage is there, and no choices. Azure's filter events have no usage and are none. */
function isUsageOnlyEvent(data: string): boolean {
  const event = parseObject(data);
  if (event === null) return false;
  const choices = event["choices"];
  return Array.isArray(choices) && choices.length === 0 && asObject(event["usage"]) !== null;
}

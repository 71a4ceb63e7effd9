import type { StreamGrammar } from "../../exchange.ts";
import { renderErrorEvent, renderResponsesErrorEvent } from "./errors.ts";

/**
 * Chat and legacy completions: https://platform.openai.com/docs/api-reference/chat-streaming. OpenAI ends with `[DONE]`;
 * several that speak its API (Cerebras, Perplexity) end after the finish reason without it, so either is an end.
 */
export const CHAT_STREAM: StreamGrammar = {
  endMarks: [],
  hasDoneMark: true,
  finishKey: "finish_reason",
  isUsageOnlyEvent,
  renderErrorEvent,
};

/** Responses: the last event carries the whole response. https://platform.openai.com/docs/api-reference/responses-streaming */
export const RESPONSES_STREAM: StreamGrammar = {
  endMarks: ['"response.completed"', '"response.incomplete"', '"response.failed"'],
  hasDoneMark: true,
  finishKey: null,
  isUsageOnlyEvent: () => false,
  renderErrorEvent: renderResponsesErrorEvent,
};

/** Speech, transcription and image streams, each with its own last event. */
export const MEDIA_STREAM: StreamGrammar = {
  endMarks: ['"speech.audio.done"', '"transcript.text.done"', '"image_generation.completed"', '"image_edit.completed"'],
  hasDoneMark: true,
  finishKey: null,
  isUsageOnlyEvent: () => false,
  renderErrorEvent,
};

/** The extra event of `include_usage`: usage is there, and no choices. Azure's filter events have no usage and are none. */
function isUsageOnlyEvent(data: string): boolean {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    return false; // not JSON: not the event we asked for
  }
  if (typeof event !== "object" || event === null) return false;
  const { choices, usage } = event as { choices?: unknown; usage?: unknown };
  return Array.isArray(choices) && choices.length === 0 && typeof usage === "object" && usage !== null;
}

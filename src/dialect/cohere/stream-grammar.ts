import type { StreamGrammar } from "../../exchange.ts";
import { renderErrorEvent } from "./errors.ts";

/**
 * https://docs.cohere.com/reference/chat-stream: `message-end` has the finish_reason and the usage; `[DONE]` behind it comes
 * from some and not from others.
 */
export const CHAT_STREAM: StreamGrammar = {
  endMarks: [],
  hasDoneMark: true,
  finishKey: "finish_reason",
  usageKey: "usage",
  framing: "sse",
  isUsageOnlyEvent: () => false,
  renderErrorEvent,
};

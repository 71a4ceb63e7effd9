import type { StreamGrammar } from "../../exchange.ts";
import { renderErrorEvent } from "./errors.ts";

/** Embeddings and rankings never stream; this says where their usage stands (`meta.billed_units`). */
export const META_ANSWER: StreamGrammar = {
  endMarks: [],
  hasDoneMark: false,
  finishKey: null,
  usageKey: "meta",
  framing: "sse",
  isUsageOnlyEvent: () => false,
  renderErrorEvent,
};

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

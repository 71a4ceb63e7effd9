import type { StreamGrammar } from "../../exchange.ts";
import { renderErrorEvent } from "./errors.ts";

/** Responses: the last event carries the whole response. https://platform.openai.com/docs/api-reference/responses-streaming */
export const RESPONSES_STREAM: StreamGrammar = {
  endMarks: ['"response.completed"', '"response.incomplete"', '"response.failed"'],
  hasDoneMark: true,
  finishKey: null,
  usageKey: "usage",
  framing: "sse",
  isUsageOnlyEvent: () => false,
  renderErrorEvent,
};

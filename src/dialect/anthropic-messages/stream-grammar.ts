import type { StreamGrammar } from "../../exchange.ts";
import { renderErrorEvent } from "./errors.ts";

/** https://platform.claude.com/docs/en/build-with-claude/streaming#event-types. Usage stands in the first event and in `message_delta`. */
export const MESSAGES_STREAM: StreamGrammar = {
  endMarks: ['"message_stop"'],
  hasDoneMark: false,
  finishKey: null,
  usageKey: "usage",
  framing: "sse",
  isUsageOnlyEvent: () => false,
  renderErrorEvent,
};

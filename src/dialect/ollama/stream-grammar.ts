import type { StreamGrammar } from "../../exchange.ts";
import { renderErrorLine } from "./errors.ts";

/** https://docs.ollama.com/api/streaming: one JSON object a line; the last says `"done": true` and has the counts. */
export const CHAT_STREAM: StreamGrammar = {
  endMarks: [],
  hasDoneMark: false,
  finishKey: "done",
  usageKey: "",
  framing: "ndjson",
  isUsageOnlyEvent: () => false,
  renderErrorEvent: renderErrorLine,
};

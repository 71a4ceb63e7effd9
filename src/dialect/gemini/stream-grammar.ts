/** Streams passed untouched: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent */
import type { GatewayError } from "../../errors.ts";
import type { StreamGrammar } from "../../exchange.ts";
import { neutralErrorOf } from "../neutral-error.ts";
import { writeStatus } from "./errors.ts";

/**
 * SSE with `?alt=sse`, otherwise one JSON array: the answer's content type says which, and the framing named here is that of an answer
 * that is plain JSON by its type. A stream ends with its candidates' reasons to finish; a blocked prompt has none of these.
 * Errors are told in SSE; an array that breaks stays without its closing bracket.
 */
export const GEMINI_STREAM: StreamGrammar = {
  endMarks: ['"blockReason"'],
  hasDoneMark: false,
  finishKey: "finishReason",
  usageKey: "usageMetadata",
  framing: "json-array",
  // Usage stands on every chunk, asked for or not.
  isUsageOnlyEvent: () => false,
  renderErrorEvent: (error) => `data: ${errorObject(error)}\r\n\r\n`,
};

function errorObject(error: GatewayError): string {
  return JSON.stringify({ error: writeStatus(neutralErrorOf(error)) });
}

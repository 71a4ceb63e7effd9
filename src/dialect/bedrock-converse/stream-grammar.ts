import type { StreamGrammar } from "../../exchange.ts";
import { renderErrorEvent } from "./errors.ts";

/**
 * ConverseStream, passed through: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. Payloads are
 * JSON between binary headers, so quoted keys are found as in text. `stopReason` stands in `messageStop`, `usage` in the `metadata`
 * behind it. An exception holds neither: a stream that ends with one is not finished.
 */
export const CONVERSE_STREAM: StreamGrammar = {
  endMarks: [],
  hasDoneMark: false,
  finishKey: "stopReason",
  usageKey: "usage",
  framing: "event-stream",
  isUsageOnlyEvent: () => false,
  renderErrorEvent,
};

/**
 * InvokeModelWithResponseStream: each payload is `{"bytes":"<base64>"}` around an event of the model's own API. Its last one holds
 * "amazon-bedrock-invocationMetrics", which in base64 reads one of three ways, by where it begins.
 */
export const INVOKE_STREAM: StreamGrammar = {
  ...CONVERSE_STREAM,
  endMarks: ["", "x", "xx"].map((before) => {
    const encoded = Buffer.from(`${before}"amazon-bedrock-invocationMetrics"`, "latin1").toString("base64");
    // The characters at both ends depend on what stands there.
    return encoded.slice(before.length === 0 ? 0 : 4, 40);
  }),
  finishKey: null,
};

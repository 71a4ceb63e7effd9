import type { GatewayError } from "../../errors.ts";
import { asObject, asString, type JsonObject } from "../../lib/json.ts";
import { codeOfStatus } from "../code-of-status.ts";
import type { ErrorCodec, HeaderLookup, WrittenError } from "../dialect.ts";
import { neutralErrorOf, providerError } from "../neutral-error.ts";
import type { NeutralError } from "../neutral.ts";
import { readRetryAfter } from "../retry-after.ts";

const MAX_MESSAGE_CHARS = 4096;

/** https://docs.cohere.com/reference/errors: a token it does not know, and a request that was given up. No other API's clients know these two. */
const OWN_STATUSES: Readonly<Record<number, number>> = { 498: 401, 499: 502 };

/** "too many tokens: …" is said of a prompt, and of `max_tokens`, which no shorter prompt would help. */
const CONTEXT_WINDOW = /too many tokens(?!: max tokens must)|size limit exceeded|context (length|window)/i;
const MODEL_NOT_FOUND = /^model '.*' (was )?not found/i;
const CONTENT_POLICY = /\b(blocked|flagged|safety|toxic)\b/i;

/** A provider's error: `{ id, message }`; servers that speak this API for rerank put it into `error` as OpenAI does. */
function read(wireStatus: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  const status = OWN_STATUSES[wireStatus] ?? wireStatus;
  const error = asObject(body?.["error"]);
  const message =
    asString(body?.["message"]) ??
    asString(error?.["message"]) ??
    asString(body?.["error"]) ??
    asString(body?.["detail"]) ??
    (text === "" ? `The provider answered with status ${wireStatus}.` : text);
  let code = codeOfStatus(status);
  let detail: string | null = null;
  if (code === "invalid_request" && CONTEXT_WINDOW.test(message)) code = "context_window_exceeded";
  else if (code === "invalid_request" && CONTENT_POLICY.test(message)) code = "content_policy";
  else if (code === "not_found" && MODEL_NOT_FOUND.test(message)) detail = "model_not_found";
  return providerError({
    code,
    status,
    message: message.slice(0, MAX_MESSAGE_CHARS),
    param: null,
    detail,
    retryAfterSeconds: readRetryAfter(header("retry-after")),
  });
}

function write(error: NeutralError, requestId: string): WrittenError {
  return {
    body: JSON.stringify({ id: requestId, message: error.message, source: error.source }),
    contentType: "application/json",
    headers: [],
  };
}

/**
 * An error in mid-stream. v2 has no event for it but `message-end`, whose delta has an `error`
 * (https://docs.cohere.com/reference/chat-stream) and whose finish_reason says ERROR.
 */
export function writeErrorEvent(error: NeutralError): string {
  const delta = { finish_reason: error.code === "upstream_timeout" ? "TIMEOUT" : "ERROR", error: error.message };
  return `event: message-end\ndata: ${JSON.stringify({ type: "message-end", delta, source: error.source })}\n\n`;
}

export function renderErrorEvent(error: GatewayError): string {
  return writeErrorEvent(neutralErrorOf(error));
}

export const errors: ErrorCodec = { read, write };

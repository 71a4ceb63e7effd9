import type { GatewayError } from "../../errors.ts";
import { asObject, asString, type JsonObject } from "../../lib/json.ts";
import { codeOfStatus } from "../code-of-status.ts";
import type { ErrorCodec, HeaderLookup, WrittenError } from "../dialect.ts";
import { neutralErrorOf, providerError } from "../neutral-error.ts";
import type { NeutralError } from "../neutral.ts";
import { readRetryAfter } from "../retry-after.ts";

const MAX_MESSAGE_CHARS = 4096;

const CONTEXT_WINDOW = /context (length|window|size)|exceeds maximum context|prompt is too long/i;
/** Ollama itself filters nothing; the models it passes requests on to do. */
const CONTENT_POLICY = /content (filter|policy)/i;
const MODEL_NOT_FOUND = /\bmodel\b.*\bnot found\b/i;

/** `{ error: "…" }`: https://docs.ollama.com/api/errors */
function read(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  const message =
    readMessage(body) ?? (text === "" || body !== null ? `The provider answered with status ${status}.` : text);
  let code = codeOfStatus(status);
  if (code === "invalid_request" && CONTEXT_WINDOW.test(message)) code = "context_window_exceeded";
  else if (code === "invalid_request" && CONTENT_POLICY.test(message)) code = "content_policy";
  return providerError({
    code,
    status,
    message: message.slice(0, MAX_MESSAGE_CHARS),
    param: null,
    detail: code === "not_found" && MODEL_NOT_FOUND.test(message) ? "model_not_found" : null,
    retryAfterSeconds: readRetryAfter(header("retry-after")),
  });
}

/** The text of an error, which is a string, and an object where it comes through an OpenAI-compatible door. */
export function readMessage(body: JsonObject | null): string | null {
  return asString(body?.["error"]) ?? asString(asObject(body?.["error"])?.["message"]) ?? asString(body?.["message"]);
}

function write(error: NeutralError, _requestId: string): WrittenError {
  return { body: writeBody(error), contentType: "application/json; charset=utf-8", headers: [] };
}

function writeBody(error: NeutralError): string {
  return JSON.stringify({ error: error.message, source: error.source });
}

/** An error in mid-stream is a line like an error answer: https://docs.ollama.com/api/errors#errors-that-occur-while-streaming */
export function writeErrorLine(error: NeutralError): string {
  return `${writeBody(error)}\n`;
}

export function renderErrorLine(error: GatewayError): string {
  return writeErrorLine(neutralErrorOf(error));
}

export const errors: ErrorCodec = { read, write };

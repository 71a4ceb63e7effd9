import type { ErrorCode, GatewayError } from "../../errors.ts";
import type { ErrorCodec, WrittenError } from "../dialect.ts";
import type { NeutralError } from "../neutral.ts";
import { neutralErrorOf } from "../neutral-error.ts";
import { OPENAI_WORDS } from "../openai-error-words.ts";
import { readError } from "./read-error.ts";

/** Codes whose word callers look for, whatever the provider called it. */
const FIXED: ReadonlySet<ErrorCode> = new Set([
  "unauthorized",
  "context_window_exceeded",
  "content_policy",
  "budget_exceeded",
  "rate_limited",
  "overloaded",
]);

function codeOf(error: NeutralError): string | null {
  const { code } = OPENAI_WORDS[error.code];
  if (error.source === "gateway") return error.detail ?? code;
  return FIXED.has(error.code) ? code : (error.detail ?? code);
}

function errorObject(error: NeutralError): Record<string, unknown> {
  return {
    message: error.message,
    type: OPENAI_WORDS[error.code].type,
    param: error.param,
    code: codeOf(error),
    source: error.source,
  };
}

/** The body of an error answer. */
export function writeErrorBody(error: NeutralError): string {
  return JSON.stringify({ error: errorObject(error) });
}

/** The body of an answer for an error of ours. */
export function renderErrorBody(error: GatewayError): string {
  return writeErrorBody(neutralErrorOf(error));
}

/** An error inside a chat stream, as OpenAI's SDKs recognise it: a data line with an `error` member. */
export function renderErrorEvent(error: GatewayError): string {
  return writeErrorEvent(neutralErrorOf(error));
}

export function writeErrorEvent(error: NeutralError): string {
  return `data: ${writeErrorBody(error)}\n\n`;
}

function writeError(error: NeutralError): WrittenError {
  const { retryAfterSeconds } = error;
  const headers = retryAfterSeconds === null ? [] : [["retry-after", String(Math.ceil(retryAfterSeconds))] as const];
  return { body: writeErrorBody(error), contentType: "application/json", headers };
}

export const errors: ErrorCodec = { read: readError, write: writeError };

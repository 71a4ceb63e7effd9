import type { GatewayError } from "../errors.ts";
import type { NeutralError } from "./neutral.ts";

/** An error of ours in the neutral form, for the caller's dialect to write. */
export function neutralErrorOf(error: GatewayError): NeutralError {
  return {
    code: error.code,
    status: error.status,
    message: error.message,
    param: error.options.param ?? null,
    detail: error.options.detail ?? null,
    source: "gateway",
    retryAfterSeconds: error.options.retryAfterSeconds ?? null,
  };
}

/** What is shown of a provider's words: they are a sentence or two, and what is longer is a page, or a prompt that is repeated. */
const MAX_MESSAGE_CHARS = 4_096;
const MAX_WORD_CHARS = 256;
/** Nobody waits longer than a day; what says so is no duration. */
const MAX_WAIT_SECONDS = 86_400;

/**
 * A provider's error, as it can be told in any dialect, whatever the provider put where a status, a word or a number should be: an
 * error in mid-stream says its status by itself, and may become an answer's.
 */
export function providerError(said: Omit<NeutralError, "source">): NeutralError {
  const { code, status, message, param, detail, retryAfterSeconds } = said;
  const isStatus = Number.isInteger(status) && status >= 400 && status <= 599;
  const wait = retryAfterSeconds ?? -1;
  return {
    code,
    status: isStatus ? status : 502,
    message: message.trim() === "" ? "The provider failed without saying why." : message.slice(0, MAX_MESSAGE_CHARS),
    param: param?.slice(0, MAX_WORD_CHARS) ?? null,
    detail: detail?.slice(0, MAX_WORD_CHARS) ?? null,
    source: "provider",
    retryAfterSeconds: wait >= 0 && wait <= MAX_WAIT_SECONDS ? wait : null,
  };
}

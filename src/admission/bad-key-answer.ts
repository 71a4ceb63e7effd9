import { asArray, asObject, asString, type JsonObject, parseObject } from "../lib/json.ts";

/** Errors of this kind are a few hundred bytes. */
const MAX_LENGTH = 64 * 1024;
const GOOGLE_REASON = "API_KEY_INVALID";
const GOOGLE_MESSAGE = "API key not valid.";
const XAI_MESSAGE = "Incorrect API key provided";

/**
 * Whether an answer with status 400 speaks of the key and not of the request, and so counts as a 401:
 * - Gemini: an ErrorInfo with reason API_KEY_INVALID (https://cloud.google.com/apis/design/errors#error_info; its list of reasons:
 *   https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto), or that message where details are left out;
 * - xAI: `{"code":"invalid-argument","error":"Incorrect API key provided. …"}`.
 * Both as recorded from the real APIs. The words are looked for only where the provider itself writes them: an error may quote the
 * request, and a caller who puts these words into a prompt must not take the credential away from everybody.
 */
export function isBadKeyAnswer(status: number, bodyText: string): boolean {
  if (status !== 400 || bodyText.length > MAX_LENGTH) return false;
  if (!bodyText.includes(GOOGLE_REASON) && !bodyText.includes(GOOGLE_MESSAGE) && !bodyText.includes(XAI_MESSAGE)) {
    return false;
  }
  // Gemini's OpenAI surface puts the object into an array of one.
  const text = bodyText.trim();
  const body = parseObject(text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text);
  if (body === null) return false;
  const error = asObject(body["error"]);
  if (error === null) return asString(body["error"])?.startsWith(XAI_MESSAGE) ?? false;
  return isGoogleReason(error) || (asString(error["message"])?.startsWith(GOOGLE_MESSAGE) ?? false);
}

function isGoogleReason(error: JsonObject): boolean {
  for (const detail of asArray(error["details"])) {
    if (asObject(detail)?.["reason"] === GOOGLE_REASON) return true;
  }
  return false;
}

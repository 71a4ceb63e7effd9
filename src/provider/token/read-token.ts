import { asObject, asString, type Json, type JsonObject, parseObject } from "../../lib/json.ts";
import { Secret } from "../../lib/secret.ts";
import { type AccessToken, tokenError } from "./access-token.ts";
import type { TokenServiceAnswer } from "./fetch-answer.ts";

/** "RECOMMENDED. If omitted, the authorization server SHOULD provide the expiration time via other means" (RFC 6749 section 5.1). */
const DEFAULT_LIFETIME_MS = 600_000;
/** What a header can hold; RFC 6750 allows less. */
const TOKEN = /^[\x21-\x7e]{1,32768}$/;

export type ReadTokenOptions = {
  readonly whose: string;
  readonly what: string;
  readonly nowMs: number;
};

/** The token of an OAuth answer (RFC 6749 section 5.1). Throws GatewayError `upstream_error` for anything else. */
export function readTokenAnswer(
  { status, text }: TokenServiceAnswer,
  { whose, what, nowMs }: ReadTokenOptions,
): AccessToken {
  const answer = parseObject(text);
  const token = asString(answer?.["access_token"]);
  if (status !== 200 || answer === null || token === null) {
    throw tokenError(whose, `${what} answered with status ${status}${codeOf(answer)} and no token.`, causeOf(answer));
  }
  return { value: checkToken(token, whose, what), expiresAtMs: expiryOf(answer, nowMs) };
}

/** A token that may become a header. */
export function checkToken(token: string, whose: string, what: string): Secret {
  if (!TOKEN.test(token)) throw tokenError(whose, `${what} gave a token that no header can hold.`);
  return new Secret(token);
}

/** Seconds from now, or (Azure's) seconds since 1970; either may come as text. */
function expiryOf(answer: JsonObject, nowMs: number): number {
  const seconds = secondsOf(answer["expires_in"]);
  if (seconds !== null) return nowMs + seconds * 1_000;
  const at = secondsOf(answer["expires_on"]);
  return at === null ? nowMs + DEFAULT_LIFETIME_MS : at * 1_000;
}

function secondsOf(value: Json | undefined): number | null {
  const number = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : null;
}

/** The service's own word for what is wrong ("invalid_grant", "AADSTS7000215"); its sentences may repeat what was sent, so they are for the log. */
export function codeOf(answer: JsonObject | null): string {
  const error = answer?.["error"];
  const code = asString(error) ?? asString(asObject(error)?.["status"]) ?? asString(answer?.["errorCode"]);
  const entra = /AADSTS\d{1,9}/.exec(descriptionOf(answer) ?? "")?.[0];
  const words = [code, entra].filter((word) => word !== null && word !== undefined && /^[\w.:-]{1,64}$/.test(word));
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}

/** The service's own sentence, as the cause of an error. */
export function causeOf(answer: JsonObject | null): Error | undefined {
  const text = descriptionOf(answer);
  return text === null ? undefined : new Error(text.slice(0, 500));
}

function descriptionOf(answer: JsonObject | null): string | null {
  return (
    asString(answer?.["error_description"]) ??
    asString(asObject(answer?.["error"])?.["message"]) ??
    asString(answer?.["errorMessage"])
  );
}

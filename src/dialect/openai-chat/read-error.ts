import { ERROR_TABLE, type ErrorCode, GatewayError } from "../../errors.ts";
import { type Json, type JsonObject, asArray, asObject, asString, parseObject } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import { codeOfStatus } from "../code-of-status.ts";
import type { HeaderLookup } from "../dialect.ts";
import type { NeutralError } from "../neutral.ts";
import { providerError } from "../neutral-error.ts";
import { readRetryAfter } from "./reset-time.ts";

const MAX_MESSAGE = 2_000;

/** What a provider's error says, whatever its shape. */
type Said = {
  readonly message: string | null;
  /** Its codes and types, in lower case. */
  readonly words: readonly string[];
  readonly detail: string | null;
  readonly param: string | null;
  /** A status within the body: OpenRouter's `code`, Azure's `status`. */
  readonly status: number | null;
};

/**
 * The error in a body: OpenAI's `error` object, or a string in its place (xAI, Venice, Ollama), an object beside it (Mistral, vLLM),
 * FastAPI's `detail` (a text, or a list of `msg`), Cloudflare's `errors`. OpenRouter wraps the provider's own in `metadata.raw`.
 */
function readSaid(body: JsonObject, isWrapped = false): Said {
  const inner = asObject(body["error"]) ?? asObject(body["detail"]) ?? asObject(asArray(body["errors"])[0]) ?? body;
  const nested = asObject(inner["innererror"]);
  const wrapped = isWrapped ? null : readWrapped(asObject(inner["metadata"]));
  const codes = [inner["code"], inner["type"], nested?.["code"], body["code"], body["type"], inner["status"]];
  const words = codes.flatMap((code) => (typeof code === "string" && code !== "" ? [code.toLowerCase()] : []));
  const first = [inner["code"], inner["type"]].find((code) => typeof code === "string" && code !== "");
  const statuses = [inner["code"], inner["status"], body["code"], body["status"], body["status_code"]];
  const message =
    asString(inner["message"]) ??
    asString(body["error"]) ??
    asString(body["message"]) ??
    asString(body["detail"]) ??
    readValidation(body["detail"]) ??
    asString(body["error_description"]) ??
    asString(inner["title"]) ??
    asString(body["msg"]);
  return {
    message: wrapped?.message ?? message,
    words: [...words, ...(wrapped?.words ?? [])],
    detail: asString(first) ?? null,
    param: asString(inner["param"]) ?? wrapped?.param ?? null,
    status: statuses.map(statusOf).find((status) => status !== null) ?? null,
  };
}

/** A status, as a number or in digits; null for anything else. */
function statusOf(value: Json | undefined): number | null {
  const status = typeof value === "string" ? Number(value) : value;
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status < 600 ? status : null;
}

/** "Provider returned error" says nothing; what the provider said does. */
function readWrapped(metadata: JsonObject | null): Said | null {
  const raw = metadata?.["raw"];
  const object = typeof raw === "string" ? parseObject(raw) : asObject(raw);
  if (object !== null) {
    const said = readSaid(object, true);
    return said.message === null ? null : said;
  }
  if (typeof raw !== "string" || raw.trim() === "") return null;
  return { message: raw, words: [], detail: null, param: null, status: null };
}

/** FastAPI's 422: [{ loc, msg, type }]. */
function readValidation(detail: Json | undefined): string | null {
  const first = asObject(asArray(detail)[0]);
  return first === null ? null : asString(first["msg"]);
}

/** Codes and types that say what happened, in lower case, of whichever provider. */
const WORDS: Readonly<Record<string, ErrorCode>> = tableOf({
  context_length_exceeded: "context_window_exceeded",
  exceed_context_size_error: "context_window_exceeded",
  too_many_prompt_tokens: "context_window_exceeded",
  model_max_prompt_tokens_exceeded: "context_window_exceeded",
  content_filter: "content_policy",
  content_policy_violation: "content_policy",
  responsibleaipolicyviolation: "content_policy",
  content_filtered: "content_policy",
  data_inspection_failed: "content_policy",
  datainspectionfailed: "content_policy",
  sensitivecontentdetected: "content_policy",
  moderation_blocked: "content_policy",
  insufficient_quota: "budget_exceeded",
  billing_hard_limit_reached: "budget_exceeded",
  billing_not_active: "budget_exceeded",
  insufficient_balance: "budget_exceeded",
  insufficient_user_quota: "budget_exceeded",
  credit_balance_too_low: "budget_exceeded",
  rate_limit_exceeded: "rate_limited",
  rate_limit_error: "rate_limited",
  resource_exhausted: "rate_limited",
  throttling: "rate_limited",
  invalid_api_key: "unauthorized",
  incorrect_api_key: "unauthorized",
  authentication_error: "unauthorized",
  invalid_authentication_error: "unauthorized",
  account_deactivated: "unauthorized",
  model_not_found: "not_found",
  model_not_available: "not_found",
  model_decommissioned: "not_found",
  invalid_model: "not_found",
  deploymentnotfound: "not_found",
  not_found_error: "not_found",
  engine_overloaded_error: "overloaded",
  overloaded_error: "overloaded",
  overloaded: "overloaded",
  server_overloaded: "overloaded",
  capacity_exceeded: "overloaded",
  service_unavailable: "overloaded",
  timeout_error: "upstream_timeout",
  upstream_timeout: "upstream_timeout",
  upstream_truncated: "upstream_truncated",
  no_deployment: "no_deployment",
  request_timeout: "request_timeout",
  payload_too_large: "payload_too_large",
  budget_exceeded: "budget_exceeded",
});

/** Messages that say it where the code does not. Order matters: "quota" speaks of rates and of money. */
const PHRASES: readonly (readonly [phrase: RegExp, code: ErrorCode])[] = [
  [
    /maximum context length|context (?:length|window|size)|prompt is too long|input is too long|too many (?:input |prompt )?tokens|exceeds? the (?:model's )?max(?:imum)? (?:number of )?(?:input |prompt )?tokens|length of all messages is too long|input \(\d+ tokens\) is too large|longer than the model's context/i,
    "context_window_exceeded",
  ],
  [
    /content (?:management |usage )?polic|usage guidelines|safety system|response was filtered|content.{0,20}(?:flagged|violat)|inappropriate content|contains? sensitive/i,
    "content_policy",
  ],
  [
    /exceeded your current quota|insufficient (?:balance|credits?|funds|quota)|credit balance|requires? more credits|payment required|out of credits|billing (?:hard )?limit|account balance/i,
    "budget_exceeded",
  ],
];

/** Messages of a 400 or 403 that mean another thing than the request's form. */
const REFUSALS: readonly (readonly [phrase: RegExp, code: ErrorCode])[] = [
  [/(?:invalid|incorrect|wrong|missing) api[- _]?key|api key (?:is )?(?:not valid|invalid)/i, "unauthorized"],
  [
    /model[^.]{0,120}(?:does not exist|not found|decommissioned|deprecated and)|(?:invalid|unknown|unsupported) model\b|not a valid model|supported api model names|unknown model/i,
    "not_found",
  ],
];

const OVERLOADED = /overloaded|over capacity|at capacity|no capacity|too busy|temporarily unavailable/i;

/** Statuses that only some of these providers use. */
const STATUSES: Readonly<Record<number, ErrorCode>> = {
  410: "not_found",
  431: "headers_too_large",
  // Groq's flex capacity
  498: "overloaded",
  501: "invalid_request",
  // Cloudflare's
  522: "upstream_timeout",
  524: "upstream_timeout",
};

function classify(status: number, { message, words }: Said): ErrorCode {
  const byStatus = STATUSES[status] ?? codeOfStatus(status);
  const text = message ?? "";
  for (const word of words) {
    const code = WORDS[word];
    if (code !== undefined && isPlausible(code, status)) return code;
  }
  for (const [phrase, code] of PHRASES) {
    // A limit of tokens per minute may speak of the context too.
    if (status === 429 && code === "context_window_exceeded") continue;
    if (phrase.test(text)) return code;
  }
  if (byStatus === "invalid_request" || byStatus === "forbidden") {
    for (const [phrase, code] of REFUSALS) if (phrase.test(text)) return code;
  }
  if (byStatus === "upstream_error") {
    if (OVERLOADED.test(text)) return "overloaded";
    if (/timed? ?out/i.test(text)) return "upstream_timeout";
  }
  return byStatus;
}

/** A status with one meaning is not overruled by a word that is used loosely. */
function isPlausible(code: ErrorCode, status: number): boolean {
  if (status === 401) return code === "unauthorized";
  if (status === 404) return code === "not_found";
  if (status === 429) return code === "rate_limited" || code === "budget_exceeded" || code === "overloaded";
  return true;
}

/** A provider's error answer. Never throws. */
export function readError(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  const object = body ?? firstOf(text);
  const said = object === null ? plain(text) : readSaid(object);
  const real = status >= 400 ? status : (said.status ?? 502);
  const code = classify(real, said);
  const message = said.message ?? (object === null ? "" : text.trim());
  const isTemporary = code === "rate_limited" || code === "overloaded";
  return providerError({
    code,
    status: real,
    message: message === "" ? `The provider answered with status ${real}.` : message.slice(0, MAX_MESSAGE),
    param: said.param,
    detail: said.detail,
    retryAfterSeconds:
      isTemporary || header("retry-after") !== null ? readRetryAfter(withBody(header, body), message) : null,
  });
}

/** Google's API of this shape answers with a list of one error. */
function firstOf(text: string): JsonObject | null {
  if (!text.trimStart().startsWith("[")) return null;
  try {
    return asObject(asArray(JSON.parse(text))[0]);
  } catch {
    return null; // no JSON: then it is plain text
  }
}

function plain(text: string): Said {
  const trimmed = text.trim();
  // A proxy's page of HTML is nothing to show.
  const message = trimmed === "" || trimmed.startsWith("<") ? null : trimmed;
  return { message, words: [], detail: null, param: null, status: null };
}

/** OpenRouter repeats a limit's headers in `metadata.headers`: https://openrouter.ai/docs/api-reference/limits */
function withBody(header: HeaderLookup, body: JsonObject | null): HeaderLookup {
  const headers = asObject(asObject(asObject(body?.["error"])?.["metadata"])?.["headers"]);
  if (headers === null) return header;
  return (name) => {
    const direct = header(name);
    if (direct !== null) return direct;
    const found = Object.keys(headers).find((key) => key.toLowerCase() === name);
    return found === undefined ? null : asString(headers[found]);
  };
}

const NO_HEADERS: HeaderLookup = () => null;

/** Whether a body or an event tells of an error: an `error`, or none of what an answer has and a message instead. */
export function isError(body: JsonObject): boolean {
  const { error } = body;
  if (error !== undefined && error !== null && error !== false && error !== "") return true;
  if (body["choices"] !== undefined) return false;
  return (
    body["object"] === "error" ||
    body["type"] === "error" ||
    typeof body["message"] === "string" ||
    body["detail"] !== undefined ||
    asArray(body["errors"]).length > 0
  );
}

/** The error in an event of a stream. */
export function readErrorEvent(body: JsonObject): NeutralError {
  return readError(200, body, "", NO_HEADERS);
}

/** The error in an answer with status 200, to be thrown; null where it tells of none. */
export function errorOfAnswer(body: JsonObject): GatewayError | null {
  if (!isError(body)) return null;
  const { code, status, message, param, detail } = readErrorEvent(body);
  return new GatewayError(code, message, {
    upstreamType: "error_in_200",
    status: status === 502 ? ERROR_TABLE[code].status : status,
    ...(param === null ? {} : { param }),
    ...(detail === null ? {} : { detail }),
  });
}

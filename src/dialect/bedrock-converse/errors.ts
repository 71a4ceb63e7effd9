import type { ErrorCode, GatewayError } from "../../errors.ts";
import { asString, type JsonObject } from "../../lib/json.ts";
import { encodeEventHeaders, encodeEventMessage } from "../../lib/aws-event-stream.ts";
import { tableOf } from "../../lib/table.ts";
import { codeOfStatus } from "../code-of-status.ts";
import type { ErrorCodec, HeaderLookup, WrittenError } from "../dialect.ts";
import { neutralErrorOf, providerError } from "../neutral-error.ts";
import type { NeutralError } from "../neutral.ts";
import { readRetryAfter } from "../retry-after.ts";

const MAX_MESSAGE_CHARS = 4096;

/** https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html and AWS's common errors, lower case. */
const CODES: Readonly<Record<string, ErrorCode>> = tableOf({
  accessdeniedexception: "forbidden",
  notauthorized: "forbidden",
  optinrequired: "forbidden",
  unrecognizedclientexception: "unauthorized",
  invalidsignatureexception: "unauthorized",
  incompletesignatureexception: "unauthorized",
  incompletesignature: "unauthorized",
  missingauthenticationtokenexception: "unauthorized",
  missingauthenticationtoken: "unauthorized",
  expiredtokenexception: "unauthorized",
  expiredtoken: "unauthorized",
  invalidclienttokenid: "unauthorized",
  throttlingexception: "rate_limited",
  toomanyrequestsexception: "rate_limited",
  servicequotaexceededexception: "rate_limited",
  modelnotreadyexception: "overloaded",
  serviceunavailableexception: "overloaded",
  resourcenotfoundexception: "not_found",
  validationexception: "invalid_request",
  conflictexception: "invalid_request",
  modeltimeoutexception: "upstream_timeout",
  modelerrorexception: "upstream_error",
  modelstreamerrorexception: "upstream_error",
  internalserverexception: "upstream_error",
  internalfailure: "upstream_error",
});
/** A model that took too long (ModelTimeoutException), and one that failed (ModelErrorException). */
const OWN_STATUSES: Readonly<Record<number, ErrorCode>> = { 408: "upstream_timeout", 424: "upstream_error" };

/** What models of several makers say of a prompt that is too long. */
const CONTEXT_WINDOW =
  /input is too long|input tokens exceed|prompt is too long|too many (input )?tokens|maximum context length|context (length|window)|exceeds? the (model'?s )?maximum (number of )?(input )?tokens/i;
const MODEL_NOT_FOUND =
  /model identifier is invalid|could not resolve the foundation model|model version has reached the end of its life/i;
/** "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided." */
const UNPAID = /payment.instrument/i;
const CONTENT_POLICY = /content filter|blocked by|content policy|responsible ai/i;

/** A provider's error: its type in a header or in `__type`, its words in `message` or `Message`. */
function read(status: number, body: JsonObject | null, text: string, header: HeaderLookup): NeutralError {
  const type = typeOf(header("x-amzn-errortype") ?? asString(body?.["__type"]) ?? asString(body?.["code"]) ?? "");
  const message =
    asString(body?.["message"]) ??
    asString(body?.["Message"]) ??
    (text === "" ? `The provider answered with status ${status}.` : text);
  return readError(status, type, message, readRetryAfter(header("retry-after")));
}

/** "ns#ThrottlingException:http://…" without what is no name. */
function typeOf(text: string): string {
  const [name = ""] = text.split(":", 1);
  return name.slice(name.lastIndexOf("#") + 1).trim();
}

function readError(status: number, type: string, message: string, retryAfterSeconds: number | null): NeutralError {
  let code = CODES[type.toLowerCase()] ?? OWN_STATUSES[status] ?? codeOfStatus(status);
  let detail: string | null = type === "" ? null : type;
  if (MODEL_NOT_FOUND.test(message) && (code === "invalid_request" || code === "not_found")) {
    code = "not_found";
    detail = "model_not_found";
  } else if (code === "invalid_request" && CONTEXT_WINDOW.test(message)) code = "context_window_exceeded";
  else if (code === "invalid_request" && CONTENT_POLICY.test(message)) code = "content_policy";
  else if (code === "forbidden" && UNPAID.test(message)) code = "budget_exceeded";
  return providerError({
    code,
    status,
    message: message.slice(0, MAX_MESSAGE_CHARS),
    param: null,
    detail,
    retryAfterSeconds,
  });
}

/** Status of the exceptions that a stream can hold: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html */
const STREAM_STATUS: Readonly<Record<string, number>> = tableOf({
  internalServerException: 500,
  modelStreamErrorException: 424,
  modelTimeoutException: 408,
  validationException: 400,
  throttlingException: 429,
  serviceUnavailableException: 503,
});

/** An exception in mid-stream, by its name in `:exception-type` (or an error's `:error-code`). */
export function readStreamException(name: string, body: JsonObject | null, words: string): NeutralError {
  const message = asString(body?.["message"]) ?? asString(body?.["Message"]) ?? words;
  const status = STREAM_STATUS[name] ?? asCountOf(body) ?? 500;
  return readError(status, name, message === "" ? `The provider ended its stream with ${name}.` : message, null);
}

function asCountOf(body: JsonObject | null): number | null {
  const status = body?.["originalStatusCode"];
  return typeof status === "number" && status >= 400 && status <= 599 ? status : null;
}

/** Our codes in Bedrock's words, so that its SDKs raise the class their users catch. */
const TYPES = {
  invalid_request: "ValidationException",
  context_window_exceeded: "ValidationException",
  content_policy: "ValidationException",
  payload_too_large: "ValidationException",
  headers_too_large: "ValidationException",
  method_not_allowed: "ValidationException",
  unauthorized: "UnrecognizedClientException",
  forbidden: "AccessDeniedException",
  not_found: "ResourceNotFoundException",
  budget_exceeded: "ServiceQuotaExceededException",
  rate_limited: "ThrottlingException",
  overloaded: "ServiceUnavailableException",
  no_deployment: "ServiceUnavailableException",
  request_timeout: "ModelTimeoutException",
  upstream_timeout: "ModelTimeoutException",
  internal: "InternalServerException",
  upstream_error: "InternalServerException",
  upstream_truncated: "InternalServerException",
} as const satisfies Record<ErrorCode, string>;

/** The type of an error answer: the provider's own where Bedrock gave it. */
function errorType({ code, detail }: NeutralError): string {
  if (detail !== null && CODES[detail.toLowerCase()] === code && detail.endsWith("Exception")) return detail;
  return TYPES[code];
}

function write(error: NeutralError, requestId: string): WrittenError {
  return {
    body: JSON.stringify({ message: error.message }),
    contentType: "application/json",
    headers: [
      ["x-amzn-errortype", errorType(error)],
      ["x-amzn-requestid", requestId],
    ],
  };
}

const STREAM_TYPES = {
  ValidationException: "validationException",
  ThrottlingException: "throttlingException",
  ServiceQuotaExceededException: "throttlingException",
  ServiceUnavailableException: "serviceUnavailableException",
  ModelTimeoutException: "modelStreamErrorException",
  AccessDeniedException: "validationException",
  ResourceNotFoundException: "validationException",
  UnrecognizedClientException: "validationException",
  InternalServerException: "internalServerException",
} as const satisfies Record<(typeof TYPES)[ErrorCode], string>;

/** An exception message of the event stream, which SDKs raise as the class of that name. */
export function writeStreamException(error: NeutralError): Uint8Array {
  // A stream that broke under way is what ModelStreamErrorException is for; it counts as retryable there.
  const type = error.code.startsWith("upstream_") ? "modelStreamErrorException" : STREAM_TYPES[TYPES[error.code]];
  const headers = encodeEventHeaders([
    [":exception-type", { kind: "string", value: type }],
    [":content-type", { kind: "string", value: "application/json" }],
    [":message-type", { kind: "string", value: "exception" }],
  ]);
  return encodeEventMessage(headers, JSON.stringify({ message: error.message }));
}

/** An error of ours for a stream that is passed through. */
export function renderErrorEvent(error: GatewayError): Uint8Array {
  return writeStreamException(neutralErrorOf(error));
}

export const errors: ErrorCodec = { read, write };

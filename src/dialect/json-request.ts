import { isUtf8 } from "node:buffer";
import { GatewayError } from "../errors.ts";
import { type JsonSpan, scanJsonObject } from "../lib/json-scan.ts";

const MAX_DEPTH = 128;
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;
const WANTED = ["model", "n", "previous_response_id", "stream", "stream_options"] as const;

/** A JSON body, read just enough to route it. */
export type JsonRequest = {
  readonly model: string;
  /** What the body says of `stream`; null where it says nothing. */
  readonly stream: boolean | null;
  /** Whether the caller said anything about `stream_options`. */
  readonly hasStreamOptions: boolean;
  /** How many choices are asked for (`n`); 1 where it says nothing sensible. */
  readonly choices: number;
  /** The response that the request goes on from (Responses); null where it names none. */
  readonly previousId: string | null;
  readonly body: Buffer;
  readonly modelSpans: readonly JsonSpan[];
  /** Index of the opening brace. */
  readonly open: number;
};

/**
 * Finds model and stream in a body without rebuilding it. Where a key is doubled the last one counts, as in every common parser.
 * `pathModel`: the model where the path names it; then the body need not, and what it says of it stays as it is.
 * Throws GatewayError `invalid_request` for a body that is not a JSON object of at most 128 levels, or names no model.
 */
export function readJsonRequest(body: Buffer, defaultModel: string | null, pathModel: string | null): JsonRequest {
  if (!isUtf8(body))
    throw new GatewayError("invalid_request", "The body is not valid UTF-8.", { detail: "invalid_json" });
  const scan = scanJsonObject(body, WANTED, MAX_DEPTH);
  if (scan.kind === "invalid") {
    throw new GatewayError(
      "invalid_request",
      `We could not parse the JSON body of your request: ${scan.message} at byte ${scan.offset}.`,
      { detail: "invalid_json" },
    );
  }
  const modelSpans = pathModel === null ? (scan.spans.get("model") ?? []) : [];
  const lastModel = modelSpans.at(-1);
  const named = pathModel ?? (lastModel === undefined ? defaultModel : parseScalar(body, lastModel));
  if (named === null && lastModel === undefined) {
    throw new GatewayError("invalid_request", "you must provide a model parameter", { param: "model" });
  }
  if (typeof named !== "string" || named === "") {
    throw new GatewayError("invalid_request", "model should be a string that is not empty.", { param: "model" });
  }
  const lastStream = scan.spans.get("stream")?.at(-1);
  return {
    model: named,
    stream: lastStream === undefined ? null : body[lastStream.start] === 116,
    hasStreamOptions: scan.spans.has("stream_options"),
    choices: readChoices(body, scan.spans.get("n")?.at(-1)),
    previousId: readText(body, scan.spans.get("previous_response_id")?.at(-1)),
    body,
    modelSpans,
    open: scan.open,
  };
}

/**
 * The body for a deployment: its model's name in place of the caller's (at each place where a key is doubled, so that no two
 * parsers can disagree), and usage asked for if wanted. Every other byte stays. Without a change it is the same buffer.
 * `model` null: the body is not to name it (the path does).
 */
export function patchJsonRequest(request: JsonRequest, model: string | null, asksForUsage: boolean): Buffer {
  const { body, modelSpans, open } = request;
  const needsModel = model !== null && (model !== request.model || modelSpans.length > 1);
  const inserted: string[] = [];
  if (asksForUsage) inserted.push('"stream_options":{"include_usage":true}');
  if (modelSpans.length === 0 && needsModel) inserted.push(`"model":${JSON.stringify(model)}`);
  if (inserted.length === 0 && !(needsModel && modelSpans.length > 0)) return body;

  const pieces: Buffer[] = [];
  let at = 0;
  if (inserted.length > 0) {
    // An empty object cannot come here with a comma: it names no model, or gets one as its only member.
    const isEmpty = isEmptyObject(body, open);
    pieces.push(body.subarray(0, open + 1), Buffer.from(inserted.join(",") + (isEmpty ? "" : ",")));
    at = open + 1;
  }
  if (needsModel) {
    const name = Buffer.from(JSON.stringify(model));
    for (const span of modelSpans) {
      pieces.push(body.subarray(at, span.start), name);
      at = span.end;
    }
  }
  pieces.push(body.subarray(at));
  return Buffer.concat(pieces);
}

/**
 * A body with members put in (over the caller's own) or, where the value is null, taken out: what a provider's surface asks for
 * beyond its dialect. Everything else stays byte for byte.
 */
export function patchMembers(
  body: Buffer,
  members: Readonly<Record<string, string | number | boolean | null>>,
): Buffer {
  let patched = body;
  const inserted: string[] = [];
  for (const key in members) {
    patched = removeMember(patched, key);
    const value = members[key];
    if (value !== null && value !== undefined) inserted.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  }
  if (inserted.length === 0) return patched;
  const open = patched.indexOf(123);
  const comma = isEmptyObject(patched, open) ? "" : ",";
  return Buffer.concat([
    patched.subarray(0, open + 1),
    Buffer.from(inserted.join(",") + comma),
    patched.subarray(open + 1),
  ]);
}

function removeMember(body: Buffer, key: string): Buffer {
  let patched = body;
  const quoted = Buffer.from(JSON.stringify(key));
  for (;;) {
    const scan = scanJsonObject(patched, [key], MAX_DEPTH);
    const span = scan.kind === "object" ? scan.spans.get(key)?.at(-1) : undefined;
    if (span === undefined) return patched;
    // Backwards over the colon to the key, which may be written with escapes: then the last quote but one begins it.
    let at = span.start - 1;
    while (patched[at] !== 58) at--;
    while (patched[at] !== 34) at--;
    let start = at - quoted.length + 1;
    if (!patched.subarray(start, at + 1).equals(quoted)) start = patched.lastIndexOf(34, at - 1);
    let end = skipSpace(patched, span.end);
    if (patched[end] === 44) end++;
    else {
      let before = start - 1;
      while (isSpace(patched[before])) before--;
      if (patched[before] === 44) start = before;
    }
    patched = Buffer.concat([patched.subarray(0, start), patched.subarray(end)]);
  }
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (isSpace(body[at])) at++;
  return at;
}

function isSpace(code: number | undefined): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** https://platform.openai.com/docs/api-reference/chat/create#chat-create-n: 1 to 128. */
function readChoices(body: Buffer, span: JsonSpan | undefined): number {
  if (span === undefined) return 1;
  const choices = parseScalar(body, span);
  return typeof choices === "number" && Number.isInteger(choices) && choices > 1 && choices <= 128 ? choices : 1;
}

function readText(body: Buffer, span: JsonSpan | undefined): string | null {
  const value = span === undefined ? null : parseScalar(body, span);
  return typeof value === "string" && value !== "" ? value : null;
}

function isEmptyObject(body: Buffer, open: number): boolean {
  return body[skipSpace(body, open + 1)] === 125;
}

function parseScalar(body: Buffer, span: JsonSpan): unknown {
  const first = body[span.start];
  if (first === 123 || first === 91) return null;
  if (first === 34) {
    // Nearly every model's name is plain ASCII: then it is what stands between the quotes.
    const text = body.toString("latin1", span.start + 1, span.end - 1);
    if (PLAIN.test(text)) return text;
  }
  return JSON.parse(body.toString("utf8", span.start, span.end));
}

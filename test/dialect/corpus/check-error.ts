/** What is checked of one recorded error answer. */
import type { NeutralError } from "../../../src/dialect/neutral.ts";
import { parseObject } from "../../../src/lib/json.ts";
import type { RecordedExchange } from "../../instruments/recorded.ts";
import { thrown } from "./check-answer.ts";
import { SUBJECTS, type Subject } from "./dialects.ts";
import type { Finding, Tally } from "./tally.ts";

/** Codes that a status may mean; other statuses leave it to the body. */
const CODES: Readonly<Record<number, readonly string[]>> = {
  400: ["invalid_request", "context_window_exceeded", "content_policy", "unauthorized", "budget_exceeded", "not_found"],
  401: ["unauthorized"],
  403: ["forbidden", "unauthorized", "content_policy", "budget_exceeded"],
  404: ["not_found"],
  429: ["rate_limited", "budget_exceeded", "overloaded"],
  500: ["upstream_error", "internal", "context_window_exceeded"],
};

export function checkError(tally: Tally, { dialect }: Subject, { id, response }: RecordedExchange): void {
  const own = dialect.id;
  const text = Buffer.concat(response.chunks).toString("utf8");
  let error: NeutralError;
  try {
    error = dialect.errors.read(response.status, parseObject(text), text, (name) => response.headers[name] ?? null);
  } catch (cause) {
    tally.add("error", "read", own, own, id, [thrown(cause)]);
    return;
  }
  tally.add("error", "read", own, own, id, []);
  const findings: Finding[] = [];
  if (error.source !== "provider") findings.push({ reason: "source is not the provider", detail: error.source });
  if (response.status >= 400 && error.status !== response.status) {
    findings.push({ reason: "status differs", detail: `${response.status} → ${error.status}` });
  }
  if (CODES[response.status]?.includes(error.code) === false) {
    findings.push({ reason: `code of a ${response.status}: ${error.code}`, detail: error.message.slice(0, 100) });
  }
  // The provider's own words must be in it; as JSON has them escaped, they are looked for there.
  const said = JSON.stringify(error.message).slice(1, -1);
  if (error.message === "" || (parseObject(text) !== null && !unescape(text).includes(unescape(said)))) {
    findings.push({ reason: "message is not the provider's", detail: error.message.slice(0, 100) });
  }
  const retryAfter = Number(response.headers["retry-after"]);
  if (Number.isFinite(retryAfter) && response.headers["retry-after"] !== "" && error.retryAfterSeconds !== retryAfter) {
    findings.push({ reason: "retry-after", detail: `${retryAfter} → ${error.retryAfterSeconds}` });
  }
  tally.add("error", "honest", own, own, id, findings);
  for (const target of SUBJECTS.values()) {
    tally.add("error", "across", own, target.dialect.id, id, carryError(tally, error, target));
  }
}

/** Escapes of JSON and of JSON within JSON, taken away. */
function unescape(text: string): string {
  return text
    .replaceAll(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\[nrt"\\/]|\s/g, "");
}

/** What a status says by itself: all that is left of a finer code where the API has no words for it; the message says the rest. */
function genericCodeOf(status: number): string | undefined {
  return status >= 500 ? "upstream_error" : { 400: "invalid_request", 403: "forbidden", 429: "rate_limited" }[status];
}

/** Codes that OpenAI's APIs have words for, and whose callers act on them. */
const FINE_CODES: ReadonlySet<string> = new Set(["context_window_exceeded", "content_policy"]);

function carryError(tally: Tally, error: NeutralError, { dialect }: Subject): Finding[] {
  try {
    const written = dialect.errors.write(error, "req_0123456789abcdef");
    const body = parseObject(written.body);
    if (body === null) return [{ reason: "the written error is no JSON object", detail: written.body.slice(0, 80) }];
    const headers = new Map(written.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const back = dialect.errors.read(error.status, body, written.body, (name) => headers.get(name) ?? null);
    const findings: Finding[] = [];
    if (back.message !== error.message) {
      findings.push({
        reason: "message differs",
        detail: `${error.message.slice(0, 80)} → ${back.message.slice(0, 80)}`,
      });
    }
    const isGeneric =
      back.code !== error.code && (back.code === genericCodeOf(error.status) || back.code === "invalid_request");
    const isTellable = FINE_CODES.has(error.code) && error.status < 500 && dialect.id.startsWith("openai-");
    if (isGeneric && !isTellable) {
      tally.lose(dialect.id, `the error ${error.code} as such`);
    } else if (back.code !== error.code) findings.push({ reason: `code ${error.code} → ${back.code}`, detail: "" });
    return findings;
  } catch (cause) {
    return [thrown(cause)];
  }
}

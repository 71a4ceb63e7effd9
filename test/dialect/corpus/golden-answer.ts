/** Two translators' answers in one form: what they say, how they end, what they cost. How it is cut into blocks is each one's own. */
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import { isObject, list, object, type MutableJson, type Oracle } from "./oracle/oracle.ts";

/** Where each API keeps what an answer says; all of that is compared as what it says. */
const CONTENT = new Set(["content", "choices", "candidates", "output", "message"]);
/** Made up by a translator, or a repetition of the request, which the golden does not hold. */
const MADE_UP = new Set([
  "id",
  "model",
  "modelVersion",
  "responseId",
  "created",
  "created_at",
  "createTime",
  "completed_at",
  "output_text",
  "parallel_tool_calls",
  "tool_choice",
  "tools",
  "background",
  "store",
  "temperature",
  "top_p",
  "top_logprobs",
  "text",
  "truncation",
  "metadata",
  "system_fingerprint",
]);
const USAGE = new Set(["usage", "usageMetadata"]);

export function normaliseAnswer(answer: JsonObject, oracle: Oracle): JsonObject {
  // A folded Responses stream holds the answer that its pieces make.
  const whole = isObject(answer["built"]) ? answer["built"] : answer;
  const { choices } = oracle.facts(whole);
  const rest: MutableJson = {};
  for (const [key, value] of Object.entries(whole)) {
    if (CONTENT.has(key) || MADE_UP.has(key) || value === null || value === undefined) continue;
    rest[key] = USAGE.has(key) ? withoutZeros(value) : value;
  }
  const said = choices.map(({ text, reasoning, refusal, calls, finish }) => ({
    ...(text === "" ? {} : { text }),
    ...(reasoning === "" ? {} : { reasoning: reasoning.replaceAll(/\s+/g, "") }),
    ...(refusal === "" ? {} : { refusal }),
    calls: calls.map(({ name, arguments: args }) => ({ name, arguments: args })),
    finish,
  }));
  return { ...rest, said, ends: endOf(whole) } as JsonObject;
}

/** The API's own words for how each choice ended. */
function endOf(answer: JsonObject): Json {
  const choices = [...list(answer["choices"]), ...list(answer["candidates"])].map(object);
  return choices.map((choice) => choice["finish_reason"] ?? choice["finishReason"] ?? null);
}

/** A count of nothing is what no count says. */
function withoutZeros(value: Json): Json {
  if (!isObject(value)) return value;
  const kept: MutableJson = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === 0 || member === null || member === undefined) continue;
    kept[key] = withoutZeros(member);
  }
  return kept as JsonObject;
}

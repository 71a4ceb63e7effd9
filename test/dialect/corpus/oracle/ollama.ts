/** Chat and generate, from https://github.com/ollama/ollama/blob/main/docs/api.md. */
import type { FinishKind } from "../../../../src/dialect/neutral.ts";
import type { Usage } from "../../../../src/exchange.ts";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { usageOf } from "../../../../src/lib/usage.ts";
import { readNdjsonFrames } from "./frames.ts";
import {
  argumentsOf,
  assignPresent,
  count,
  list,
  object,
  text,
  type Facts,
  type MutableJson,
  type Oracle,
  type WireEvent,
} from "./oracle.ts";

export const ollamaOracle: Oracle = { dialect: "ollama", readFrames: readNdjsonFrames, fold, facts };

function fold(events: readonly WireEvent[]): JsonObject | null {
  const answer: MutableJson = {};
  const message: MutableJson = {};
  const running: Record<string, string> = {};
  let found = false;
  for (const { data } of events) {
    if (data["error"] !== undefined) continue;
    found = true;
    assignPresent(answer, data, ["message", "response", "thinking"]);
    for (const key of ["response", "thinking"]) {
      if (typeof data[key] === "string") running[key] = (running[key] ?? "") + data[key];
    }
    const piece = object(data["message"]);
    assignPresent(message, piece, ["content", "thinking", "tool_calls"]);
    for (const key of ["content", "thinking"]) {
      if (typeof piece[key] === "string") message[key] = text(message[key]) + piece[key];
    }
    if (piece["tool_calls"] !== undefined)
      message["tool_calls"] = [...list(message["tool_calls"]), ...list(piece["tool_calls"])];
  }
  if (!found) return null;
  return { ...answer, ...running, ...(Object.keys(message).length === 0 ? {} : { message }) } as JsonObject;
}

// ---- What it says --------------------------------------------------------------------------------------------------

function facts(answer: JsonObject): Facts {
  const message = object(answer["message"]);
  const calls = list(message["tool_calls"]).map((value) => {
    const named = object(object(value)["function"]);
    return { name: text(named["name"]), arguments: argumentsOf(named["arguments"]) };
  });
  const choice = {
    text: text(message["content"]) + text(answer["response"]),
    reasoning: text(message["thinking"]) + text(answer["thinking"]),
    refusal: "",
    calls,
    finish: finishOf(answer, calls.length > 0),
  };
  return { choices: [choice], usage: usage(answer) };
}

function finishOf(answer: JsonObject, hasCalls: boolean): FinishKind | null {
  if (answer["done"] !== true) return null;
  // Old servers give no reason; they stopped.
  if (answer["done_reason"] === "stop" || answer["done_reason"] === undefined) return hasCalls ? "tool-calls" : "stop";
  if (answer["done_reason"] === "length") return "length";
  // Ollama itself has no words for these; such an answer must not pass for a whole one.
  if (answer["done_reason"] === "content_filter") return "content-filter";
  return answer["done_reason"] === "error" ? "error" : "other";
}

function usage(answer: JsonObject): Usage | null {
  // A prompt that was cached whole goes without its count.
  if (count(answer["eval_count"]) === null && count(answer["prompt_eval_count"]) === null) return null;
  return usageOf({ inputTokens: count(answer["prompt_eval_count"]), outputTokens: count(answer["eval_count"]) });
}

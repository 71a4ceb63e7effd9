/** Chat v2, from https://docs.cohere.com/reference/chat and https://docs.cohere.com/reference/chat-stream. */
import type { FinishKind } from "../../../../src/dialect/neutral.ts";
import type { Usage } from "../../../../src/exchange.ts";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";
import { usageOf } from "../../../../src/lib/usage.ts";
import { readSseFrames } from "./frames.ts";
import {
  argumentsOf,
  assignPresent,
  count,
  isObject,
  list,
  object,
  sum,
  text,
  type Facts,
  type MutableJson,
  type Oracle,
  type WireEvent,
} from "./oracle.ts";

export const cohereOracle: Oracle = { dialect: "cohere", readFrames: readSseFrames, fold, facts };

function fold(events: readonly WireEvent[]): JsonObject | null {
  const answer: MutableJson = {};
  const message: MutableJson = {};
  const content = new Map<number, MutableJson>();
  const calls = new Map<number, MutableJson>();
  const citations: Json[] = [];
  let found = false;
  for (const { data } of events) {
    const delta = object(data["delta"]);
    const piece = object(delta["message"]);
    const index = count(data["index"]) ?? 0;
    switch (data["type"]) {
      case "message-start":
        found = true;
        answer["id"] = data["id"];
        assignPresent(message, piece, ["content", "tool_calls", "citations", "tool_plan"]);
        break;
      case "content-start":
      case "content-delta": {
        const block = content.get(index) ?? {};
        content.set(index, block);
        for (const [key, value] of Object.entries(object(piece["content"]))) {
          block[key] = key === "text" || key === "thinking" ? text(block[key]) + text(value) : (value as Json);
        }
        break;
      }
      case "tool-plan-delta":
        message["tool_plan"] = text(message["tool_plan"]) + text(piece["tool_plan"]);
        break;
      case "tool-call-start":
      case "tool-call-delta": {
        const call = calls.get(index) ?? {};
        calls.set(index, call);
        const next = object(piece["tool_calls"]);
        assignPresent(call, next, ["function"]);
        const args = text(object(call["function"])["arguments"]) + text(object(next["function"])["arguments"]);
        call["function"] = { ...object(call["function"]), ...object(next["function"]), arguments: args };
        break;
      }
      case "citation-start": {
        const { citations: citation } = piece;
        if (isObject(citation)) citations.push(citation);
        break;
      }
      case "message-end":
        found = true;
        assignPresent(answer, delta);
        break;
      default:
    }
  }
  if (!found) return null;
  const inOrder = (map: ReadonlyMap<number, MutableJson>): JsonObject[] =>
    [...map.entries()].toSorted(([a], [b]) => a - b).map(([, one]) => one as JsonObject);
  if (content.size > 0) message["content"] = inOrder(content);
  if (calls.size > 0) message["tool_calls"] = inOrder(calls);
  if (citations.length > 0) message["citations"] = citations;
  return { ...answer, message } as JsonObject;
}

// ---- What it says --------------------------------------------------------------------------------------------------

function facts(answer: JsonObject): Facts {
  const message = object(answer["message"]);
  const blocks = list(message["content"]).map(object);
  const calls = list(message["tool_calls"]).map((value) => {
    const named = object(object(value)["function"]);
    return { name: text(named["name"]), arguments: argumentsOf(named["arguments"]) };
  });
  const choice = {
    text: blocks.map((block) => text(block["text"])).join(""),
    // The plan is what the model thought before it called its tools.
    reasoning: text(message["tool_plan"]) + blocks.map((block) => text(block["thinking"])).join(""),
    refusal: "",
    calls,
    finish: finishOf(answer["finish_reason"]),
  };
  return { choices: [choice], usage: usage(answer) };
}

function finishOf(reason: Json | undefined): FinishKind | null {
  switch (reason) {
    case null:
    case undefined:
      return null;
    case "COMPLETE":
      return "stop";
    case "STOP_SEQUENCE":
      return "stop-sequence";
    case "MAX_TOKENS":
      return "length";
    case "TOOL_CALL":
      return "tool-calls";
    case "ERROR":
    case "TIMEOUT":
      return "error";
    default:
      return "other";
  }
}

function usage(answer: JsonObject): Usage | null {
  const wire = answer["usage"];
  if (!isObject(wire)) return null;
  const tokens = object(wire["tokens"]);
  const billed = object(wire["billed_units"]);
  return usageOf({
    // `tokens` is what was read and written; `billed_units` leaves out what Cohere adds by itself.
    // Images are counted beside the text.
    inputTokens: sum(count(tokens["input_tokens"]) ?? count(billed["input_tokens"]), count(tokens["image_tokens"])),
    outputTokens: count(tokens["output_tokens"]) ?? count(billed["output_tokens"]),
    cachedTokens: count(wire["cached_tokens"]),
    reasoningTokens: count(tokens["reasoning_tokens"]),
  });
}

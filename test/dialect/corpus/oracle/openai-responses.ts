/** Responses, from https://platform.openai.com/docs/api-reference/responses and its page on streaming events. */
import type { FinishKind } from "../../../../src/dialect/neutral.ts";
import type { Usage } from "../../../../src/exchange.ts";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { usageOf } from "../../../../src/lib/usage.ts";
import { readSseFrames } from "./frames.ts";
import {
  argumentsOf,
  count,
  isObject,
  list,
  object,
  text,
  type CallFact,
  type Facts,
  type MutableJson,
  type Oracle,
  type WireEvent,
} from "./oracle.ts";

export const openaiResponsesOracle: Oracle = {
  dialect: "openai-responses",
  readFrames: readSseFrames,
  fold,
  facts,
  streamFacts: (events) => facts(object(fold(events)?.["built"])),
};

const TERMINAL = new Set(["response.completed", "response.incomplete", "response.failed"]);

/**
 * A stream says everything twice, in pieces and whole. What counts is the answer that the pieces make (`built`), and of the last
 * event's response everything but its output: some providers leave that out, or encrypt it anew.
 */
function fold(events: readonly WireEvent[]): JsonObject | null {
  const items = new Map<number, MutableJson>();
  let response: JsonObject | null = null;
  for (const { data } of events) {
    const type = text(data["type"]);
    if (isObject(data["response"])) {
      if (response === null || TERMINAL.has(type)) response = data["response"];
      continue;
    }
    const index = count(data["output_index"]) ?? 0;
    if (type === "response.output_item.added" || type === "response.output_item.done") {
      const before = items.get(index);
      const item: MutableJson = { ...object(data["item"]) };
      // What the pieces said is what counts; the item that comes at the end is compared as `done`.
      if (before !== undefined) items.set(index, { ...before, done: item as JsonObject });
      else items.set(index, { type: item["type"], name: item["name"], added: item as JsonObject });
      continue;
    }
    let item = items.get(index);
    if (item === undefined) items.set(index, (item = {}));
    foldPiece(item, type, data);
  }
  if (response === null && items.size === 0) return null;
  const output = [...items.entries()].toSorted(([a], [b]) => a - b).map(([, item]) => item as JsonObject);
  const said: MutableJson = { ...(response ?? { status: "in_progress" }) };
  delete said["output"];
  return { response: said as JsonObject, built: { ...said, output: output.map(buildItem) } as JsonObject };
}

/** Deltas whose texts make one text, by the member of the item they make. */
const RUNNING: Readonly<Record<string, string>> = {
  "response.output_text.delta": "text",
  "response.refusal.delta": "refusal",
  "response.function_call_arguments.delta": "arguments",
  "response.custom_tool_call_input.delta": "input",
  "response.reasoning_summary_text.delta": "summary",
  "response.reasoning_text.delta": "reasoning",
};

function foldPiece(item: MutableJson, type: string, data: JsonObject): void {
  const member = RUNNING[type];
  if (member === undefined) return;
  const place = count(data["content_index"]) ?? count(data["summary_index"]) ?? 0;
  const pieces: MutableJson = { ...object(item[member]) };
  pieces[String(place)] = text(pieces[String(place)]) + text(data["delta"]);
  item[member] = pieces as JsonObject;
}

/** The item as its pieces say it; for what no pieces came of, as its last event has it. */
function buildItem(item: JsonObject): JsonObject {
  const whole = isObject(item["done"]) ? item["done"] : object(item["added"]);
  const built: MutableJson = { ...whole };
  const joined = (member: string): string[] => Object.values(object(item[member])).map(text);
  if (whole["type"] === "message" && (item["text"] !== undefined || item["refusal"] !== undefined)) {
    built["content"] = [
      ...joined("text").map((piece) => ({ type: "output_text", text: piece })),
      ...joined("refusal").map((piece) => ({ type: "refusal", refusal: piece })),
    ];
  }
  if (whole["type"] === "function_call" && item["arguments"] !== undefined)
    built["arguments"] = joined("arguments").join("");
  if (whole["type"] === "custom_tool_call" && item["input"] !== undefined) built["input"] = joined("input").join("");
  if (whole["type"] === "reasoning") {
    if (item["summary"] !== undefined) {
      built["summary"] = joined("summary").map((piece) => ({ type: "summary_text", text: piece }));
    }
    if (item["reasoning"] !== undefined) {
      built["content"] = joined("reasoning").map((piece) => ({ type: "reasoning_text", text: piece }));
    }
  }
  return built as JsonObject;
}

// ---- What it says --------------------------------------------------------------------------------------------------

function facts(answer: JsonObject): Facts {
  let plain = "";
  let refusal = "";
  let reasoning = "";
  const calls: CallFact[] = [];
  for (const value of list(answer["output"])) {
    const item = object(value);
    if (item["type"] === "message") {
      for (const part of list(item["content"]).map(object)) {
        if (part["type"] === "output_text") plain += text(part["text"]);
        if (part["type"] === "refusal") refusal += text(part["refusal"]);
      }
    } else if (item["type"] === "reasoning") {
      const own = list(item["content"]).map((part) => text(object(part)["text"]));
      const summary = list(item["summary"]).map((part) => text(object(part)["text"]));
      reasoning += (own.some((part) => part !== "") ? own : summary).join("\n\n");
    } else if (item["type"] === "function_call") {
      calls.push({ name: text(item["name"]), arguments: argumentsOf(item["arguments"]) });
    } else if (item["type"] === "custom_tool_call") {
      calls.push({ name: text(item["name"]), arguments: text(item["input"]) });
    }
  }
  const finish = finishOf(answer, calls.length > 0);
  return { choices: [{ text: plain, reasoning, refusal, calls, finish }], usage: usage(answer) };
}

function finishOf(answer: JsonObject, hasCalls: boolean): FinishKind | null {
  switch (answer["status"]) {
    case "completed":
      if (hasCalls) return "tool-calls";
      return "stop";
    case "incomplete":
      return object(answer["incomplete_details"])["reason"] === "content_filter" ? "content-filter" : "length";
    case "failed":
      return "error";
    case "queued":
    case "in_progress":
    case "cancelled":
      return null;
    default:
      // Some fixtures have words of their own ("complete").
      return hasCalls ? "tool-calls" : "stop";
  }
}

function usage(answer: JsonObject): Usage | null {
  const wire = answer["usage"];
  if (!isObject(wire)) return null;
  const input = object(wire["input_tokens_details"]);
  const output = object(wire["output_tokens_details"]);
  return usageOf({
    inputTokens: count(wire["input_tokens"]),
    outputTokens: count(wire["output_tokens"]),
    cachedTokens: count(input["cached_tokens"]),
    cacheWriteTokens: count(input["cache_write_tokens"]),
    reasoningTokens: count(output["reasoning_tokens"]),
    // xAI's own count of the tools it ran.
    webSearches: count(object(wire["server_side_tool_usage_details"])["web_search_calls"]),
  });
}

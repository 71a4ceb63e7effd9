/** Messages, from https://docs.anthropic.com/en/api/messages and https://docs.anthropic.com/en/docs/build-with-claude/streaming. */
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
  type CallFact,
  type Facts,
  type MutableJson,
  type Oracle,
  type WireEvent,
} from "./oracle.ts";

export const anthropicMessagesOracle: Oracle = {
  dialect: "anthropic-messages",
  readFrames: readSseFrames,
  fold,
  facts,
};

function fold(events: readonly WireEvent[]): JsonObject | null {
  let message: MutableJson | null = null;
  let blocks: MutableJson[] = [];
  for (const { data } of events) {
    switch (data["type"]) {
      case "message_start":
        // Some servers say it twice; the first one's blocks stay.
        if (message === null) message = { ...object(data["message"]) };
        for (const block of list(object(data["message"])["content"])) blocks.push({ ...object(block) });
        break;
      case "content_block_start":
        blocks.push({ ...object(data["content_block"]), index: data["index"] });
        break;
      case "content_block_delta":
        foldDelta(blocks.findLast((block) => block["index"] === data["index"]) ?? {}, object(data["delta"]));
        break;
      case "message_delta": {
        message ??= {};
        assignPresent(message, object(data["delta"]));
        assignPresent(message, data, ["type", "delta", "usage"]);
        const usage: MutableJson = { ...object(message["usage"]) };
        assignPresent(usage, object(data["usage"]));
        message["usage"] = usage as JsonObject;
        break;
      }
      default:
    }
  }
  if (message === null) return null;
  message["content"] = blocks.map(({ json, ...block }) => {
    delete block["index"];
    return json === undefined ? (block as JsonObject) : { ...block, input: argumentsOf(json) };
  });
  blocks = [];
  return message as JsonObject;
}

/** Members of a delta that carry text, by the member of the block they are added to. */
const RUNNING: Readonly<Record<string, readonly [from: string, to: string]>> = {
  text_delta: ["text", "text"],
  thinking_delta: ["thinking", "thinking"],
  signature_delta: ["signature", "signature"],
  input_json_delta: ["partial_json", "json"],
  compaction_delta: ["content", "content"],
};

function foldDelta(block: MutableJson, delta: JsonObject): void {
  if (delta["type"] === "citations_delta") {
    block["citations"] = [...list(block["citations"]), delta["citation"] as Json];
    return;
  }
  const [from, to] = RUNNING[text(delta["type"])] ?? [];
  if (from !== undefined && to !== undefined) block[to] = text(block[to]) + text(delta[from]);
}

// ---- What it says --------------------------------------------------------------------------------------------------

function facts(answer: JsonObject): Facts {
  let plain = "";
  let reasoning = "";
  const calls: CallFact[] = [];
  for (const block of list(answer["content"]).map(object)) {
    if (block["type"] === "text") plain += text(block["text"]);
    if (block["type"] === "thinking") reasoning += text(block["thinking"]);
    if (block["type"] === "tool_use") calls.push({ name: text(block["name"]), arguments: argumentsOf(block["input"]) });
  }
  const finish = finishOf(answer["stop_reason"]);
  return { choices: [{ text: plain, reasoning, refusal: "", calls, finish }], usage: usage(answer) };
}

function finishOf(reason: Json | undefined): FinishKind | null {
  switch (reason) {
    case null:
    case undefined:
      return null;
    case "end_turn":
      return "stop";
    case "stop_sequence":
      return "stop-sequence";
    case "max_tokens":
      return "length";
    case "model_context_window_exceeded":
      return "context-window";
    case "tool_use":
      return "tool-calls";
    case "refusal":
      return "refusal";
    case "pause_turn":
      return "pause";
    default:
      return "other";
  }
}

function usage(answer: JsonObject): Usage | null {
  const wire = answer["usage"];
  if (!isObject(wire)) return null;
  const cached = count(wire["cache_read_input_tokens"]);
  const written = count(wire["cache_creation_input_tokens"]);
  return usageOf({
    // "Total input tokens in a request is the summation of input_tokens, cache_creation_input_tokens, and cache_read_input_tokens."
    inputTokens: wire["input_tokens"] === undefined ? null : sum(count(wire["input_tokens"]), cached, written),
    outputTokens: count(wire["output_tokens"]),
    cachedTokens: cached,
    cacheWriteTokens: written,
    cacheWrite1hTokens: count(object(wire["cache_creation"])["ephemeral_1h_input_tokens"]),
    reasoningTokens: count(object(wire["output_tokens_details"])["thinking_tokens"]),
    webSearches: count(object(wire["server_tool_use"])["web_search_requests"]),
  });
}

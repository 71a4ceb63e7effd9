/** Converse, from https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and ..._ConverseStream.html. */
import type { FinishKind } from "../../../../src/dialect/neutral.ts";
import type { Usage } from "../../../../src/exchange.ts";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";
import { usageOf } from "../../../../src/lib/usage.ts";
import { readEventStreamFrames } from "./frames.ts";
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

export const bedrockConverseOracle: Oracle = {
  dialect: "bedrock-converse",
  readFrames: readEventStreamFrames,
  fold,
  facts,
};

function fold(events: readonly WireEvent[]): JsonObject | null {
  const answer: MutableJson = {};
  const blocks = new Map<number, MutableJson>();
  let role: Json | undefined;
  let found = false;
  for (const { type, data } of events) {
    const index = count(data["contentBlockIndex"]) ?? 0;
    const block = blocks.get(index) ?? {};
    switch (type) {
      case "messageStart":
        found = true;
        role = data["role"];
        break;
      case "contentBlockStart":
        blocks.set(index, { ...block, ...object(data["start"]) });
        break;
      case "contentBlockDelta":
        blocks.set(index, block);
        foldDelta(block, object(data["delta"]));
        break;
      case "messageStop":
      case "metadata":
        found = true;
        // `p` pads events, to hide their lengths.
        assignPresent(answer, data, ["p"]);
        break;
      default:
    }
  }
  if (!found) return null;
  const content = [...blocks.entries()].toSorted(([a], [b]) => a - b).map(([, block]) => closeBlock(block));
  answer["output"] = {
    message: { role: role ?? "assistant", content: content.filter((block) => block["text"] !== "") },
  };
  return answer as JsonObject;
}

function foldDelta(block: MutableJson, delta: JsonObject): void {
  for (const [kind, value] of Object.entries(delta)) {
    if (kind === "text") block["text"] = text(block["text"]) + text(value);
    else if (kind === "toolUse") {
      const input = text(object(block["toolUse"])["input"]) + text(object(value)["input"]);
      block["toolUse"] = { ...object(block["toolUse"]), input };
    } else if (kind === "reasoningContent") {
      const reasoning: MutableJson = { ...object(block["reasoningContent"]) };
      for (const [member, piece] of Object.entries(object(value)))
        reasoning[member] = text(reasoning[member]) + text(piece);
      block["reasoningContent"] = reasoning as JsonObject;
    } else if (kind === "citation") block["citation"] = [...list(block["citation"]), value as Json];
    else block[kind] = [...list(block[kind]), ...(Array.isArray(value) ? value : [value as Json])];
  }
}

/** As Converse itself would say the block. */
function closeBlock(block: MutableJson): JsonObject {
  const { text: plain, toolUse, reasoningContent, citation, ...rest } = block;
  if (isObject(toolUse))
    return { ...rest, toolUse: { ...toolUse, input: argumentsOf(toolUse["input"]) } } as JsonObject;
  if (isObject(reasoningContent)) {
    const { text: thinking, signature, ...other } = reasoningContent;
    if (thinking === undefined && signature === undefined) return { reasoningContent: other };
    return {
      reasoningContent: {
        ...other,
        reasoningText: { text: text(thinking), ...(signature === undefined ? {} : { signature }) },
      },
    };
  }
  if (citation !== undefined) return { citationsContent: { content: [{ text: text(plain) }], citations: citation } };
  return (plain === undefined ? rest : { ...rest, text: plain }) as JsonObject;
}

// ---- What it says --------------------------------------------------------------------------------------------------

function facts(answer: JsonObject): Facts {
  let plain = "";
  let reasoning = "";
  const calls: CallFact[] = [];
  for (const block of list(object(object(answer["output"])["message"])["content"]).map(object)) {
    plain += text(block["text"]);
    for (const part of list(object(block["citationsContent"])["content"])) plain += text(object(part)["text"]);
    reasoning += text(object(object(block["reasoningContent"])["reasoningText"])["text"]);
    const { toolUse } = block;
    // A tool that Bedrock runs by itself has its result in the same message (`type: server_tool_use`).
    if (isObject(toolUse) && toolUse["type"] !== "server_tool_use") {
      calls.push({ name: text(toolUse["name"]), arguments: argumentsOf(toolUse["input"]) });
    }
  }
  const finish = finishOf(answer["stopReason"]);
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
    case "guardrail_intervened":
    case "content_filtered":
      return "content-filter";
    default:
      return "other";
  }
}

function usage(answer: JsonObject): Usage | null {
  const wire = answer["usage"];
  if (!isObject(wire)) return null;
  const cached = count(wire["cacheReadInputTokens"]) ?? count(wire["cacheReadInputTokenCount"]);
  const written = count(wire["cacheWriteInputTokens"]) ?? count(wire["cacheWriteInputTokenCount"]);
  // Where lifetimes are told apart, one that is not named had nothing.
  const details = list(wire["cacheDetails"]).map(object);
  const hourly = details.filter((detail) => detail["ttl"] === "1h").map((detail) => count(detail["inputTokens"]));
  return usageOf({
    // totalTokens is the sum of input, output, cache reads and cache writes.
    inputTokens: sum(count(wire["inputTokens"]), cached, written),
    outputTokens: count(wire["outputTokens"]),
    cachedTokens: cached,
    cacheWriteTokens: written,
    cacheWrite1hTokens: details.length === 0 ? null : sum(0, ...hourly),
  });
}

/**
 * Chat completions, and the legacy completions, from https://platform.openai.com/docs/api-reference/chat/streaming and, for what
 * others put into the same shape, https://docs.mistral.ai/api, https://openrouter.ai/docs/api-reference/streaming,
 * https://docs.x.ai/docs/api-reference, https://console.groq.com/docs/api-reference.
 */
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
  type ChoiceFacts,
  type Facts,
  type MutableJson,
  type Oracle,
  type WireEvent,
} from "./oracle.ts";

export const openaiChatOracle: Oracle = { dialect: "openai-chat", readFrames: readSseFrames, fold, facts };

/** Random text that hides lengths from who listens on the wire: it says nothing. */
const PADDING = ["obfuscation", "p", "padding"];
/** Members of a delta whose pieces make one text. */
const RUNNING_TEXTS = new Set(["content", "reasoning", "reasoning_content", "refusal"]);

function fold(events: readonly WireEvent[]): JsonObject | null {
  const answer: MutableJson = {};
  const choices = new Map<number, MutableJson>();
  let found = false;
  for (const { data } of events) {
    if (data["choices"] === undefined && data["error"] !== undefined && data["usage"] === undefined) continue;
    found = true;
    assignPresent(answer, data, ["choices", "error", ...PADDING]);
    for (const value of list(data["choices"])) foldChoice(choices, object(value));
  }
  if (!found) return null;
  answer["choices"] = [...choices.entries()].toSorted(([a], [b]) => a - b).map(([, choice]) => choice as JsonObject);
  return answer;
}

function foldChoice(choices: Map<number, MutableJson>, chunk: JsonObject): void {
  const index = count(chunk["index"]) ?? 0;
  let choice = choices.get(index);
  if (choice === undefined) choices.set(index, (choice = { index }));
  for (const [key, value] of Object.entries(chunk)) {
    if (value === null || value === undefined || key === "index") continue;
    if (key === "delta") choice["delta"] = foldDelta(object(choice["delta"]), object(value));
    else if (key === "logprobs") choice["logprobs"] = foldLists(object(choice["logprobs"]), object(value));
    else if (key === "text") choice["text"] = text(choice["text"]) + text(value);
    else choice[key] = value;
  }
}

function foldDelta(before: JsonObject, delta: JsonObject): JsonObject {
  const after: MutableJson = { ...before };
  for (const [key, value] of Object.entries(delta)) {
    if (value === null || value === undefined || PADDING.includes(key)) continue;
    const old = after[key];
    if (RUNNING_TEXTS.has(key) && typeof value === "string" && (old === undefined || typeof old === "string")) {
      if (text(old) + value !== "") after[key] = text(old) + value;
    } else if (key === "content" && (Array.isArray(value) || Array.isArray(old))) {
      after[key] = foldContentBlocks(old, value);
    } else if (key === "tool_calls") after[key] = foldCalls(list(old), list(value));
    else if (key === "function_call") after[key] = foldFunction(object(old), object(value));
    else if (key === "reasoning_details" && list(value).length > 0) after[key] = foldDetails(list(old), list(value));
    else if (key === "audio") after[key] = foldAudio(object(old), object(value));
    else if (Array.isArray(value)) {
      if (value.length > 0) after[key] = [...list(old), ...value];
    } else after[key] = value;
  }
  return after as JsonObject;
}

/** Mistral's magistral models: `content` is a list of thinking and text blocks, in the middle of a stream also plain text. */
function foldContentBlocks(old: Json | undefined, value: Json): readonly Json[] {
  const blocks = (
    typeof old === "string" ? (old === "" ? [] : [{ type: "text", text: old }]) : [...list(old)]
  ) as Json[];
  for (const next of typeof value === "string" ? [{ type: "text", text: value }] : list(value)) {
    const block = object(next);
    if (block["type"] === "text" && block["text"] === "") continue;
    const last = object(blocks.at(-1));
    if (block["type"] === "text" && last["type"] === "text") {
      blocks[blocks.length - 1] = { ...last, text: text(last["text"]) + text(block["text"]) };
    } else if (block["type"] === "thinking" && last["type"] === "thinking") {
      const joined = [...list(last["thinking"]), ...list(block["thinking"])].map((part) => text(object(part)["text"]));
      blocks[blocks.length - 1] = { ...last, ...block, thinking: [{ type: "text", text: joined.join("") }] };
    } else blocks.push(block);
  }
  return blocks;
}

function foldCalls(old: readonly Json[], pieces: readonly Json[]): readonly Json[] {
  const calls = [...old];
  for (const [position, value] of pieces.entries()) {
    const piece = object(value);
    const index = count(piece["index"]) ?? position;
    const at = calls.findIndex((call) => object(call)["index"] === index);
    const call: MutableJson = at === -1 ? { index } : { ...object(calls[at]) };
    assignPresent(call, piece, ["function", "index", "custom"]);
    if (isObject(piece["function"])) call["function"] = foldFunction(object(call["function"]), piece["function"]);
    if (isObject(piece["custom"])) {
      const input = text(object(call["custom"])["input"]) + text(piece["custom"]["input"]);
      call["custom"] = { ...object(call["custom"]), ...piece["custom"], input };
    }
    if (at === -1) calls.push(call as JsonObject);
    else calls[at] = call as JsonObject;
  }
  return calls;
}

function foldFunction(old: JsonObject, piece: JsonObject): JsonObject {
  const after: MutableJson = { ...old };
  // Mistral repeats the name as "" in the pieces that follow.
  assignPresent(
    after,
    piece,
    piece["name"] === "" && old["name"] !== undefined ? ["arguments", "name"] : ["arguments"],
  );
  const { arguments: args } = piece;
  after["arguments"] = isObject(args) ? args : text(old["arguments"]) + text(args);
  return after as JsonObject;
}

/** OpenRouter: pieces of one detail follow each other with the same type and index. */
function foldDetails(old: readonly Json[], pieces: readonly Json[]): readonly Json[] {
  const details = [...old];
  for (const value of pieces) {
    const piece = object(value);
    const last = object(details.at(-1));
    if (last["type"] !== piece["type"] || last["index"] !== piece["index"]) {
      details.push(piece);
      continue;
    }
    const joined: MutableJson = { ...last };
    for (const [key, part] of Object.entries(piece)) {
      if (part === null) continue;
      joined[key] = key === "text" || key === "summary" || key === "data" ? text(last[key]) + text(part) : part;
    }
    details[details.length - 1] = joined as JsonObject;
  }
  return details;
}

function foldAudio(old: JsonObject, piece: JsonObject): JsonObject {
  const after: MutableJson = { ...old };
  for (const [key, value] of Object.entries(piece)) {
    if (value === null) continue;
    after[key] = key === "data" || key === "transcript" ? text(old[key]) + text(value) : value;
  }
  return after as JsonObject;
}

function foldLists(old: JsonObject, piece: JsonObject): JsonObject {
  const after: MutableJson = { ...old };
  for (const [key, value] of Object.entries(piece)) {
    if (value !== null) after[key] = Array.isArray(value) ? [...list(old[key]), ...value] : (value as Json);
  }
  return after as JsonObject;
}

// ---- What it says --------------------------------------------------------------------------------------------------

function facts(answer: JsonObject): Facts {
  const choices = list(answer["choices"]).map((value): ChoiceFacts => {
    const choice = object(value);
    // Some providers answer a request without `stream` with a delta where the message belongs, or with both.
    const message = isObject(choice["message"]) ? choice["message"] : object(choice["delta"]);
    const content = message["content"];
    const blocks = list(content).map(object);
    const plain = typeof content === "string" ? content : blocks.map((block) => text(block["text"])).join("");
    const legacy = message["function_call"];
    const audio = object(message["audio"]);
    return {
      text: plain + text(choice["text"]) + (plain === "" ? text(audio["transcript"]) : ""),
      reasoning: reasoningOf(message, blocks),
      refusal: text(message["refusal"]),
      calls: [
        // Snowflake has entries without a name, which call nothing.
        ...list(message["tool_calls"]).flatMap((call) => callOf(object(call))),
        ...(isObject(legacy) && text(legacy["name"]) !== ""
          ? [{ name: text(legacy["name"]), arguments: argumentsOf(legacy["arguments"]) }]
          : []),
      ],
      finish: finishOf(choice["finish_reason"]),
    };
  });
  return { choices, usage: usage(answer) };
}

function reasoningOf(message: JsonObject, blocks: readonly JsonObject[]): string {
  for (const key of ["reasoning_content", "reasoning"]) if (text(message[key]) !== "") return text(message[key]);
  const thinking = blocks.flatMap((block) => list(block["thinking"]).map((part) => text(object(part)["text"])));
  if (thinking.length > 0) return thinking.join("");
  // OpenRouter gives the same text twice; the details alone where it leaves the plain field out.
  return list(message["reasoning_details"])
    .map((detail) => text(object(detail)["text"]) + text(object(detail)["summary"]))
    .join("");
}

function callOf(call: JsonObject): CallFact[] {
  if (call["type"] === "custom" && isObject(call["custom"])) {
    return [{ name: text(call["custom"]["name"]), arguments: text(call["custom"]["input"]) }];
  }
  const named = object(call["function"]);
  return text(named["name"]) === "" ? [] : [{ name: text(named["name"]), arguments: argumentsOf(named["arguments"]) }];
}

function finishOf(reason: Json | undefined): FinishKind | null {
  // Snowflake says "" of every end.
  if (reason === null || reason === undefined || reason === "") return null;
  switch (reason) {
    case "stop":
    case "eos": // Together's older models
      return "stop";
    case "length":
      return "length";
    case "tool_calls":
    case "function_call":
      return "tool-calls";
    case "content_filter":
      return "content-filter";
    case "error":
      return "error";
    default:
      return "other";
  }
}

function usage(answer: JsonObject): Usage | null {
  // Groq streams say it in a member of their own.
  const wire = isObject(answer["usage"]) ? answer["usage"] : object(object(answer["x_groq"])["usage"]);
  if (Object.keys(wire).length === 0) return null;
  const input = object(wire["prompt_tokens_details"]);
  const output = object(wire["completion_tokens_details"]);
  const search = isObject(wire["server_tool_use_details"])
    ? wire["server_tool_use_details"]
    : object(wire["server_tool_use"]);
  const prompt = count(wire["prompt_tokens"]);
  const completion = count(wire["completion_tokens"]);
  const total = count(wire["total_tokens"]);
  const reasoning = count(output["reasoning_tokens"]) ?? count(wire["reasoning_tokens"]);
  const audioInput = count(input["audio_tokens"]);
  const unexplained = total === null ? 0 : total - (prompt ?? 0) - (completion ?? 0);
  return usageOf({
    // Mistral counts audio beside the prompt, xAI reasoning beside the completion; the total shows it.
    inputTokens: unexplained > 0 && unexplained === audioInput ? sum(prompt, audioInput) : prompt,
    outputTokens: unexplained > 0 && unexplained === reasoning ? sum(completion, reasoning) : completion,
    // DeepSeek's, Moonshot's, Mistral's (at first) and Anthropic's words for it, where OpenAI's is missing.
    cachedTokens:
      count(input["cached_tokens"]) ??
      count(wire["prompt_cache_hit_tokens"]) ??
      count(wire["cached_tokens"]) ??
      count(wire["num_cached_tokens"]) ??
      count(wire["cache_read_input_tokens"]),
    cacheWriteTokens: count(input["cache_write_tokens"]) ?? count(wire["cache_creation_input_tokens"]),
    cacheWrite1hTokens: count(object(wire["cache_creation"])["ephemeral_1h_input_tokens"]),
    reasoningTokens: reasoning,
    audioInputTokens: audioInput,
    audioOutputTokens: count(output["audio_tokens"]),
    acceptedPredictionTokens: count(output["accepted_prediction_tokens"]),
    rejectedPredictionTokens: count(output["rejected_prediction_tokens"]),
    webSearches: count(search["web_search_requests"]) ?? count(wire["num_search_queries"]),
  });
}

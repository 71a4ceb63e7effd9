import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { WrittenRequest } from "../dialect.ts";
import type { NeutralMessage, NeutralRequest } from "../neutral.ts";
import type { Target } from "../target.ts";
import { writeCache } from "./cache.ts";
import { writeSchema } from "./json-schema.ts";
import { OWN, OWNER } from "./own.ts";
import { restoreReasoning, type WrittenReasoning, writeReasoning } from "./reasoning.ts";
import { MessageWriter } from "./write-messages.ts";
import { type WrittenTools, writeTools } from "./write-tools.ts";

/** In `quirks.refuses`: the model takes `temperature` or `top_p`, not both. */
export const BOTH_SAMPLERS = "temperature+topP";

/** Members of `extra` that are put back inside another member. */
const MERGED: ReadonlySet<string> = new Set(["tool_choice", "thinking", "output_config", "metadata", "output_format"]);

/** Writes a request for a provider: https://platform.claude.com/docs/en/api/messages/create */
export function writeRequest(request: NeutralRequest, target: Target): WrittenRequest {
  const isOwn = request.dialect === OWN;
  const { body, tools, reasoning } = writePrompt(request, target);
  body["max_tokens"] = reasoning.maxTokens;
  writeSampling(body, request, target, reasoning.hasBudget && !isOwn);
  if (request.isStream) body["stream"] = true;
  const tier = writeTier(request, target);
  if (tier !== null) body["service_tier"] = tier;
  const metadata: Record<string, Json | undefined> = { ...(isOwn ? asObject(request.extra?.["metadata"]) : null) };
  if (request.user !== null) metadata["user_id"] = request.user;
  if (Object.keys(metadata).length > 0) body["metadata"] = metadata;
  return { body, jsonTool: tools.jsonTool };
}

export type WrittenPrompt = {
  readonly body: Record<string, Json | undefined>;
  readonly tools: WrittenTools;
  readonly reasoning: WrittenReasoning;
};

/** All that the model reads: what tokens are counted of. */
export function writePrompt(request: NeutralRequest, target: Target): WrittenPrompt {
  const isOwn = request.dialect === OWN;
  const body: Record<string, Json | undefined> = { model: target.model };
  const { system, messages } = new MessageWriter(isOwn, target).write(request.messages);
  if (system !== null) body["system"] = system;
  body["messages"] = messages;
  const tools = writeTools(request, target, isOwn);
  if (tools.tools.length > 0 || (isOwn && request.extra?.["tools"] !== undefined)) body["tools"] = tools.tools;
  if (tools.toolChoice !== null) body["tool_choice"] = tools.toolChoice;
  const reasoning = isOwn
    ? restoreReasoning(request, target)
    : writeReasoning(request, target, {
        isForced: tools.isForced,
        lacksThinking: lacksThinking(request.messages),
      });
  if (reasoning.thinking !== null) body["thinking"] = reasoning.thinking;
  writeOutputConfig(body, request, target, reasoning.effort);
  if (request.cache !== null) body["cache_control"] = writeCache(request.cache);
  if (isOwn && request.extra !== null) {
    for (const key in request.extra) {
      const value = request.extra[key];
      if (value !== undefined && !MERGED.has(key)) body[key] = value;
    }
  }
  return { body, tools, reasoning };
}

function writeOutputConfig(
  body: Record<string, Json | undefined>,
  request: NeutralRequest,
  target: Target,
  effort: string | null,
): void {
  const isOwn = request.dialect === OWN;
  const config: Record<string, Json | undefined> = { ...(isOwn ? asObject(request.extra?.["output_config"]) : null) };
  if (effort !== null) config["effort"] = effort;
  const { responseFormat } = request;
  if (responseFormat?.kind === "json-schema" && target.quirks.jsonSchema !== "tool") {
    const schema = isOwn ? responseFormat.schema : writeSchema(responseFormat.schema);
    const format: JsonObject = { type: "json_schema", schema };
    if (isOwn && request.extra?.["output_format"] === null) body["output_format"] = format;
    else config["format"] = format;
  }
  if (Object.keys(config).length > 0) body["output_config"] = config;
}

/** Sampling settings within their bounds; `isThinking`: with a budget, "temperature may only be set to 1", and the others are bounded too. */
function writeSampling(
  body: Record<string, Json | undefined>,
  request: NeutralRequest,
  target: Target,
  isThinking: boolean,
): void {
  const isOwn = request.dialect === OWN;
  let { temperature, topP, topK } = request;
  if (temperature !== null && temperature > 1 && !isOwn) {
    target.cannot("temperature", `it is at most 1, got ${temperature}`);
    temperature = 1;
  }
  if (isThinking) {
    const why = "with thinking the model takes no other value";
    if (temperature !== null && temperature !== 1) {
      target.cannot("temperature", why);
      temperature = null;
    }
    if (topP !== null && topP < 0.95) {
      target.cannot("topP", why);
      topP = null;
    }
    if (topK !== null) {
      target.cannot("topK", "with thinking the model takes none");
      topK = null;
    }
  }
  if (temperature !== null && topP !== null && !isOwn && target.quirks.refuses.includes(BOTH_SAMPLERS)) {
    // Values that change nothing are no loss; else one of the two must go.
    if (topP !== 1 && temperature !== 1) target.cannot("topP", "the model takes temperature or top_p, not both");
    if (topP !== 1 && temperature === 1) temperature = null;
    else topP = null;
  }
  if (temperature !== null) body["temperature"] = temperature;
  if (topP !== null) body["top_p"] = topP;
  if (topK !== null) body["top_k"] = topK;
  if (request.stop !== null) {
    const stop = isOwn ? request.stop : request.stop.filter((text) => text.trim() !== "");
    if (stop.length < request.stop.length) target.cannot("stop", "a stop sequence needs more than white space");
    if (stop.length > 0 || isOwn) body["stop_sequences"] = stop;
  }
}

/** Tiers of a request are `auto` and `standard_only`; whoever asks for priority gets it by `auto`, where it was bought. */
function writeTier({ serviceTier, dialect }: NeutralRequest, target: Target): string | null {
  switch (serviceTier) {
    case null:
      return null;
    case "default":
    case "standard":
    case "standard_only":
      return "standard_only";
    case "auto":
    case "priority":
      return "auto";
    default:
      if (dialect === OWN) return serviceTier;
      target.hint("serviceTier");
      return null;
  }
}

/** Whether a tool loop is under way whose turn would not begin with a thinking block of Anthropic's. */
function lacksThinking(messages: readonly NeutralMessage[]): boolean {
  const last = messages.findLastIndex((message) => message.role === "assistant");
  const message = messages[last];
  if (message === undefined || !messages.slice(last).some(({ role }) => role === "tool")) return false;
  const begins = message.parts.some(
    (part) => part.kind === "reasoning" && (part.signature?.owner === OWNER || part.encrypted?.owner === OWNER),
  );
  return !begins;
}

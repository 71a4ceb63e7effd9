import { asBoolean, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { RequestContext } from "../dialect.ts";
import {
  type NeutralMessage,
  type NeutralRequest,
  NO_SETTINGS,
  type ReasoningEffort,
  type ReasoningSettings,
} from "../neutral.ts";
import { invalidType, invalidValue } from "../openai-invalid.ts";
import { leftover } from "./leftover.ts";
import { readInput } from "./read-input.ts";
import { PREVIOUS_RESPONSE } from "./previous-response.ts";
import { readText } from "./text-format.ts";
import { readToolChoice, readTools } from "./tools.ts";

const EFFORTS: readonly ReasoningEffort[] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];
const SUMMARIES = ["auto", "concise", "detailed"] as const;
const LOGPROBS = "message.output_text.logprobs";

/** A Responses request: https://platform.openai.com/docs/api-reference/responses/create */
export function readRequest(body: JsonObject, context: RequestContext): NeutralRequest {
  const text = readText(body["text"]);
  const reasoning = readReasoning(body["reasoning"]);
  const toolChoice = readToolChoice(body["tool_choice"]);
  const metadata = body["metadata"];
  if (metadata !== undefined && metadata !== null && asObject(metadata) === null) {
    throw invalidType("metadata", "an object", metadata);
  }
  const includes = body["include"];
  if (includes !== undefined && includes !== null && !Array.isArray(includes)) {
    throw invalidType("include", "an array of strings", includes);
  }
  const safetyIdentifier = readString(body, "safety_identifier");
  const user = readString(body, "user");
  const isStream = context.isStream || body["stream"] === true;
  const settings = {
    maxTokens: readNumber(body, "max_output_tokens"),
    temperature: readNumber(body, "temperature"),
    topP: readNumber(body, "top_p"),
    topLogprobs: readNumber(body, "top_logprobs"),
    parallelToolCalls: readBoolean(body, "parallel_tool_calls"),
    isStored: readBoolean(body, "store"),
    metadata: asObject(metadata),
    serviceTier: readString(body, "service_tier"),
    promptCacheKey: readString(body, "prompt_cache_key"),
    promptCacheRetention: readString(body, "prompt_cache_retention"),
    previousResponseId: readString(body, "previous_response_id"),
  };
  // What must not be sent without being understood stays in `extra`, where the check before the writer finds it.
  const extra: Record<string, Json | undefined> = {
    ...leftover(body, {
      model: true,
      input: true,
      instructions: asString(body["instructions"]),
      tools: true,
      text: body["text"] === null ? null : true,
      reasoning: body["reasoning"] === null ? null : true,
      tool_choice: toolChoice,
      stream: body["stream"] === false ? null : true,
      background: body["background"] === true ? null : true,
      user,
      max_output_tokens: settings.maxTokens,
      temperature: settings.temperature,
      top_p: settings.topP,
      top_logprobs: settings.topLogprobs,
      parallel_tool_calls: settings.parallelToolCalls,
      store: settings.isStored,
      metadata: settings.metadata,
      service_tier: settings.serviceTier,
      prompt_cache_key: settings.promptCacheKey,
      prompt_cache_retention: settings.promptCacheRetention,
      previous_response_id: settings.previousResponseId,
    }),
  };
  // They say nothing, but stand there; as null they are no reason to refuse.
  if (body["stream"] === false) extra["stream"] = null;
  if (Array.isArray(body["tools"]) && body["tools"].length === 0) extra["tools"] = null;
  if (text.rest !== null) extra["text"] = text.rest;
  if (reasoning?.rest !== undefined && reasoning.rest !== null) extra["reasoning"] = reasoning.rest;
  const request: NeutralRequest = {
    ...NO_SETTINGS,
    ...settings,
    dialect: "openai-responses",
    model: context.model,
    isStream,
    wantsStreamUsage: true,
    messages: [...readInstructions(body["instructions"]), ...readInput(body)],
    tools: readTools(body["tools"]),
    toolChoice,
    logprobs: Array.isArray(includes) && includes.includes(LOGPROBS) ? true : null,
    responseFormat: text.responseFormat,
    verbosity: text.verbosity,
    reasoning: reasoning?.settings ?? null,
    // `user` is what `safety_identifier` was called before.
    user: user ?? safetyIdentifier,
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
  const previous = (body as { readonly [PREVIOUS_RESPONSE]?: string })[PREVIOUS_RESPONSE];
  return previous === undefined ? request : Object.assign(request, { [PREVIOUS_RESPONSE]: previous });
}

function readInstructions(value: Json | undefined): readonly NeutralMessage[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== "string") throw invalidType("instructions", "a string", value);
  return [{ role: "system", parts: [{ kind: "text", text: value }], extra: { form: "instructions" } }];
}

function readReasoning(
  value: Json | undefined,
): { readonly settings: ReasoningSettings | null; readonly rest: JsonObject | null } | null {
  if (value === undefined || value === null) return null;
  const reasoning = asObject(value);
  if (reasoning === null) throw invalidType("reasoning", "an object", value);
  const word = readString(reasoning, "effort", "reasoning.effort");
  const effort = EFFORTS.find((known) => known === word) ?? null;
  if (word !== null && effort === null) throw invalidValue("reasoning.effort", word, EFFORTS);
  const shown = asString(reasoning["summary"]);
  const show = SUMMARIES.find((known) => known === shown) ?? null;
  if (shown !== null && show === null) throw invalidValue("reasoning.summary", shown, SUMMARIES);
  // What `summary` was called first.
  const older = show === null ? (SUMMARIES.find((known) => known === reasoning["generate_summary"]) ?? null) : null;
  const isEmpty = effort === null && show === null && older === null;
  return {
    settings: isEmpty ? null : { effort, budgetTokens: null, isEnabled: null, isAdaptive: null, show: show ?? older },
    rest: isEmpty && Object.keys(reasoning).length === 0 ? {} : leftover(reasoning, { effort, summary: show }),
  };
}

function readString(body: JsonObject, name: string, param = name): string | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw invalidType(param, "a string", value);
  return value;
}

function readNumber(body: JsonObject, name: string): number | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  const number = asNumber(value);
  if (number === null) throw invalidType(name, "a number", value);
  return number;
}

function readBoolean(body: JsonObject, name: string): boolean | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  const flag = asBoolean(value);
  if (flag === null) throw invalidType(name, "a boolean", value);
  return flag;
}

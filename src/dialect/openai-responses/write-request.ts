import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { WrittenRequest } from "../dialect.ts";
import { type FunctionTool, JSON_TOOL, jsonToolOf } from "../json-tool.ts";
import type { NeutralRequest, NeutralTool, ReasoningSettings } from "../neutral.ts";
import { effortOfBudget, nearestEffort } from "../reasoning-effort.ts";
import type { Target } from "../target.ts";
import { writeFormat } from "./text-format.ts";
import { writeTool, writeToolChoice } from "./tools.ts";
import { writeInput } from "./write-input.ts";

/** "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16": what the API says to fewer. */
const MIN_OUTPUT_TOKENS = 16;

/** A Responses request for a provider: https://platform.openai.com/docs/api-reference/responses/create */
export function writeRequest(request: NeutralRequest, target: Target): WrittenRequest {
  const isOwn = request.dialect === "openai-responses";
  const extra = request.extra ?? {};
  const { responseFormat } = request;
  const usesTool = responseFormat?.kind === "json-schema" && target.quirks.jsonSchema === "tool";
  const { instructions, input } = writeInput(request, target);
  const tools = request.tools.flatMap((tool): Json[] => {
    const written = writeTool(tool, isOwn, target);
    return written === null ? [] : [written];
  });
  if (usesTool) tools.push(writeJsonTool(jsonToolOf(responseFormat)));
  const toolChoice = usesTool ? choiceWithJsonTool(request.tools) : request.toolChoice;
  const reasoning = writeReasoning(request.reasoning, target, request.maxTokens);
  const text = writeText(request, usesTool, target, extra["text"]);
  // As null these two stand for `false` and an empty list (readRequest).
  const { stream: noStream, tools: noTools, text: _text, reasoning: otherReasoning, ...rest } = extra;
  // Said under the name it had first, the summary is not said again.
  if (reasoning !== null && asObject(otherReasoning)?.["generate_summary"] !== undefined) delete reasoning["summary"];
  const body: Record<string, Json | undefined> = {
    model: target.model,
    ...(instructions === null ? {} : { instructions }),
    ...(input === null ? {} : { input }),
    ...(tools.length === 0 && noTools !== null ? {} : { tools }),
    ...(toolChoice === null ? {} : { tool_choice: writeToolChoice(toolChoice, request.tools) }),
    ...(request.parallelToolCalls === null ? {} : { parallel_tool_calls: request.parallelToolCalls }),
    ...(request.maxTokens === null ? {} : { max_output_tokens: outputTokens(request.maxTokens, isOwn, target) }),
    ...(request.temperature === null ? {} : { temperature: request.temperature }),
    ...(request.topP === null ? {} : { top_p: request.topP }),
    ...(request.topLogprobs === null ? {} : { top_logprobs: request.topLogprobs }),
    ...(text === null ? {} : { text }),
    ...(reasoning === null && otherReasoning === undefined
      ? {}
      : {
          reasoning: otherReasoning === null ? null : { ...reasoning, ...(otherReasoning as JsonObject | undefined) },
        }),
    ...(request.user === null || rest["safety_identifier"] === request.user ? {} : { user: request.user }),
    ...(request.metadata === null ? {} : { metadata: request.metadata }),
    ...(request.serviceTier === null ? {} : { service_tier: serviceTier(request.serviceTier, isOwn) }),
    ...(request.promptCacheKey === null ? {} : { prompt_cache_key: request.promptCacheKey }),
    ...(request.promptCacheRetention === null ? {} : { prompt_cache_retention: request.promptCacheRetention }),
    ...(request.previousResponseId === null ? {} : { previous_response_id: request.previousResponseId }),
    ...(isOwn ? ownStore(request) : foreignStore(request, target, reasoning !== null)),
    ...(request.isStream ? { stream: true } : noStream === null ? { stream: false } : {}),
    ...(isOwn ? rest : {}),
  };
  for (const [from, to] of Object.entries(target.quirks.renames)) {
    if (body[from] === undefined) continue;
    body[to] = body[from];
    delete body[from];
  }
  return { body, jsonTool: usesTool ? JSON_TOOL : null };
}

function ownStore(request: NeutralRequest): JsonObject {
  return request.isStored === null ? {} : { store: request.isStored };
}

/**
 * What a request of another API asks for besides: it is not stored unless it says so (this API alone stores by default), its
 * log-probabilities are a thing to include, and so is the encrypted reasoning that the next turn has to bring back.
 * Models that do not reason refuse that ("Encrypted content is not supported with this model"), so it needs a sign that one does.
 */
function foreignStore(request: NeutralRequest, target: Target, reasons: boolean): JsonObject {
  const hasReasoning = request.messages.some(({ parts }) =>
    parts.some((part) => part.kind === "reasoning" && part.encrypted?.owner === "openai"),
  );
  const include = [
    ...((reasons && request.reasoning?.effort !== "none") || hasReasoning ? ["reasoning.encrypted_content"] : []),
    ...(request.logprobs === true ? ["message.output_text.logprobs"] : []),
  ];
  const isStored = request.isStored ?? (target.refuses("isStored") ? null : false);
  return {
    ...(isStored === null ? {} : { store: isStored }),
    ...(include.length === 0 ? {} : { include }),
  };
}

function outputTokens(maxTokens: number, isOwn: boolean, target: Target): number {
  if (isOwn || maxTokens >= MIN_OUTPUT_TOKENS) return maxTokens;
  target.hint("maxTokens");
  return MIN_OUTPUT_TOKENS;
}

/** Anthropic's "standard_only" is the default; other words are passed on. */
function serviceTier(tier: string, isOwn: boolean): string {
  return !isOwn && (tier === "standard_only" || tier === "standard") ? "default" : tier;
}

function writeReasoning(
  reasoning: ReasoningSettings | null,
  target: Target,
  maxTokens: number | null,
): Record<string, Json> | null {
  if (reasoning === null || target.quirks.reasoning === "none") return null;
  const { efforts } = target.quirks;
  let { effort } = reasoning;
  if (reasoning.isEnabled === false) {
    // Only some models can be told not to reason; others are asked for as little as they know.
    effort = efforts === null ? null : nearestEffort("none", efforts);
    if (effort === null) target.hint("reasoning");
  } else if (effort === null && reasoning.budgetTokens !== null)
    effort = effortOfBudget(reasoning.budgetTokens, maxTokens);
  const summary = reasoning.show === null || reasoning.show === "none" ? null : reasoning.show;
  if (effort === null && summary === null) return null;
  return {
    ...(effort === null ? {} : { effort: nearestEffort(effort, efforts) }),
    ...(summary === null ? {} : { summary }),
  };
}

function writeText(request: NeutralRequest, usesTool: boolean, target: Target, extra: Json | undefined): Json {
  if (extra === null) return null;
  const { responseFormat, verbosity } = request;
  const isPlainJson = responseFormat?.kind === "json-schema" && target.quirks.jsonSchema === "json-object";
  const format =
    responseFormat === null || usesTool ? null : isPlainJson ? { type: "json_object" } : writeFormat(responseFormat);
  const text = {
    ...(format === null ? {} : { format }),
    ...(verbosity === null ? {} : { verbosity }),
    ...(extra as JsonObject | undefined),
  };
  return Object.keys(text).length === 0 ? null : text;
}

function writeJsonTool({ name, description, parameters }: FunctionTool): JsonObject {
  return { type: "function", name, description, parameters, strict: false };
}

function choiceWithJsonTool(tools: readonly NeutralTool[]): NonNullable<NeutralRequest["toolChoice"]> {
  return tools.length === 0 ? { kind: "tool", name: JSON_TOOL } : { kind: "required" };
}

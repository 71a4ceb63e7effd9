import type { Json, JsonObject } from "../../lib/json.ts";
import type { WrittenRequest } from "../dialect.ts";
import { JSON_TOOL, jsonToolOf } from "../json-tool.ts";
import type { NeutralRequest, NeutralTool, ResponseFormat } from "../neutral.ts";
import type { Target } from "../target.ts";
import { renameMembers } from "../wire-names.ts";
import { formOf } from "./form.ts";
import { refuseCompletionFields } from "./completions-request.ts";
import { writeReasoning } from "./reasoning.ts";
import { writeFunction, writeSearchOptions, writeTool, writeToolChoice } from "./tools.ts";
import { writeCache, writePart } from "./write-content.ts";
import { writeMessages } from "./write-messages.ts";

type Written = Record<string, Json | undefined>;

/** Writes a chat completion's request; legacy completions too become one. */
export function writeRequest(request: NeutralRequest, target: Target): WrittenRequest {
  const isOwn = request.dialect === "openai-chat";
  const form = formOf(request);
  const { quirks } = target;
  const takesCache = isOwn || quirks.reasoning === "reasoning-object";
  if (form.isCompletion === true) refuseCompletionFields(request, target);
  const body: Written = {
    ...(isOwn ? form.silent : null),
    model: target.model,
    messages: writeMessages(request, target),
  };
  if (request.isStream) body["stream"] = true;
  if (request.isStream && request.wantsStreamUsage)
    body["stream_options"] = { ...asStreamOptions(form.silent), include_usage: true };
  writeNumbers(body, request, isOwn ? form.names : undefined);
  const jsonTool = writeTools(body, request, isOwn, takesCache, target);
  if (request.reasoning !== null)
    Object.assign(body, writeReasoning(request.reasoning, isOwn, target, request.maxTokens));
  writeOutput(body, request, isOwn);
  writeHints(body, request, isOwn, takesCache, target);
  if (isOwn) writeExtra(body, request.extra, form.isCompletion === true);
  return { body: renameMembers(body as JsonObject, quirks.renames), jsonTool };
}

function asStreamOptions(silent: JsonObject | undefined): JsonObject | null {
  const options = silent?.["stream_options"];
  return typeof options === "object" && options !== null ? (options as JsonObject) : null;
}

function writeNumbers(
  body: Written,
  request: NeutralRequest,
  names: Readonly<Record<string, string>> | undefined,
): void {
  const name = names?.["maxTokens"] ?? "max_completion_tokens";
  if (request.maxTokens !== null) {
    if (name === "both") body["max_tokens"] = request.maxTokens;
    body[name === "both" ? "max_completion_tokens" : name] = request.maxTokens;
  }
  const put = (member: string, value: Json): void => {
    if (value !== null) body[member] = value;
  };
  put("temperature", request.temperature);
  put("top_p", request.topP);
  put("top_k", request.topK);
  put("min_p", request.minP);
  put(names?.["seed"] ?? "seed", request.seed);
  put("frequency_penalty", request.frequencyPenalty);
  put("presence_penalty", request.presencePenalty);
  put("repetition_penalty", request.repetitionPenalty);
  put("logit_bias", request.logitBias);
  put("n", request.choices);
  put("logprobs", request.logprobs);
  put("top_logprobs", request.topLogprobs);
  const { stop } = request;
  if (stop !== null && stop.length > 0) body["stop"] = names?.["stop"] === "string" ? (stop[0] ?? null) : stop;
}

/** Tools, the choice among them, and the answer's format, which may take one. */
function writeTools(
  body: Written,
  request: NeutralRequest,
  isOwn: boolean,
  takesCache: boolean,
  target: Target,
): string | null {
  const { toolChoice, parallelToolCalls, responseFormat } = request;
  const isLegacy = isOwn && formOf(request).isLegacy === true && formOf(request).isCompletion !== true;
  const functions = request.tools.filter((tool) => tool.kind === "function");
  const tools: JsonObject[] = [];
  for (const tool of request.tools) {
    if (isLegacy && tool.kind === "function") continue;
    const written = writeTool(tool, isOwn, takesCache);
    if (written !== null) tools.push(written);
    else if (tool.kind === "web-search") body["web_search_options"] = writeSearch(tool, isOwn, target);
  }
  if (isLegacy && functions.length > 0) {
    body["functions"] = functions.map(writeFunction);
    if (toolChoice?.kind === "tool") body["function_call"] = { name: toolChoice.name };
    else if (toolChoice !== null) body["function_call"] = toolChoice.kind;
  } else if (toolChoice !== null) body["tool_choice"] = writeToolChoice(toolChoice, request.tools, isOwn);
  if (parallelToolCalls !== null) body["parallel_tool_calls"] = parallelToolCalls;
  const jsonTool = responseFormat === null ? null : writeFormat(body, responseFormat, tools, isOwn, target);
  if (tools.length > 0) body["tools"] = tools;
  return jsonTool;
}

/** OpenAI's search knows where the user is and how much to read, not which pages to leave out. */
function writeSearch(tool: Extract<NeutralTool, { kind: "web-search" }>, isOwn: boolean, target: Target): JsonObject {
  if (tool.allowedDomains !== null && tool.allowedDomains.length > 0) {
    target.cannot("allowed_domains", "its web search cannot be kept to certain sites");
  }
  if (tool.blockedDomains !== null && tool.blockedDomains.length > 0) {
    target.cannot("blocked_domains", "its web search cannot leave out certain sites");
  }
  if (tool.maxUses !== null) target.hint("max_uses");
  return writeSearchOptions(tool, isOwn);
}

/** Gives the name of the tool where the format took one. */
function writeFormat(
  body: Written,
  format: ResponseFormat,
  tools: JsonObject[],
  isOwn: boolean,
  target: Target,
): string | null {
  const { said } = formOf(format);
  const { jsonSchema } = target.quirks;
  switch (format.kind) {
    case "text":
      body["response_format"] = { type: "text" };
      return null;
    case "json":
      body["response_format"] = { type: "json_object" };
      return null;
    case "json-schema": {
      if (jsonSchema === "json-object") {
        body["response_format"] = { type: "json_object" };
        describeSchema(body, format);
        return null;
      }
      if (jsonSchema === "tool") {
        body["tool_choice"] = tools.length === 0 ? { type: "function", function: { name: JSON_TOOL } } : "required";
        const { name, description, parameters } = jsonToolOf(format);
        tools.push({ type: "function", function: { name, description, parameters } });
        return JSON_TOOL;
      }
      if (isOwn && said !== undefined) body["response_format"] = said;
      else {
        body["response_format"] = {
          type: "json_schema",
          json_schema: {
            name: format.name,
            ...(format.description === null ? {} : { description: format.description }),
            schema: format.schema,
            ...(format.isStrict === null ? {} : { strict: format.isStrict }),
          },
        };
      }
      return null;
    }
    default:
      return format satisfies never;
  }
}

/** Plain JSON mode knows no schema: the model is told of it in words, and of JSON, which this mode demands. */
function describeSchema(body: Written, format: Extract<ResponseFormat, { kind: "json-schema" }>): void {
  const about = format.description === null ? "" : ` It is: ${format.description}.`;
  const content = `Answer with one JSON object that follows this JSON Schema, and nothing else.${about}\n${JSON.stringify(format.schema)}`;
  const messages = body["messages"] as readonly JsonObject[];
  body["messages"] = [{ role: "system", content }, ...messages];
}

function writeOutput(body: Written, request: NeutralRequest, isOwn: boolean): void {
  const { verbosity, modalities, audio, prediction } = request;
  if (verbosity !== null) body["verbosity"] = verbosity;
  if (modalities !== null) body["modalities"] = modalities;
  if (audio !== null) {
    const { said } = formOf(audio);
    body["audio"] =
      isOwn && said !== undefined ? said : { voice: audio.voice ?? "alloy", format: audio.format ?? "wav" };
  }
  if (prediction !== null) {
    const isList = isOwn && formOf(request).names?.["prediction"] === "list";
    const content: Json = isList
      ? prediction.map((part) => writePart(part, { isOwn, takesCache: isOwn })).filter((part) => part !== null)
      : prediction.map((part) => (part.kind === "text" ? part.text : "")).join("");
    body["prediction"] = { type: "content", content };
  }
}

function writeHints(body: Written, request: NeutralRequest, isOwn: boolean, takesCache: boolean, target: Target): void {
  if (request.user !== null) body[(isOwn ? formOf(request).names?.["user"] : undefined) ?? "user"] = request.user;
  if (request.metadata !== null) body["metadata"] = request.metadata;
  if (request.serviceTier !== null) body["service_tier"] = request.serviceTier;
  if (request.promptCacheKey !== null) body["prompt_cache_key"] = request.promptCacheKey;
  if (request.promptCacheRetention !== null) body["prompt_cache_retention"] = request.promptCacheRetention;
  if (request.isStored !== null) body["store"] = request.isStored;
  if (request.cache !== null) {
    if (takesCache) body["cache_control"] = writeCache(request.cache);
    else target.hint("cache");
  }
}

/** Members of a server's own; what is left of a member that was read joins what was written of it. */
function writeExtra(body: Written, extra: JsonObject | null, isCompletion: boolean): void {
  if (extra === null || isCompletion) return;
  for (const key in extra) {
    const value = extra[key];
    const written = body[key];
    const isJoined = typeof written === "object" && written !== null && typeof value === "object" && value !== null;
    body[key] = isJoined && !Array.isArray(value) ? { ...(value as JsonObject), ...(written as JsonObject) } : value;
  }
}

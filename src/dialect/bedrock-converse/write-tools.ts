/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html */
import { asObject, type JsonObject } from "../../lib/json.ts";
import { JSON_TOOL, jsonToolOf } from "../json-tool.ts";
import type { NeutralRequest, NeutralTool, Part, ToolChoice } from "../neutral.ts";
import type { Target } from "../target.ts";
import { hasCachePoints, hasHourCache, hasStructuredOutput } from "./model-family.ts";
import { OWN } from "./own.ts";
import { writeCachePoint } from "./write-part.ts";

export type WrittenTools = {
  readonly toolConfig: JsonObject | null;
  /** Whether the model has to call a tool. */
  readonly isForced: boolean;
  readonly jsonTool: string | null;
};

/** `toolConfig`; a JSON answer that the model cannot be asked for otherwise goes through a tool. */
export function writeTools(request: NeutralRequest, target: Target): WrittenTools {
  const isOwn = request.dialect === OWN;
  const rest = isOwn ? (asObject(request.extra?.["toolConfig"]) ?? {}) : {};
  const jsonTool = isOwn ? null : chooseJsonTool(request, target);
  const chosen = chooseTools(request, jsonTool, target, isOwn);
  const { tools, choice } = isOwn ? chosen : fitChoice(chosen, jsonTool !== null, target);
  if (tools.length === 0) {
    // Without a tool there is none to turn back into text.
    const config = { ...writeChoice(isOwn ? choice : null), ...rest };
    return { toolConfig: Object.keys(config).length === 0 ? null : config, isForced: false, jsonTool: null };
  }
  const written = tools.flatMap((tool) => writeTool(tool, target, isOwn));
  return {
    toolConfig: { tools: written, ...writeChoice(choice), ...rest },
    isForced: choice?.kind === "required" || choice?.kind === "tool",
    jsonTool: jsonTool === null ? null : JSON_TOOL,
  };
}

/** The tools that are sent, and how the model is to choose among them. */
type Chosen = { readonly tools: readonly NeutralTool[]; readonly choice: ToolChoice | null };

/**
 * What of a choice the model takes (words of the model families' `refuses`). A JSON answer is asked for less firmly where it cannot be
 * forced; a choice of the caller's own is refused.
 */
function fitChoice({ tools, choice }: Chosen, hasJsonTool: boolean, target: Target): Chosen {
  const { refuses } = target.quirks;
  const isForcing = choice?.kind === "required" || choice?.kind === "tool";
  if (tools.length > 0 && refuses.includes("tools")) {
    target.cannot(hasJsonTool ? "responseFormat" : "tools", "the model knows no tools");
    return { tools: [], choice: null };
  }
  if (refuses.includes("toolChoice")) return { tools, choice: null };
  if (isForcing && refuses.includes("forcedToolChoice")) {
    if (!hasJsonTool) target.cannot("toolChoice", "the model takes no forced tool call");
    return { tools, choice: { kind: "auto" } };
  }
  if (choice?.kind === "tool" && refuses.includes("namedToolChoice")) {
    // The only one that is offered is the one that any call is of.
    return { tools: tools.filter((tool) => "name" in tool && tool.name === choice.name), choice: { kind: "required" } };
  }
  return { tools, choice };
}

function chooseTools(request: NeutralRequest, jsonTool: NeutralTool | null, target: Target, isOwn: boolean): Chosen {
  const { toolChoice } = request;
  let { tools } = request;
  let choice = toolChoice;
  if (isOwn) return { tools, choice };
  if (toolChoice?.kind === "none") {
    choice = null;
    // Converse has no such choice. Without tools none can be called, but a conversation with calls must name its tools.
    if (!usesTools(request)) tools = [];
    else if (tools.length > 0)
      target.cannot("toolChoice", "earlier turns hold tool calls, and then Converse lets the model call tools");
  }
  if (toolChoice?.kind === "allowed") {
    const allowed = new Set(toolChoice.names);
    tools = tools.filter((tool) => tool.kind !== "function" || allowed.has(tool.name));
    choice = { kind: toolChoice.isRequired ? "required" : "auto" };
  }
  if (jsonTool !== null) {
    const hasOthers = tools.length > 0 && toolChoice?.kind !== "none";
    if (!hasOthers) choice = { kind: "tool", name: JSON_TOOL };
    else if (choice?.kind !== "tool") choice = { kind: "required" };
    tools = [...tools, jsonTool];
  }
  // "The toolConfig field must be defined when using toolUse and toolResult content blocks."
  if (tools.length === 0 && usesTools(request)) tools = namesOfCalls(request).map(placeholder);
  return { tools, choice: tools.length === 0 ? null : choice };
}

function usesTools({ messages }: NeutralRequest): boolean {
  return messages.some(({ parts }) => parts.some(({ kind }) => kind === "tool-call" || kind === "tool-result"));
}

function namesOfCalls({ messages }: NeutralRequest): readonly string[] {
  const calls = messages
    .flatMap(({ parts }) => parts)
    .filter((part): part is Extract<Part, { kind: "tool-call" }> => part.kind === "tool-call");
  const names = new Set(calls.map(({ name }) => name));
  return names.size === 0 ? ["unknown"] : [...names];
}

/** A tool of an earlier turn that this request does not offer any more. */
function placeholder(name: string): NeutralTool {
  return { kind: "function", name, description: "No longer available.", parameters: null, isStrict: null };
}

function chooseJsonTool({ responseFormat }: NeutralRequest, target: Target): NeutralTool | null {
  if (responseFormat === null || responseFormat.kind === "text") return null;
  return responseFormat.kind === "json-schema" && isSchemaNative(target) ? null : jsonToolOf(responseFormat);
}

/** Whether the model takes `outputConfig.textFormat`: as its data says, or what is known of its family. */
export function isSchemaNative({ quirks, model }: Target): boolean {
  return quirks.jsonSchema === null ? hasStructuredOutput(model) : quirks.jsonSchema === "native";
}

function writeTool(tool: NeutralTool, target: Target, isOwn: boolean): readonly JsonObject[] {
  switch (tool.kind) {
    case "native":
      return [tool.value];
    case "function": {
      const { toolSpec, ...outer } = (isOwn ? tool.extra : undefined) ?? {};
      const hasDescription = tool.description !== null && (tool.description !== "" || isOwn);
      const isStrict = tool.isStrict !== null && (isOwn || (tool.isStrict && isSchemaNative(target)));
      const written: JsonObject = {
        toolSpec: {
          name: tool.name,
          ...(hasDescription ? { description: tool.description } : null),
          inputSchema: { json: isOwn && tool.parameters !== null ? tool.parameters : schemaOf(tool.parameters) },
          ...(isStrict ? { strict: tool.isStrict } : null),
          ...asObject(toolSpec),
        },
        ...outer,
      };
      if (tool.cache === undefined) return [written];
      if (!isOwn && !hasToolCache(target)) {
        target.hint("cache");
        return [written];
      }
      const ttl = isOwn || hasHourCache(target.model) ? tool.cache.ttl : null;
      return [written, writeCachePoint({ ttl })];
    }
    case "custom":
    case "web-search":
      // Only a request that was not made to fit comes here with one.
      return [];
    default:
      return tool satisfies never;
  }
}

/** Nova caches prompts, but no tools: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html */
function hasToolCache({ model }: Target): boolean {
  return hasCachePoints(model) && !/amazon\.nova/.test(model);
}

/** A schema must be one of an object. */
function schemaOf(parameters: JsonObject | null): JsonObject {
  if (parameters === null) return { type: "object", properties: {} };
  return parameters["type"] === undefined ? { ...parameters, type: "object" } : parameters;
}

function writeChoice(choice: ToolChoice | null): JsonObject {
  switch (choice?.kind) {
    case undefined:
    case "none":
    case "allowed":
      return {};
    case "auto":
      return { toolChoice: { auto: {} } };
    case "required":
      return { toolChoice: { any: {} } };
    case "tool":
      return { toolChoice: { tool: { name: choice.name } } };
    default:
      return choice satisfies never;
  }
}

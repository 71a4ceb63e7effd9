import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import { JSON_TOOL, jsonToolOf } from "../json-tool.ts";
import type { NeutralRequest, NeutralTool, ToolChoice } from "../neutral.ts";
import type { Target } from "../target.ts";
import { writeCache } from "./cache.ts";
import { WEB_SEARCH_TYPE } from "./read-tools.ts";

/** In `quirks.refuses`: the model takes no `tool_choice` that forces a call. */
export const FORCED_TOOL_CHOICE = "forcedToolChoice";

/** What goes into `tools` and `tool_choice`. */
export type WrittenTools = {
  readonly tools: readonly JsonObject[];
  readonly toolChoice: JsonObject | null;
  readonly jsonTool: string | null;
  /** Whether a call is forced, which thinking with a budget does not allow. */
  readonly isForced: boolean;
};

export function writeTools(request: NeutralRequest, target: Target, isOwn: boolean): WrittenTools {
  const allowed = request.toolChoice?.kind === "allowed" ? new Set(request.toolChoice.names) : null;
  // "Only these tools" has no word here; the others are not offered.
  const offered = request.tools.filter((tool) => allowed === null || !("name" in tool) || allowed.has(tool.name));
  const tools = offered.map((tool) => writeTool(tool, target, isOwn));
  const jsonTool = writeJsonTool(request, target);
  if (jsonTool !== null) tools.push(jsonTool);
  let choice = jsonTool === null ? request.toolChoice : choiceWithJsonTool(request, offered.length > 0);
  if (isForcing(choice) && target.quirks.refuses.includes(FORCED_TOOL_CHOICE)) {
    if (jsonTool === null) target.cannot("toolChoice", "the model takes no forced tool call");
    choice = { kind: "auto" };
  }
  return {
    tools,
    toolChoice: tools.length === 0 && !isOwn ? null : writeChoice(choice, request, isOwn),
    jsonTool: jsonTool === null ? null : JSON_TOOL,
    isForced: isForcing(choice),
  };
}

function isForcing(choice: ToolChoice | null): boolean {
  if (choice === null) return false;
  return choice.kind === "required" || choice.kind === "tool" || (choice.kind === "allowed" && choice.isRequired);
}

function writeTool(tool: NeutralTool, target: Target, isOwn: boolean): JsonObject {
  switch (tool.kind) {
    case "function": {
      const written: Record<string, Json> = { name: tool.name };
      if (tool.description !== null) written["description"] = tool.description;
      written["input_schema"] = isOwn ? tool.parameters : schemaOf(tool.parameters);
      if (tool.isStrict !== null && (isOwn || tool.isStrict)) {
        // Strict tools came with structured outputs, and are where those are.
        if (isOwn || target.quirks.jsonSchema !== "tool") written["strict"] = tool.isStrict;
        else target.hint("strict");
      }
      if (tool.cache !== undefined) written["cache_control"] = writeCache(tool.cache);
      return isOwn && tool.extra !== undefined ? { ...written, ...tool.extra } : written;
    }
    case "web-search":
      return writeWebSearch(tool, target, isOwn);
    case "native":
      return tool.value;
    case "custom":
      // Only a request that was not made to fit comes here with one: as a function of one text.
      return {
        name: tool.name,
        ...(tool.description === null ? {} : { description: tool.description }),
        input_schema: { type: "object", properties: { input: { type: "string" } }, required: ["input"] },
      };
    default:
      return tool satisfies never;
  }
}

/** The API wants an object's schema, and says "Field required" of one without a type. */
function schemaOf(parameters: JsonObject | null): JsonObject {
  if (parameters === null) return { type: "object", properties: {} };
  return parameters["type"] === "object" ? parameters : { ...parameters, type: "object" };
}

function writeWebSearch(
  tool: Extract<NeutralTool, { kind: "web-search" }>,
  target: Target,
  isOwn: boolean,
): JsonObject {
  const written: Record<string, Json> = { type: WEB_SEARCH_TYPE, name: "web_search" };
  if (tool.maxUses !== null) written["max_uses"] = tool.maxUses;
  if (tool.allowedDomains !== null) written["allowed_domains"] = tool.allowedDomains;
  if (tool.blockedDomains !== null) written["blocked_domains"] = tool.blockedDomains;
  if (tool.country !== null || tool.city !== null) {
    written["user_location"] = {
      type: "approximate",
      ...(tool.city === null ? {} : { city: tool.city }),
      ...(tool.country === null ? {} : { country: tool.country }),
    };
  }
  if (tool.contextSize !== null) target.hint("search_context_size");
  return isOwn && tool.extra !== undefined ? { ...written, ...tool.extra } : written;
}

function writeChoice(choice: ToolChoice | null, request: NeutralRequest, isOwn: boolean): JsonObject | null {
  const rest = isOwn ? asObject(request.extra?.["tool_choice"]) : null;
  const { parallelToolCalls } = request;
  if (choice === null && parallelToolCalls === null) return rest;
  const written: Record<string, Json> = {};
  switch (choice?.kind) {
    case undefined:
      // A word on parallel calls needs a choice to stand in; several calls at once are what happens anyway.
      if (parallelToolCalls === true && !isOwn) return rest;
      written["type"] = "auto";
      break;
    case "auto":
    case "none":
      written["type"] = choice?.kind ?? "auto";
      break;
    case "required":
      written["type"] = "any";
      break;
    case "tool":
      written["type"] = "tool";
      written["name"] = choice?.kind === "tool" ? choice.name : "";
      break;
    case "allowed":
      written["type"] = choice?.kind === "allowed" && choice.isRequired ? "any" : "auto";
      break;
    default:
      choice satisfies undefined;
  }
  if (written["type"] !== "none" && parallelToolCalls !== null && (isOwn || !parallelToolCalls)) {
    written["disable_parallel_tool_use"] = !parallelToolCalls;
  }
  return { ...written, ...rest };
}

/** JSON through a tool: plain JSON mode always, as the API has none; a schema where the model has no structured outputs. */
function writeJsonTool({ responseFormat }: NeutralRequest, target: Target): JsonObject | null {
  if (responseFormat === null || responseFormat.kind === "text") return null;
  if (responseFormat.kind === "json-schema" && target.quirks.jsonSchema !== "tool") return null;
  const { name, description, parameters } = jsonToolOf(responseFormat);
  return { name, description, input_schema: schemaOf(parameters) };
}

function choiceWithJsonTool({ toolChoice }: NeutralRequest, hasOthers: boolean): ToolChoice {
  if (!hasOthers || toolChoice?.kind === "none") return { kind: "tool", name: JSON_TOOL };
  return toolChoice?.kind === "tool" ? toolChoice : { kind: "required" };
}

import { asArray, asBoolean, asCount, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { NeutralTool, ToolChoice } from "../neutral.ts";
import { readCache } from "./cache.ts";
import { OWN } from "./own.ts";
import { refuse, requiredString } from "./refuse.ts";

const FUNCTION = new Set(["name", "description", "input_schema", "strict", "cache_control"]);
const WEB_SEARCH = new Set(["type", "name", "max_uses", "allowed_domains", "blocked_domains", "user_location"]);
const LOCATION = new Set(["type", "city", "country"]);
const CHOICE = new Set(["type", "name", "disable_parallel_tool_use"]);

/** The version of the web search tool that the neutral one stands for; a later one is kept in `extra`. */
export const WEB_SEARCH_TYPE = "web_search_20250305";

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools */
export function readTools(value: Json | undefined): readonly NeutralTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw refuse("tools", "Input should be a valid list");
  return (value as readonly Json[]).map((item, index) => {
    const tool = asObject(item);
    if (tool === null) throw refuse(`tools.${index}`, "Input should be an object");
    return readTool(tool, index);
  });
}

function readTool(tool: JsonObject, index: number): NeutralTool {
  const type = tool["type"] ?? "custom";
  if (type === "custom") return readFunction(tool, index);
  if (typeof type === "string" && /^web_search_\d{8}$/.test(type)) return readWebSearch(tool);
  return { kind: "native", dialect: OWN, value: tool };
}

function readFunction(tool: JsonObject, index: number): NeutralTool {
  const name = requiredString(tool, "name", `tools.${index}.custom.`);
  const parameters = asObject(tool["input_schema"]);
  if (parameters === null) {
    const problem = tool["input_schema"] === undefined ? "Field required" : "Input does not match the expected shape.";
    throw refuse(`tools.${index}.custom.input_schema`, problem);
  }
  const control = tool["cache_control"];
  const cache = control === undefined ? null : readCache(control);
  let extra = restOf(tool, FUNCTION);
  if (control !== undefined && cache === null) extra = { ...extra, cache_control: control };
  if (tool["strict"] === null) extra = { ...extra, strict: null };
  return {
    kind: "function",
    name,
    description: asString(tool["description"]),
    parameters,
    isStrict: asBoolean(tool["strict"]),
    ...(cache === null ? {} : { cache }),
    ...(extra === null ? {} : { extra }),
  };
}

/** https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool */
function readWebSearch(tool: JsonObject): NeutralTool {
  const location = asObject(tool["user_location"]);
  let extra = restOf(tool, WEB_SEARCH);
  if (tool["type"] !== WEB_SEARCH_TYPE) extra = { ...extra, type: tool["type"] };
  // A region or a time zone has no word of its own.
  if (location !== null && restOf(location, LOCATION) !== null) extra = { ...extra, user_location: location };
  for (const key of ["max_uses", "allowed_domains", "blocked_domains", "user_location"]) {
    if (tool[key] === null) extra = { ...extra, [key]: null };
  }
  return {
    kind: "web-search",
    maxUses: asCount(tool["max_uses"]),
    allowedDomains: strings(tool["allowed_domains"]),
    blockedDomains: strings(tool["blocked_domains"]),
    country: asString(location?.["country"]),
    city: asString(location?.["city"]),
    contextSize: null,
    ...(extra === null ? {} : { extra }),
  };
}

function strings(value: Json | undefined): readonly string[] | null {
  return Array.isArray(value) ? asArray(value).filter((item) => typeof item === "string") : null;
}

export type ReadChoice = {
  readonly toolChoice: ToolChoice | null;
  readonly parallelToolCalls: boolean | null;
  /** Members of `tool_choice` with no word of their own. */
  readonly rest: JsonObject | null;
};

export function readToolChoice(value: Json | undefined): ReadChoice {
  if (value === undefined || value === null) return { toolChoice: null, parallelToolCalls: null, rest: null };
  const choice = asObject(value);
  if (choice === null) throw refuse("tool_choice", "Input should be an object");
  const isAlone = asBoolean(choice["disable_parallel_tool_use"]);
  return {
    toolChoice: choiceOf(choice),
    parallelToolCalls: isAlone === null ? null : !isAlone,
    rest: restOf(choice, CHOICE),
  };
}

function choiceOf(choice: JsonObject): ToolChoice {
  switch (choice["type"]) {
    case "auto":
      return { kind: "auto" };
    case "any":
      return { kind: "required" };
    case "none":
      return { kind: "none" };
    case "tool":
      return { kind: "tool", name: requiredString(choice, "name", "tool_choice.tool.") };
    default:
      throw refuse("tool_choice", "Input tag should be one of: 'auto', 'any', 'tool', 'none'");
  }
}

import { type Json, type JsonObject, asArray, asObject, asString, restOf } from "../../lib/json.ts";
import type { NeutralTool, ToolChoice } from "../neutral.ts";
import { invalidType, invalidValue, missingParameter } from "../openai-invalid.ts";
import { readBoolean, readObject, readString, toObject } from "./fields.ts";
import { formOf, withForm } from "./form.ts";
import { readCache } from "./read-content.ts";
import { writeCache } from "./write-content.ts";

const TOOL: ReadonlySet<string> = new Set(["type", "function", "cache_control"]);
const FUNCTION: ReadonlySet<string> = new Set(["name", "description", "parameters", "strict"]);
const CUSTOM: ReadonlySet<string> = new Set(["name", "description", "format"]);
const OPENROUTER_SEARCH: ReadonlySet<string> = new Set([
  "max_uses",
  "allowed_domains",
  "excluded_domains",
  "search_context_size",
]);
const SEARCH: ReadonlySet<string> = new Set(["search_context_size"]);

/** OpenRouter's own search, a tool like others: https://openrouter.ai/docs/guides/features/server-tools/web-search */
const OPENROUTER_SEARCH_TYPE = "openrouter:web_search";

/** A member of `tools`. What is no function, custom tool or search is a tool of the provider's own. */
export function readTool(value: Json, param: string): NeutralTool {
  const tool = toObject(value, param);
  const { type } = tool;
  if (type === "custom") return readCustom(tool, param);
  if (type === OPENROUTER_SEARCH_TYPE) return readSearchTool(tool);
  if (type === "function" || (type === undefined && tool["function"] !== undefined)) {
    const named = toObject(tool["function"] ?? null, `${param}.function`);
    const cache = readCache(tool["cache_control"]);
    const rest: Record<string, Json | undefined> = { ...restOf(tool, TOOL) };
    if (cache === null && tool["cache_control"] !== undefined) rest["cache_control"] = tool["cache_control"];
    const read = readFunction(named, `${param}.function`, rest);
    const withCache = cache === null ? read : { ...read, cache };
    return type === undefined ? withForm(withCache, { ...formOf(read), lacks: ["type"] }) : withCache;
  }
  if (typeof type !== "string") throw missingParameter(`${param}.type`);
  return { kind: "native", dialect: "openai-chat", value: tool };
}

/** A function: of a tool, or of the legacy `functions`. `rest`: unknown members of what it stands in. */
export function readFunction(
  named: JsonObject,
  param: string,
  rest: Record<string, Json | undefined> = {},
): Extract<NeutralTool, { kind: "function" }> {
  const name = readString(named, "name", `${param}.name`);
  if (name === null) throw missingParameter(`${param}.name`);
  const inner = restOf(named, FUNCTION);
  const extra = inner === null ? rest : { ...rest, function: inner };
  const silent: Record<string, Json> = {};
  for (const key of ["description", "parameters", "strict"]) if (named[key] === null) silent[key] = null;
  return withForm(
    {
      kind: "function",
      name,
      description: readString(named, "description", `${param}.description`),
      parameters: readObject(named, "parameters", `${param}.parameters`),
      isStrict: readBoolean(named, "strict"),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    },
    Object.keys(silent).length === 0 ? {} : { silent },
  );
}

function readCustom(tool: JsonObject, param: string): NeutralTool {
  const custom = toObject(tool["custom"] ?? null, `${param}.custom`);
  const name = readString(custom, "name", `${param}.custom.name`);
  if (name === null) throw missingParameter(`${param}.custom.name`);
  const inner = restOf(custom, CUSTOM);
  const rest = restOf(tool, new Set(["type", "custom"]));
  const extra = inner === null ? rest : { ...rest, custom: inner };
  return {
    kind: "custom",
    name,
    description: readString(custom, "description", `${param}.custom.description`),
    format: readObject(custom, "format", `${param}.custom.format`),
    ...(extra === null ? {} : { extra }),
  };
}

function readSearchTool(tool: JsonObject): NeutralTool {
  const parameters = asObject(tool["parameters"]) ?? {};
  const { user_location, ...others } = parameters;
  const location = asObject(user_location);
  const { city, country, ...place } = location ?? {};
  const rest: Record<string, Json | undefined> = { ...restOf(others, OPENROUTER_SEARCH) };
  if (location !== null) rest["user_location"] = place;
  return {
    kind: "web-search",
    maxUses: typeof parameters["max_uses"] === "number" ? parameters["max_uses"] : null,
    allowedDomains: domainsOf(parameters["allowed_domains"]),
    blockedDomains: domainsOf(parameters["excluded_domains"]),
    country: asString(country),
    city: asString(city),
    contextSize: sizeOf(parameters["search_context_size"]),
    extra: {
      type: OPENROUTER_SEARCH_TYPE,
      ...(tool["parameters"] === undefined ? {} : { parameters: rest }),
    },
  };
}

function domainsOf(value: Json | undefined): readonly string[] | null {
  return Array.isArray(value) ? (value as Json[]).filter((domain) => typeof domain === "string") : null;
}

function sizeOf(value: Json | undefined): "low" | "medium" | "high" | null {
  return value === "low" || value === "medium" || value === "high" ? value : null;
}

/** `web_search_options`: https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat */
export function readSearchOptions(options: JsonObject): NeutralTool {
  const { user_location, ...others } = options;
  const location = asObject(user_location);
  const approximate = asObject(location?.["approximate"]);
  const { city, country, ...place } = approximate ?? {};
  const rest: Record<string, Json | undefined> = { ...restOf(others, SEARCH) };
  if (location !== null) {
    rest["user_location"] = approximate === null ? location : { ...location, approximate: place };
  }
  return {
    kind: "web-search",
    maxUses: null,
    allowedDomains: null,
    blockedDomains: null,
    country: asString(country),
    city: asString(city),
    contextSize: sizeOf(options["search_context_size"]),
    ...(Object.keys(rest).length === 0 ? {} : { extra: rest }),
  };
}

/** A tool as a member of `tools`; null for a search that is asked for in `web_search_options`. */
export function writeTool(tool: NeutralTool, isOwn: boolean, takesCache: boolean): JsonObject | null {
  switch (tool.kind) {
    case "function": {
      const { silent, lacks } = formOf(tool);
      const { function: inner, ...rest } = (isOwn ? tool.extra : undefined) ?? {};
      return {
        ...(isOwn && lacks !== undefined ? {} : { type: "function" }),
        function: { ...writeFunction(tool), ...(isOwn ? silent : null), ...asObject(inner) },
        ...(tool.cache !== undefined && takesCache ? { cache_control: writeCache(tool.cache) } : {}),
        ...rest,
      };
    }
    case "custom": {
      const { custom: inner, ...rest } = (isOwn ? tool.extra : undefined) ?? {};
      return {
        type: "custom",
        custom: {
          name: tool.name,
          ...(tool.description === null ? {} : { description: tool.description }),
          ...(tool.format === null ? {} : { format: tool.format }),
          ...asObject(inner),
        },
        ...rest,
      };
    }
    case "web-search":
      return isOwn && tool.extra?.["type"] === OPENROUTER_SEARCH_TYPE ? writeSearchTool(tool) : null;
    case "native":
      return tool.value;
    default:
      return tool satisfies never;
  }
}

export function writeFunction(tool: Extract<NeutralTool, { kind: "function" }>): JsonObject {
  return {
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    ...(tool.parameters === null ? {} : { parameters: tool.parameters }),
    ...(tool.isStrict === null ? {} : { strict: tool.isStrict }),
  };
}

type SearchTool = Extract<NeutralTool, { kind: "web-search" }>;

function writeSearchTool(tool: SearchTool): JsonObject {
  const rest = asObject(tool.extra?.["parameters"]);
  if (rest === null) return { type: OPENROUTER_SEARCH_TYPE };
  const parameters: Record<string, Json | undefined> = { ...rest };
  if (tool.maxUses !== null) parameters["max_uses"] = tool.maxUses;
  if (tool.allowedDomains !== null) parameters["allowed_domains"] = tool.allowedDomains;
  if (tool.blockedDomains !== null) parameters["excluded_domains"] = tool.blockedDomains;
  if (tool.contextSize !== null) parameters["search_context_size"] = tool.contextSize;
  const place = placeOf(tool);
  if (place !== null || rest["user_location"] !== undefined) {
    parameters["user_location"] = { ...asObject(rest["user_location"]), ...place };
  }
  return { type: OPENROUTER_SEARCH_TYPE, parameters };
}

function placeOf({ city, country }: SearchTool): JsonObject | null {
  if (city === null && country === null) return null;
  return { ...(city === null ? {} : { city }), ...(country === null ? {} : { country }) };
}

/** `web_search_options` for a search. */
export function writeSearchOptions(tool: SearchTool, isOwn: boolean): JsonObject {
  const rest = (isOwn ? tool.extra : undefined) ?? {};
  const options: Record<string, Json | undefined> = { ...rest };
  if (tool.contextSize !== null) options["search_context_size"] = tool.contextSize;
  const place = placeOf(tool);
  const said = asObject(rest["user_location"]);
  if (place !== null || said !== null) {
    options["user_location"] =
      said === null
        ? { type: "approximate", approximate: place ?? {} }
        : {
            ...said,
            ...(said["approximate"] === undefined && place === null
              ? {}
              : { approximate: { ...asObject(said["approximate"]), ...place } }),
          };
  }
  return options;
}

/** `tool_choice` in all its forms, and what others say in their own: "any" (Mistral), { type: "tool", name } (xAI). */
export function readToolChoice(value: Json): ToolChoice {
  if (typeof value === "string") {
    if (value === "auto" || value === "none" || value === "required") return { kind: value };
    if (value === "any") return withForm({ kind: "required" }, { said: value });
    throw invalidValue("tool_choice", value, ["none", "auto", "required"]);
  }
  const choice = asObject(value);
  if (choice === null) throw invalidType("tool_choice", "one of a string or object", value);
  const allowed = asObject(choice["allowed_tools"]);
  if (choice["type"] === "allowed_tools" && allowed !== null) {
    const names = asArray(allowed["tools"]).flatMap((tool) => nameOf(asObject(tool)) ?? []);
    return withForm({ kind: "allowed", names, isRequired: allowed["mode"] === "required" }, { said: value });
  }
  const name = nameOf(choice);
  if (name === null) throw missingParameter("tool_choice.function.name");
  return withForm({ kind: "tool", name }, { said: value });
}

function nameOf(choice: JsonObject | null): string | null {
  return (
    asString(asObject(choice?.["function"])?.["name"]) ??
    asString(asObject(choice?.["custom"])?.["name"]) ??
    asString(choice?.["name"])
  );
}

export function writeToolChoice(choice: ToolChoice, tools: readonly NeutralTool[], isOwn: boolean): Json {
  const { said } = formOf(choice);
  if (isOwn && said !== undefined) return said;
  const named = (name: string): JsonObject =>
    tools.some((tool) => tool.kind === "custom" && tool.name === name)
      ? { type: "custom", custom: { name } }
      : { type: "function", function: { name } };
  switch (choice.kind) {
    case "tool":
      return named(choice.name);
    case "allowed":
      return {
        type: "allowed_tools",
        allowed_tools: { mode: choice.isRequired ? "required" : "auto", tools: choice.names.map(named) },
      };
    case "auto":
    case "none":
    case "required":
      return choice.kind;
    default:
      return choice satisfies never;
  }
}

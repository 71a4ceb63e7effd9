import { asArray, asBoolean, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { NeutralTool, ToolChoice } from "../neutral.ts";
import type { Target } from "../target.ts";
import { invalidType, invalidValue, missingParameter } from "../openai-invalid.ts";
import { leftover } from "./leftover.ts";

/** `tools` of a request. Throws GatewayError `invalid_request` for what is no tool. */
export function readTools(value: Json | undefined): readonly NeutralTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidType("tools", "an array of objects", value);
  return asArray(value).map((entry, index) => {
    const tool = asObject(entry);
    if (tool === null) throw invalidType(`tools[${index}]`, "an object", entry);
    return readTool(tool, `tools[${index}]`);
  });
}

function readTool(tool: JsonObject, place: string): NeutralTool {
  const type = asString(tool["type"]);
  if (type === null) throw missingParameter(`${place}.type`);
  if (type === "function") return readFunction(tool, place);
  if (type === "custom") {
    const name = asString(tool["name"]);
    if (name === null || name === "") throw missingParameter(`${place}.name`);
    const read = { type, name, description: asString(tool["description"]), format: asObject(tool["format"]) };
    const extra = leftover(tool, read);
    return {
      kind: "custom",
      name,
      description: read.description,
      format: read.format,
      ...(extra === null ? {} : { extra }),
    };
  }
  // web_search, web_search_preview and their dated names.
  if (type.startsWith("web_search")) return readWebSearch(tool, type);
  return { kind: "native", dialect: "openai-responses", value: tool };
}

function readFunction(tool: JsonObject, place: string): NeutralTool {
  // Chat's form, with everything in `function`: not documented here, but sent, and some providers take it.
  const nested = asObject(tool["function"]);
  const source = nested ?? tool;
  const name = asString(source["name"]) ?? asString(tool["name"]);
  if (name === null || name === "") throw missingParameter(`${place}.name`);
  const description = asString(source["description"]);
  const parameters = asObject(source["parameters"]);
  const strict = asBoolean(source["strict"]);
  const extra = nested === null ? leftover(tool, { type: true, name, description, parameters, strict }) : { raw: tool };
  return {
    kind: "function",
    name,
    description,
    parameters,
    isStrict: strict,
    ...(extra === null ? {} : { extra }),
  };
}

function readWebSearch(tool: JsonObject, type: string): NeutralTool {
  const filters = asObject(tool["filters"]);
  const location = asObject(tool["user_location"]);
  const allowed = asStrings(filters?.["allowed_domains"]);
  const blocked = asStrings(filters?.["blocked_domains"]);
  const country = asString(location?.["country"]);
  const city = asString(location?.["city"]);
  const size = asString(tool["search_context_size"]);
  const contextSize = size === "low" || size === "medium" || size === "high" ? size : null;
  const extra: Record<string, Json | undefined> = {
    ...leftover(tool, {
      type: type === "web_search" ? true : null,
      filters,
      user_location: location,
      search_context_size: contextSize,
    }),
  };
  if (filters !== null) {
    const rest = leftover(filters, { allowed_domains: allowed, blocked_domains: blocked });
    if (rest !== null || Object.keys(filters).length === 0) extra["filters"] = rest ?? {};
  }
  if (location !== null) {
    const rest = leftover(location, { country, city });
    if (rest !== null || Object.keys(location).length === 0) extra["user_location"] = rest ?? {};
  }
  return {
    kind: "web-search",
    maxUses: null,
    allowedDomains: allowed,
    blockedDomains: blocked,
    country,
    city,
    contextSize,
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function asStrings(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string") ? (value as string[]) : null;
}

/**
 * A tool as this API writes it. `isOwn`: read from this dialect, so that what was absent stays absent. A function of another API
 * that says nothing of `strict` gets `false`: this API alone takes nothing for true, and then rewrites the schema
 * (https://platform.openai.com/docs/guides/function-calling#strict-mode).
 */
export function writeTool(tool: NeutralTool, isOwn: boolean, target: Target | null): JsonObject | null {
  switch (tool.kind) {
    case "function": {
      const { raw, ...extra } = (isOwn ? tool.extra : undefined) ?? {};
      const nested = asObject(raw);
      if (nested !== null) return nested;
      return {
        type: "function",
        name: tool.name,
        ...(tool.description === null ? {} : { description: tool.description }),
        ...(tool.parameters !== null
          ? { parameters: tool.parameters }
          : isOwn
            ? {}
            : { parameters: { type: "object", properties: {} } }),
        ...(tool.isStrict !== null ? { strict: tool.isStrict } : isOwn ? {} : { strict: false }),
        ...extra,
      };
    }
    case "custom":
      return {
        type: "custom",
        name: tool.name,
        ...(tool.description === null ? {} : { description: tool.description }),
        ...(tool.format === null ? {} : { format: tool.format }),
        ...(isOwn ? tool.extra : {}),
      };
    case "web-search":
      return writeWebSearch(tool, isOwn, target);
    case "native":
      return tool.dialect === "openai-responses" ? tool.value : null;
    default:
      return tool satisfies never;
  }
}

function writeWebSearch(
  tool: Extract<NeutralTool, { kind: "web-search" }>,
  isOwn: boolean,
  target: Target | null,
): JsonObject {
  const { filters: otherFilters, user_location: otherLocation, ...extra } = (isOwn ? tool.extra : undefined) ?? {};
  if (tool.maxUses !== null) target?.hint("tools.max_uses");
  if (tool.blockedDomains !== null && !isOwn) {
    target?.cannot("tools.blocked_domains", "its web search knows allowed domains only");
  }
  const filters = {
    ...(tool.allowedDomains === null ? {} : { allowed_domains: tool.allowedDomains }),
    ...(tool.blockedDomains === null || !isOwn ? {} : { blocked_domains: tool.blockedDomains }),
    ...asObject(otherFilters),
  };
  const place = {
    ...(tool.country === null ? {} : { country: tool.country }),
    ...(tool.city === null ? {} : { city: tool.city }),
    ...asObject(otherLocation),
  };
  const hasFilters = Object.keys(filters).length > 0 || asObject(otherFilters) !== null;
  const hasPlace = Object.keys(place).length > 0 || asObject(otherLocation) !== null;
  return {
    type: "web_search",
    // A null that stood there (it is in `extra` then, not an object) comes back as it was.
    ...(hasFilters ? { filters } : otherFilters === undefined ? {} : { filters: otherFilters }),
    ...(hasPlace
      ? { user_location: isOwn ? place : { type: "approximate", ...place } }
      : otherLocation === undefined
        ? {}
        : { user_location: otherLocation }),
    ...(tool.contextSize === null ? {} : { search_context_size: tool.contextSize }),
    ...extra,
  };
}

const CHOICES = ["none", "auto", "required"] as const;

/**
 * `tool_choice`; null where it names a tool of the provider's own (or a mix of tools), which has no neutral word: then it stays in
 * `extra`.
 */
export function readToolChoice(value: Json | undefined): ToolChoice | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") {
    const kind = CHOICES.find((choice) => choice === value);
    if (kind === undefined) throw invalidValue("tool_choice", value, CHOICES);
    return { kind };
  }
  const choice = asObject(value);
  if (choice === null) throw invalidType("tool_choice", "a string or an object", value);
  switch (choice["type"]) {
    case "function":
    case "custom": {
      const name = asString(choice["name"]) ?? asString(asObject(choice["function"])?.["name"]);
      if (name === null || name === "") throw missingParameter("tool_choice.name");
      return { kind: "tool", name };
    }
    case "allowed_tools": {
      const tools = asArray(choice["tools"]).map(asObject);
      const names = tools.map((tool) =>
        tool?.["type"] === "function" || tool?.["type"] === "custom" ? asString(tool["name"]) : null,
      );
      if (!names.every((name) => name !== null)) return null;
      return { kind: "allowed", names, isRequired: choice["mode"] === "required" };
    }
    default:
      return null;
  }
}

export function writeToolChoice(choice: ToolChoice, tools: readonly NeutralTool[]): Json {
  const reference = (name: string): JsonObject => ({
    type: tools.some((tool) => tool.kind === "custom" && tool.name === name) ? "custom" : "function",
    name,
  });
  switch (choice.kind) {
    case "auto":
    case "none":
    case "required":
      return choice.kind;
    case "tool":
      return reference(choice.name);
    case "allowed":
      return {
        type: "allowed_tools",
        mode: choice.isRequired ? "required" : "auto",
        tools: choice.names.map(reference),
      };
    default:
      return choice satisfies never;
  }
}

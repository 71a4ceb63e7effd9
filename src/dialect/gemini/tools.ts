/** `tools` and `toolConfig`: https://ai.google.dev/api/caching#Tool, https://ai.google.dev/api/caching#ToolConfig */
import { asObject, asString, compact, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { NeutralTool, ToolChoice } from "../neutral.ts";
import type { Target } from "../target.ts";
import { invalid, invalidValue } from "./invalid.ts";
import { jsonSchemaOf, writtenSchemaOf } from "./schema.ts";
import { camelize, listOf, messageOf } from "./spelling.ts";

const FUNCTION_FIELDS = new Set(["name", "description", "parameters", "parametersJsonSchema"]);

/** Reads `tools`. One tool of Gemini's may hold several abilities; each becomes a tool. Throws `invalid_request`. */
export function readTools(value: Json | undefined): readonly NeutralTool[] {
  const tools: NeutralTool[] = [];
  for (const [index, item] of listOf(value).entries()) {
    const tool = messageOf(item);
    if (tool === null) throw invalidValue(`tools[${index}]`, "Tool", item);
    for (const key in tool) {
      const ability = tool[key] as Json;
      if (key === "functionDeclarations") {
        for (const [at, declaration] of listOf(ability).entries()) {
          tools.push(readFunction(declaration, `tools[${index}].function_declarations[${at}]`));
        }
      } else if (key === "googleSearch") {
        const search = asObject(ability) ?? {};
        tools.push({ ...WEB_SEARCH, ...(Object.keys(search).length === 0 ? {} : { extra: search }) });
      } else tools.push({ kind: "native", dialect: "gemini", value: { [key]: ability } });
    }
  }
  return tools;
}

const WEB_SEARCH = {
  kind: "web-search",
  maxUses: null,
  allowedDomains: null,
  blockedDomains: null,
  country: null,
  city: null,
  contextSize: null,
} as const satisfies NeutralTool;

function readFunction(value: Json, place: string): NeutralTool {
  const spelled = asObject(value);
  if (spelled === null) throw invalidValue(place, "FunctionDeclaration", value);
  const declaration = camelize(spelled);
  const name = asString(declaration["name"]);
  if (name === null || name === "") {
    throw invalid(`* GenerateContentRequest.${place}.name: [FIELD_INVALID] Name cannot be empty.`, `${place}.name`);
  }
  const jsonSchema = asObject(declaration["parametersJsonSchema"]);
  const openApi = asObject(declaration["parameters"]);
  const extra = restOf(declaration, FUNCTION_FIELDS);
  return {
    kind: "function",
    name,
    description: asString(declaration["description"]),
    parameters: jsonSchema ?? (openApi === null ? null : jsonSchemaOf(openApi)),
    isStrict: null,
    ...(extra === null ? {} : { extra }),
  };
}

/** `isOwn`: this dialect read them, so that their `extra` is ours. All functions stand in one tool, where the first stood. */
export function writeTools(tools: readonly NeutralTool[], isOwn: boolean, target: Target): readonly JsonObject[] {
  const written: JsonObject[] = [];
  let functions: Json[] | null = null;
  for (const tool of tools) {
    switch (tool.kind) {
      case "function":
        if (functions === null) written.push({ functionDeclarations: (functions = []) });
        functions.push(writeFunction(tool, isOwn));
        break;
      case "web-search":
        written.push({ googleSearch: isOwn ? (tool.extra ?? {}) : writeSearch(tool, target) });
        break;
      case "native":
        if (tool.dialect === "gemini") written.push(tool.value);
        break;
      case "custom":
        target.cannot("tools", "Gemini knows no custom tools");
        break;
      default:
        tool satisfies never;
    }
  }
  return written;
}

function writeFunction(tool: Extract<NeutralTool, { kind: "function" }>, isOwn: boolean): JsonObject {
  const schema = tool.parameters === null ? null : writtenSchemaOf(tool.parameters);
  return compact({
    name: tool.name,
    description: tool.description ?? undefined,
    parameters: schema?.isJsonSchema === false ? schema.value : undefined,
    parametersJsonSchema: schema?.isJsonSchema === true ? schema.value : undefined,
    ...(isOwn ? tool.extra : undefined),
  });
}

/** Google Search knows no bounds of its own in AI Studio: https://ai.google.dev/gemini-api/docs/google-search */
function writeSearch(tool: Extract<NeutralTool, { kind: "web-search" }>, target: Target): JsonObject {
  if (tool.allowedDomains !== null)
    target.cannot("tools.web_search.allowed_domains", "Gemini's search knows no such bound");
  if (tool.blockedDomains !== null)
    target.cannot("tools.web_search.blocked_domains", "Gemini's search knows no such bound");
  if (tool.maxUses !== null) target.hint("tools.web_search.max_uses");
  if (tool.country !== null || tool.city !== null) target.hint("tools.web_search.user_location");
  if (tool.contextSize !== null) target.hint("tools.web_search.search_context_size");
  return {};
}

const CALLING_FIELDS = new Set(["mode", "allowedFunctionNames"]);

/** Reads `toolConfig`; what has no neutral word goes to `extra`. */
export function readToolConfig(value: Json | undefined, extra: Record<string, Json>): ToolChoice | null {
  const config = messageOf(value);
  if (config === null) return null;
  for (const key in config) {
    if (key !== "functionCallingConfig") extra[`toolConfig.${key}`] = config[key] as Json;
  }
  const calling = messageOf(config["functionCallingConfig"]);
  if (calling === null) return null;
  for (const key in calling) {
    if (!CALLING_FIELDS.has(key)) extra[`toolConfig.functionCallingConfig.${key}`] = calling[key] as Json;
  }
  const names = listOf(calling["allowedFunctionNames"]).flatMap((name) => (typeof name === "string" ? [name] : []));
  const mode = calling["mode"];
  switch (mode) {
    case "ANY":
      if (names.length === 1) return { kind: "tool", name: names[0] as string };
      return names.length > 0 ? { kind: "allowed", names, isRequired: true } : { kind: "required" };
    case "VALIDATED":
      // Like AUTO, but that arguments follow the schema, or one of the functions named.
      if (names.length > 0) return { kind: "allowed", names, isRequired: false };
      extra["toolConfig.functionCallingConfig.mode"] = mode;
      return { kind: "auto" };
    case "NONE":
      return { kind: "none" };
    case "AUTO":
    case "MODE_UNSPECIFIED":
    case undefined:
      return mode === "AUTO" ? { kind: "auto" } : null;
    default:
      throw invalidValue("tool_config.function_calling_config.mode", "Mode", mode as Json);
  }
}

/** `functionCallingConfig` of a choice. */
export function writeToolChoice(choice: ToolChoice): Record<string, Json> {
  switch (choice.kind) {
    case "auto":
      return { mode: "AUTO" };
    case "none":
      return { mode: "NONE" };
    case "required":
      return { mode: "ANY" };
    case "tool":
      return { mode: "ANY", allowedFunctionNames: [choice.name] };
    case "allowed":
      // Names are taken with ANY and VALIDATED only.
      return { mode: choice.isRequired ? "ANY" : "VALIDATED", allowedFunctionNames: choice.names };
    default:
      return choice satisfies never;
  }
}

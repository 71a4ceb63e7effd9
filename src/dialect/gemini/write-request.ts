/** A `generateContent` request for a provider: https://ai.google.dev/api/generate-content#request-body */
import type { Json, JsonObject } from "../../lib/json.ts";
import type { WrittenRequest } from "../dialect.ts";
import { JSON_TOOL, jsonToolOf } from "../json-tool.ts";
import type { NeutralRequest, NeutralTool, ResponseFormat, ToolChoice } from "../neutral.ts";
import type { Target } from "../target.ts";
import { writeToolChoice, writeTools } from "./tools.ts";
import { writeGenerationConfig } from "./write-config.ts";
import { writeContents } from "./write-contents.ts";

/** OpenAI's and Anthropic's words for Gemini's tiers: https://ai.google.dev/gemini-api/docs/priority-inference */
const TIERS: ReadonlyMap<string, string | null> = new Map(
  Object.entries({
    auto: null,
    default: "standard",
    standard: "standard",
    standard_only: "standard",
    flex: "flex",
    priority: "priority",
    fast: "priority",
  }),
);

export function writeRequest(request: NeutralRequest, target: Target): WrittenRequest {
  const isOwn = request.dialect === "gemini";
  const { tools, toolChoice, format, jsonTool } = planOutput(request, target);
  const { contents, systemInstruction } = writeContents(request, target);
  const body: Record<string, Json> = { contents };
  if (systemInstruction !== null) body["systemInstruction"] = systemInstruction;
  const writtenTools = writeTools(tools, isOwn, target);
  if (writtenTools.length > 0) body["tools"] = writtenTools;
  if (toolChoice !== null) body["toolConfig"] = { functionCallingConfig: writeToolChoice(toolChoice) };
  const config = writeGenerationConfig(request, target, format);
  if (Object.keys(config).length > 0) body["generationConfig"] = config;
  if (request.safetySettings !== null) body["safetySettings"] = request.safetySettings;
  if (request.serviceTier !== null) writeTier(body, request.serviceTier, isOwn, target);
  if (isOwn && request.extra !== null) for (const key in request.extra) putAt(body, key, request.extra[key] as Json);
  return { body, jsonTool };
}

type Plan = {
  readonly tools: readonly NeutralTool[];
  readonly toolChoice: ToolChoice | null;
  readonly format: ResponseFormat | null;
  readonly jsonTool: string | null;
};

/**
 * How JSON of a schema is asked for. Models before Gemini 3 refuse functions beside a JSON answer ("Function calling with a response
 * mime type: 'application/json' is unsupported"; https://ai.google.dev/gemini-api/docs/structured-output#structured_outputs_with_tools).
 */
function planOutput(request: NeutralRequest, target: Target): Plan {
  const { tools, toolChoice, responseFormat: format } = request;
  const { jsonSchema, reasoning } = target.quirks;
  const hasFunctions = tools.some(({ kind }) => kind === "function");
  const isBeforeGemini3 = reasoning === "budget" || reasoning === "none";
  const needsTool = jsonSchema === "tool" || (isBeforeGemini3 && hasFunctions);
  if (format?.kind !== "json-schema" || !needsTool || request.dialect === "gemini") {
    return { tools, toolChoice, format, jsonTool: null };
  }
  return {
    tools: [...tools, jsonToolOf(format)],
    toolChoice: hasFunctions ? { kind: "required" } : { kind: "tool", name: JSON_TOOL },
    format: null,
    jsonTool: JSON_TOOL,
  };
}

function writeTier(body: Record<string, Json>, tier: string, isOwn: boolean, target: Target): void {
  const known = isOwn ? tier : TIERS.get(tier);
  if (known === undefined) target.hint("serviceTier");
  else if (known !== null) body["serviceTier"] = known;
}

/** Puts an `extra` member back where its dotted name says it stood. */
function putAt(body: Record<string, Json>, path: string, value: Json): void {
  const keys = path.split(".");
  let at = body;
  for (const key of keys.slice(0, -1))
    at = at[key] = { ...(at[key] as JsonObject | undefined) } as Record<string, Json>;
  at[keys.at(-1) as string] = value;
}

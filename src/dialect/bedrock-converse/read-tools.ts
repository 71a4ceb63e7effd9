/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html */
import { asBoolean, asObject, asString, type JsonObject, restOf } from "../../lib/json.ts";
import type { NeutralTool, ToolChoice } from "../neutral.ts";
import { invalid, optionalObjects } from "./invalid.ts";
import { OWN } from "./own.ts";
import { readCachePoint } from "./read-part.ts";

const SPEC: ReadonlySet<string> = new Set(["name", "description", "inputSchema", "strict"]);

/** Tools; a cache point becomes a hint on the tool before it, tools that Bedrock runs are native. */
export function readTools(config: JsonObject | null): readonly NeutralTool[] {
  const tools: NeutralTool[] = [];
  for (const [index, tool] of (optionalObjects(config ?? {}, "tools", "toolConfig.tools") ?? []).entries()) {
    const cache = tool["cachePoint"] === undefined ? null : readCachePoint(tool);
    const previous = tools.at(-1);
    if (cache !== null && previous?.kind === "function" && previous.cache === undefined) {
      tools[tools.length - 1] = { ...previous, cache };
      continue;
    }
    tools.push(readTool(tool, `toolConfig.tools.${index}.toolSpec`));
  }
  return tools;
}

function readTool(tool: JsonObject, path: string): NeutralTool {
  const spec = asObject(tool["toolSpec"]);
  if (spec === null) return { kind: "native", dialect: OWN, value: tool };
  const name = asString(spec["name"]);
  if (name === null || name === "") throw invalid(`${path}.name`, "Member must not be null");
  const schema = asObject(spec["inputSchema"]);
  const extra = { ...restOf(tool, new Set(["toolSpec"])), ...nest(restOf(spec, SPEC)) };
  return {
    kind: "function",
    name,
    description: asString(spec["description"]),
    parameters: asObject(schema?.["json"]),
    isStrict: asBoolean(spec["strict"]),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function nest(rest: JsonObject | null): JsonObject {
  return rest === null ? {} : { toolSpec: rest };
}

/** `{ auto }`, `{ any }` or `{ tool: { name } }`. */
export function readToolChoice(config: JsonObject | null): ToolChoice | null {
  const value = config?.["toolChoice"];
  if (value === undefined || value === null) return null;
  const choice = asObject(value);
  if (choice?.["auto"] !== undefined) return { kind: "auto" };
  if (choice?.["any"] !== undefined) return { kind: "required" };
  const name = asString(asObject(choice?.["tool"])?.["name"]);
  if (name !== null) return { kind: "tool", name };
  throw invalid("toolConfig.toolChoice", "Member must be one of auto, any, tool");
}

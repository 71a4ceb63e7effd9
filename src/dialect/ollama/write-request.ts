/**
 * A neutral request as `POST /api/chat`: https://docs.ollama.com/api/chat. Only one that was read from `/api/generate` is written as
 * a prompt again; that API then answers it too.
 */
import { compact, type Json, type JsonObject } from "../../lib/json.ts";
import type { WrittenRequest } from "../dialect.ts";
import type { NeutralMessage, NeutralRequest, Part, ToolCallPart, ToolResultPart } from "../neutral.ts";
import { type FunctionTool, JSON_TOOL, jsonToolOf } from "../json-tool.ts";
import { effortOfBudget, nearestEffort } from "../reasoning-effort.ts";
import type { Target } from "../target.ts";
import { formOf } from "../wire-form.ts";
import { renameMembers } from "../wire-names.ts";
import { joinTexts, writeArguments, writeImages } from "./parts.ts";
import { OPTION_NAMES } from "./settings.ts";

const LEVELS = ["low", "medium", "high"];
/** Made by the reader for a call that came without an id. */
const MADE_ID = /^call_\d+$/;

export function writeRequest(request: NeutralRequest, target: Target): WrittenRequest {
  const isOwn = request.dialect === "ollama";
  const names = namesOfCalls(request.messages);
  const messages = request.messages.flatMap((message) => writeMessage(message, names, isOwn, target));
  const format = writeFormat(request, target);
  const tools = chooseTools(request, target);
  if (format.tool !== null) tools.push(format.tool);
  const { options, members: extra } = splitExtra(isOwn ? request.extra : null);
  const form = formOf(request, "ollama");
  const members = compact({
    model: request.model,
    ...(form?.isOther === true ? writePrompt(request.messages) : { messages }),
    // Streaming is what it does unless it is told not to.
    stream: request.isStream,
    tools: tools.length === 0 ? undefined : tools.map(writeTool),
    format: format.field,
    think: writeThink(request, target),
    logprobs: request.logprobs ?? undefined,
    top_logprobs: request.topLogprobs ?? undefined,
    options: writeOptions(request, options),
  });
  return {
    body: renameMembers({ ...form?.silent, ...extra, ...members }, target.quirks.renames),
    jsonTool: format.tool === null ? null : JSON_TOOL,
  };
}

function writePrompt(messages: readonly NeutralMessage[]): JsonObject {
  const system = messages.find(({ role }) => role === "system");
  const user = messages.find(({ role }) => role === "user");
  const { content: prompt, images } = writeContent(user?.parts ?? []);
  return {
    ...(system === undefined ? {} : { system: joinTexts(system.parts, "\n") }),
    prompt,
    ...(images === undefined ? {} : { images }),
  };
}

/** A result names its tool; the neutral form names the call. */
function namesOfCalls(messages: readonly NeutralMessage[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.kind === "tool-call") names.set(part.id, part.name);
  }
  return names;
}

function writeMessage(
  message: NeutralMessage,
  names: ReadonlyMap<string, string>,
  isOwn: boolean,
  target: Target,
): readonly JsonObject[] {
  if (message.name !== undefined) target.hint("name");
  const extra = { ...formOf(message, "ollama")?.silent, ...(isOwn ? message.extra : null) };
  for (const part of message.parts) refuseUnknown(part, target);
  switch (message.role) {
    case "tool":
      return message.parts.flatMap((part) =>
        part.kind === "tool-result" ? [{ ...extra, ...writeResult(part, names, isOwn, target) }] : [],
      );
    case "system":
    case "developer":
      return [{ ...extra, role: "system", ...writeContent(message.parts) }];
    case "user":
      return [{ ...extra, role: "user", ...writeContent(message.parts) }];
    case "assistant": {
      const thinking = message.parts.flatMap((part) => (part.kind === "reasoning" ? [part.text] : [])).join("\n\n");
      const calls = message.parts.filter((part): part is ToolCallPart => part.kind === "tool-call");
      return [
        {
          ...extra,
          role: "assistant",
          ...writeContent(message.parts, ""),
          ...(thinking === "" ? {} : { thinking }),
          ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => writeCall(call, isOwn)) }),
        },
      ];
    }
    default:
      return message.role satisfies never;
  }
}

function refuseUnknown(part: Part, target: Target): void {
  const isUnknown =
    part.kind === "audio" || part.kind === "video" || (part.kind === "image" && part.source.kind !== "data");
  if (isUnknown) target.cannot("messages", `its API takes no ${part.kind} in this form`);
}

function writeContent(
  parts: readonly Part[],
  between: "" | "\n" = "\n",
): { content: string; images?: readonly string[] } {
  const images = writeImages(parts);
  return { content: joinTexts(parts, between), ...(images.length === 0 ? {} : { images }) };
}

function writeCall(call: ToolCallPart, isOwn: boolean): JsonObject {
  const { id, name, arguments: text } = call;
  return {
    ...(isOwn && MADE_ID.test(id) ? {} : { id }),
    ...(formOf(call, "ollama")?.isOther === true ? {} : { type: "function" }),
    function: { name, arguments: writeArguments(text) },
  };
}

function writeResult(
  part: ToolResultPart,
  names: ReadonlyMap<string, string>,
  isOwn: boolean,
  target: Target,
): JsonObject {
  for (const inner of part.content) refuseUnknown(inner, target);
  const name = part.name ?? (isOwn ? undefined : names.get(part.callId));
  return {
    role: "tool",
    ...writeContent(part.content),
    ...(name === undefined ? {} : { tool_name: name }),
    ...(isOwn && MADE_ID.test(part.callId) ? {} : { tool_call_id: part.callId }),
  };
}

/** Which tools the model sees is all that can be said: nothing makes it call one. */
function chooseTools({ tools, toolChoice }: NeutralRequest, target: Target): FunctionTool[] {
  const functions = tools.filter((tool): tool is FunctionTool => tool.kind === "function");
  switch (toolChoice?.kind) {
    case undefined:
    case "auto":
      return functions;
    case "none":
      return [];
    case "required":
      target.cannot("toolChoice", "its API cannot make the model call a tool");
      return functions;
    case "tool":
      target.cannot("toolChoice", "its API cannot make the model call a tool");
      return functions.filter(({ name }) => name === toolChoice.name);
    case "allowed": {
      if (toolChoice.isRequired) target.cannot("toolChoice", "its API cannot make the model call a tool");
      const allowed = new Set(toolChoice.names);
      return functions.filter(({ name }) => allowed.has(name));
    }
    default:
      return toolChoice satisfies never;
  }
}

function writeTool({ name, description, parameters, extra }: FunctionTool): JsonObject {
  return {
    type: "function",
    function: {
      ...extra,
      name,
      ...(description === null ? {} : { description }),
      parameters: parameters ?? { type: "object", properties: {} },
    },
  };
}

function writeFormat(
  { responseFormat: format }: NeutralRequest,
  target: Target,
): { field: Json | undefined; tool: FunctionTool | null } {
  switch (format?.kind) {
    case undefined:
    case "text":
      return { field: undefined, tool: null };
    case "json":
      return { field: "json", tool: null };
    case "json-schema":
      if (target.quirks.jsonSchema !== "tool") {
        return { field: target.quirks.jsonSchema === "json-object" ? "json" : format.schema, tool: null };
      }
      return { field: undefined, tool: jsonToolOf(format) };
    default:
      return format satisfies never;
  }
}

/** Levels are for models that know them (gpt-oss); the others take any of them as true: https://docs.ollama.com/capabilities/thinking */
function writeThink({ reasoning }: NeutralRequest, target: Target): Json | undefined {
  if (reasoning === null || target.quirks.reasoning === "none") return undefined;
  const { budgetTokens, isEnabled, isAdaptive } = reasoning;
  const effort =
    reasoning.effort ?? (budgetTokens === null || budgetTokens < 0 ? null : effortOfBudget(budgetTokens, null));
  if (isEnabled === false || effort === "none") return false;
  if (effort !== null) return nearestEffort(effort, target.quirks.efforts ?? LEVELS);
  return isEnabled === true || isAdaptive === true || budgetTokens === -1 ? true : undefined;
}

function writeOptions(request: NeutralRequest, own: Record<string, Json>): JsonObject | undefined {
  const options: Record<string, Json> = { ...own };
  for (const key of Object.keys(OPTION_NAMES) as (keyof typeof OPTION_NAMES)[]) {
    const value = request[key];
    if (value !== null) options[OPTION_NAMES[key]] = value;
  }
  if (request.stop !== null) options["stop"] = request.stop;
  return Object.keys(options).length === 0 ? undefined : options;
}

/** `options.NAME` back into options; the rest stands at the top. */
function splitExtra(extra: JsonObject | null): {
  readonly options: Record<string, Json>;
  readonly members: JsonObject;
} {
  const options: Record<string, Json> = {};
  const members: Record<string, Json> = {};
  for (const key in extra) {
    const value = extra[key];
    if (value === undefined) continue;
    if (key.startsWith("options.")) options[key.slice("options.".length)] = value;
    else members[key] = value;
  }
  return { options, members };
}

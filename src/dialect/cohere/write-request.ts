/** A neutral request as `POST /v2/chat`: https://docs.cohere.com/reference/chat */
import { asArray, asObject, compact, type Json, type JsonObject } from "../../lib/json.ts";
import type { WrittenRequest } from "../dialect.ts";
import type { FilePart, NeutralMessage, NeutralRequest, NeutralTool, Part, ToolResultPart } from "../neutral.ts";
import { type FunctionTool, JSON_TOOL, jsonToolOf } from "../json-tool.ts";
import { budgetOfEffort } from "../reasoning-effort.ts";
import type { Target } from "../target.ts";
import { formOf } from "../wire-form.ts";
import { renameMembers } from "../wire-names.ts";
import { writeDocument } from "./documents.ts";
import { PLAN, writeAssistantParts, writeBlock } from "./parts.ts";
import { MAX_K, MAX_P, MAX_STOP_SEQUENCES, MIN_P } from "./settings.ts";

export function writeRequest(request: NeutralRequest, target: Target): WrittenRequest {
  const isOwn = request.dialect === "cohere";
  const documents: Json[] = [];
  const messages = request.messages.flatMap((message) => writeMessage(message, documents, isOwn, target));
  const chosen = chooseTools(request);
  const format = writeFormat(request, chosen.tools, documents.length > 0, target);
  const tools = format.tool === null ? chosen.tools : [...chosen.tools, format.tool];
  const members = compact({
    model: request.model,
    messages,
    stream: request.isStream ? true : undefined,
    ...(documents.length === 0 ? null : { documents }),
    ...writeTools(tools, target),
    tool_choice: format.tool === null ? chosen.choice : "REQUIRED",
    response_format: format.field,
    max_tokens: request.maxTokens ?? undefined,
    temperature: request.temperature ?? undefined,
    p: writeP(request.topP, isOwn),
    k: writeK(request.topK, target),
    seed: request.seed ?? undefined,
    frequency_penalty: writePenalty(request, "frequencyPenalty", target),
    presence_penalty: writePenalty(request, "presencePenalty", target),
    stop_sequences: writeStop(request.stop, target),
    logprobs: request.logprobs ?? undefined,
    thinking: writeThinking(request, target),
  });
  const body = { ...formOf(request, "cohere")?.silent, ...(isOwn ? request.extra : null), ...members };
  return { body: renameMembers(body, target.quirks.renames), jsonTool: format.tool === null ? null : JSON_TOOL };
}

function writeMessage(
  message: NeutralMessage,
  documents: Json[],
  isOwn: boolean,
  target: Target,
): JsonObject | readonly JsonObject[] {
  const form = formOf(message, "cohere");
  const extra = { ...form?.silent, ...(isOwn ? message.extra : null) };
  const isList = form?.isOther === true;
  if (message.name !== undefined) target.hint("name");
  const drop = (part: Part): void => target.cannot("messages", `its API has no ${part.kind} in this place`);
  switch (message.role) {
    case "tool":
      return message.parts.flatMap((part) =>
        part.kind === "tool-result" ? [{ ...extra, ...writeResult(part, isOwn, isList, drop) }] : [],
      );
    case "assistant": {
      const members = shorten(writeAssistantParts(isOwn ? message.parts : sayPlan(message.parts), drop), isList);
      const isEmpty = form === null && members["content"] === undefined && members["tool_calls"] === undefined;
      return { ...extra, role: "assistant", ...(isEmpty ? { content: "" } : null), ...members };
    }
    case "system":
    case "developer":
    case "user": {
      const content: JsonObject[] = [];
      for (const part of message.parts) {
        if (part.kind === "file") takeDocument(part, documents, isOwn, drop);
        else {
          const block = part.kind === "reasoning" ? null : writeBlock(part);
          if (block === null) drop(part);
          else content.push(block);
        }
      }
      // v2 knows system, user, assistant and tool.
      const role = message.role === "developer" && !isOwn ? "system" : message.role;
      if (content.length === 0 && message.parts.length > 0) return [];
      return { ...extra, role, ...shorten({ content }, isList) };
    }
    default:
      return message.role satisfies never;
  }
}

/**
 * What an assistant says beside its calls is its plan: "text content is not allowed when tool_calls are provided", says the API
 * (https://github.com/vercel/ai/issues/5794).
 */
function sayPlan(parts: readonly Part[]): readonly Part[] {
  if (!parts.some(({ kind }) => kind === "tool-call")) return parts;
  return parts.flatMap((part): Part[] => {
    if (part.kind !== "text" && part.kind !== "refusal") return [part];
    return part.text === "" ? [] : [{ kind: "reasoning", text: part.text, isSummary: true, extra: PLAN }];
  });
}

function takeDocument(part: FilePart, documents: Json[], isOwn: boolean, drop: (part: Part) => void): void {
  const document = writeDocument(part, isOwn);
  if (document === null) drop(part);
  else
    documents.push(typeof document === "string" || isOwn ? document : { id: `doc:${documents.length}`, ...document });
}

/** A text alone is written as a string, which every version of the API takes. */
function shorten(members: Record<string, Json>, isList: boolean): JsonObject {
  if (isList) return members;
  const content = asArray(members["content"]);
  const only = content.length === 1 ? asObject(content[0]) : null;
  return only?.["type"] === "text" && typeof only["text"] === "string"
    ? { ...members, content: only["text"] }
    : members;
}

/** A result with a file in it is a list, of documents that the answer may cite. */
function writeResult(part: ToolResultPart, isOwn: boolean, isList: boolean, drop: (part: Part) => void): JsonObject {
  const content = part.content.flatMap((inner): readonly JsonObject[] => {
    if (inner.kind === "file") {
      const document = writeDocument(inner, isOwn);
      if (document !== null) {
        return [{ type: "document", document: typeof document === "string" ? { data: document } : document }];
      }
    }
    const own = isOwn && inner.kind === "text" ? inner.extra?.["document"] : undefined;
    if (own !== undefined) return [{ type: "document", document: own }];
    const block = inner.kind === "reasoning" ? null : writeBlock(inner);
    if (block !== null) return [block];
    drop(inner);
    return [];
  });
  return { role: "tool", tool_call_id: part.callId, ...shorten({ content }, isList) };
}

/** What Cohere has no word for is said by the list of tools itself: one that is forced is the only one. */
function chooseTools(request: NeutralRequest): { tools: readonly NeutralTool[]; choice: string | undefined } {
  const { tools, toolChoice } = request;
  const named = (names: readonly string[]): readonly NeutralTool[] => {
    const allowed = new Set(names);
    return tools.filter((tool) => tool.kind === "function" && allowed.has(tool.name));
  };
  switch (toolChoice?.kind) {
    case undefined:
    case "auto":
      return { tools, choice: undefined };
    case "none":
      return { tools, choice: "NONE" };
    case "required":
      return { tools, choice: "REQUIRED" };
    case "tool":
      return { tools: named([toolChoice.name]), choice: "REQUIRED" };
    case "allowed":
      return { tools: named(toolChoice.names), choice: toolChoice.isRequired ? "REQUIRED" : undefined };
    default:
      return toolChoice satisfies never;
  }
}

function writeTools(tools: readonly NeutralTool[], target: Target): { tools?: Json; strict_tools?: boolean } {
  if (tools.length === 0) return {};
  const functions = tools.filter((tool): tool is FunctionTool => tool.kind === "function");
  return {
    tools: tools.flatMap((tool): readonly JsonObject[] => {
      if (tool.kind === "native") return [tool.value];
      if (tool.kind !== "function") return [];
      const { name, description, parameters } = tool;
      return [
        {
          type: "function",
          function: {
            name,
            ...(description === null ? {} : { description }),
            parameters: parameters ?? { type: "object", properties: {} },
          },
        },
      ];
    }),
    ...writeStrict(functions, target),
  };
}

/**
 * Strictness is for all tools or none, and refused where a tool has no required parameter:
 * https://docs.cohere.com/docs/structured-outputs#structured-outputs-tools
 */
function writeStrict(tools: readonly FunctionTool[], target: Target): { strict_tools?: boolean } {
  if (tools.length === 0 || tools.some(({ isStrict }) => isStrict === null)) return {};
  if (tools.some(({ isStrict }) => isStrict === false)) {
    return tools.every(({ isStrict }) => isStrict === false) ? { strict_tools: false } : {};
  }
  if (tools.every(({ parameters }) => asArray(parameters?.["required"]).length > 0)) return { strict_tools: true };
  target.hint("strict");
  return {};
}

/** `response_format` "is not supported when used in combinations with the documents or tools parameters" (API reference). */
function writeFormat(
  request: NeutralRequest,
  tools: readonly NeutralTool[],
  hasDocuments: boolean,
  target: Target,
): { field: JsonObject | undefined; tool: FunctionTool | null } {
  const { responseFormat: format } = request;
  const isAlone = request.dialect === "cohere" || (tools.length === 0 && !hasDocuments);
  if (format === null) return { field: undefined, tool: null };
  switch (format.kind) {
    case "text":
      return { field: isAlone ? { type: "text" } : undefined, tool: null };
    case "json":
      if (isAlone) return { field: { type: "json_object" }, tool: null };
      target.cannot("responseFormat", "JSON mode does not go together with tools or documents there");
      return { field: undefined, tool: null };
    case "json-schema":
      if (isAlone && target.quirks.jsonSchema !== "tool") {
        const isPlain = target.quirks.jsonSchema === "json-object";
        return {
          field: { type: "json_object", ...(isPlain ? {} : { json_schema: format.schema }) },
          tool: null,
        };
      }
      return { field: undefined, tool: jsonToolOf(format) };
    default:
      return format satisfies never;
  }
}

function writeThinking({ reasoning, maxTokens }: NeutralRequest, target: Target): JsonObject | undefined {
  if (reasoning === null || target.quirks.reasoning === "none") return undefined;
  const { effort, budgetTokens, isEnabled, isAdaptive } = reasoning;
  if (isEnabled === false || effort === "none" || budgetTokens === 0) return { type: "disabled" };
  if (budgetTokens !== null && budgetTokens > 0) return { type: "enabled", token_budget: budgetTokens };
  if (effort !== null) {
    // Without a budget it thinks as long as it likes, which is what these ask for.
    const isUnbounded = effort === "high" || effort === "xhigh" || effort === "max";
    return { type: "enabled", ...(isUnbounded ? {} : { token_budget: budgetOfEffort(effort, maxTokens) }) };
  }
  return isEnabled === true || isAdaptive === true || budgetTokens === -1 ? { type: "enabled" } : undefined;
}

/** 1 means every token elsewhere; here the bound is 0.99, which comes to the same within a hundredth. */
function writeP(topP: number | null, isOwn: boolean): number | undefined {
  if (topP === null) return undefined;
  return isOwn ? topP : Math.min(MAX_P, Math.max(MIN_P, topP));
}

function writeK(topK: number | null, target: Target): number | undefined {
  if (topK === null) return undefined;
  if (topK <= MAX_K) return Math.max(0, topK);
  target.cannot("topK", `it takes at most ${MAX_K}, got ${topK}`);
  return MAX_K;
}

function writePenalty(
  request: NeutralRequest,
  name: "frequencyPenalty" | "presencePenalty",
  target: Target,
): number | undefined {
  const value = request[name];
  if (value === null) return undefined;
  if (value >= 0 && value <= 1) return value;
  target.cannot(name, `it takes 0 … 1, got ${value}`);
  return Math.min(1, Math.max(0, value));
}

function writeStop(stop: readonly string[] | null, target: Target): readonly string[] | undefined {
  if (stop === null) return undefined;
  if (stop.length <= MAX_STOP_SEQUENCES) return stop;
  target.cannot("stop", `it takes at most ${MAX_STOP_SEQUENCES} stop sequences, got ${stop.length}`);
  return stop.slice(0, MAX_STOP_SEQUENCES);
}

import type { Json, JsonObject } from "../../lib/json.ts";
import type { NeutralMessage, NeutralRequest, Part, ReasoningPart, ToolCallPart, ToolResultPart } from "../neutral.ts";
import type { Target } from "../target.ts";
import { formOf } from "./form.ts";
import { detailOf, writeDetails } from "./reasoning-parts.ts";
import { type ContentScope, writePart } from "./write-content.ts";
import { writeFunctionCall, writeToolCall } from "./write-tool-calls.ts";

type Written = Record<string, Json | undefined>;

/** How earlier reasoning is told to a provider. */
type ReasoningForm = "none" | "plain" | "details";

type Scope = ContentScope & { readonly target: Target; readonly reasoning: ReasoningForm };

/** A conversation for a provider. */
export function writeMessages(request: NeutralRequest, target: Target): JsonObject[] {
  const isOwn = request.dialect === "openai-chat";
  const scope: Scope = {
    target,
    isOwn,
    // Most servers refuse members they do not know: only OpenRouter, and those that follow it, take hints in content.
    takesCache: isOwn || target.quirks.reasoning === "reasoning-object",
    reasoning: reasoningFormOf(target),
  };
  const messages: JsonObject[] = [];
  let carried: Written[] = [];
  for (const message of request.messages) {
    if (message.role !== "tool" && carried.length > 0) {
      messages.push({ role: "user", content: carried });
      carried = [];
    }
    if (message.role === "tool") {
      for (const part of message.parts) {
        if (part.kind === "tool-result") messages.push(writeResult(part, message, scope, carried));
      }
    } else if (message.role === "assistant") messages.push(writeAssistant(message, scope, carried));
    else messages.push(writeSpoken(message, scope));
  }
  if (carried.length > 0) messages.push({ role: "user", content: carried });
  if (!scope.takesCache && hasCacheHint(request)) target.hint("cache_control");
  return messages;
}

function hasCacheHint({ messages, tools }: NeutralRequest): boolean {
  return (
    messages.some(({ parts }) => parts.some(({ cache }) => cache !== undefined)) ||
    tools.some((tool) => tool.kind === "function" && tool.cache !== undefined)
  );
}

/**
 * Reasoning goes back to those that ask for it: https://api-docs.deepseek.com/guides/thinking_mode#tool-calls,
 * https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks. Those that take an effort only refuse or ignore it.
 */
function reasoningFormOf({ quirks }: Target): ReasoningForm {
  switch (quirks.reasoning) {
    case "reasoning-object":
      return "details";
    case "effort":
    case "none":
      return "none";
    default:
      return "plain";
  }
}

function writeSpoken(message: NeutralMessage, scope: Scope): JsonObject {
  const { silent, isList } = formOf(message);
  const isInstruction = message.role === "system" || message.role === "developer";
  const role = isInstruction
    ? (scope.target.quirks.systemRole ?? (scope.isOwn ? message.role : "system"))
    : message.role;
  const written: Written = { role };
  const content = writeContent(message.parts, scope, isList === true);
  if (scope.isOwn) Object.assign(written, silent, content === undefined ? null : { content }, message.extra);
  else written["content"] = content ?? "";
  if (message.name !== undefined) written["name"] = message.name;
  return written;
}

/** A string where it is one plain text, else a list; undefined where nothing is said. */
function writeContent(parts: readonly Part[], scope: Scope, isList: boolean): Json | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  const isPlain = parts.length === 1 && first.kind === "text" && (first.cache === undefined || !scope.takesCache);
  if (isPlain && !(scope.isOwn && (isList || first.extra !== undefined))) return first.text;
  const content: JsonObject[] = [];
  for (const part of parts) {
    const written = writePart(part, scope);
    if (written !== null) content.push(written);
  }
  return content.length === 0 ? undefined : content;
}

/** `carried`: what an assistant made that only a user may show ("Image URLs are only allowed for messages with role 'user'"). */
function writeAssistant(message: NeutralMessage, scope: Scope, carried: Written[]): JsonObject {
  const { isOwn } = scope;
  const form = formOf(message);
  const written: Written = { role: "assistant" };
  const content: Part[] = [];
  const reasoning: ReasoningPart[] = [];
  const calls: ToolCallPart[] = [];
  let refusal: string | null = null;
  let audio: JsonObject | null = null;
  for (const part of message.parts) {
    if (part.kind === "tool-call") calls.push(part);
    else if (part.kind === "reasoning" && !(isOwn && formOf(part).pieces !== undefined)) reasoning.push(part);
    else if (part.kind === "refusal" && !(isOwn && form.isList === true)) refusal = (refusal ?? "") + part.text;
    else if (part.kind === "audio" && part.id !== undefined) audio = { id: part.id, ...(isOwn ? part.extra : null) };
    else if (isOwn || part.kind === "text") content.push(part);
    else {
      const body = writePart(part, scope);
      if (body !== null) carried.push(body);
    }
  }
  if (isOwn) Object.assign(written, form.silent);
  const said = writeAssistantContent(content, scope, form.isList === true);
  if (said !== undefined) written["content"] = said;
  else if (!isOwn) written["content"] = calls.length > 0 || refusal !== null || audio !== null ? null : "";
  if (refusal !== null) written["refusal"] = refusal;
  if (audio !== null) written["audio"] = audio;
  writeReasoning(written, reasoning, calls, message, scope);
  const [legacy] = calls;
  if (legacy !== undefined && isOwn && formOf(legacy).isLegacy === true) {
    written["function_call"] = writeFunctionCall(legacy);
  } else if (calls.length > 0) written["tool_calls"] = calls.map((call) => writeToolCall(call, isOwn, true));
  if (message.name !== undefined) written["name"] = message.name;
  if (isOwn) Object.assign(written, message.extra);
  return written;
}

/** An assistant's several texts are one to most servers; as a list only where the caller had one, or a part says more than its text. */
function writeAssistantContent(parts: readonly Part[], scope: Scope, isList: boolean): Json | undefined {
  if (scope.isOwn && isList) return writeContent(parts, scope, true);
  const isText = parts.every((part) => part.kind === "text" && (part.cache === undefined || !scope.takesCache));
  if (!isText || parts.length === 0) return writeContent(parts, scope, isList);
  return parts.map((part) => (part.kind === "text" ? part.text : "")).join("");
}

function writeReasoning(
  written: Written,
  parts: readonly ReasoningPart[],
  calls: readonly ToolCallPart[],
  message: NeutralMessage,
  { isOwn, reasoning }: Scope,
): void {
  const { plainReasoning, hasDetails } = formOf(message);
  const hasOwnForm = isOwn && (plainReasoning !== undefined || hasDetails === true);
  if (!hasOwnForm && reasoning === "none") return;
  const text = joinReasoning(parts, hasOwnForm);
  if (text !== "") {
    const fields = hasOwnForm ? (plainReasoning ?? []) : [reasoning === "details" ? "reasoning" : "reasoning_content"];
    for (const field of fields) written[field] = text;
  }
  if (hasOwnForm ? hasDetails !== true : reasoning !== "details") return;
  const details = writeDetails(parts, { isOwn, isForProvider: true });
  for (const { signature } of calls) {
    const detail = signature?.owner === "openai-chat" ? detailOf(signature, "data", true) : null;
    if (detail !== null) details.push(detail);
  }
  if (details.length > 0) written["reasoning_details"] = details;
}

/** As one text: joined as it stood where it was one, else paragraphs. */
export function joinReasoning(parts: readonly ReasoningPart[], isOne: boolean): string {
  return parts
    .map(({ text }) => text)
    .filter((text) => text !== "")
    .join(isOne ? "" : "\n\n");
}

/**
 * A tool's result. OpenAI takes text alone here (https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages): the
 * images and files of it are carried into a user message behind all results of the turn.
 */
function writeResult(part: ToolResultPart, message: NeutralMessage, scope: Scope, carried: Written[]): JsonObject {
  const { isOwn } = scope;
  const form = formOf(message);
  const extra = isOwn ? { ...form.silent, ...message.extra } : null;
  if (isOwn && form.isLegacy === true) {
    return {
      role: "function",
      content: writeContent(part.content, scope, form.isList === true) ?? "",
      name: part.name ?? "",
      ...extra,
    };
  }
  const written: Written = { role: "tool" };
  if (!(isOwn && form.lacks?.includes("tool_call_id") === true)) written["tool_call_id"] = part.callId;
  if (isOwn) {
    const content = writeContent(part.content, scope, form.isList === true);
    if (content !== undefined) written["content"] = content;
    if (part.name !== undefined) written["name"] = part.name;
    return { ...written, ...extra };
  }
  const texts: string[] = [];
  const others: JsonObject[] = [];
  for (const inner of part.content) {
    if (inner.kind === "text") texts.push(inner.text);
    else {
      const body = writePart(inner, scope);
      if (body?.["type"] === "text") texts.push(body["text"] as string);
      else if (body !== null) others.push(body);
    }
  }
  if (others.length > 0) {
    carried.push({ type: "text", text: `What the tool call ${part.callId} returned beside its text:` }, ...others);
    if (texts.length === 0) texts.push("The result follows in the next user message.");
  }
  written["content"] = texts.join("\n");
  return written;
}

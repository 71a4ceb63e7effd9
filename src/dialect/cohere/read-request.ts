/** `POST /v2/chat` as a neutral request: https://docs.cohere.com/reference/chat */
import { asArray, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { nameType } from "../../lib/name-type.ts";
import type { RequestContext } from "../dialect.ts";
import {
  type NeutralMessage,
  type NeutralRequest,
  type NeutralTool,
  NO_SETTINGS,
  type Part,
  type ReasoningSettings,
  type ResponseFormat,
  type ToolChoice,
} from "../neutral.ts";
import { silentMembers, withForm } from "../wire-form.ts";
import { readDocument, readResultDocument } from "./documents.ts";
import { invalid } from "./invalid.ts";
import { readAssistantParts, readBlock } from "./parts.ts";

const KNOWN = new Set([
  "model",
  "messages",
  "stream",
  "tools",
  "strict_tools",
  "tool_choice",
  "documents",
  "response_format",
  "max_tokens",
  "stop_sequences",
  "temperature",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "k",
  "p",
  "logprobs",
  "thinking",
]);
const KNOWN_MESSAGE = new Set(["role", "content", "tool_calls", "tool_call_id", "tool_plan", "citations"]);
const KNOWN_TOOL = new Set(["type", "function"]);
const KNOWN_FUNCTION = new Set(["name", "description", "parameters"]);

/** Throws GatewayError `invalid_request` (with `param`) for what Cohere would refuse. */
export function readRequest(body: JsonObject, context: RequestContext): NeutralRequest {
  const messages = readMessages(body["messages"]);
  const request: NeutralRequest = {
    ...NO_SETTINGS,
    dialect: "cohere",
    model: context.model,
    isStream: context.isStream,
    wantsStreamUsage: true,
    messages: withDocuments(messages, body["documents"]),
    tools: readTools(body["tools"], body["strict_tools"]),
    maxTokens: readNumber(body, "max_tokens"),
    temperature: readNumber(body, "temperature"),
    topP: readNumber(body, "p"),
    topK: readNumber(body, "k"),
    seed: readNumber(body, "seed"),
    frequencyPenalty: readNumber(body, "frequency_penalty"),
    presencePenalty: readNumber(body, "presence_penalty"),
    stop: readStop(body["stop_sequences"]),
    logprobs: readBoolean(body, "logprobs"),
    toolChoice: readToolChoice(body["tool_choice"]),
    responseFormat: readResponseFormat(body["response_format"]),
    reasoning: readThinking(body["thinking"]),
    extra: restOf(body, KNOWN),
  };
  return withForm(request, { dialect: "cohere", silent: silentMembers(body, KNOWN), isOther: false });
}

function readMessages(value: Json | undefined): NeutralMessage[] {
  if (!Array.isArray(value)) throw invalid(`messages should be an array, got ${nameType(value)}`, "messages");
  if (value.length === 0) throw invalid("messages should hold at least one message, got none", "messages");
  return (value as readonly Json[]).map(readMessage);
}

function readMessage(value: Json, index: number): NeutralMessage {
  const place = `messages.${index}`;
  const message = asObject(value);
  if (message === null) throw invalid(`${place} should be an object, got ${nameType(value)}`, place);
  return withForm(readRole(message, place), {
    dialect: "cohere",
    silent: silentMembers(message, KNOWN_MESSAGE),
    isOther: Array.isArray(message["content"]) && message["content"].length > 0,
  });
}

function readRole(message: JsonObject, place: string): NeutralMessage {
  const extra = restOf(message, KNOWN_MESSAGE);
  const rest = extra === null ? {} : { extra };
  switch (message["role"]) {
    case "system":
    case "developer":
      return { ...rest, role: message["role"], parts: readContent(message["content"], `${place}.content`) };
    case "user":
      return { ...rest, role: "user", parts: readContent(message["content"], `${place}.content`) };
    case "assistant":
      return { ...rest, role: "assistant", parts: readAssistantParts(message) };
    case "tool": {
      const callId = asString(message["tool_call_id"]);
      if (callId === null) {
        throw invalid(
          `${place}.tool_call_id should be a string, got ${nameType(message["tool_call_id"])}`,
          `${place}.tool_call_id`,
        );
      }
      const content = readResult(message["content"], `${place}.content`);
      return { ...rest, role: "tool", parts: [{ kind: "tool-result", callId, content }] };
    }
    default:
      throw invalid(
        `${place}.role should be one of system, user, assistant, tool, got ${JSON.stringify(message["role"] ?? null)}`,
        `${place}.role`,
      );
  }
}

function readContent(content: Json | undefined, place: string): readonly Part[] {
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (!Array.isArray(content)) {
    throw invalid(`${place} should be a string or an array of blocks, got ${nameType(content)}`, place);
  }
  return (content as readonly Json[]).flatMap((block) => readBlock(block) ?? []);
}

/** A tool's result: text, or a list of text and documents. */
function readResult(content: Json | undefined, place: string): readonly Part[] {
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (!Array.isArray(content)) {
    throw invalid(`${place} should be a string or an array of blocks, got ${nameType(content)}`, place);
  }
  return (content as readonly Json[]).flatMap((block): Part | readonly Part[] => {
    const object = asObject(block);
    if (object?.["type"] === "document") return readResultDocument(object["document"] ?? null);
    return readBlock(block) ?? [];
  });
}

/** Documents belong to the last question: that is where other APIs have them, before its text. */
function withDocuments(messages: NeutralMessage[], documents: Json | undefined): readonly NeutralMessage[] {
  if (documents === undefined || documents === null) return messages;
  if (!Array.isArray(documents)) {
    throw invalid(`documents should be an array, got ${nameType(documents)}`, "documents");
  }
  if (documents.length === 0) return messages;
  const files = (documents as readonly Json[]).map(readDocument);
  const last = messages.findLastIndex(({ role }) => role === "user");
  if (last === -1) return [...messages, { role: "user", parts: files }];
  const message = messages[last] as NeutralMessage;
  messages[last] = { ...message, parts: [...files, ...message.parts] };
  return messages;
}

function readTools(value: Json | undefined, strict: Json | undefined): readonly NeutralTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(`tools should be an array, got ${nameType(value)}`, "tools");
  const isStrict = typeof strict === "boolean" ? strict : null;
  return (value as readonly Json[]).map((item, index): NeutralTool => {
    const tool = asObject(item);
    const fn = asObject(tool?.["function"]);
    if (tool === null || (fn === null && tool["type"] === "function")) {
      throw invalid(`tools.${index} should be an object with a function`, `tools.${index}`);
    }
    if (fn === null) return { kind: "native", dialect: "cohere", value: tool };
    const name = asString(fn["name"]);
    if (name === null) {
      throw invalid(
        `tools.${index}.function.name should be a string, got ${nameType(fn["name"])}`,
        `tools.${index}.function.name`,
      );
    }
    const extra = { ...restOf(fn, KNOWN_FUNCTION), ...restOf(tool, KNOWN_TOOL) };
    return {
      kind: "function",
      name,
      description: asString(fn["description"]),
      parameters: asObject(fn["parameters"]),
      isStrict,
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    };
  });
}

/** https://docs.cohere.com/docs/tool-use-usage-patterns#forcing-tool-usage */
function readToolChoice(value: Json | undefined): ToolChoice | null {
  if (value === undefined || value === null) return null;
  if (value === "REQUIRED") return { kind: "required" };
  if (value === "NONE") return { kind: "none" };
  throw invalid(`tool_choice should be REQUIRED or NONE, got ${JSON.stringify(value)}`, "tool_choice");
}

/** `schema` is the field's older name. */
function readResponseFormat(value: Json | undefined): ResponseFormat | null {
  if (value === undefined || value === null) return null;
  const format = asObject(value);
  const type = format?.["type"];
  if (format === null || (type !== "text" && type !== "json_object")) {
    throw invalid(
      `response_format.type should be text or json_object, got ${JSON.stringify(type ?? null)}`,
      "response_format",
    );
  }
  if (type === "text") return { kind: "text" };
  const schema = asObject(format["json_schema"]) ?? asObject(format["schema"]);
  if (schema === null) return { kind: "json" };
  return { kind: "json-schema", name: "response", description: null, schema, isStrict: null };
}

/** https://docs.cohere.com/docs/reasoning */
function readThinking(value: Json | undefined): ReasoningSettings | null {
  if (value === undefined || value === null) return null;
  const thinking = asObject(value);
  const type = thinking?.["type"];
  if (thinking === null || (type !== "enabled" && type !== "disabled")) {
    throw invalid(`thinking.type should be enabled or disabled, got ${JSON.stringify(type ?? null)}`, "thinking");
  }
  return {
    effort: null,
    budgetTokens: readNumber(thinking, "token_budget"),
    isEnabled: type === "enabled",
    isAdaptive: null,
    show: null,
  };
}

function readStop(value: Json | undefined): readonly string[] | null {
  if (value === undefined || value === null) return null;
  const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (!isList) throw invalid("stop_sequences should be an array of strings", "stop_sequences");
  return asArray(value) as readonly string[];
}

export function readNumber(body: JsonObject, name: string): number | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw invalid(`${name} should be a number, got ${nameType(value)}`, name);
}

function readBoolean(body: JsonObject, name: string): boolean | null {
  const value = body[name];
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value;
  throw invalid(`${name} should be true or false, got ${nameType(value)}`, name);
}

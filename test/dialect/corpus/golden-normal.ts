/**
 * Two translators' requests and answers in one form: what carries no meaning (order of members, null for absent, one text as a
 * string or as a list of one, generated ids, the model's name) is made equal, and nothing else.
 */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import type { Json, JsonObject } from "../../../src/lib/json.ts";
import { argumentsOf, isObject, list, object, type MutableJson } from "./oracle/oracle.ts";

/** Members that one translator makes up, anywhere. */
const MADE_UP = new Set([
  "model",
  "modelId",
  "modelVersion",
  "responseId",
  "created",
  "created_at",
  "createTime",
  "completed_at",
]);
/** Ids are compared by what they refer to: their order of appearance. */
const ID_KEYS = new Set(["id", "call_id", "tool_call_id", "tool_use_id", "toolUseId", "item_id"]);
/** Texts that are JSON. */
const JSON_TEXTS = new Set(["arguments"]);

export function normaliseGolden(value: JsonObject, dialect: DialectId): JsonObject {
  const ids = new Map<string, string>();
  return object(reshape(tidy(value, "", ids), dialect));
}

function tidy(value: Json, key: string, ids: Map<string, string>): Json {
  if (Array.isArray(value)) return value.map((one) => tidy(one as Json, key, ids));
  if (typeof value === "string") {
    if (ID_KEYS.has(key)) {
      let name = ids.get(value);
      if (name === undefined) ids.set(value, (name = `id ${ids.size}`));
      return name;
    }
    return JSON_TEXTS.has(key) ? tidy(argumentsOf(value), "", ids) : value;
  }
  if (!isObject(value)) return value;
  const clean: MutableJson = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === null || member === undefined || MADE_UP.has(name)) continue;
    // A tool's own parameters may be called anything.
    clean[name] = tidy(member, name, name === "properties" ? new Map() : ids);
  }
  return clean as JsonObject;
}

/** Forms that mean the same in one API. */
function reshape(value: Json, dialect: DialectId): Json {
  const body: MutableJson = { ...object(value) };
  switch (dialect) {
    case "openai-chat":
      delete body["stream_options"];
      if (body["max_tokens"] !== undefined) rename(body, "max_tokens", "max_completion_tokens");
      if (Array.isArray(body["messages"]))
        body["messages"] = body["messages"].map((one) => openMessage(object(one as Json), "text"));
      break;
    case "openai-responses":
      if (typeof body["input"] === "string") body["input"] = [{ role: "user", content: body["input"] }];
      if (body["instructions"] !== undefined) {
        body["input"] = [{ role: "system", content: body["instructions"] }, ...list(body["input"])];
        delete body["instructions"];
      }
      if (Array.isArray(body["input"])) body["input"] = body["input"].map((one) => openItem(object(one as Json)));
      break;
    case "anthropic-messages":
      if (typeof body["system"] === "string") body["system"] = [{ type: "text", text: body["system"] }];
      if (Array.isArray(body["messages"]))
        body["messages"] = mergeRoles(
          body["messages"].map((one) => openMessage(object(one as Json), "text")),
          "content",
        );
      break;
    case "gemini":
      if (Array.isArray(body["contents"])) body["contents"] = mergeRoles(body["contents"].map(object), "parts");
      if (isObject(body["systemInstruction"]))
        body["systemInstruction"] = { parts: body["systemInstruction"]["parts"] };
      break;
    case "bedrock-converse":
      if (Array.isArray(body["messages"])) body["messages"] = mergeRoles(body["messages"].map(object), "content");
      break;
    case "cohere":
    case "ollama":
      break;
    default:
      return dialect satisfies never;
  }
  return dropEmpty(body as JsonObject);
}

function openMessage(message: JsonObject, textType: string): JsonObject {
  const open: MutableJson = { ...message };
  if (typeof open["content"] === "string") open["content"] = [{ type: textType, text: open["content"] }];
  // OpenAI's newer name for the system's role.
  if (open["role"] === "developer") open["role"] = "system";
  if (Array.isArray(open["content"])) {
    open["content"] = open["content"].map((one) => {
      const block = object(one as Json);
      return typeof block["content"] === "string"
        ? { ...block, content: [{ type: "text", text: block["content"] }] }
        : block;
    });
  }
  return open as JsonObject;
}

function openItem(item: JsonObject): JsonObject {
  const open: MutableJson = { ...openMessage(item, item["role"] === "assistant" ? "output_text" : "input_text") };
  if (open["type"] === "message") delete open["type"];
  if (open["status"] === "completed") delete open["status"];
  if (open["type"] === "function_call" || open["type"] === "function_call_output") delete open["id"];
  if (Array.isArray(open["output"]) && open["output"].length === 1) {
    const only = object(open["output"][0] as Json);
    if (only["type"] === "input_text") open["output"] = only["text"];
  }
  return open as JsonObject;
}

/** Two messages of one role, one after the other, are one. */
function mergeRoles(messages: readonly JsonObject[], member: string): JsonObject[] {
  const merged: JsonObject[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last !== undefined && last["role"] === message["role"]) {
      merged[merged.length - 1] = { ...last, [member]: [...list(last[member]), ...list(message[member])] };
    } else merged.push(message);
  }
  return merged;
}

/** Objects and lists without members say nothing. */
function dropEmpty(value: JsonObject): JsonObject {
  const kept: MutableJson = {};
  for (const [key, member] of Object.entries(value)) {
    if (Array.isArray(member) && member.length === 0) continue;
    const inner = isObject(member) ? dropEmpty(member) : member;
    if (isObject(inner) && Object.keys(inner).length === 0) continue;
    kept[key] = inner as Json;
  }
  return kept as JsonObject;
}

function rename(body: MutableJson, from: string, to: string): void {
  body[to] = body[from];
  delete body[from];
}

/** Every leaf by its path. */
export function flatten(value: Json | undefined, path = "", leaves = new Map<string, Json>()): Map<string, Json> {
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) flatten(one as Json, `${path}[${index}]`, leaves);
  } else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) flatten(member, path === "" ? key : `${path}.${key}`, leaves);
  } else if (value !== undefined && value !== null) leaves.set(path, value);
  return leaves;
}

import { type Json, type JsonObject, asArray, asObject, asString, restOf } from "../../lib/json.ts";
import type { Opaque, ToolCallPart } from "../neutral.ts";
import { unwrapOpaque } from "../opaque.ts";
import { withForm } from "./form.ts";

const CALL_KEYS: ReadonlySet<string> = new Set(["id", "type", "function"]);
const CUSTOM_CALL_KEYS: ReadonlySet<string> = new Set(["id", "type", "custom"]);
const NAMED: ReadonlySet<string> = new Set(["name", "arguments"]);

/**
 * A member of `tool_calls`, of a request or an answer: https://platform.openai.com/docs/api-reference/chat/object. Forgiving: some
 * leave out `type` (Mistral), the arguments (a function without any), or send them as an object.
 */
export function readToolCall(call: JsonObject, makeId: () => string): ToolCallPart {
  const id = asString(call["id"]) ?? "";
  const custom = asObject(call["custom"]);
  const lacks: string[] = [];
  if (call["type"] === undefined) lacks.push("type");
  if (call["id"] === undefined) lacks.push("id");
  if (custom !== null && (call["type"] === "custom" || call["function"] === undefined)) {
    const rest = restOf(call, CUSTOM_CALL_KEYS);
    return withForm(
      {
        kind: "tool-call",
        id: id === "" ? makeId() : id,
        name: asString(custom["name"]) ?? "",
        arguments: asString(custom["input"]) ?? "",
        isCustom: true,
        ...(rest === null ? {} : { extra: rest }),
      },
      lacks.length === 0 ? {} : { lacks },
    );
  }
  const named = asObject(call["function"]) ?? {};
  const signature = readGoogleSignature(call["extra_content"]);
  const rest: Record<string, Json | undefined> = { ...restOf(call, CALL_KEYS) };
  if (call["id"] === "" || call["id"] === null) rest["id"] = call["id"];
  if (signature !== null && isOnlySignature(call["extra_content"])) delete rest["extra_content"];
  const inner = restOf(named, NAMED);
  if (inner !== null) rest["function"] = inner;
  if (named["arguments"] === undefined) lacks.push("arguments");
  return withForm(
    {
      kind: "tool-call",
      id: id === "" ? makeId() : id,
      name: asString(named["name"]) ?? "",
      arguments: argumentsOf(named["arguments"]),
      ...(signature === null ? {} : { signature }),
      ...(Object.keys(rest).length === 0 ? {} : { extra: rest }),
    } as ToolCallPart,
    {
      ...(lacks.length === 0 ? {} : { lacks }),
      ...(named["arguments"] === undefined || (typeof named["arguments"] === "string" && named["arguments"] !== "")
        ? {}
        : { said: named["arguments"] }),
    },
  );
}

/** Legacy `function_call`: no id, one at most. */
export function readFunctionCall(call: JsonObject, id: string): ToolCallPart {
  return withForm(
    {
      kind: "tool-call",
      id,
      name: asString(call["name"]) ?? "",
      arguments: argumentsOf(call["arguments"]),
    } as ToolCallPart,
    { isLegacy: true },
  );
}

export function argumentsOf(value: Json | undefined): string {
  if (typeof value === "string") return value === "" ? "{}" : value;
  return value === undefined || value === null ? "{}" : JSON.stringify(value);
}

/** Gemini's thought signature in Google's own API of this shape: https://ai.google.dev/gemini-api/docs/thought-signatures#openai */
export function readGoogleSignature(extraContent: Json | undefined): Opaque | null {
  const google = asObject(asObject(extraContent)?.["google"]);
  const signature = asString(google?.["thought_signature"]);
  return signature === null || signature === "" ? null : unwrapOpaque(signature, "google");
}

function isOnlySignature(extraContent: Json | undefined): boolean {
  const content = asObject(extraContent) ?? {};
  return Object.keys(content).length === 1 && Object.keys(asObject(content["google"]) ?? {}).length === 1;
}

/** Ids of a message's calls. */
export function callIdsOf(calls: Json | undefined): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const call of asArray(calls)) {
    const id = asString(asObject(call)?.["id"]);
    if (id !== null) ids.add(id);
  }
  return ids;
}

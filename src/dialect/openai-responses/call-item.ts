import { asString, type JsonObject } from "../../lib/json.ts";
import type { ToolCallPart } from "../neutral.ts";
import { leftover } from "./leftover.ts";

/** A `function_call` or `custom_tool_call`; its own id, status, namespace … stay in `extra`. */
export function readCallItem(item: JsonObject): ToolCallPart {
  const isCustom = item["type"] === "custom_tool_call";
  const input = isCustom ? "input" : "arguments";
  const callId = asString(item["call_id"]);
  const name = asString(item["name"]);
  const text = readArguments(item[input]);
  const extra = leftover(item, { type: true, call_id: callId, name, [input]: text });
  return {
    kind: "tool-call",
    id: callId ?? asString(item["id"]) ?? "",
    name: name ?? "",
    arguments: text === null || (text === "" && !isCustom) ? (isCustom ? "" : "{}") : text,
    ...(isCustom ? { isCustom } : {}),
    ...(extra === null ? {} : { extra }),
  };
}

/** Arguments as text; some servers send them parsed. */
export function readArguments(value: unknown): string | null {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : null;
}

/** The item of a tool call. `extra`: what of it has no neutral word, where it was read from this dialect. */
export function writeCallItem(
  part: Pick<ToolCallPart, "id" | "name" | "arguments" | "isCustom">,
  extra: JsonObject,
): JsonObject {
  const { id, name } = part;
  return part.isCustom === true
    ? { type: "custom_tool_call", call_id: id, name, input: part.arguments, ...extra }
    : { type: "function_call", call_id: id, name, arguments: part.arguments, ...extra };
}

/** What messages of requests and answers share: images, tool calls, texts. https://docs.ollama.com/api/chat */
import { asArray, asObject, asString, type Json, type JsonObject, parseObject } from "../../lib/json.ts";
import type { ImagePart, Part, ToolCallPart } from "../neutral.ts";
import { textOfFile } from "../text-file.ts";
import { withForm } from "../wire-form.ts";

/** Base64 of the first bytes of the formats that Ollama's models take. */
const SIGNATURES: readonly (readonly [prefix: string, mediaType: string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["Qk", "image/bmp"],
];

/** Images come as bare base64: what they are is read from their first bytes. */
export function readImages(value: Json | undefined): readonly ImagePart[] {
  return asArray(value).flatMap((item): readonly ImagePart[] => {
    const data = asString(item);
    if (data === null || data === "") return [];
    const mediaType = SIGNATURES.find(([prefix]) => data.startsWith(prefix))?.[1] ?? "image/png";
    return [{ kind: "image", source: { kind: "data", mediaType, data } }];
  });
}

export function writeImages(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => (part.kind === "image" && part.source.kind === "data" ? [part.source.data] : []));
}

/** A call's arguments are an object; `makeId` names a call that came without an id. */
export function readToolCalls(value: Json | undefined, makeId: () => string): readonly ToolCallPart[] {
  return asArray(value).flatMap((item): readonly ToolCallPart[] => {
    const call = asObject(item);
    const fn = asObject(call?.["function"]);
    if (fn === null) return [];
    const id = asString(call?.["id"]);
    const text = fn["arguments"];
    const part: ToolCallPart = {
      kind: "tool-call",
      id: id === null || id === "" ? makeId() : id,
      name: asString(fn["name"]) ?? "",
      arguments: typeof text === "string" ? text : JSON.stringify(text ?? {}),
    };
    return [withForm(part, { dialect: "ollama", silent: null, isOther: call?.["type"] === undefined })];
  });
}

/** The arguments as an object, which is all that Ollama has room for; what is none stands in one under `input`. */
export function writeArguments(text: string): JsonObject {
  if (text === "" || text === "null") return {};
  return parseObject(text) ?? { input: text };
}

/**
 * The texts of a message as one: Ollama's content is a string. What a model wrote goes on where it stopped (citations cut it in
 * mid-sentence), so `between` is empty there; what was put together by others stands in lines. Text files are quoted with their names.
 */
export function joinTexts(parts: readonly Part[], between: "" | "\n"): string {
  let joined = "";
  for (const part of parts) {
    const text = textOf(part);
    if (text === "") continue;
    joined += joined === "" || /\s$/.test(joined) ? text : between + text;
  }
  return joined;
}

function textOf(part: Part): string {
  switch (part.kind) {
    case "text":
    case "refusal":
      return part.text;
    case "file":
      return textOfFile(part);
    case "audio":
      return part.transcript ?? "";
    default:
      return "";
  }
}

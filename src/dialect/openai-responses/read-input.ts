import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { MediaSource, NeutralMessage, Part, Role, TextPart } from "../neutral.ts";
import { invalidType, invalidValue, missingParameter } from "../openai-invalid.ts";
import { readCallItem } from "./call-item.ts";
import { missingInput } from "./missing-input.ts";
import { ItemReader, nativeOf } from "./items.ts";
import { leftover } from "./leftover.ts";
import { parseDataUrl } from "./data-url.ts";

const ROLES = ["assistant", "system", "developer", "user"] as const;
const CONTENT_TYPES = ["input_text", "input_image", "input_file", "input_audio", "output_text", "refusal"];

/**
 * `input` as messages. Items of the model's turn that follow each other are one message; so the pairs of call and result that other
 * APIs want come of themselves. Throws GatewayError `invalid_request`, naming the item.
 */
export function readInput(body: JsonObject): readonly NeutralMessage[] {
  const { input } = body;
  if (typeof input === "string") {
    return [{ role: "user", parts: [{ kind: "text", text: input }], extra: { form: "input" } }];
  }
  if (input === undefined || input === null) {
    const stands = ["previous_response_id", "prompt", "conversation"].some((name) => (body[name] ?? null) !== null);
    if (stands) return [];
    throw missingInput();
  }
  if (!Array.isArray(input)) throw invalidType("input", "a string or an array of objects", input);
  const messages: NeutralMessage[] = [];
  let turn: ItemReader | null = null;
  const endTurn = (): void => {
    if (turn !== null && turn.parts.length > 0) messages.push({ role: "assistant", parts: turn.parts });
    turn = null;
  };
  for (const [index, entry] of (input as readonly Json[]).entries()) {
    const place = `input[${index}]`;
    const item = asObject(entry);
    if (item === null) throw invalidType(place, "an object", entry);
    const read = readItem(item, place);
    if (read === "turn") {
      turn ??= new ItemReader(null);
      turn.add(item);
    } else {
      endTurn();
      messages.push(read);
    }
  }
  endTurn();
  return messages;
}

/** An item as a message of its own, or "turn" for one of the model's. */
function readItem(item: JsonObject, place: string): NeutralMessage | "turn" {
  const type = item["type"];
  switch (type) {
    case undefined:
    case "message": {
      const role = asString(item["role"]);
      if (role === null) throw missingParameter(`${place}.role`);
      const known = ROLES.find((name) => name === role);
      if (known === undefined) throw invalidValue(place, role, ROLES);
      const { content } = item;
      if (content === undefined || content === null) throw missingParameter(`${place}.content`);
      if (typeof content !== "string" && !Array.isArray(content)) {
        throw invalidType(`${place}.content`, "a string or an array of objects", content);
      }
      return known === "assistant" ? "turn" : readMessage(item, known, content, place);
    }
    case "function_call":
    case "custom_tool_call": {
      const { id, name } = readCallItem(item);
      if (id === "") throw missingParameter(`${place}.call_id`);
      if (name === "") throw missingParameter(`${place}.name`);
      return "turn";
    }
    case "function_call_output":
    case "custom_tool_call_output":
      return readResult(item, type === "custom_tool_call_output", place);
    default:
      if (typeof type !== "string") throw invalidType(`${place}.type`, "a string", type);
      // What the caller answers to a tool of the provider's own is the caller's turn.
      return isCallersItem(type) ? { role: "user", parts: [nativeOf(item)], extra: { form: "item" } } : "turn";
  }
}

function isCallersItem(type: string): boolean {
  return (
    type.endsWith("_call_output") ||
    type === "mcp_approval_response" ||
    type === "tool_search_output" ||
    type === "additional_tools"
  );
}

function readMessage(item: JsonObject, role: Role, content: Json, place: string): NeutralMessage {
  const head = leftover(item, { role: true, content: true });
  if (typeof content === "string") {
    return { role, parts: [{ kind: "text", text: content }], extra: { ...head, bare: true } };
  }
  return {
    role,
    parts: readContents(asArray(content), `${place}.content`),
    ...(head === null ? {} : { extra: head }),
  };
}

function readResult(item: JsonObject, isCustom: boolean, place: string): NeutralMessage {
  const callId = asString(item["call_id"]);
  if (callId === null || callId === "") throw missingParameter(`${place}.call_id`);
  const { output } = item;
  if (output === undefined) throw missingParameter(`${place}.output`);
  const isList = Array.isArray(output);
  if (!isList && typeof output !== "string") {
    throw invalidType(`${place}.output`, "a string or an array of objects", output);
  }
  const head = leftover(item, { type: true, call_id: callId, output: true });
  const extra = isList ? head : { ...head, bare: true };
  return {
    role: "tool",
    parts: [
      {
        kind: "tool-result",
        callId,
        content: isList ? readContents(asArray(output), `${place}.output`) : [{ kind: "text", text: output as string }],
        ...(isCustom ? { isCustom } : {}),
        ...(extra === null ? {} : { extra }),
      },
    ],
  };
}

function readContents(contents: readonly Json[], place: string): readonly Part[] {
  return contents.map((entry, index) => {
    const content = asObject(entry);
    if (content === null) throw invalidType(`${place}[${index}]`, "an object", entry);
    return readContent(content, `${place}[${index}]`);
  });
}

/** One content of a caller's message or of a tool's result. */
function readContent(content: JsonObject, place: string): Part {
  const type = asString(content["type"]);
  switch (type) {
    case "input_text":
    case "output_text":
    case "text":
      return readText(content, type, place);
    case "input_image":
      return readImage(content, place);
    case "input_file":
      return readFile(content, place);
    case "input_audio": {
      const audio = asObject(content["input_audio"]);
      const data = asString(audio?.["data"]);
      if (data === null) throw missingParameter(`${place}.input_audio.data`);
      const format = asString(audio?.["format"]) ?? "wav";
      return { kind: "audio", source: { kind: "data", mediaType: `audio/${format}`, data } };
    }
    case null:
      throw missingParameter(`${place}.type`);
    default:
      // A content of a later version of the API, or of one of its relatives.
      if (/^(?:input|output|computer|summary|reasoning)_/.test(type)) return nativeOf(content);
      throw invalidValue(`${place}.type`, type, CONTENT_TYPES);
  }
}

function readText(content: JsonObject, type: string, place: string): TextPart {
  const text = asString(content["text"]);
  if (text === null) throw missingParameter(`${place}.text`);
  const extra = leftover(content, { type: type === "input_text" ? true : null, text });
  return { kind: "text", text, ...cacheOf(content), ...(extra === null ? {} : { extra }) };
}

/** OpenAI's explicit end of a cached prefix. It stays in `extra`, too: this dialect's writer needs no hint to put it back. */
function cacheOf(content: JsonObject): { readonly cache?: { readonly ttl: null } } {
  return asObject(content["prompt_cache_breakpoint"]) === null ? {} : { cache: { ttl: null } };
}

const DETAILS = ["low", "high", "auto", "original"] as const;

function readImage(content: JsonObject, place: string): Part {
  const url = asString(content["image_url"]) ?? asString(asObject(content["image_url"])?.["url"]);
  const id = asString(content["file_id"]);
  const source: MediaSource | null =
    url !== null
      ? (parseDataUrl(url) ?? { kind: "url", url, mediaType: null })
      : id !== null
        ? { kind: "file-id", id, mediaType: null }
        : null;
  if (source === null) throw missingParameter(`${place}.image_url`);
  const detail = DETAILS.find((known) => known === content["detail"]);
  const extra = leftover(content, { type: true, image_url: url, file_id: url === null ? id : null, detail });
  return {
    kind: "image",
    source,
    ...(detail === undefined ? {} : { detail }),
    ...cacheOf(content),
    ...(extra === null ? {} : { extra }),
  };
}

function readFile(content: JsonObject, place: string): Part {
  const data = asString(content["file_data"]);
  const url = asString(content["file_url"]);
  const id = asString(content["file_id"]);
  const name = asString(content["filename"]);
  const source: MediaSource | null =
    data !== null
      ? (parseDataUrl(data) ?? { kind: "data", mediaType: mediaTypeOf(name), data })
      : url !== null
        ? { kind: "url", url, mediaType: null }
        : id !== null
          ? { kind: "file-id", id, mediaType: null }
          : null;
  if (source === null) throw missingParameter(`${place}.file_data`);
  const extra: Record<string, Json | undefined> = {
    ...leftover(content, {
      type: true,
      file_data: data,
      file_url: data === null ? url : null,
      file_id: data === null && url === null ? id : null,
      filename: name,
    }),
  };
  // Base64 without its `data:` prefix comes back as it was.
  if (data !== null && !data.startsWith("data:")) extra["bare"] = true;
  return {
    kind: "file",
    source,
    ...(name === null ? {} : { name }),
    ...cacheOf(content),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function mediaTypeOf(name: string | null): string {
  return name !== null && /\.(?:txt|md)$/i.test(name) ? "text/plain" : "application/pdf";
}

/** A `Part` of a content, of requests and answers alike: https://ai.google.dev/api/caching#Part */
import { asObject, asString, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import { unwrapOpaque, wrapOpaque } from "../opaque.ts";
import type { Opaque, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart } from "../neutral.ts";
import { invalid } from "./invalid.ts";
import { readFileData, readInlineData } from "./media.ts";
import { camelize, listOf, messageOf } from "./spelling.ts";

const TEXT_FIELDS = new Set(["text", "thoughtSignature"]);
const THOUGHT_FIELDS = new Set(["text", "thought", "thoughtSignature"]);
const CALL_FIELDS = new Set(["functionCall", "thoughtSignature"]);
const CALL_MEMBERS = new Set(["id", "name", "args"]);
const RESULT_FIELDS = new Set(["functionResponse"]);
const RESULT_MEMBERS = new Set(["id", "name", "response", "parts"]);
const IMAGE_FIELDS = new Set(["inlineData", "fileData", "thoughtSignature"]);
const MEDIA_FIELDS = new Set(["inlineData", "fileData"]);

/** Where calls get ids that the wire does not have. */
export interface CallIds {
  /** Id of a call: `own` where it has one. */
  ofCall(name: string, own: string | null): string;
  /** Id of the call that a result answers. */
  ofResult(name: string, own: string | null): string;
}

/** Reads a part. `place` is for errors; null where a provider sent it, which is read forgivingly. */
export function readPart(spelled: JsonObject, ids: CallIds, place: string | null): Part {
  const part = place === null ? spelled : camelize(spelled);
  const call = messageOf(part["functionCall"]);
  if (call !== null) return readCall(part, call, ids, place);
  const result = messageOf(part["functionResponse"]);
  if (result !== null) return readResult(part, result, ids, place);
  const blob = messageOf(part["inlineData"]);
  if (blob !== null) return withMediaRest(readInlineData(blob), part);
  const file = messageOf(part["fileData"]);
  if (file !== null) return withMediaRest(readFileData(file), part);
  const text = asString(part["text"]);
  if (text === null || hasOtherData(part)) {
    if (place !== null && Object.keys(part).length === 0) {
      throw invalid(
        `* GenerateContentRequest.${place}.data: required oneof field 'data' must have one initialized field`,
        place,
      );
    }
    return { kind: "native", dialect: "gemini", value: part };
  }
  return part["thought"] === true ? readThought(part, text) : readText(part, text);
}

/** Whether a part with a text holds something else as well, which only this dialect knows. */
function hasOtherData(part: JsonObject): boolean {
  return part["executableCode"] !== undefined || part["codeExecutionResult"] !== undefined;
}

function readText(part: JsonObject, text: string): TextPart {
  const rest = restOf(part, TEXT_FIELDS);
  const signature = signatureOf(part);
  return {
    kind: "text",
    text,
    ...(signature === null ? {} : { signature: signature.opaque }),
    ...(rest === null ? {} : { extra: rest }),
  };
}

function readThought(part: JsonObject, text: string): ReasoningPart {
  const rest = restOf(part, THOUGHT_FIELDS);
  const signature = signatureOf(part);
  return {
    kind: "reasoning",
    text,
    ...(signature === null ? {} : { [signature.slot]: signature.opaque }),
    ...(rest === null ? {} : { extra: rest }),
  };
}

function readCall(part: JsonObject, call: JsonObject, ids: CallIds, place: string | null): ToolCallPart {
  const name = asString(call["name"]);
  if (name === null && place !== null) {
    throw invalid(
      `* GenerateContentRequest.${place}.function_call.name: Name cannot be empty.`,
      `${place}.function_call.name`,
    );
  }
  const own = asString(call["id"]);
  const extra = callExtra(part, call, own);
  const signature = signatureOf(part);
  return {
    kind: "tool-call",
    id: ids.ofCall(name ?? "", own),
    name: name ?? "",
    arguments: JSON.stringify(asObject(call["args"]) ?? {}),
    ...(signature === null ? {} : { signature: signature.opaque }),
    ...(extra === null ? {} : { extra }),
  };
}

/** What of a call the neutral form has no word for; null where the wire has no id or no arguments at all. */
export function callExtra(part: JsonObject, call: JsonObject, own: string | null): JsonObject | null {
  const rest = restOf(part, CALL_FIELDS);
  const inner = restOf(call, CALL_MEMBERS);
  const hasArguments = asObject(call["args"]) !== null;
  if (own !== null && hasArguments && inner === null) return rest;
  return {
    ...rest,
    functionCall: { ...inner, ...(own === null ? { id: null } : {}), ...(hasArguments ? {} : { args: null }) },
  };
}

/** A result is the JSON of its `response`: whether `output`, `result` or other keys hold it is the caller's own choice. */
function readResult(part: JsonObject, result: JsonObject, ids: CallIds, place: string | null): ToolResultPart {
  const name = asString(result["name"]);
  if (name === null && place !== null) {
    throw invalid(
      `* GenerateContentRequest.${place}.function_response.name: Name cannot be empty.`,
      `${place}.function_response.name`,
    );
  }
  const own = asString(result["id"]);
  const response = asObject(result["response"]);
  const media = listOf(result["parts"]).flatMap((item) => {
    const inner = asObject(item);
    return inner === null ? [] : [readPart(inner, ids, place === null ? null : `${place}.function_response.parts`)];
  });
  const inner = restOf(result, RESULT_MEMBERS);
  const rest = restOf(part, RESULT_FIELDS);
  const extra =
    own === null || inner !== null
      ? { ...rest, functionResponse: { ...inner, ...(own === null ? { id: null } : {}) } }
      : rest;
  return {
    kind: "tool-result",
    callId: ids.ofResult(name ?? "", own),
    ...(name === null ? {} : { name }),
    content: [{ kind: "text", text: JSON.stringify(response ?? {}) }, ...media],
    ...(response !== null && response["error"] !== undefined ? { isError: true } : {}),
    ...(extra === null ? {} : { extra }),
  };
}

function withMediaRest(media: Part, part: JsonObject): Part {
  if (media.kind === "image") {
    const signature = signatureOf(part);
    const rest = restOf(part, IMAGE_FIELDS);
    return {
      ...media,
      ...(signature === null ? {} : { signature: signature.opaque }),
      ...(rest === null ? {} : { extra: { ...media.extra, ...rest } }),
    };
  }
  const rest = restOf(part, MEDIA_FIELDS);
  return rest === null ? media : ({ ...media, extra: { ...media.extra, ...rest } } as Part);
}

/** Marks another provider's encrypted reasoning, where its signature stands in the same field. */
const ENCRYPTED = "encrypted:";

/** A part's signature, whosever it is; null where it has none. The field holds base64. */
export function signatureOf(
  part: JsonObject,
): { readonly slot: "signature" | "encrypted"; readonly opaque: Opaque } | null {
  const text = part["thoughtSignature"];
  if (typeof text !== "string") return null;
  const opaque = unwrapOpaque(text, "google", "base64");
  if (opaque.owner === "google" || !opaque.data.startsWith(ENCRYPTED)) return { slot: "signature", opaque };
  return { slot: "encrypted", opaque: { owner: opaque.owner, data: opaque.data.slice(ENCRYPTED.length) } };
}

/** `thoughtSignature` of a part for a Gemini caller: its own as it is, another provider's wrapped. */
export function signatureText(opaque: Opaque, slot: "signature" | "encrypted"): string {
  const isOwn = opaque.owner === "google";
  return wrapOpaque(
    slot === "encrypted" && !isOwn ? { ...opaque, data: ENCRYPTED + opaque.data } : opaque,
    "google",
    "base64",
  );
}

/**
 * Arguments as the object that `args` must be. What the model of another API wrote and is no JSON object (custom tools, broken
 * JSON in a conversation's history) stands in one of its own, so that the conversation can go on.
 */
export function argumentsOf(text: string): JsonObject {
  if (text === "" || text === "{}") return {};
  // Some models write null where a function takes nothing.
  return parseObject(text) ?? (text.trim() === "null" ? {} : { input: text });
}

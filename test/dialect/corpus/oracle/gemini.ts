/** generateContent, from https://ai.google.dev/api/generate-content; partial arguments from Vertex's page on function calling. */
import type { FinishKind } from "../../../../src/dialect/neutral.ts";
import type { Usage } from "../../../../src/exchange.ts";
import type { Json, JsonObject } from "../../../../src/lib/json.ts";
import { usageOf } from "../../../../src/lib/usage.ts";
import { readJsonArrayFrames, readSseFrames } from "./frames.ts";
import {
  assignPresent,
  count,
  isObject,
  list,
  object,
  sum,
  text,
  type ChoiceFacts,
  type Facts,
  type MutableJson,
  type Oracle,
  type WireEvent,
} from "./oracle.ts";

export const geminiOracle: Oracle = {
  dialect: "gemini",
  readFrames: (body) => (/^\s*\[/.test(body.toString("utf8", 0, 64)) ? readJsonArrayFrames(body) : readSseFrames(body)),
  fold,
  facts,
};

function fold(events: readonly WireEvent[]): JsonObject | null {
  const answer: MutableJson = {};
  const candidates = new Map<number, MutableJson>();
  let found = false;
  for (const { data } of events) {
    if (data["error"] !== undefined) continue;
    found = true;
    assignPresent(answer, data, ["candidates", "usageMetadata"]);
    if (isObject(data["usageMetadata"])) {
      answer["usageMetadata"] = { ...object(answer["usageMetadata"]), ...data["usageMetadata"] };
    }
    for (const value of list(data["candidates"])) foldCandidate(candidates, object(value));
  }
  if (!found) return null;
  if (candidates.size > 0) {
    answer["candidates"] = [...candidates.entries()]
      .toSorted(([a], [b]) => a - b)
      .map(([, one]) => closeCandidate(one));
  }
  return answer as JsonObject;
}

function foldCandidate(candidates: Map<number, MutableJson>, chunk: JsonObject): void {
  const index = count(chunk["index"]) ?? 0;
  let candidate = candidates.get(index);
  if (candidate === undefined) candidates.set(index, (candidate = { index }));
  for (const [key, value] of Object.entries(chunk)) {
    if (value === null || value === undefined) continue;
    if (key === "content") {
      const before = object(candidate["content"]);
      candidate["content"] = {
        ...before,
        ...object(value),
        parts: foldParts(list(before["parts"]), list(object(value)["parts"])),
      };
    } else if (isObject(value)) candidate[key] = { ...object(candidate[key]), ...value };
    else candidate[key] = value;
  }
}

function foldParts(before: readonly Json[], pieces: readonly Json[]): readonly Json[] {
  const parts = before.map(object);
  for (const piece of pieces.map(object)) {
    const last = parts.at(-1);
    if (last !== undefined && typeof piece["text"] === "string" && typeof last["text"] === "string") {
      const isSame = (last["thought"] === true) === (piece["thought"] === true);
      // A signature may come with the text's last piece or with an empty piece behind it.
      if (isSame && (last["thoughtSignature"] === undefined || piece["text"] === "")) {
        parts[parts.length - 1] = { ...last, ...piece, text: last["text"] + piece["text"] };
        continue;
      }
    }
    if (last !== undefined && isSoundAfter(last, piece)) {
      const data = [last, piece].map((part) => Buffer.from(text(object(part["inlineData"])["data"]), "base64"));
      const inlineData = { ...object(last["inlineData"]), data: Buffer.concat(data).toString("base64") };
      parts[parts.length - 1] = { ...last, ...piece, inlineData };
      continue;
    }
    if (
      last !== undefined &&
      object(last["functionCall"])["willContinue"] === true &&
      isObject(piece["functionCall"])
    ) {
      parts[parts.length - 1] = {
        ...last,
        ...piece,
        functionCall: continueCall(object(last["functionCall"]), piece["functionCall"]),
      };
      continue;
    }
    const isFirstPiece = object(piece["functionCall"])["partialArgs"] !== undefined;
    parts.push(isFirstPiece ? { ...piece, functionCall: continueCall({}, object(piece["functionCall"])) } : piece);
  }
  return parts;
}

/** Sound comes in pieces, each base64 of its own. */
function isSoundAfter(last: JsonObject, piece: JsonObject): boolean {
  const [before, next] = [object(last["inlineData"])["mimeType"], object(piece["inlineData"])["mimeType"]];
  return typeof next === "string" && next.startsWith("audio/") && before === next;
}

/** `partialArgs` name a place by JSONPath and give its value, a string's in pieces. */
function continueCall(call: JsonObject, piece: JsonObject): JsonObject {
  const { partialArgs, ...rest } = piece;
  const after: MutableJson = { ...call, ...rest, willContinue: piece["willContinue"] === true };
  const args: MutableJson = { ...object(after["args"]) };
  for (const partial of list(partialArgs).map(object)) {
    const keys = [...text(partial["jsonPath"]).matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']+)'\]/g)].map(
      ([, name, position, quoted]) => name ?? quoted ?? Number(position),
    );
    const value = ["stringValue", "numberValue", "boolValue"]
      .map((key) => partial[key])
      .find((one) => one !== undefined);
    put(args, keys, value ?? null);
  }
  if (partialArgs !== undefined) after["args"] = args as JsonObject;
  return after as JsonObject;
}

function put(target: Record<string | number, Json | undefined>, keys: readonly (string | number)[], value: Json): void {
  const [key, ...rest] = keys;
  if (key === undefined) return;
  if (rest.length === 0) {
    const old = target[key];
    target[key] = typeof old === "string" && typeof value === "string" ? old + value : value;
    return;
  }
  const inner = target[key];
  const next = (
    Array.isArray(inner) ? [...inner] : isObject(inner) ? { ...inner } : typeof rest[0] === "number" ? [] : {}
  ) as MutableJson;
  put(next, rest, value);
  target[key] = next as JsonObject;
}

/** An empty text without a signature is only where a finish reason needed a part; a finished call no longer says that it goes on. */
function closeCandidate(candidate: MutableJson): JsonObject {
  const content = candidate["content"];
  if (!isObject(content)) return candidate as JsonObject;
  const parts = list(content["parts"])
    .map(object)
    .filter((part) => part["text"] !== "" || part["thoughtSignature"] !== undefined)
    .map((part) => {
      if (!isObject(part["functionCall"])) return part;
      const { willContinue: _, ...call } = part["functionCall"];
      return { ...part, functionCall: call };
    });
  return { ...candidate, content: { ...content, parts } } as JsonObject;
}

// ---- What it says --------------------------------------------------------------------------------------------------

function facts(answer: JsonObject): Facts {
  const choices = list(answer["candidates"]).map((value): ChoiceFacts => {
    const candidate = object(value);
    const parts = list(object(candidate["content"])["parts"]).map(object);
    const calls = parts.flatMap(({ functionCall }) =>
      isObject(functionCall) ? [{ name: text(functionCall["name"]), arguments: functionCall["args"] ?? {} }] : [],
    );
    const textOf = (isThought: boolean): string =>
      parts.map((part) => ((part["thought"] === true) === isThought ? text(part["text"]) : "")).join("");
    const finish = finishOf(candidate["finishReason"], calls.length > 0);
    return { text: textOf(false), reasoning: textOf(true), refusal: "", calls, finish };
  });
  const isBlocked = choices.length === 0 && object(answer["promptFeedback"])["blockReason"] !== undefined;
  const blocked: ChoiceFacts = { text: "", reasoning: "", refusal: "", calls: [], finish: "content-filter" };
  return { choices: isBlocked ? [blocked] : choices, usage: usage(answer) };
}

const FILTERED = new Set([
  "SAFETY",
  "RECITATION",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "SPII",
  "IMAGE_SAFETY",
  "MODEL_ARMOR",
  "LANGUAGE",
]);

function finishOf(reason: Json | undefined, hasCalls: boolean): FinishKind | null {
  if (typeof reason !== "string") return null;
  if (reason === "STOP") return hasCalls ? "tool-calls" : "stop";
  if (reason === "MAX_TOKENS") return "length";
  if (reason === "MALFORMED_FUNCTION_CALL" || reason === "UNEXPECTED_TOOL_CALL") return "error";
  return FILTERED.has(reason) ? "content-filter" : "other";
}

function usage(answer: JsonObject): Usage | null {
  const wire = answer["usageMetadata"];
  if (!isObject(wire)) return null;
  // A count of 0 is left out, as proto3 does.
  const tokensOf = (details: Json | undefined, modality: string): number | null =>
    list(details)
      .map(object)
      .filter((detail) => detail["modality"] === modality)
      .map((detail) => count(detail["tokenCount"]) ?? 0)
      .reduce<number | null>((a, b) => sum(a, b), null);
  const tool = count(wire["toolUsePromptTokenCount"]);
  const reasoning = count(wire["thoughtsTokenCount"]);
  return usageOf({
    // totalTokenCount is the sum of prompt, candidates, tool-use prompt and thoughts; the prompt includes what was cached.
    inputTokens: sum(count(wire["promptTokenCount"]), tool),
    outputTokens: sum(count(wire["candidatesTokenCount"]), reasoning),
    cachedTokens: count(wire["cachedContentTokenCount"]),
    reasoningTokens: reasoning,
    audioInputTokens: tokensOf(wire["promptTokensDetails"], "AUDIO"),
    audioOutputTokens: tokensOf(wire["candidatesTokensDetails"], "AUDIO"),
    toolInputTokens: tool,
  });
}

/** A whole `GenerateContentResponse` for a caller: https://ai.google.dev/api/generate-content#GenerateContentResponse */
import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import type { AnswerContext } from "../dialect.ts";
import type { NeutralAnswer, NeutralChoice } from "../neutral.ts";
import { writeGrounding } from "./citations.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { writeUsage } from "./usage.ts";
import { allSignatures, writePart } from "./write-part.ts";

/** What `extra` of a candidate says about members that have a place of their own. */
const SHAPE_FIELDS = new Set(["index", "content"]);

export function writeAnswer(answer: NeutralAnswer, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "gemini";
  const extra = isOwn ? answer.extra : null;
  // A blocked prompt has no candidates.
  const isBlocked = asObject(extra?.["promptFeedback"])?.["blockReason"] !== undefined;
  const choices = isBlocked ? answer.choices.filter(({ parts }) => parts.length > 0) : answer.choices;
  const body: Record<string, Json> = {};
  // Another provider's answer without any choice still is one.
  if (choices.length > 0 || !isOwn) body["candidates"] = choices.map((choice) => writeCandidate(choice, isOwn));
  if (answer.usage !== null) body["usageMetadata"] = writeUsage(answer.usage, isOwn);
  const model = answer.model ?? (isOwn ? null : context.model);
  if (model !== null) body["modelVersion"] = model;
  if (answer.createdAt !== null && !isOwn) body["createTime"] = writeTime(answer.createdAt);
  const id = answer.id ?? (isOwn ? null : context.requestId);
  if (id !== null) body["responseId"] = id;
  return extra === null ? body : { ...body, ...extra };
}

/** A time in RFC 3339, as Google's JSON has it. */
export function writeTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function writeCandidate(choice: NeutralChoice, isOwn: boolean): JsonObject {
  const extra = isOwn ? choice.extra : null;
  const parts: Json[] = [];
  const cited: Parameters<typeof writeGrounding>[0][number][] = [];
  for (const part of choice.parts) {
    const written = writePart(part, isOwn, allSignatures);
    if (written === null) continue;
    parts.push(written);
    if (part.kind === "audio" && part.source.kind === "data" && part.source.data !== "" && part.transcript) {
      parts.push({ text: part.transcript });
    }
    if (part.kind === "text" && part.citations !== undefined) {
      cited.push({ text: part.text, citations: part.citations, partIndex: parts.length - 1 });
    }
  }
  const candidate: Record<string, Json> = {};
  const content = writeContent(parts, extra);
  if (content !== null) candidate["content"] = content;
  if (choice.finish !== null) candidate["finishReason"] = writeFinish(choice.finish, isOwn);
  if (extra?.["index"] !== null) candidate["index"] = choice.index;
  if (!isOwn) {
    const grounding = writeGrounding(cited);
    if (grounding !== null) candidate["groundingMetadata"] = grounding;
    if (choice.logprobs !== null) candidate["logprobsResult"] = writeLogprobs(choice.logprobs);
  }
  for (const key in extra) if (!SHAPE_FIELDS.has(key)) candidate[key] = extra[key] as Json;
  return candidate;
}

/** `content` as usual, or as odd as it came. */
function writeContent(parts: readonly Json[], extra: JsonObject | null): JsonObject | null {
  const shape = extra?.["content"];
  if (shape === undefined) return { parts, role: "model" };
  const odd = asObject(shape);
  if (odd === null) return null;
  const content: Record<string, Json> = "parts" in odd ? {} : { parts };
  for (const key in odd) if (odd[key] !== null) content[key] = odd[key] as Json;
  return content;
}

/** A whole `GenerateContentResponse`: https://ai.google.dev/api/generate-content#GenerateContentResponse */
import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { MAX_CHOICES, numberChoices } from "../choice-index.ts";
import { makeCallId } from "../call-id.ts";
import type { Citation, NeutralAnswer, NeutralChoice, Part } from "../neutral.ts";
import { readCitations } from "./citations.ts";
import { blockedFinish, readFinish } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { type CallIds, readPart } from "./parts.ts";
import { readUsage } from "./usage.ts";

/** Members of an answer with a place of their own. */
export const ANSWER_FIELDS = new Set(["candidates", "usageMetadata", "modelVersion", "responseId", "error"]);
/** And of a candidate. `content` may hold more than parts and the role, which is always "model". */
export const CANDIDATE_FIELDS = new Set(["content", "finishReason", "index"]);

/** Answers' calls mostly have no id: each gets one of its own. */
export const ANSWER_CALL_IDS: CallIds = {
  ofCall: (_name, own) => own ?? makeCallId(),
  ofResult: (_name, own) => own ?? makeCallId(),
};

/** Throws GatewayError `upstream_error` for what is no answer at all. */
export function readAnswer(body: JsonObject): NeutralAnswer {
  const candidates = body["candidates"];
  const feedback = asObject(body["promptFeedback"]);
  const usage = asObject(body["usageMetadata"]);
  if (!Array.isArray(candidates) && feedback === null && usage === null) {
    throw new GatewayError(
      "upstream_error",
      "The provider's answer is no GenerateContentResponse: it has no candidates.",
      {
        upstreamType: "protocol",
      },
    );
  }
  const said = asArray(candidates)
    .slice(0, MAX_CHOICES)
    .map(asObject)
    .filter((candidate) => candidate !== null);
  const numbers = numberChoices(said.map((candidate) => candidate["index"]));
  const choices = said.map((candidate, place) => readCandidate(candidate, numbers[place] ?? place));
  const blockReason = asString(feedback?.["blockReason"]);
  if (choices.length === 0 && blockReason !== null) {
    choices.push({ index: 0, parts: [], finish: blockedFinish(blockReason), logprobs: null, extra: null });
  }
  return {
    dialect: "gemini",
    id: asString(body["responseId"]),
    model: asString(body["modelVersion"]),
    createdAt: readTime(body["createTime"]),
    choices,
    usage: usage === null ? null : readUsage(usage),
    serviceTier: null,
    extra: restOf(body, ANSWER_FIELDS),
  };
}

/** Seconds since 1970 of a time in RFC 3339; null for anything else. */
export function readTime(value: Json | undefined): number | null {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000);
}

function readCandidate(candidate: JsonObject, index: number): NeutralChoice {
  const content = asObject(candidate["content"]);
  const parts = asArray(content?.["parts"]).flatMap((item) => {
    const part = asObject(item);
    return part === null ? [] : [readPart(part, ANSWER_CALL_IDS, null)];
  });
  const reason = asString(candidate["finishReason"]);
  const hasCalls = parts.some(({ kind }) => kind === "tool-call");
  return {
    index,
    parts: withCitations(candidate, parts),
    finish: reason === null ? null : readFinish(reason, hasCalls),
    logprobs: readLogprobs(candidate["logprobsResult"]),
    extra: candidateExtra(candidate, content, candidate["index"] === undefined ? null : index),
  };
}

/** What the answer must have to be written as it came: 0 and empty lists are left out by the API at times, and at times are not. */
function candidateExtra(candidate: JsonObject, content: JsonObject | null, index: number | null): JsonObject | null {
  const rest = restOf(candidate, CANDIDATE_FIELDS);
  const isUsual = content !== null && content["role"] === "model" && Array.isArray(content["parts"]) && index !== null;
  if (isUsual) return rest;
  return {
    ...rest,
    ...(index === null ? { index: null } : {}),
    ...(content !== null && content["role"] === "model" && Array.isArray(content["parts"])
      ? {}
      : { content: content === null ? null : withoutParts(content) }),
  };
}

function withoutParts(content: JsonObject): JsonObject {
  const { parts, ...rest } = content;
  return Array.isArray(parts) ? { ...rest, role: content["role"] ?? null } : { ...rest, parts: null };
}

function withCitations(candidate: JsonObject, parts: readonly Part[]): readonly Part[] {
  if (candidate["groundingMetadata"] === undefined && candidate["citationMetadata"] === undefined) return parts;
  const texts = parts.flatMap((part) => (part.kind === "text" ? [part] : []));
  const byText: Citation[][] = texts.map(() => []);
  for (const { text, citation } of readCitations(
    candidate,
    texts.map(({ text }) => text),
  ))
    byText[text]?.push(citation);
  let text = 0;
  return parts.map((part) => {
    const citations = part.kind === "text" ? (byText[text++] ?? []) : [];
    return citations.length === 0 ? part : ({ ...part, citations } as Part);
  });
}

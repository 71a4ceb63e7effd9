/** The neutral settings as `generationConfig`: https://ai.google.dev/api/generate-content#GenerationConfig */
import { compact, type Json, type JsonObject } from "../../lib/json.ts";
import type { NeutralRequest, ReasoningSettings, ResponseFormat } from "../neutral.ts";
import { budgetOfEffort, nearestEffort } from "../reasoning-effort.ts";
import type { Target } from "../target.ts";
import { writtenSchemaOf } from "./schema.ts";

const MAX_TEMPERATURE = 2;
const MAX_STOPS = 5;
const MAX_CANDIDATES = 8;
const MAX_LOGPROBS = 20;
/** Of Gemini 2.5 Flash; 2.5 Pro takes some more: https://ai.google.dev/gemini-api/docs/thinking#set-budget */
const MAX_BUDGET = 24_576;

/** The config of a request, without what only this dialect knows; undefined when nothing is said. */
export function writeGenerationConfig(
  request: NeutralRequest,
  target: Target,
  format: ResponseFormat | null,
): Record<string, Json> {
  const isOwn = request.dialect === "gemini";
  return compact({
    maxOutputTokens: request.maxTokens ?? undefined,
    temperature: atMost(request.temperature, MAX_TEMPERATURE, "temperature", target),
    topP: request.topP ?? undefined,
    topK: request.topK ?? undefined,
    // int32 on the wire; OpenAI's are wider, and any number seeds as well as another.
    seed: request.seed === null ? undefined : request.seed | 0,
    stopSequences: writeStops(request.stop, target),
    presencePenalty: request.presencePenalty ?? undefined,
    frequencyPenalty: request.frequencyPenalty ?? undefined,
    candidateCount: atMost(request.choices, MAX_CANDIDATES, "choices", target),
    responseLogprobs: request.logprobs ?? undefined,
    logprobs: atMost(request.topLogprobs, MAX_LOGPROBS, "topLogprobs", target),
    responseModalities: request.modalities?.map((modality) => modality.toUpperCase()),
    speechConfig: writeSpeech(request.audio, target),
    thinkingConfig:
      request.reasoning === null ? undefined : writeThinking(request.reasoning, request.maxTokens, target, isOwn),
    ...writeFormat(format, target, isOwn),
  });
}

function atMost(
  value: number | null,
  max: number,
  name: "temperature" | "choices" | "topLogprobs",
  target: Target,
): number | undefined {
  if (value === null) return undefined;
  if (value <= max) return value;
  target.cannot(name, `Gemini takes at most ${max}, got ${value}`);
  return max;
}

function writeStops(stop: readonly string[] | null, target: Target): readonly string[] | undefined {
  if (stop === null) return undefined;
  if (stop.length <= MAX_STOPS) return stop;
  target.cannot("stop", `Gemini takes at most ${MAX_STOPS} stop sequences, got ${stop.length}`);
  return stop.slice(0, MAX_STOPS);
}

function writeSpeech(audio: NeutralRequest["audio"], target: Target): Json | undefined {
  if (audio === null) return undefined;
  const { voice, format } = audio;
  if (format !== null && format !== "pcm16") target.cannot("audio", `Gemini speaks pcm16 only, not ${format}`);
  if (typeof voice === "string") return { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } };
  return voice ?? undefined;
}

/**
 * Gemini 3 is told a level, Gemini 2.5 a budget; never both in one request:
 * https://ai.google.dev/gemini-api/docs/thinking
 */
function writeThinking(
  reasoning: ReasoningSettings,
  maxTokens: number | null,
  target: Target,
  isOwn: boolean,
): JsonObject | undefined {
  const { reasoning: style, efforts } = target.quirks;
  const { effort, budgetTokens, isEnabled, isAdaptive, show } = reasoning;
  const isOff = effort === "none" || isEnabled === false || budgetTokens === 0;
  const thinking: Record<string, Json> = {};
  if (style === "none") {
    if (!isOff && (effort !== null || budgetTokens !== null || isEnabled === true || isAdaptive === true)) {
      target.cannot("reasoning", "the model does not reason");
    }
    return undefined;
  }
  if (isOff) {
    // Gemini 3 always thinks: as little as it can.
    if (style === "level") thinking["thinkingLevel"] = nearestEffort("minimal", efforts).toUpperCase();
    else thinking["thinkingBudget"] = 0;
  } else if (style === "budget") {
    const budget = budgetTokens ?? (effort === null ? null : Math.min(MAX_BUDGET, budgetOfEffort(effort, maxTokens)));
    if (budget !== null) thinking["thinkingBudget"] = budget;
    else if (isEnabled === true || isAdaptive === true) thinking["thinkingBudget"] = -1;
  } else if (effort !== null) thinking["thinkingLevel"] = levelOf(nearestEffort(effort, efforts));
  else if (budgetTokens !== null) thinking["thinkingBudget"] = budgetTokens;
  if (show !== null) thinking["includeThoughts"] = show !== "none";
  // Elsewhere reasoning that was asked for is shown unless the caller says otherwise.
  else if (!isOwn && !isOff) thinking["includeThoughts"] = true;
  return Object.keys(thinking).length === 0 && !isOwn ? undefined : thinking;
}

function levelOf(effort: string): string {
  return effort === "xhigh" || effort === "max" ? "HIGH" : effort.toUpperCase();
}

function writeFormat(format: ResponseFormat | null, target: Target, isOwn: boolean): Record<string, Json> {
  switch (format?.kind) {
    case undefined:
      return {};
    case "text":
      return { responseMimeType: "text/plain" };
    case "json":
      return { responseMimeType: "application/json" };
    case "json-schema": {
      if (target.quirks.jsonSchema === "json-object") return { responseMimeType: "application/json" };
      const { isJsonSchema, value } = writtenSchemaOf(format.schema);
      if (!isJsonSchema) return { responseMimeType: "application/json", responseSchema: value };
      return { responseMimeType: "application/json", responseJsonSchema: isOwn ? value : named(format, value) };
    }
    default:
      return format satisfies never;
  }
}

/** Name and description have no field of their own. */
function named(
  { name, description }: Extract<ResponseFormat, { kind: "json-schema" }>,
  schema: JsonObject,
): JsonObject {
  return {
    ...schema,
    ...(schema["title"] === undefined ? { title: name } : {}),
    ...(description === null || schema["description"] !== undefined ? {} : { description }),
  };
}

/** `generationConfig`, read into the neutral settings: https://ai.google.dev/api/generate-content#GenerationConfig */
import { asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { ReasoningEffort, ReasoningSettings, RequestSettings, ResponseFormat } from "../neutral.ts";
import { invalidValue } from "./invalid.ts";
import { jsonSchemaOf } from "./schema.ts";
import { listOf, messageOf } from "./spelling.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What stands on the wire as a number; int64 may come as a string. */
const NUMBERS = {
  maxOutputTokens: ["maxTokens", "TYPE_INT32"],
  temperature: ["temperature", "TYPE_FLOAT"],
  topP: ["topP", "TYPE_FLOAT"],
  topK: ["topK", "TYPE_INT32"],
  seed: ["seed", "TYPE_INT32"],
  presencePenalty: ["presencePenalty", "TYPE_FLOAT"],
  frequencyPenalty: ["frequencyPenalty", "TYPE_FLOAT"],
  candidateCount: ["choices", "TYPE_INT32"],
  logprobs: ["topLogprobs", "TYPE_INT32"],
} as const satisfies Record<string, readonly [keyof RequestSettings, string]>;

/** Fields that say what form the answer has; together they are one setting. */
const FORMAT_FIELDS = new Set(["responseMimeType", "responseSchema", "responseJsonSchema", "_responseJsonSchema"]);

/** Reads into `settings`; what has no neutral word goes to `extra` as `generationConfig.<field>`. Throws `invalid_request`. */
export function readGenerationConfig(
  config: JsonObject,
  settings: Partial<Writable<RequestSettings>>,
  extra: Record<string, Json>,
): void {
  for (const key in config) {
    const value = config[key] as Json;
    if (Object.hasOwn(NUMBERS, key)) {
      const [name, type] = NUMBERS[key as keyof typeof NUMBERS];
      settings[name] = readNumber(value, `generation_config.${key}`, type);
      continue;
    }
    if (FORMAT_FIELDS.has(key)) continue;
    switch (key) {
      case "stopSequences":
        settings.stop = listOf(value).map((stop) => {
          if (typeof stop === "string") return stop;
          throw invalidValue("generation_config.stop_sequences", "TYPE_STRING", stop);
        });
        break;
      case "responseLogprobs":
        if (typeof value !== "boolean") throw invalidValue("generation_config.response_logprobs", "TYPE_BOOL", value);
        settings.logprobs = value;
        break;
      case "responseModalities":
        settings.modalities = listOf(value).flatMap((item) => (typeof item === "string" ? [item.toLowerCase()] : []));
        break;
      case "thinkingConfig":
        settings.reasoning = readThinking(value, extra);
        break;
      case "speechConfig":
        settings.audio = { voice: readVoice(value), format: null };
        break;
      default:
        extra[`generationConfig.${key}`] = value;
    }
  }
  const format = readFormat(config, extra);
  if (format !== null) settings.responseFormat = format;
}

function readNumber(value: Json, param: string, type: string): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw invalidValue(param, type, value);
  return number;
}

const EFFORTS: ReadonlySet<string> = new Set<ReasoningEffort>(["minimal", "low", "medium", "high"]);
const THINKING_FIELDS = new Set(["includeThoughts", "thinkingBudget", "thinkingLevel"]);

function readThinking(value: Json, extra: Record<string, Json>): ReasoningSettings {
  const thinking = messageOf(value);
  if (thinking === null) throw invalidValue("generation_config.thinking_config", "ThinkingConfig", value);
  const level = asString(thinking["thinkingLevel"])?.toLowerCase() ?? null;
  const budget = thinking["thinkingBudget"];
  const budgetTokens =
    budget === undefined ? null : readNumber(budget, "generation_config.thinking_config.thinking_budget", "TYPE_INT32");
  for (const key in thinking) {
    if (!THINKING_FIELDS.has(key)) extra[`generationConfig.thinkingConfig.${key}`] = thinking[key] as Json;
  }
  if (level !== null && !EFFORTS.has(level) && level !== "thinking_level_unspecified") {
    throw invalidValue(
      "generation_config.thinking_config.thinking_level",
      "ThinkingLevel",
      thinking["thinkingLevel"] as Json,
    );
  }
  const shows = thinking["includeThoughts"];
  return {
    effort: level !== null && EFFORTS.has(level) ? (level as ReasoningEffort) : null,
    budgetTokens,
    isEnabled: budgetTokens === 0 ? false : null,
    isAdaptive: null,
    show: typeof shows === "boolean" ? (shows ? "auto" : "none") : null,
  };
}

/** A prebuilt voice by its name alone; anything finer as it stands. */
function readVoice(value: Json): Json {
  const speech = messageOf(value);
  const config = messageOf(speech?.["voiceConfig"]);
  const prebuilt = messageOf(config?.["prebuiltVoiceConfig"]);
  const name = asString(prebuilt?.["voiceName"]);
  const isNameAlone = [speech, config, prebuilt].every((object) => object !== null && Object.keys(object).length === 1);
  return name !== null && isNameAlone ? name : value;
}

function readFormat(config: JsonObject, extra: Record<string, Json>): ResponseFormat | null {
  const mimeType = asString(config["responseMimeType"]);
  const jsonSchema = asObject(config["responseJsonSchema"] ?? config["_responseJsonSchema"]);
  const openApi = asObject(config["responseSchema"]);
  if (mimeType === "application/json") {
    const schema = jsonSchema ?? (openApi === null ? null : jsonSchemaOf(openApi));
    if (schema === null) return { kind: "json" };
    return { kind: "json-schema", name: nameOf(schema), description: null, schema, isStrict: null };
  }
  // `text/x.enum`, or a schema without its type: only Gemini knows what becomes of that.
  for (const key of FORMAT_FIELDS) {
    if (mimeType === "text/plain" && key === "responseMimeType") continue;
    const value = config[key];
    if (value !== undefined) extra[`generationConfig.${key}`] = value;
  }
  return mimeType === "text/plain" ? { kind: "text" } : null;
}

/** Other APIs want a name of letters, digits, underscores and dashes, 64 at most. */
function nameOf(schema: JsonObject): string {
  const title = asString(schema["title"])
    ?.replace(/[^\w-]+/g, "_")
    .slice(0, 64);
  return title === undefined || title === "" ? DEFAULT_SCHEMA_NAME : title;
}

export const DEFAULT_SCHEMA_NAME = "response";

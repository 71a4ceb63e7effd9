import { GatewayError } from "../../errors.ts";
import { type Json, type JsonObject, asObject, asString, restOf } from "../../lib/json.ts";
import type { RequestContext } from "../dialect.ts";
import type { NeutralRequest, NeutralTool, ResponseFormat, ToolChoice } from "../neutral.ts";
import { invalidType, invalidValue, missingParameter } from "../openai-invalid.ts";
import { clientOfRequest } from "./client-kind.ts";
import { readBoolean, readList, readNumber, readObject, readString, toObject } from "./fields.ts";
import { type Form, withForm } from "./form.ts";
import { readCache, readContent } from "./read-content.ts";
import { MessageReader } from "./read-messages.ts";
import { REASONING_FIELDS, readReasoning } from "./reasoning.ts";
import { readFunction, readSearchOptions, readTool, readToolChoice } from "./tools.ts";

const KNOWN: ReadonlySet<string> = new Set([
  ...REASONING_FIELDS,
  "model",
  "messages",
  "stream",
  "stream_options",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "seed",
  "stop",
  "frequency_penalty",
  "presence_penalty",
  "repetition_penalty",
  "logit_bias",
  "n",
  "logprobs",
  "top_logprobs",
  "tools",
  "tool_choice",
  "functions",
  "function_call",
  "parallel_tool_calls",
  "response_format",
  "verbosity",
  "modalities",
  "audio",
  "prediction",
  "user",
  "metadata",
  "service_tier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "store",
  "web_search_options",
]);

type Draft = { -readonly [K in keyof Form]: Form[K] };

/** Reads https://platform.openai.com/docs/api-reference/chat/create. Throws GatewayError `invalid_request` in that API's words. */
export function readChatRequest(body: JsonObject, context: RequestContext): NeutralRequest {
  const messages = readList(body, "messages");
  if (messages === null) throw missingParameter("messages");
  if (messages.length === 0) {
    throw new GatewayError(
      "invalid_request",
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      { param: "messages", detail: "empty_array" },
    );
  }
  const form: Draft = {};
  const names: Record<string, string> = {};
  const silent: Record<string, Json> = {};
  for (const key in body) {
    const value = body[key];
    if (value !== undefined && KNOWN.has(key) && saysNothing(key, value)) silent[key] = value;
  }
  const reasoning = readReasoning(body);
  const extra: Record<string, Json | undefined> = { ...restOf(body, KNOWN), ...reasoning.extra };
  const streamOptions = readObject(body, "stream_options");
  const wantsUsage = readBoolean(streamOptions ?? {}, "include_usage") === true;
  if (streamOptions !== null && !(wantsUsage && context.isStream && Object.keys(streamOptions).length === 1)) {
    silent["stream_options"] = streamOptions;
  }
  const client = clientOfRequest(context);
  if (client !== null) form.client = client;
  const cache = readCache(extra["cache_control"]);
  if (cache !== null) delete extra["cache_control"];
  const user = readString(body, "user");
  const identifier = extra["safety_identifier"];
  if (user === null && typeof identifier === "string") {
    delete extra["safety_identifier"];
    names["user"] = "safety_identifier";
  }
  const maxTokens = readMaxTokens(body, names, extra);
  const reader = new MessageReader();
  const tools = readTools(body, form);
  const request: NeutralRequest = {
    dialect: "openai-chat",
    model: context.model,
    isStream: context.isStream,
    // Mistral's API always tells it, and knows no field to ask for it.
    wantsStreamUsage: wantsUsage || client === "mistral",
    messages: messages.map((message, index) => reader.read(message, index)),
    tools,
    maxTokens,
    temperature: readNumber(body, "temperature"),
    topP: readNumber(body, "top_p"),
    topK: readNumber(body, "top_k"),
    minP: readNumber(body, "min_p"),
    seed: readSeed(body, names, extra),
    stop: readStop(body, names),
    frequencyPenalty: readNumber(body, "frequency_penalty"),
    presencePenalty: readNumber(body, "presence_penalty"),
    repetitionPenalty: readNumber(body, "repetition_penalty"),
    logitBias: silent["logit_bias"] === undefined ? readObject(body, "logit_bias") : null,
    choices: readNumber(body, "n"),
    logprobs: readBoolean(body, "logprobs"),
    topLogprobs: readNumber(body, "top_logprobs"),
    toolChoice: readChoice(body),
    parallelToolCalls: readBoolean(body, "parallel_tool_calls"),
    responseFormat: readFormat(body, extra),
    reasoning: reasoning.settings,
    verbosity: readVerbosity(body),
    modalities: readModalities(body),
    audio: readAudio(body),
    prediction: readPrediction(body, names),
    user: user ?? (typeof identifier === "string" ? identifier : null),
    metadata: silent["metadata"] === undefined ? readObject(body, "metadata") : null,
    serviceTier: readString(body, "service_tier"),
    promptCacheKey: readString(body, "prompt_cache_key"),
    promptCacheRetention: readString(body, "prompt_cache_retention"),
    cache,
    isStored: readBoolean(body, "store"),
    previousResponseId: null,
    safetySettings: null,
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
  for (const _ in silent) form.silent = silent;
  for (const _ in names) form.names = names;
  return withForm(request, form);
}

function saysNothing(key: string, value: Json): boolean {
  if (value === null) return true;
  switch (key) {
    case "stream":
      return value === false;
    case "tools":
    case "functions":
    case "stop":
    case "modalities":
      return Array.isArray(value) && value.length === 0;
    case "logit_bias":
    case "metadata": {
      const object = asObject(value);
      return object !== null && Object.keys(object).length === 0;
    }
    default:
      return false;
  }
}

/** `max_tokens` is the older name; where a body has both, the newer one counts. */
function readMaxTokens(
  body: JsonObject,
  names: Record<string, string>,
  extra: Record<string, Json | undefined>,
): number | null {
  const newer = readNumber(body, "max_completion_tokens");
  const older = readNumber(body, "max_tokens");
  if (older === null) return newer;
  if (newer === null) {
    names["maxTokens"] = "max_tokens";
    return older;
  }
  if (newer !== older) extra["max_tokens"] = older;
  else names["maxTokens"] = "both";
  return newer;
}

/** Mistral's name for it is another. */
function readSeed(
  body: JsonObject,
  names: Record<string, string>,
  extra: Record<string, Json | undefined>,
): number | null {
  const seed = readNumber(body, "seed");
  const random = extra["random_seed"];
  if (seed !== null || typeof random !== "number") return seed;
  delete extra["random_seed"];
  names["seed"] = "random_seed";
  return random;
}

function readStop(body: JsonObject, names: Record<string, string>): readonly string[] | null {
  const value = body["stop"];
  if (value === undefined || value === null) return null;
  if (typeof value === "string") {
    names["stop"] = "string";
    return [value];
  }
  if (!Array.isArray(value)) throw invalidType("stop", "one of a string or array of strings", value);
  if (value.length === 0) return null;
  return (value as Json[]).map((one, index) => {
    if (typeof one !== "string") throw invalidType(`stop[${index}]`, "a string", one);
    return one;
  });
}

function readTools(body: JsonObject, form: Draft): readonly NeutralTool[] {
  const tools = (readList(body, "tools") ?? []).map((tool, index) => readTool(tool, `tools[${index}]`));
  const functions = readList(body, "functions") ?? [];
  if (functions.length > 0) form.isLegacy = true;
  for (const [index, one] of functions.entries()) {
    tools.push(readFunction(toObject(one, `functions[${index}]`), `functions[${index}]`));
  }
  const search = readObject(body, "web_search_options");
  if (search !== null) tools.push(readSearchOptions(search));
  return tools;
}

function readChoice(body: JsonObject): ToolChoice | null {
  const choice = body["tool_choice"];
  if (choice !== undefined && choice !== null) return readToolChoice(choice);
  const legacy = body["function_call"];
  if (legacy === undefined || legacy === null) return null;
  if (legacy === "auto" || legacy === "none") return { kind: legacy };
  const name = asString(asObject(legacy)?.["name"]);
  if (name === null) throw invalidType("function_call", "one of 'none', 'auto' or an object with a name", legacy);
  return { kind: "tool", name };
}

const FORMATS = ["json_object", "json_schema", "text"] as const;

/** Formats of a server's own (grammars and such) stay extra. */
function readFormat(body: JsonObject, extra: Record<string, Json | undefined>): ResponseFormat | null {
  const format = readObject(body, "response_format");
  if (format === null) return null;
  switch (format["type"]) {
    case "text":
      return { kind: "text" };
    case "json_object": {
      // llama.cpp, Together and others put a schema beside it: https://docs.together.ai/docs/json-mode
      const schema = asObject(format["schema"]);
      if (schema === null) return { kind: "json" };
      return withForm<ResponseFormat>(
        { kind: "json-schema", name: "response", description: null, schema, isStrict: null },
        { said: format },
      );
    }
    case "json_schema": {
      const inner = toObject(format["json_schema"] ?? null, "response_format.json_schema");
      const name = readString(inner, "name", "response_format.json_schema.name");
      if (name === null) throw missingParameter("response_format.json_schema.name");
      const schema = readObject(inner, "schema", "response_format.json_schema.schema");
      return withForm<ResponseFormat>(
        {
          kind: "json-schema",
          name,
          description: readString(inner, "description", "response_format.json_schema.description"),
          schema: schema ?? {},
          isStrict: readBoolean(inner, "strict"),
        },
        { said: format },
      );
    }
    default:
      if (typeof format["type"] !== "string")
        throw invalidValue("response_format.type", String(format["type"]), FORMATS);
      extra["response_format"] = format;
      return null;
  }
}

const VERBOSITIES = ["low", "medium", "high"] as const;

function readVerbosity(body: JsonObject): "low" | "medium" | "high" | null {
  const value = readString(body, "verbosity");
  if (value === null) return null;
  const known = VERBOSITIES.find((verbosity) => verbosity === value);
  if (known === undefined) throw invalidValue("verbosity", value, VERBOSITIES);
  return known;
}

function readModalities(body: JsonObject): readonly string[] | null {
  const list = readList(body, "modalities");
  if (list === null || list.length === 0) return null;
  return list.map((value, index) => {
    if (typeof value !== "string") throw invalidType(`modalities[${index}]`, "a string", value);
    return value;
  });
}

function readAudio(body: JsonObject): NeutralRequest["audio"] {
  const audio = readObject(body, "audio");
  if (audio === null) return null;
  return withForm({ voice: audio["voice"] ?? null, format: asString(audio["format"]) }, { said: audio });
}

/** https://platform.openai.com/docs/guides/predicted-outputs */
function readPrediction(body: JsonObject, names: Record<string, string>): NeutralRequest["prediction"] {
  const prediction = readObject(body, "prediction");
  if (prediction === null) return null;
  if (Array.isArray(prediction["content"])) names["prediction"] = "list";
  return readContent(prediction["content"], "prediction.content");
}

import { GatewayError } from "../../errors.ts";
import { type Json, type JsonObject, asCount, restOf } from "../../lib/json.ts";
import type { RequestContext } from "../dialect.ts";
import { NO_SETTINGS, type NeutralRequest, type Part } from "../neutral.ts";
import type { Target } from "../target.ts";
import { invalidType, missingParameter } from "../openai-invalid.ts";
import { readBoolean, readNumber, readObject, readString } from "./fields.ts";
import { withForm } from "./form.ts";

const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "prompt",
  "stream",
  "stream_options",
  "max_tokens",
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
  "user",
]);

/**
 * Reads https://platform.openai.com/docs/api-reference/completions/create: the prompt becomes one user message. Several prompts, or one
 * of token ids, no other API can be asked: they stay a native part, which only a server of completions takes.
 */
export function readCompletionRequest(body: JsonObject, context: RequestContext): NeutralRequest {
  const logprobs = body["logprobs"];
  const options = readObject(body, "stream_options") ?? {};
  const request: NeutralRequest = {
    ...NO_SETTINGS,
    dialect: "openai-chat",
    model: context.model,
    isStream: context.isStream,
    wantsStreamUsage: readBoolean(options, "include_usage") === true,
    messages: [{ role: "user", parts: [readPrompt(body["prompt"])] }],
    tools: [],
    maxTokens: readNumber(body, "max_tokens"),
    temperature: readNumber(body, "temperature"),
    topP: readNumber(body, "top_p"),
    topK: readNumber(body, "top_k"),
    minP: readNumber(body, "min_p"),
    seed: readNumber(body, "seed"),
    stop: readStop(body["stop"]),
    frequencyPenalty: readNumber(body, "frequency_penalty"),
    presencePenalty: readNumber(body, "presence_penalty"),
    repetitionPenalty: readNumber(body, "repetition_penalty"),
    logitBias: readObject(body, "logit_bias"),
    choices: readNumber(body, "n"),
    logprobs: logprobs === undefined || logprobs === null ? null : true,
    topLogprobs: asCount(logprobs),
    user: readString(body, "user"),
    extra: extraOf(body),
  };
  return withForm(request, { isCompletion: true });
}

function readPrompt(prompt: Json | undefined): Part {
  if (prompt === undefined || prompt === null) throw missingParameter("prompt");
  if (typeof prompt === "string") return { kind: "text", text: prompt };
  if (!Array.isArray(prompt)) throw invalidType("prompt", "one of a string, array of strings, array of tokens", prompt);
  const [only] = prompt as readonly Json[];
  if (prompt.length === 1 && typeof only === "string") return { kind: "text", text: only };
  return { kind: "native", dialect: "openai-chat", value: { prompt } };
}

function readStop(value: Json | undefined): readonly string[] | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) throw invalidType("stop", "one of a string or array of strings", value);
  if (value.length === 0) return null;
  return (value as Json[]).map((one, index) => {
    if (typeof one !== "string") throw invalidType(`stop[${index}]`, "a string", one);
    return one;
  });
}

/** Of the unknown members those that ask for something: `echo: false` and `best_of: 1` say what happens anyway. */
function extraOf(body: JsonObject): JsonObject | null {
  const rest: Record<string, Json | undefined> = { ...restOf(body, KNOWN) };
  for (const key in rest) if (rest[key] === null || rest[key] === "" || rest[key] === false) delete rest[key];
  if (rest["best_of"] === 1) delete rest["best_of"];
  return Object.keys(rest).length === 0 ? null : rest;
}

const COMPLETION_ONLY = ["echo", "best_of", "suffix"] as const;

/**
 * A chat has no prompt to repeat, nor several, nor one of tokens. Throws GatewayError `invalid_request`, for the first unless such
 * things may be dropped.
 */
export function refuseCompletionFields(request: NeutralRequest, target: Target): void {
  for (const name of COMPLETION_ONLY) {
    if (request.extra?.[name] !== undefined) target.cannot(name, "a chat model has nothing like it");
  }
  if (!request.messages.some(({ parts }) => parts.some(({ kind }) => kind === "native"))) return;
  throw new GatewayError(
    "invalid_request",
    "prompt should be one text for this model; it takes no list of prompts or tokens.",
    {
      param: "prompt",
      detail: "unsupported_parameter",
    },
  );
}

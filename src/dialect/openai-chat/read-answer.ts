import { GatewayError } from "../../errors.ts";
import { type Json, type JsonObject, asArray, asObject, asString, restOf } from "../../lib/json.ts";
import { MAX_CHOICES, numberChoices } from "../choice-index.ts";
import { makeCallId } from "../call-id.ts";
import type { NeutralAnswer, NeutralChoice, Part, TextPart } from "../neutral.ts";
import { readUnixTime } from "../unix-time.ts";
import { readAnnotations, readCitationList } from "./citations.ts";
import { errorOfAnswer } from "./read-error.ts";
import { readFinish } from "./finish.ts";
import { type Form, withForm } from "./form.ts";
import { readLogprobs } from "./logprobs.ts";
import { readThinking } from "./read-content.ts";
import { callIdsOf, readFunctionCall, readGoogleSignature, readToolCall } from "./read-tool-calls.ts";
import { readMessageReasoning } from "./reasoning-parts.ts";
import { sourceOfUrl, urlMember } from "./media.ts";
import { usageOf } from "./usage.ts";

const KNOWN: ReadonlySet<string> = new Set(["id", "object", "created", "model", "choices", "usage", "service_tier"]);
const KNOWN_CHOICE: ReadonlySet<string> = new Set(["index", "message", "text", "finish_reason", "logprobs", "usage"]);
const KNOWN_MESSAGE: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "audio",
  "images",
  "annotations",
  "reasoning",
  "reasoning_content",
  "reasoning_details",
]);

/** What the neutral form has words for: written back from there; everything else, and what says nothing, from `extra`. */
type Extra = Record<string, Json | undefined>;

/**
 * Reads a whole answer of chat or legacy completions. Throws GatewayError for an error with status 200 (as what it is), and
 * `upstream_error` for what is no answer at all.
 */
export function readAnswer(body: JsonObject): NeutralAnswer {
  const choices = body["choices"];
  if (!Array.isArray(choices)) throw errorOfAnswer(body) ?? noAnswer();
  const failed = asArray(choices).length === 0 ? errorOfAnswer(body) : null;
  if (failed !== null) throw failed;
  const extra: Extra = { ...restOf(body, KNOWN) };
  const lacks: string[] = [];
  for (const key of ["id", "object", "created", "model"]) if (body[key] === undefined) lacks.push(key);
  const object = asString(body["object"]);
  if (object !== null && object !== "chat.completion") extra["object"] = object;
  const id = asString(body["id"]);
  if (id === "") extra["id"] = id;
  const tier = body["service_tier"];
  if (tier === null || tier === "") extra["service_tier"] = tier;
  const citations = readCitationList(body["citations"], body["search_results"]);
  const said = asArray(choices)
    .slice(0, MAX_CHOICES)
    .map((choice) => asObject(choice) ?? {});
  const numbers = numberChoices(said.map((choice) => choice["index"]));
  const usage = asObject(body["usage"]) ?? asObject(asObject(choices[0] as Json)?.["usage"]);
  const read = usage === null ? null : usageOf(usage);
  if (body["usage"] !== undefined && (read === null || body["usage"] === null)) extra["usage"] = body["usage"];
  return withForm(
    {
      dialect: "openai-chat",
      id: id === "" ? null : id,
      model: asString(body["model"]),
      createdAt: readUnixTime(body["created"]),
      choices: said.map((choice, place) => readChoice(choice, numbers[place] ?? place, citations)),
      usage: read,
      serviceTier: tier === "" ? null : asString(tier),
      extra: Object.keys(extra).length === 0 ? null : extra,
    },
    lacks.length === 0 ? {} : { lacks },
  );
}

function noAnswer(): GatewayError {
  return new GatewayError("upstream_error", "The provider's answer is no chat completion: expected `choices`.", {
    upstreamType: "protocol",
  });
}

function readChoice(choice: JsonObject, index: number, citations: ReturnType<typeof readCitationList>): NeutralChoice {
  const extra: Extra = { ...restOf(choice, KNOWN_CHOICE) };
  const form: { -readonly [K in keyof Form]: Form[K] } = {};
  const lacks: string[] = [];
  const message = asObject(choice["message"]);
  // A provider that answers a request without `stream` with a delta all the same.
  const spoken = message ?? asObject(choice["delta"]);
  if (message === null) lacks.push("message");
  else if (spoken === asObject(choice["delta"])) delete extra["delta"];
  for (const key of ["index", "finish_reason"]) if (choice[key] === undefined) lacks.push(key);
  const text = choice["text"];
  let parts: Part[] = [];
  if (typeof text === "string") {
    if (text !== "") parts.push({ kind: "text", text });
  } else if (spoken !== null) parts = readMessage(spoken, extra, form, citations);
  const logprobs = readLogprobs(choice["logprobs"]);
  if (isLeftOver(logprobs.rest, logprobs.tokens !== null)) extra["logprobs"] = logprobs.rest;
  const reason = asString(choice["finish_reason"]);
  const signs = {
    hasToolCalls: parts.some(({ kind }) => kind === "tool-call"),
    hasRefusal: parts.some(({ kind }) => kind === "refusal"),
    stopReason: choice["stop_reason"],
  };
  if (lacks.length > 0) form.lacks = lacks;
  return withForm(
    {
      index,
      parts,
      finish: reason === null && choice["error"] !== undefined ? null : finishOf(reason, signs),
      logprobs: logprobs.tokens,
      extra: Object.keys(extra).length === 0 ? null : extra,
    },
    form,
  );
}

function finishOf(reason: string | null, signs: Parameters<typeof readFinish>[1]): NeutralChoice["finish"] {
  return reason === null ? null : readFinish(reason, signs);
}

function isLeftOver(rest: Json | undefined, hasTokens: boolean): boolean {
  if (rest === undefined) return false;
  return !hasTokens || (asObject(rest) !== null && Object.keys(rest as JsonObject).length > 0);
}

/** The parts of a message; what is left of it goes to `extra.message`. */
function readMessage(
  message: JsonObject,
  extra: Extra,
  form: { -readonly [K in keyof Form]: Form[K] },
  citations: ReturnType<typeof readCitationList>,
): Part[] {
  const rest: Extra = { ...restOf(message, KNOWN_MESSAGE) };
  for (const key in message) if (KNOWN_MESSAGE.has(key) && saysNothing(key, message[key])) rest[key] = message[key];
  if (message["role"] === undefined) rest["role"] = null;
  else if (message["role"] !== "assistant") rest["role"] = message["role"];
  const ids = callIdsOf(message["tool_calls"]);
  const reasoning = readMessageReasoning(message, (id) => ids.has(id));
  if (reasoning.plain.length > 0) form.plainReasoning = reasoning.plain;
  if (reasoning.hasDetails) form.hasDetails = true;
  const parts: Part[] = [...reasoning.parts];
  const said = readSaid(message, parts, form);
  const annotations = readAnnotations(message["annotations"]);
  if (annotations.others.length > 0) rest["annotations"] = annotations.others;
  const cited = [...annotations.citations, ...citations];
  if (cited.length > 0) {
    if (said === null) {
      if (annotations.citations.length > 0) rest["annotations"] = message["annotations"];
    } else parts[said] = { ...(parts[said] as TextPart), citations: cited };
  }
  const signature = readGoogleSignature(message["extra_content"]);
  if (signature !== null && said !== null) parts[said] = { ...(parts[said] as TextPart), signature };
  const refusal = asString(message["refusal"]);
  if (refusal !== null && refusal !== "") parts.push({ kind: "refusal", text: refusal });
  readMedia(message, parts);
  for (const entry of asArray(message["tool_calls"])) {
    const object = asObject(entry);
    if (object === null) continue;
    const call = readToolCall(object, makeCallId);
    const own = reasoning.callSignatures.get(call.id);
    parts.push(own === undefined ? call : { ...call, signature: own });
  }
  const legacy = asObject(message["function_call"]);
  if (legacy !== null && asString(legacy["name"]) !== "") parts.push(readFunctionCall(legacy, makeCallId()));
  if (Object.keys(rest).length > 0) extra["message"] = rest;
  return parts;
}

function saysNothing(key: string, value: Json | undefined): boolean {
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return true;
  // Snowflake fills every member with empty ones.
  if (key === "audio") return asString(asObject(value)?.["data"]) === "" && asString(asObject(value)?.["id"]) === "";
  return key === "function_call" && asString(asObject(value)?.["name"]) === "";
}

/** Adds the text; gives where it is, null where there is none. Mistral's reasoning models say content as a list. */
function readSaid(message: JsonObject, parts: Part[], form: { -readonly [K in keyof Form]: Form[K] }): number | null {
  const { content } = message;
  if (typeof content === "string") {
    if (content === "") return null;
    parts.push({ kind: "text", text: content });
    return parts.length - 1;
  }
  if (!Array.isArray(content) || content.length === 0) return null;
  form.isList = true;
  let said: number | null = null;
  for (const entry of content as readonly Json[]) {
    const block = asObject(entry);
    if (block === null) continue;
    const { type, text } = block;
    if (type === "thinking") parts.push(readThinking(block));
    else if (type === "text" && typeof text === "string") {
      const { type: _type, text: _text, ...others } = block;
      said ??= parts.length;
      parts.push({ kind: "text", text, ...(Object.keys(others).length === 0 ? {} : { extra: others }) });
    } else parts.push({ kind: "native", dialect: "openai-chat", value: block });
  }
  return said;
}

/** https://platform.openai.com/docs/guides/audio and https://openrouter.ai/docs/features/multimodal/image-generation */
function readMedia(message: JsonObject, parts: Part[]): void {
  const audio = asObject(message["audio"]);
  const data = asString(audio?.["data"]);
  if (audio !== null && data !== null && data !== "") {
    const { data: _d, id, expires_at, transcript, ...others } = audio;
    parts.push({
      kind: "audio",
      // The answer does not say its format; wav is the one every model of OpenAI's knows.
      source: { kind: "data", mediaType: "audio/wav", data },
      ...(typeof transcript === "string" ? { transcript } : {}),
      ...(typeof id === "string" ? { id } : {}),
      ...(typeof expires_at === "number" ? { expiresAt: expires_at } : {}),
      ...(Object.keys(others).length === 0 ? {} : { extra: others }),
    });
  }
  for (const entry of asArray(message["images"])) {
    const image = asObject(entry);
    const url = image === null ? null : urlMember(image, "image_url");
    if (image === null || url === null) continue;
    const { type: _t, image_url: _u, ...others } = image;
    parts.push({
      kind: "image",
      source: sourceOfUrl(url),
      ...(Object.keys(others).length === 0 ? {} : { extra: others }),
    });
  }
}

import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import type { RequestContext } from "../dialect.ts";
import { NO_SETTINGS, type NeutralMessage, type NeutralRequest, type Part, type ResponseFormat } from "../neutral.ts";
import { readCache } from "./cache.ts";
import { restoreSignatures } from "../restore-signatures.ts";
import { OWN, SPLIT } from "./own.ts";
import { readContent } from "./read-part.ts";
import { readReasoning } from "./reasoning.ts";
import { readToolChoice, readTools } from "./read-tools.ts";
import { optional, optionalNumber, refuse, requiredString } from "./refuse.ts";

const KNOWN: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "system",
  "max_tokens",
  "stream",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "metadata",
  "service_tier",
  "cache_control",
]);
const METADATA: ReadonlySet<string> = new Set(["user_id"]);

/** Reads a request: https://platform.claude.com/docs/en/api/messages/create. Throws GatewayError `invalid_request`. */
export function readRequest(body: JsonObject, context: RequestContext): NeutralRequest {
  const request = readPrompt(body, context);
  if (body["max_tokens"] === undefined) throw refuse("max_tokens", "Field required");
  return request;
}

/** A request whose answer's length may be unsaid: for counting tokens. */
export function readPrompt(body: JsonObject, context: RequestContext): NeutralRequest {
  const model = asString(body["model"]) ?? context.model;
  if (model === "") throw refuse("model", "Field required");
  refuseThread(body);
  const { toolChoice, parallelToolCalls, rest: restOfChoice } = readToolChoice(body["tool_choice"]);
  const { reasoning, restOfThinking, restOfOutputConfig } = readReasoning(body);
  const metadata = asObject(body["metadata"]);
  const cache = readCache(body["cache_control"]);
  const tier = asString(body["service_tier"]);
  const extra: Record<string, Json | undefined> = { ...restOf(body, KNOWN) };
  const keep = (key: string, value: Json | null | undefined): void => {
    if (value !== null && value !== undefined) extra[key] = value;
  };
  const format = readFormat(body, extra);
  keep("tool_choice", restOfChoice);
  keep("thinking", restOfThinking);
  keep("output_config", restOfOutputConfig);
  keep("metadata", metadata === null ? null : restOf(metadata, METADATA));
  if (cache === null) keep("cache_control", body["cache_control"]);
  return {
    ...NO_SETTINGS,
    dialect: OWN,
    model,
    isStream: typeof body["stream"] === "boolean" ? body["stream"] : context.isStream,
    wantsStreamUsage: true,
    messages: [...readSystem(body["system"]), ...readMessages(body["messages"])],
    tools: readTools(body["tools"]),
    maxTokens: optionalNumber(body, "max_tokens"),
    temperature: optionalNumber(body, "temperature"),
    topP: optionalNumber(body, "top_p"),
    topK: optionalNumber(body, "top_k"),
    stop: readStop(body),
    toolChoice,
    parallelToolCalls,
    reasoning,
    responseFormat: format,
    user: asString(metadata?.["user_id"]),
    // OpenAI's word, which others know.
    serviceTier: tier === "standard_only" ? "default" : tier,
    cache,
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
}

/**
 * A conversation that the provider keeps, so that a turn holds its new messages alone. Said in the API's own words even where fields
 * may be dropped: without what came before, the turn would be another one. The tool runner of its SDK asks for a thread by itself,
 * and goes on without one when it reads this code (@anthropic-ai/sdk 1.11: ThreadUnsupportedRequestErrorDetails).
 */
function refuseThread(body: JsonObject): void {
  if (asObject(body["thread"]) === null) return;
  throw new GatewayError("invalid_request", "thread: this model's provider keeps no conversations", {
    param: "thread",
    detail: "thread_unsupported_request",
  });
}

function readStop(body: JsonObject): readonly string[] | null {
  const value = optional(body, "stop_sequences", (list) => (Array.isArray(list) ? asArray(list) : null), "list");
  return (
    value?.map((text, index) => {
      if (typeof text === "string") return text;
      throw refuse(`stop_sequences.${index}`, "Input should be a valid string");
    }) ?? null
  );
}

/** `output_config.format`, or `output_format` as the beta had it. */
function readFormat(body: JsonObject, extra: Record<string, Json | undefined>): ResponseFormat | null {
  const old = asObject(body["output_format"]);
  const format = asObject(asObject(body["output_config"])?.["format"]) ?? old;
  if (format === null) return null;
  const schema = asObject(format["schema"]);
  if (format["type"] !== "json_schema" || schema === null) {
    throw refuse("output_config.format", "Input should be a JSON schema: { type: 'json_schema', schema }");
  }
  // An old field that is null says where the schema came from; of what is null other dialects need not know.
  if (format === old) extra["output_format"] = null;
  return { kind: "json-schema", name: "output", description: null, schema, isStrict: null };
}

function readSystem(system: Json | undefined): readonly NeutralMessage[] {
  if (system === undefined || system === null) return [];
  if (typeof system !== "string") checkBlocks(system, "system");
  return [{ role: "system", parts: readContent(system) }];
}

const MESSAGE: ReadonlySet<string> = new Set(["role", "content"]);

function readMessages(value: Json | undefined): readonly NeutralMessage[] {
  if (value === undefined) throw refuse("messages", "Field required");
  if (!Array.isArray(value)) throw refuse("messages", "Input should be a valid list");
  const messages = (value as readonly Json[]).flatMap(readMessage);
  if (messages.length === 0 && value.length === 0) throw refuse("messages", "at least one message is required");
  return messages;
}

function readMessage(value: Json, index: number): readonly NeutralMessage[] {
  const message = asObject(value);
  if (message === null) throw refuse(`messages.${index}`, "Input should be an object");
  const path = `messages.${index}.`;
  const role = requiredString(message, "role", path);
  if (role !== "user" && role !== "assistant" && role !== "system") {
    throw refuse(`${path}role`, "Input should be 'user', 'assistant' or 'system'");
  }
  const content = message["content"];
  const rest = restOf(message, MESSAGE);
  const base = rest === null ? {} : { extra: rest };
  if (content === undefined && (role !== "system" || rest === null)) throw refuse(`${path}content`, "Field required");
  if (typeof content !== "string" && content !== undefined) checkBlocks(content, `${path}content`);
  const parts = readContent(content);
  if (role !== "user") return [{ role, parts: restoreSignatures(parts), ...base }];
  return splitResults(parts, base);
}

/** Tool results stand in messages of their own. */
function splitResults(parts: readonly Part[], base: { extra?: JsonObject }): readonly NeutralMessage[] {
  const messages: { role: "user" | "tool"; parts: Part[]; extra?: JsonObject }[] = [];
  for (const part of parts) {
    const role = part.kind === "tool-result" ? "tool" : "user";
    const last = messages.at(-1);
    if (last?.role === role) last.parts.push(part);
    // The mark joins them again, where two messages of the caller's stay two.
    else messages.push({ role, parts: [part], ...(last === undefined ? base : { extra: { [SPLIT]: true } }) });
  }
  return messages.length === 0 ? [{ role: "user", parts: [], ...base }] : messages;
}

/** What blocks must have, by type; the rest is the provider's to check. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = tableOf({
  text: ["text"],
  tool_use: ["id", "name"],
  tool_result: ["tool_use_id"],
  thinking: ["thinking", "signature"],
  redacted_thinking: ["data"],
});

function checkBlocks(content: Json, path: string): void {
  if (!Array.isArray(content)) throw refuse(path, "Input should be a valid string or list");
  for (const [index, item] of (content as readonly Json[]).entries()) {
    const block = asObject(item);
    if (block === null) throw refuse(`${path}.${index}`, "Input should be an object");
    const type = requiredString(block, "type", `${path}.${index}.`);
    for (const key of REQUIRED[type] ?? []) requiredString(block, key, `${path}.${index}.${type}.`);
    if (type === "tool_result" && Array.isArray(block["content"])) {
      checkBlocks(block["content"], `${path}.${index}.tool_result.content`);
    }
  }
}

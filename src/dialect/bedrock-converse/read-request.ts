/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
import { asArray, asObject, asString, type Json, type JsonObject, parseObject, restOf } from "../../lib/json.ts";
import type { RequestContext } from "../dialect.ts";
import { type NeutralMessage, type NeutralRequest, NO_SETTINGS, type Part, type ResponseFormat } from "../neutral.ts";
import { type WireForm, withForm } from "../wire-form.ts";
import { restoreSignatures } from "../restore-signatures.ts";
import { invalid, optionalNumber, optionalObject, optionalObjects } from "./invalid.ts";
import { readModelFields } from "./model-fields.ts";
import { OWN } from "./own.ts";
import { readParts } from "./read-part.ts";
import { readToolChoice, readTools } from "./read-tools.ts";

const INFERENCE: ReadonlySet<string> = new Set(["maxTokens", "temperature", "topP", "stopSequences"]);
const TOOL_CONFIG: ReadonlySet<string> = new Set(["tools", "toolChoice"]);
const MESSAGE: ReadonlySet<string> = new Set(["role", "content"]);
const KNOWN: ReadonlySet<string> = new Set([
  "modelId",
  "messages",
  "system",
  "inferenceConfig",
  "toolConfig",
  "additionalModelRequestFields",
  "outputConfig",
  "requestMetadata",
  "serviceTier",
]);
/** Members that are written again as they stood: their words can be said in more than one way. */
const AS_THEY_STOOD = ["additionalModelRequestFields", "outputConfig"];

export function readRequest(body: JsonObject, context: RequestContext): NeutralRequest {
  const inference = optionalObject(body, "inferenceConfig");
  const toolConfig = optionalObject(body, "toolConfig");
  const modelFields = optionalObject(body, "additionalModelRequestFields");
  const fields = readModelFields(modelFields ?? {});
  const format = readFormat(optionalObject(body, "outputConfig"));
  const metadata = readMetadata(optionalObject(body, "requestMetadata"));
  const tier = readTier(body["serviceTier"]);
  const extra: Record<string, Json> = {
    ...restOf(body, KNOWN),
    ...inner("inferenceConfig", inference, INFERENCE),
    ...inner("toolConfig", toolConfig, TOOL_CONFIG),
    ...(fields.rest === null ? null : { additionalModelRequestFields: fields.rest }),
    ...(format.rest === null ? null : { outputConfig: format.rest }),
    ...(metadata.rest === null ? null : { requestMetadata: metadata.rest }),
    ...(tier.rest === null ? null : { serviceTier: tier.rest }),
  };
  const system = optionalObjects(body, "system", "system") ?? [];
  const request: NeutralRequest = {
    ...NO_SETTINGS,
    ...fields.settings,
    dialect: OWN,
    model: context.model,
    isStream: context.isStream,
    wantsStreamUsage: true,
    messages: [
      ...(system.length === 0 ? [] : [{ role: "system" as const, parts: readParts(system, false) }]),
      ...readMessages(body),
    ],
    tools: readTools(toolConfig),
    toolChoice: readToolChoice(toolConfig),
    maxTokens: optionalNumber(inference, "maxTokens", "inferenceConfig", [1, Number.MAX_SAFE_INTEGER]),
    temperature: optionalNumber(inference, "temperature", "inferenceConfig", [0, 1]),
    topP: optionalNumber(inference, "topP", "inferenceConfig", [0, 1]),
    stop: readStop(inference),
    responseFormat: format.format,
    metadata: metadata.metadata,
    serviceTier: tier.tier,
    extra: Object.keys(extra).length === 0 ? null : extra,
  };
  return withForm(request, formOfRequest(body));
}

/** The members that say nothing, and those whose words can be said in more than one way. */
function formOfRequest(body: JsonObject): WireForm {
  const silent: Record<string, Json> = {};
  for (const key in body) {
    const value = body[key];
    if (value === undefined || !KNOWN.has(key)) continue;
    const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    if (value === null || isEmpty || AS_THEY_STOOD.includes(key)) silent[key] = value;
  }
  return { dialect: OWN, silent: Object.keys(silent).length === 0 ? null : silent, isOther: false };
}

/** What of a member has no word of its own, under the member's name. */
function inner(key: string, object: JsonObject | null, known: ReadonlySet<string>): JsonObject | null {
  const rest = object === null ? null : restOf(object, known);
  return rest === null ? null : { [key]: rest };
}

function readStop(inference: JsonObject | null): readonly string[] | null {
  const value = inference?.["stopSequences"];
  if (value === undefined || value === null) return null;
  const stop = asArray(value).map(asString);
  if (!Array.isArray(value) || stop.includes(null)) {
    throw invalid("inferenceConfig.stopSequences", "Member must be a list of texts");
  }
  return stop as string[];
}

function readFormat(config: JsonObject | null): {
  readonly format: ResponseFormat | null;
  readonly rest: JsonObject | null;
} {
  const textFormat = asObject(config?.["textFormat"]);
  const definition = asObject(asObject(textFormat?.["structure"])?.["jsonSchema"]);
  const text = asString(definition?.["schema"]);
  if (config === null || definition === null || text === null) return { format: null, rest: config };
  const schema = parseObject(text);
  if (schema === null) {
    throw invalid("outputConfig.textFormat.structure.jsonSchema.schema", "Member must be a JSON schema as text");
  }
  return {
    format: {
      kind: "json-schema",
      name: asString(definition["name"]) ?? "response",
      description: asString(definition["description"]),
      schema,
      isStrict: null,
    },
    rest: restOf(config, new Set(["textFormat"])),
  };
}

/** Metadata is texts by name. */
function readMetadata(value: JsonObject | null): {
  readonly metadata: JsonObject | null;
  readonly rest: JsonObject | null;
} {
  if (value === null || Object.keys(value).length === 0) return { metadata: null, rest: null };
  const isTexts = Object.values(value).every((text) => typeof text === "string");
  return isTexts ? { metadata: value, rest: null } : { metadata: null, rest: value };
}

/** `{ type }` alone is a tier. */
export function readTier(value: Json | undefined): { readonly tier: string | null; readonly rest: Json | null } {
  const type = asString(asObject(value)?.["type"]);
  if (type !== null && Object.keys(asObject(value) ?? {}).length === 1) return { tier: type, rest: null };
  return { tier: null, rest: value ?? null };
}

function readMessages(body: JsonObject): NeutralMessage[] {
  const list = optionalObjects(body, "messages", "messages");
  // A prompt from Prompt management needs none.
  if (list === null && body["promptVariables"] === undefined) throw invalid("messages", "Member must not be null");
  return (list ?? []).flatMap((message, index) => readMessage(message, `messages.${index}`));
}

/** A user's message that holds tool results is read into several, in order: results stand in messages of their own. */
function readMessage(message: JsonObject, path: string): NeutralMessage[] {
  const role = message["role"];
  if (role !== "user" && role !== "assistant") {
    throw invalid(`${path}.role`, "Member must satisfy enum value set: [user, assistant]");
  }
  const content = optionalObjects(message, "content", `${path}.content`);
  if (content === null) throw invalid(`${path}.content`, "Member must not be null");
  const parts = readParts(content, role === "assistant");
  const rest = restOf(message, MESSAGE);
  const extra = rest === null ? {} : { extra: rest };
  if (role === "assistant") return [{ role, parts: restoreSignatures(parts), ...extra }];
  const messages: { role: "user" | "tool"; parts: Part[] }[] = [];
  for (const part of parts) {
    const wanted = part.kind === "tool-result" ? "tool" : "user";
    const last = messages.at(-1);
    if (last?.role === wanted) last.parts.push(part);
    else messages.push({ role: wanted, parts: [part] });
  }
  if (messages.length === 0) messages.push({ role: "user", parts: [] });
  // All but the first follow it in the same message: the writer puts them together again.
  return messages.map((piece, at) => (at === 0 ? { ...piece, ...extra } : withForm(piece, SAME_MESSAGE)));
}

/** Marks a piece of a user's message that is not its first. */
const SAME_MESSAGE: WireForm = { dialect: OWN, silent: null, isOther: true };

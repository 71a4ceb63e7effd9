/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
import { asObject, type Json, type JsonObject } from "../../lib/json.ts";
import { writeSchema } from "../anthropic-messages/json-schema.ts";
import type { WrittenRequest } from "../dialect.ts";
import type { NeutralMessage, NeutralRequest, ResponseFormat } from "../neutral.ts";
import type { Target } from "../target.ts";
import { formOf } from "../wire-form.ts";
import { familyOf, hasCachePoints, hasHourCache } from "./model-family.ts";
import { writeModelFields } from "./model-fields.ts";
import { OWN, OWNER } from "./own.ts";
import { MessageWriter } from "./write-messages.ts";
import { writeCachePoint } from "./write-part.ts";
import { isSchemaNative, writeTools } from "./write-tools.ts";

const TIERS: ReadonlySet<string> = new Set(["default", "flex", "priority", "reserved"]);
/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (requestMetadata) */
const MAX_METADATA = 16;
const MAX_METADATA_CHARS = 256;

export function writeRequest(request: NeutralRequest, target: Target): WrittenRequest {
  return request.dialect === OWN ? writeOwn(request, target) : writeForeign(request, target);
}

/** A request of this dialect, as it was said. */
function writeOwn(request: NeutralRequest, target: Target): WrittenRequest {
  const { system, messages } = new MessageWriter(true, target).write(request.messages);
  const { toolConfig } = writeTools(request, target);
  const { additionalModelRequestFields, outputConfig, ...silent } = formOf(request, OWN)?.silent ?? {};
  const { inferenceConfig: _, toolConfig: __, ...extra } = request.extra ?? {};
  const inference = writeInference(request, request.maxTokens);
  const body: Record<string, Json | undefined> = { ...silent, ...extra, messages };
  if (system.length > 0) body["system"] = system;
  if (Object.keys(inference).length > 0) body["inferenceConfig"] = inference;
  if (toolConfig !== null) body["toolConfig"] = toolConfig;
  if (additionalModelRequestFields !== undefined) body["additionalModelRequestFields"] = additionalModelRequestFields;
  if (outputConfig !== undefined) body["outputConfig"] = outputConfig;
  if (request.metadata !== null) body["requestMetadata"] = request.metadata;
  if (request.serviceTier !== null) body["serviceTier"] = { type: request.serviceTier };
  return { body, jsonTool: null };
}

/** A request of another dialect, for this target's model. */
function writeForeign(request: NeutralRequest, target: Target): WrittenRequest {
  const { system, messages } = new MessageWriter(false, target).write(request.messages);
  const { toolConfig, isForced, jsonTool } = writeTools(request, target);
  const lacksThinking = isInUnsignedLoop(request.messages);
  const { fields, maxTokens, isThinking } = writeModelFields(request, target, { isForced, lacksThinking });
  const inference = writeInference(boundSampling(request, target, isThinking), maxTokens);
  const body: Record<string, Json | undefined> = { messages: withCache(messages, request, target) };
  if (system.length > 0) body["system"] = system;
  if (Object.keys(inference).length > 0) body["inferenceConfig"] = inference;
  if (toolConfig !== null) body["toolConfig"] = toolConfig;
  if (fields !== null) body["additionalModelRequestFields"] = fields;
  if (request.responseFormat?.kind === "json-schema" && isSchemaNative(target)) {
    body["outputConfig"] = writeFormat(request.responseFormat);
  }
  if (request.stop !== null && request.stop.length > 0 && familyOf(target.model) === "claude") {
    // Converse does not say which of them it was; Claude's own answer does.
    body["additionalModelResponseFieldPaths"] = [request.isStream ? "/delta/stop_sequence" : "/stop_sequence"];
  }
  const metadata = writeMetadata(request, target);
  if (metadata !== null) body["requestMetadata"] = metadata;
  const tier = writeTier(request, target);
  if (tier !== null) body["serviceTier"] = { type: tier };
  return { body, jsonTool };
}

type Sampling = Pick<NeutralRequest, "temperature" | "topP" | "stop" | "extra" | "dialect">;

function writeInference({ temperature, topP, stop, extra, dialect }: Sampling, maxTokens: number | null): JsonObject {
  const isOwn = dialect === OWN;
  return {
    ...(maxTokens === null ? null : { maxTokens }),
    ...(temperature === null ? null : { temperature }),
    ...(topP === null ? null : { topP }),
    ...(stop === null || (stop.length === 0 && !isOwn) ? null : { stopSequences: stop }),
    ...(isOwn ? asObject(extra?.["inferenceConfig"]) : null),
  };
}

/** Temperature is at most 1 here; with a thinking budget "temperature and top_p must be unset", or as good as that. */
function boundSampling(request: NeutralRequest, target: Target, isThinking: boolean): Sampling {
  let { temperature, topP } = request;
  if (temperature !== null && temperature > 1) {
    target.cannot("temperature", `it is at most 1, got ${temperature}`);
    temperature = 1;
  }
  if (temperature !== null && topP !== null && target.quirks.refuses.includes("temperature+topP")) {
    // Values that change nothing are no loss; else one of the two must go.
    if (topP !== 1 && temperature !== 1) target.cannot("topP", "the model takes temperature or topP, not both");
    if (topP !== 1 && temperature === 1) temperature = null;
    else topP = null;
  }
  if (isThinking) {
    const why = "with thinking the model takes no other value";
    if (temperature !== null && temperature !== 1) target.cannot("temperature", why);
    if (topP !== null && topP < 0.95) target.cannot("topP", why);
    temperature = null;
    topP = null;
  }
  const { stop, extra, dialect } = request;
  return { temperature, topP, stop, extra, dialect };
}

/** Objects are closed, as at Anthropic: https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html */
function writeFormat({ name, description, schema }: Extract<ResponseFormat, { kind: "json-schema" }>): JsonObject {
  return {
    textFormat: {
      type: "json_schema",
      structure: {
        jsonSchema: {
          schema: JSON.stringify(writeSchema(schema)),
          name,
          ...(description === null ? null : { description }),
        },
      },
    },
  };
}

/** A hint for the whole request: the cache ends behind the last message. */
function withCache(messages: readonly JsonObject[], { cache }: NeutralRequest, target: Target): readonly JsonObject[] {
  const last = messages.at(-1);
  if (cache === null || last === undefined) return messages;
  if (!hasCachePoints(target.model)) {
    target.hint("cache");
    return messages;
  }
  const content = last["content"] as readonly JsonObject[];
  if (content.at(-1)?.["cachePoint"] !== undefined) return messages;
  const point = writeCachePoint(hasHourCache(target.model) ? cache : { ttl: null });
  return [...messages.slice(0, -1), { ...last, content: [...content, point] }];
}

function writeMetadata({ metadata }: NeutralRequest, target: Target): JsonObject | null {
  if (metadata === null || Object.keys(metadata).length === 0) return null;
  const entries = Object.entries(metadata);
  const fits = entries.every(
    ([key, value]) =>
      typeof value === "string" &&
      [key, value].every((text) => text.length <= MAX_METADATA_CHARS && /^[a-zA-Z0-9\s:_@$#=/+,.-]*$/.test(text)) &&
      key !== "",
  );
  if (fits && entries.length <= MAX_METADATA) return metadata;
  target.hint("metadata");
  return null;
}

function writeTier({ serviceTier }: NeutralRequest, target: Target): string | null {
  if (serviceTier === null || serviceTier === "auto") return null;
  if (serviceTier === "standard_only" || serviceTier === "standard") return "default";
  if (TIERS.has(serviceTier)) return serviceTier;
  target.hint("serviceTier");
  return null;
}

/** Whether the conversation stands in a tool loop whose turn begins without Claude's own signed thought, which thinking would need. */
function isInUnsignedLoop(messages: readonly NeutralMessage[]): boolean {
  const last = messages.findLastIndex(({ role }) => role !== "system" && role !== "developer");
  if (messages[last]?.role !== "tool") return false;
  for (let at = last; at >= 0; at--) {
    const message = messages[at];
    if (message?.role === "user") return true;
    if (message?.role !== "assistant") continue;
    const isSigned = message.parts.some(
      (part) => part.kind === "reasoning" && (part.signature?.owner === OWNER || part.encrypted?.owner === OWNER),
    );
    if (isSigned) return false;
  }
  return true;
}

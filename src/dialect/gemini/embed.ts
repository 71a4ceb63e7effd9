/**
 * `embedContent` and `batchEmbedContents`: https://ai.google.dev/api/embeddings. Requests are written in the batch's form, which takes
 * any number of inputs.
 */
import { GatewayError } from "../../errors.ts";
import { asArray, asCount, asObject, asString, compact, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { usageOf } from "../../lib/usage.ts";
import type { AnswerContext, EmbedCodec, RequestContext } from "../dialect.ts";
import type { EmbedAnswer, EmbedRequest, NeutralUsage, Part } from "../neutral.ts";
import type { Target } from "../target.ts";
import { invalid, invalidValue } from "./invalid.ts";
import { type CallIds, readPart } from "./parts.ts";
import { camelize, listOf, messageOf } from "./spelling.ts";
import { ownSignatures, writePart } from "./write-part.ts";

/** Cohere's words for the same purposes; others are Gemini's own in lower case. https://ai.google.dev/api/embeddings#v1beta.TaskType */
const PURPOSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    RETRIEVAL_QUERY: "search_query",
    RETRIEVAL_DOCUMENT: "search_document",
    SEMANTIC_SIMILARITY: "semantic_similarity",
    CLASSIFICATION: "classification",
    CLUSTERING: "clustering",
    QUESTION_ANSWERING: "question_answering",
    FACT_VERIFICATION: "fact_verification",
    CODE_RETRIEVAL_QUERY: "code_retrieval_query",
  }),
);
const TASKS = new Map([...PURPOSES].map(([task, purpose]) => [purpose, task]));

const FIELDS = new Set(["model", "content", "taskType", "title", "outputDimensionality"]);
const BATCH_FIELDS = new Set(["requests", "model"]);
const ANSWER_FIELDS = new Set(["embedding", "embeddings", "usageMetadata"]);

const NO_CALLS: CallIds = { ofCall: (name) => name, ofResult: (name) => name };

type One = Pick<EmbedRequest, "dimensions" | "purpose" | "title" | "extra"> & {
  readonly input: string | readonly Part[];
};

function readRequest(spelled: JsonObject, { model }: RequestContext): EmbedRequest {
  const body = camelize(spelled);
  const isSingle = body["requests"] === undefined;
  const requests = isSingle ? [body] : listOf(body["requests"]);
  if (requests.length === 0)
    throw invalid("* BatchEmbedContentsRequest.requests: requests is not specified", "requests");
  const ones = requests.map((item, index) => readOne(item, isSingle ? "" : `requests[${index}].`));
  const [first] = ones as [One, ...One[]];
  for (const [index, one] of ones.entries()) {
    if (one.purpose === first.purpose && one.title === first.title && one.dimensions === first.dimensions) continue;
    // Elsewhere these are said once for all inputs.
    throw invalid(
      "task_type, title and output_dimensionality should be the same in all requests.",
      `requests[${index}]`,
    );
  }
  return {
    dialect: "gemini",
    model,
    inputs: ones.map(({ input }) => input),
    isSingle,
    dimensions: first.dimensions,
    encodings: ["float"],
    purpose: first.purpose,
    title: first.title,
    truncate: null,
    user: null,
    extra: isSingle ? first.extra : restOf(body, BATCH_FIELDS),
  };
}

function readOne(item: Json, place: string): One {
  const request = messageOf(item);
  if (request === null) throw invalidValue(place.slice(0, -1), "EmbedContentRequest", item);
  const content = messageOf(request["content"]);
  if (content === null)
    throw invalid(`* EmbedContentRequest.${place}content: contents is not specified`, `${place}content`);
  const parts = listOf(content["parts"]).map((value, index): Part => {
    const part = asObject(value);
    if (part === null) throw invalidValue(`${place}content.parts[${index}]`, "Part", value);
    return readPart(part, NO_CALLS, `${place}content.parts[${index}]`);
  });
  const [part] = parts;
  const task = asString(request["taskType"]);
  const size = request["outputDimensionality"];
  const dimensions = size === undefined ? null : asCount(typeof size === "string" ? Number(size) : size);
  if (size !== undefined && dimensions === null) {
    throw invalidValue(`${place}output_dimensionality`, "TYPE_INT32", size as Json);
  }
  return {
    input: parts.length === 1 && part?.kind === "text" && part.extra === undefined ? part.text : parts,
    dimensions,
    purpose: task === null || task === "TASK_TYPE_UNSPECIFIED" ? null : (PURPOSES.get(task) ?? task.toLowerCase()),
    title: asString(request["title"]),
    extra: restOf(request, FIELDS),
  };
}

function writeRequest(request: EmbedRequest, target: Target): JsonObject {
  const isOwn = request.dialect === "gemini";
  if (!request.encodings.every((encoding) => encoding === "float" || encoding === "base64")) {
    target.cannot("encoding_format", `Gemini embeds in floats only, not ${request.encodings.join(", ")}`);
  }
  if (request.user !== null) target.hint("user");
  if (request.truncate === "none" || request.truncate === "start") target.hint("truncate");
  const options = compact({
    taskType: writePurpose(request.purpose, isOwn, target),
    title: request.title ?? undefined,
    outputDimensionality: request.dimensions ?? undefined,
  });
  const extra = isOwn && request.isSingle ? request.extra : null;
  if (target.quirks.renames["requests"] === "") return writeOne(request, options, extra, isOwn);
  const model = `models/${target.model}`;
  return {
    requests: request.inputs.map((input) => ({
      model,
      content: { parts: writeInput(input, isOwn) },
      ...options,
      ...extra,
    })),
    ...(isOwn && !request.isSingle ? request.extra : undefined),
  };
}

/**
 * Vertex has no batches (its surface says so by `renames: { requests: "" }`), and options stand in a member of their own: outside of
 * it they are deprecated (https://docs.cloud.google.com/python/docs/reference/aiplatform/latest/google.cloud.aiplatform_v1beta1.types.EmbedContentRequest).
 */
function writeOne({ inputs }: EmbedRequest, options: JsonObject, extra: JsonObject | null, isOwn: boolean): JsonObject {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    throw invalid(`This model embeds one input at a time, got ${inputs.length}.`, "input");
  }
  const config = { ...asObject(extra?.["embedContentConfig"]), ...options };
  return {
    content: { parts: writeInput(input, isOwn) },
    ...extra,
    ...(Object.keys(config).length === 0 ? {} : { embedContentConfig: config }),
  };
}

function writePurpose(purpose: string | null, isOwn: boolean, target: Target): string | undefined {
  // "image" says what the input is, which its parts say already.
  if (purpose === null || purpose === "image") return undefined;
  const task = TASKS.get(purpose) ?? (isOwn ? purpose.toUpperCase() : undefined);
  if (task === undefined) target.cannot("purpose", `Gemini knows no task type ${purpose}`);
  return task;
}

function writeInput(input: EmbedRequest["inputs"][number], isOwn: boolean): readonly JsonObject[] {
  if (typeof input === "string") return [{ text: input }];
  if (input.length > 0 && typeof input[0] === "number") {
    throw new GatewayError(
      "invalid_request",
      "Gemini embeds text and media; an input of token ids cannot be sent to it.",
      {
        param: "input",
      },
    );
  }
  return (input as readonly Part[]).flatMap((part): JsonObject[] => {
    const written = writePart(part, isOwn, ownSignatures);
    return written === null ? [] : [written];
  });
}

function readAnswer(body: JsonObject): EmbedAnswer {
  const single = asObject(body["embedding"]);
  const embeddings = single === null ? body["embeddings"] : [single];
  if (!Array.isArray(embeddings)) {
    throw new GatewayError("upstream_error", "The provider's answer holds no embeddings.", {
      upstreamType: "protocol",
    });
  }
  const usage = asObject(body["usageMetadata"]);
  return {
    dialect: "gemini",
    id: null,
    model: null,
    vectors: embeddings.map((item) => ({ float: asArray(asObject(item)?.["values"]) as readonly number[] })),
    usage: usage === null ? null : readUsage(usage),
    extra: restOf(body, ANSWER_FIELDS),
  };
}

const USAGE_FIELDS = new Set(["promptTokenCount"]);

function readUsage(usage: JsonObject): NeutralUsage {
  return { ...usageOf({ inputTokens: asCount(usage["promptTokenCount"]) }), extra: restOf(usage, USAGE_FIELDS) };
}

function writeAnswer(answer: EmbedAnswer, request: EmbedRequest, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "gemini";
  const embeddings = answer.vectors.map((vector) => ({ values: floatsOf(vector) }));
  const isBatch = !request.isSingle || context.endpoint.name.startsWith("gemini.batch-embed");
  const { usage } = answer;
  return {
    ...(isBatch ? { embeddings } : { embedding: embeddings[0] ?? { values: [] } }),
    ...(usage === null || usage.inputTokens === null
      ? {}
      : { usageMetadata: { promptTokenCount: usage.inputTokens, ...(isOwn ? usage.extra : undefined) } }),
    ...(isOwn ? answer.extra : undefined),
  };
}

/** base64 is little-endian float32, where a provider gives nothing else. */
function floatsOf(vector: EmbedAnswer["vectors"][number]): readonly number[] {
  const { float, base64 } = vector;
  if (Array.isArray(float)) return float as readonly number[];
  if (typeof base64 !== "string") return [];
  const bytes = Buffer.from(base64, "base64");
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
}

export const geminiEmbed: EmbedCodec = { readRequest, writeRequest, readAnswer, writeAnswer };

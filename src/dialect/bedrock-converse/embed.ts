/**
 * Embedding models through InvokeModel, each maker's body by the model's id:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html (and -mm, -embed, -embed-v4),
 * https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
 */
import { GatewayError } from "../../errors.ts";
import { asArray, asCount, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { usageOf } from "../../lib/usage.ts";
import { tableOf } from "../../lib/table.ts";
import type { EmbedCodec } from "../dialect.ts";
import { encodeVector } from "../embedding-encodings.ts";
import type { EmbedAnswer, EmbedRequest, NeutralUsage, Part } from "../neutral.ts";
import type { Target } from "../target.ts";
import { formOf, withForm } from "../wire-form.ts";
import { invalid } from "./invalid.ts";
import { OWN } from "./own.ts";

const COHERE: ReadonlySet<string> = new Set([
  "texts",
  "images",
  "input_type",
  "truncate",
  "embedding_types",
  "output_dimension",
]);
const TITAN: ReadonlySet<string> = new Set(["inputText", "dimensions"]);
const TRUNCATE = tableOf({ NONE: "none", START: "start", END: "end" } as const);
const ENCODINGS: ReadonlySet<string> = new Set(["float", "base64", "int8", "uint8", "binary", "ubinary"]);
const COHERE_PURPOSES: ReadonlySet<string> = new Set([
  "search_document",
  "search_query",
  "classification",
  "clustering",
  "image",
]);
/** Cohere's purposes in Nova's words. */
const NOVA_PURPOSES: Readonly<Record<string, string>> = tableOf({
  search_document: "GENERIC_INDEX",
  search_query: "GENERIC_RETRIEVAL",
  classification: "CLASSIFICATION",
  clustering: "CLUSTERING",
});

type EmbedForm = "titan" | "titan-image" | "nova" | "cohere";

function formOfModel(model: string): EmbedForm | null {
  if (/\bamazon\.titan-embed-image/.test(model)) return "titan-image";
  if (/\bamazon\.titan-embed/.test(model)) return "titan";
  if (/\bamazon\.nova-.*embed/.test(model)) return "nova";
  return /\bcohere\.embed/.test(model) ? "cohere" : null;
}

/** A caller's InvokeModel that embeds, told by its members: the name it calls the model by may be any. */
function readRequest(body: JsonObject, { model }: { readonly model: string }): EmbedRequest {
  const none = {
    dialect: OWN,
    model,
    isSingle: false,
    dimensions: null,
    encodings: ["float"],
    purpose: null,
    title: null,
    truncate: null,
    user: null,
    extra: null,
  } satisfies Omit<EmbedRequest, "inputs">;
  const { texts, images, inputText } = body;
  if (Array.isArray(texts) || Array.isArray(images)) {
    const inputs = Array.isArray(texts)
      ? asArray(texts).map((text, index) => {
          if (typeof text !== "string") throw invalid(`texts.${index}`, "Member must be a text");
          return text;
        })
      : asArray(images).map((image, index): readonly Part[] => [readImage(image, `images.${index}`)]);
    const types = asArray(body["embedding_types"]).filter((type) => ENCODINGS.has(String(type)));
    return {
      ...none,
      inputs,
      dimensions: asCount(body["output_dimension"]),
      encodings: types.length === 0 ? ["float"] : (types as EmbedRequest["encodings"]),
      purpose: asString(body["input_type"]),
      truncate: TRUNCATE[String(body["truncate"]) as keyof typeof TRUNCATE] ?? null,
      extra: restOf(body, COHERE),
    };
  }
  if (typeof inputText === "string" && body["inputImage"] === undefined && body["textGenerationConfig"] === undefined) {
    return {
      ...none,
      inputs: [inputText],
      isSingle: true,
      dimensions: asCount(body["dimensions"]),
      extra: restOf(body, TITAN),
    };
  }
  throw invalid("body", "Only bodies of Titan's and Cohere's embedding models can go to another provider than Bedrock");
}

function readImage(image: Json, path: string): Part {
  const match = typeof image === "string" ? /^data:([^;,]+);base64,(.*)$/s.exec(image) : null;
  if (match === null) throw invalid(path, "Member must be a data URI");
  return { kind: "image", source: { kind: "data", mediaType: match[1] ?? "", data: match[2] ?? "" } };
}

function writeRequest(request: EmbedRequest, target: Target): JsonObject {
  if (request.title !== null) target.hint("title");
  if (request.user !== null) target.hint("user");
  const extra = request.dialect === OWN ? request.extra : null;
  const form = formOfModel(target.model);
  switch (form) {
    case "cohere":
      return { ...writeCohere(request, target), ...extra };
    case "titan":
    case "titan-image":
    case "nova":
      return { ...writeSingle(form, request, target), ...extra };
    case null:
      throw new GatewayError(
        "invalid_request",
        "Embeddings at Bedrock are known for Titan's, Nova's and Cohere's models, and this is another one.",
        { param: "model", detail: "unsupported_operation" },
      );
    default:
      return form satisfies never;
  }
}

/** Titan and Nova take one input each time. */
function writeSingle(form: "titan" | "titan-image" | "nova", request: EmbedRequest, target: Target): JsonObject {
  const { inputs, dimensions, encodings } = request;
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined) {
    throw new GatewayError("invalid_request", `This model embeds one input in each request, got ${inputs.length}.`, {
      param: "input",
      detail: "unsupported_parameter",
    });
  }
  const { text, image } = partsOf(input, target);
  if (form !== "titan" && form !== "titan-image") {
    if (image !== null) target.cannot("input", "only texts are sent to this model");
    return {
      taskType: "SINGLE_EMBEDDING",
      singleEmbeddingParams: {
        embeddingPurpose: NOVA_PURPOSES[request.purpose ?? ""] ?? "GENERIC_INDEX",
        ...(dimensions === null ? null : { embeddingDimension: dimensions }),
        text: { truncationMode: request.truncate?.toUpperCase() ?? "END", value: text },
      },
    };
  }
  if (request.purpose !== null) target.hint("purpose");
  if (request.truncate !== null) target.hint("truncate");
  if (form === "titan-image") {
    return {
      ...(text === "" ? null : { inputText: text }),
      ...(image === null ? null : { inputImage: image }),
      ...(dimensions === null ? null : { embeddingConfig: { outputEmbeddingLength: dimensions } }),
    };
  }
  if (image !== null) target.cannot("input", "the model embeds texts only");
  const isBinary = encodings.some((encoding) => encoding === "binary");
  return {
    inputText: text,
    ...(dimensions === null ? null : { dimensions }),
    ...(isBinary
      ? { embeddingTypes: encodings.filter((encoding) => encoding === "float" || encoding === "binary") }
      : null),
  };
}

function writeCohere(request: EmbedRequest, target: Target): JsonObject {
  const read = request.inputs.map((input) => partsOf(input, target));
  const isImages = read.length > 0 && read.every(({ text, image }) => text === "" && image !== null);
  if (!isImages && read.some(({ image }) => image !== null)) {
    target.cannot("input", "texts and images are not embedded in one request");
  }
  // base64 is a way to write floats that Bedrock's models do not have; the answer's writer makes it.
  const encodings = [...new Set(request.encodings.map((encoding) => (encoding === "base64" ? "float" : encoding)))];
  const purpose = request.purpose !== null && COHERE_PURPOSES.has(request.purpose) ? request.purpose : null;
  if (request.purpose !== null && purpose === null) target.hint("purpose");
  const isPlain = encodings.length === 1 && encodings[0] === "float";
  return {
    ...(isImages ? { images: request.inputs.map((input) => dataUri(input)) } : { texts: read.map(({ text }) => text) }),
    input_type: purpose ?? (isImages ? "image" : "search_document"),
    ...(request.truncate === null ? null : { truncate: request.truncate.toUpperCase() }),
    ...(isPlain ? null : { embedding_types: encodings }),
    ...(request.dimensions === null ? null : { output_dimension: request.dimensions }),
  };
}

function dataUri(input: EmbedRequest["inputs"][number]): string {
  const part = typeof input === "string" ? null : (input[0] as Part | undefined);
  if (part?.kind !== "image" || part.source.kind !== "data") return "";
  return `data:${part.source.mediaType};base64,${part.source.data}`;
}

/** An input's words and its picture. */
function partsOf(input: EmbedRequest["inputs"][number], target: Target): { text: string; image: string | null } {
  if (typeof input === "string") return { text: input, image: null };
  if (typeof input[0] === "number") {
    target.cannot("input", "its API takes texts, not token ids");
    return { text: "", image: null };
  }
  let text = "";
  let image: string | null = null;
  for (const part of input as readonly Part[]) {
    if (part.kind === "text") text += part.text;
    else if (part.kind === "image" && part.source.kind === "data" && image === null) image = part.source.data;
    else target.cannot("input", `its API embeds no second picture, and no ${part.kind}`);
  }
  return { text, image };
}

function readAnswer(body: JsonObject): EmbedAnswer {
  const vectors = readVectors(body);
  if (vectors === null) {
    throw new GatewayError("upstream_error", "The provider's answer should hold an embedding, and does not.", {
      upstreamType: "protocol",
    });
  }
  const answer: EmbedAnswer = {
    dialect: OWN,
    id: asString(body["id"]),
    model: null,
    vectors,
    usage: readEmbedUsage(asCount(body["inputTextTokenCount"])),
    extra: restOf(body, new Set(["embedding", "embeddings", "embeddingsByType", "inputTextTokenCount", "id"])),
  };
  const isByType = body["embeddingsByType"] !== undefined || asObject(body["embeddings"]) !== null;
  return withForm(answer, { dialect: OWN, silent: null, isOther: isByType });
}

type Vector = { readonly [encoding: string]: readonly number[] | string };

/** Titan: `embedding` and `embeddingsByType`; Nova: [{ embedding }]; Cohere: a list, or lists by type. */
function readVectors(body: JsonObject): Vector[] | null {
  const { embedding, embeddings } = body;
  if (Array.isArray(embedding)) {
    return [{ float: embedding as number[], ...(asObject(body["embeddingsByType"]) as Vector | null) }];
  }
  const byType = asObject(embeddings);
  if (byType !== null) {
    const vectors: Record<string, readonly number[] | string>[] = [];
    for (const encoding in byType) {
      for (const [index, vector] of asArray(byType[encoding]).entries()) {
        (vectors[index] ??= {})[encoding] = vector as number[] | string;
      }
    }
    return vectors;
  }
  if (!Array.isArray(embeddings)) return null;
  return asArray(embeddings).map((item) => ({ float: (asObject(item)?.["embedding"] ?? item) as number[] }));
}

function readEmbedUsage(inputTokens: number | null): NeutralUsage | null {
  return inputTokens === null ? null : { ...usageOf({ inputTokens }), extra: null };
}

/** In the form of the request: Titan's for one bare input, or else Cohere's. */
function writeAnswer(answer: EmbedAnswer, request: EmbedRequest): JsonObject {
  const vectorsOf = (encoding: string): Json => answer.vectors.map((vector) => encodeVector(vector, encoding));
  const extra = answer.dialect === OWN ? answer.extra : null;
  const isByType = formOf(answer, OWN)?.isOther === true;
  if (request.isSingle) {
    const [vector] = answer.vectors;
    if (vector === undefined) throw new GatewayError("upstream_error", "The provider gave no embedding.");
    return {
      embedding: encodeVector(vector, "float"),
      ...(isByType ? { embeddingsByType: vector } : null),
      inputTextTokenCount: answer.usage?.inputTokens ?? 0,
      ...extra,
    };
  }
  const isList = !isByType && request.encodings.length === 1 && request.encodings[0] === "float";
  return {
    ...(answer.id === null ? null : { id: answer.id }),
    response_type: isList ? "embeddings_floats" : "embeddings_by_type",
    texts: request.inputs.filter((input) => typeof input === "string"),
    embeddings: isList
      ? vectorsOf("float")
      : Object.fromEntries(request.encodings.map((encoding) => [encoding, vectorsOf(encoding)])),
    ...extra,
  };
}

export const embed: EmbedCodec = { readRequest, writeRequest, readAnswer, writeAnswer };

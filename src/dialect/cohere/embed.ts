/** `POST /v2/embed` and `/v1/embed`: https://docs.cohere.com/reference/embed, https://docs.cohere.com/v1/reference/embed */
import { GatewayError } from "../../errors.ts";
import { asArray, asCount, asObject, asString, compact, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import { nameType } from "../../lib/name-type.ts";
import { tableOf } from "../../lib/table.ts";
import type { AnswerContext, EmbedCodec, RequestContext } from "../dialect.ts";
import { encodeVector } from "../embedding-encodings.ts";
import type { EmbedAnswer, EmbedRequest, ImagePart, Part } from "../neutral.ts";
import type { Target } from "../target.ts";
import { formOf, silentMembers, withForm } from "../wire-form.ts";
import { renameMembers } from "../wire-names.ts";
import { invalid } from "./invalid.ts";
import { readBlock, readImageUrl, writeBlock, writeImageUrl } from "./parts.ts";
import { readNumber } from "./read-request.ts";
import { readMetaUsage } from "./usage.ts";

export const EMBED_V1 = "cohere.embed.v1";

const KNOWN = new Set([
  "model",
  "texts",
  "images",
  "inputs",
  "input_type",
  "embedding_types",
  "output_dimension",
  "truncate",
  "stream",
]);
const KNOWN_ANSWER = new Set(["id", "embeddings"]);
const ENCODINGS = ["float", "base64", "int8", "uint8", "binary", "ubinary"] as const;
type Encoding = (typeof ENCODINGS)[number];
const TRUNCATE = tableOf({ NONE: "none", START: "start", END: "end" } as const);

/** What Cohere takes as `input_type`; https://docs.cohere.com/docs/embeddings#the-input_type-parameter */
const PURPOSES = new Set(["search_document", "search_query", "classification", "clustering", "image"]);
/** Gemini's task types and Jina's tasks that mean the same. */
const PURPOSE_ALIASES: Readonly<Record<string, string>> = tableOf({
  retrieval_document: "search_document",
  retrieval_query: "search_query",
  question_answering: "search_query",
  fact_verification: "search_query",
  code_retrieval_query: "search_query",
  document: "search_document",
  query: "search_query",
  "retrieval.passage": "search_document",
  "retrieval.query": "search_query",
  separation: "clustering",
});
/** The parameter is required; a text that nobody said a word about is one to be found. */
const DEFAULT_PURPOSE = "search_document";

function readRequest(body: JsonObject, context: RequestContext): EmbedRequest {
  const inputs = readInputs(body);
  const types = body["embedding_types"] ?? null;
  if (types !== null && !Array.isArray(types)) {
    throw invalid(`embedding_types should be an array, got ${nameType(types)}`, "embedding_types");
  }
  const encodings = asArray(types).map((type, index): Encoding => {
    const known = ENCODINGS.find((encoding) => encoding === type);
    if (known !== undefined) return known;
    throw invalid(
      `embedding_types.${index} should be one of ${ENCODINGS.join(", ")}, got ${JSON.stringify(type)}`,
      "embedding_types",
    );
  });
  const request: EmbedRequest = {
    dialect: "cohere",
    model: context.model,
    inputs,
    isSingle: false,
    dimensions: readNumber(body, "output_dimension"),
    encodings: encodings.length === 0 ? ["float"] : encodings,
    purpose: asString(body["input_type"]),
    title: null,
    truncate: readTruncate(body["truncate"]),
    user: null,
    extra: restOf(body, KNOWN),
  };
  // Without types v1 answers with a list of floats instead of an object by type.
  return withForm(request, { dialect: "cohere", silent: silentMembers(body, KNOWN), isOther: encodings.length === 0 });
}

function readInputs(body: JsonObject): EmbedRequest["inputs"] {
  const { texts, images, inputs } = body;
  if (Array.isArray(texts) && texts.length > 0) {
    return (texts as readonly Json[]).map((text, index) => {
      if (typeof text === "string") return text;
      throw invalid(`texts.${index} should be a string, got ${nameType(text)}`, "texts");
    });
  }
  if (Array.isArray(images) && images.length > 0) {
    return (images as readonly Json[]).map((image, index): readonly Part[] => {
      if (typeof image === "string") return [{ kind: "image", source: readImageUrl(image) }];
      throw invalid(`images.${index} should be a data URI, got ${nameType(image)}`, "images");
    });
  }
  if (Array.isArray(inputs) && inputs.length > 0) {
    return (inputs as readonly Json[]).map((input) =>
      asArray(asObject(input)?.["content"]).flatMap((block) => readBlock(block) ?? []),
    );
  }
  throw invalid("one of texts, images and inputs should hold at least one input", "texts");
}

function readTruncate(value: Json | undefined): EmbedRequest["truncate"] {
  if (value === undefined || value === null) return null;
  const known = typeof value === "string" ? TRUNCATE[value as keyof typeof TRUNCATE] : undefined;
  if (known !== undefined) return known;
  throw invalid(`truncate should be one of NONE, START, END, got ${JSON.stringify(value)}`, "truncate");
}

function writeRequest(request: EmbedRequest, target: Target): JsonObject {
  const isOwn = request.dialect === "cohere";
  if (request.title !== null) target.hint("title");
  if (request.user !== null) target.hint("user");
  const inputs = writeInputs(request, target);
  const form = formOf(request, "cohere");
  const members = compact({
    model: request.model,
    ...inputs,
    input_type: writePurpose(request.purpose, inputs.images !== undefined, target),
    embedding_types: form?.isOther === true ? undefined : request.encodings,
    output_dimension: request.dimensions ?? undefined,
    truncate: request.truncate?.toUpperCase(),
  });
  const body = { ...form?.silent, ...(isOwn ? request.extra : null), ...members };
  return renameMembers(body, target.quirks.renames);
}

/** `texts` and `images` where all inputs are of that kind: every embedding model takes those, `inputs` only the newer ones. */
function writeInputs(request: EmbedRequest, target: Target): { texts?: Json; images?: Json; inputs?: Json } {
  const plain = request.inputs.map((input) => {
    if (typeof input === "string") return input;
    const only = input.length === 1 ? (input[0] as number | Part) : null;
    return only !== null && typeof only === "object" && only.kind === "text" ? only.text : null;
  });
  if (plain.every((text) => text !== null)) return { texts: plain };
  const pictures = request.inputs.map((input) => {
    const only = typeof input !== "string" && input.length === 1 ? (input[0] as number | Part) : null;
    const isImage = only !== null && typeof only === "object" && only.kind === "image";
    return isImage ? writeImageUrl(only as ImagePart) : null;
  });
  if (pictures.every((url) => url?.startsWith("data:") === true)) return { images: pictures };
  return {
    inputs: request.inputs.map((input, index): JsonObject => {
      const parts: readonly Part[] =
        typeof input === "string" ? [{ kind: "text", text: input }] : asParts(input, target);
      const content = parts.flatMap((part): readonly JsonObject[] => {
        const block = part.kind === "reasoning" ? null : writeBlock(part);
        if (block !== null) return [block];
        target.cannot(`input.${index}`, `its API embeds no ${part.kind}`);
        return [];
      });
      return { content };
    }),
  };
}

function asParts(input: readonly number[] | readonly Part[], target: Target): readonly Part[] {
  if (typeof input[0] !== "number") return input as readonly Part[];
  target.cannot("input", "its API takes texts and images, not token ids");
  return [];
}

function writePurpose(purpose: string | null, hasImages: boolean, target: Target): string {
  if (purpose === null) return hasImages ? "image" : DEFAULT_PURPOSE;
  const word = purpose.toLowerCase();
  if (PURPOSES.has(word)) return word;
  const alias = PURPOSE_ALIASES[word];
  if (alias !== undefined) return alias;
  target.hint("purpose");
  return DEFAULT_PURPOSE;
}

/** v2 answers by type; v1, and what speaks it, with bare arrays of floats; others with OpenAI's `data`. */
function readAnswer(body: JsonObject): EmbedAnswer {
  const { embeddings } = body;
  const byType = asObject(embeddings);
  const vectors: Record<string, readonly number[] | string>[] = [];
  if (byType !== null) {
    for (const encoding in byType) {
      for (const [index, vector] of asArray(byType[encoding]).entries()) {
        (vectors[index] ??= {})[encoding] = vector as readonly number[] | string;
      }
    }
  } else if (Array.isArray(embeddings)) {
    for (const vector of embeddings as readonly Json[]) vectors.push({ float: vector as readonly number[] });
  } else {
    throw new GatewayError("upstream_error", "The provider's answer should hold embeddings, and does not.", {
      upstreamType: "protocol",
    });
  }
  return {
    dialect: "cohere",
    id: asString(body["id"]),
    model: null,
    vectors,
    usage: readMetaUsage(body),
    extra: restOf(body, KNOWN_ANSWER),
  };
}

function writeAnswer(answer: EmbedAnswer, request: EmbedRequest, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "cohere";
  const isV1 = context.endpoint.name === EMBED_V1;
  const isList = isV1 && formOf(request, "cohere")?.isOther === true;
  const vectorsOf = (encoding: string): Json => answer.vectors.map((vector) => encodeVector(vector, encoding));
  const texts = request.inputs.filter((input) => typeof input === "string");
  return {
    response_type: isList ? "embeddings_floats" : "embeddings_by_type",
    texts,
    ...writeMeta(asCount(answer.usage?.inputTokens), isV1 ? "1" : "2"),
    ...(isOwn ? answer.extra : null),
    id: answer.id ?? context.requestId,
    embeddings: isList
      ? vectorsOf("float")
      : Object.fromEntries(request.encodings.map((encoding) => [encoding, vectorsOf(encoding)])),
  };
}

function writeMeta(inputTokens: number | null, version: string): JsonObject {
  return {
    meta: {
      api_version: { version },
      ...(inputTokens === null ? {} : { billed_units: { input_tokens: inputTokens } }),
    },
  };
}

export const embed: EmbedCodec = { readRequest, writeRequest, readAnswer, writeAnswer };

/** `POST /v2/rerank` and `/v1/rerank`: https://docs.cohere.com/reference/rerank, https://docs.cohere.com/v1/reference/rerank */
import { GatewayError } from "../../errors.ts";
import {
  asArray,
  asCount,
  asNumber,
  asObject,
  asString,
  compact,
  type Json,
  type JsonObject,
  restOf,
} from "../../lib/json.ts";
import { nameType } from "../../lib/name-type.ts";
import type { AnswerContext, RequestContext, RerankCodec } from "../dialect.ts";
import type { RerankAnswer, RerankRequest } from "../neutral.ts";
import type { Target } from "../target.ts";
import { renameMembers } from "../wire-names.ts";
import { invalid } from "./invalid.ts";
import { readNumber } from "./read-request.ts";
import { readMetaUsage } from "./usage.ts";

export const RERANK_V1 = "cohere.rerank.v1";

const KNOWN = new Set(["model", "query", "documents", "top_n", "max_tokens_per_doc", "return_documents"]);
const KNOWN_ANSWER = new Set(["id", "model", "results", "data"]);

function readRequest(body: JsonObject, context: RequestContext): RerankRequest {
  const { query, documents } = body;
  if (typeof query !== "string") throw invalid(`query should be a string, got ${nameType(query)}`, "query");
  if (query.trim() === "") throw invalid("query must not be empty or be only whitespace", "query");
  if (!Array.isArray(documents)) {
    throw invalid(`documents should be an array, got ${nameType(documents)}`, "documents");
  }
  if (documents.length === 0) throw invalid("list of documents must not be empty", "documents");
  return {
    dialect: "cohere",
    model: context.model,
    query,
    documents: (documents as readonly Json[]).map((document, index) => {
      const object = asObject(document);
      if (typeof document === "string" || object !== null) return object ?? (document as string);
      throw invalid(`documents.${index} should be a string or an object, got ${nameType(document)}`, "documents");
    }),
    topN: readNumber(body, "top_n"),
    returnsDocuments: typeof body["return_documents"] === "boolean" ? body["return_documents"] : null,
    maxTokensPerDocument: readNumber(body, "max_tokens_per_doc"),
    extra: restOf(body, KNOWN),
  };
}

/**
 * As v2 wants it, which servers of v1's form take too: documents as strings. Nobody is asked to send documents back: they are
 * the caller's own, and `writeAnswer` has them.
 */
function writeRequest(request: RerankRequest, target: Target): JsonObject {
  const isOwn = request.dialect === "cohere";
  const { rank_fields: fields, ...extra } = (isOwn ? request.extra : null) ?? {};
  const rankFields = Array.isArray(fields) ? (fields as readonly Json[]) : null;
  let maxTokens = request.maxTokensPerDocument;
  if (maxTokens !== null && target.quirks.refuses.includes("maxTokensPerDocument")) {
    target.hint("max_tokens_per_doc");
    maxTokens = null;
  }
  const body = compact({
    ...extra,
    model: request.model,
    query: request.query,
    documents: request.documents.map((document) => writeDocumentText(document, rankFields)),
    top_n: request.topN ?? undefined,
    max_tokens_per_doc: maxTokens ?? undefined,
  });
  return renameMembers(body, target.quirks.renames);
}

/** A document with fields as YAML, as v2's reference asks for; a text alone as it is. */
export function writeDocumentText(document: string | JsonObject, rankFields: readonly Json[] | null): string {
  if (typeof document === "string") return document;
  const all = Object.keys(document);
  const ranked = rankFields === null ? all : all.filter((key) => rankFields.includes(key));
  // An empty text is no document.
  const keys = ranked.length === 0 ? all : ranked;
  if (keys.length === 1 && keys[0] === "text" && typeof document["text"] === "string") return document["text"];
  return keys.map((key) => `${key}: ${writeScalar(document[key] ?? null)}`).join("\n");
}

/** JSON is YAML; a word or sentence that means nothing else there goes without quotes. */
function writeScalar(value: Json): string {
  return typeof value === "string" &&
    /^[\p{L}][\p{L}\p{N} .,;()/'’-]*$/u.test(value) &&
    !/^(true|false|null|yes|no)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** `results` is Cohere's; `data` is Voyage's. */
function readAnswer(body: JsonObject): RerankAnswer {
  const list = body["results"] ?? body["data"];
  if (!Array.isArray(list)) {
    throw new GatewayError("upstream_error", "The provider's answer should hold results, and does not.", {
      upstreamType: "protocol",
    });
  }
  return {
    dialect: "cohere",
    id: asString(body["id"]),
    model: asString(body["model"]),
    results: (list as readonly Json[]).flatMap((item) => {
      const result = asObject(item);
      const index = asCount(result?.["index"]);
      const score = asNumber(result?.["relevance_score"]) ?? asNumber(result?.["score"]);
      if (index === null || score === null) return [];
      return [{ index, score, document: result?.["document"] ?? null }];
    }),
    usage: readMetaUsage(body),
    searchUnits: asCount(asObject(asObject(body["meta"])?.["billed_units"])?.["search_units"]),
    extra: restOf(body, KNOWN_ANSWER),
  };
}

function writeAnswer(answer: RerankAnswer, request: RerankRequest, context: AnswerContext): JsonObject {
  const isOwn = answer.dialect === "cohere";
  const isV1 = context.endpoint.name === RERANK_V1;
  return {
    ...(isOwn ? answer.extra : { meta: writeMeta(answer, isV1 ? "1" : "2") }),
    ...(isOwn && answer.id === null ? null : { id: answer.id ?? context.requestId }),
    ...(isOwn && answer.model !== null ? { model: answer.model } : null),
    results: answer.results.map(({ index, score, document }) => ({
      index,
      relevance_score: score,
      ...writeDocument(document, index, request),
    })),
  };
}

/** Where the caller asked for documents, its own are put beside their scores. */
function writeDocument(document: Json, index: number, request: RerankRequest): { document?: Json } {
  if (document !== null) return { document: typeof document === "string" ? { text: document } : document };
  if (request.returnsDocuments !== true) return {};
  const own = asArray(request.documents)[index];
  if (own === undefined) return {};
  return { document: typeof own === "string" ? { text: own } : own };
}

function writeMeta({ searchUnits, usage }: RerankAnswer, version: string): JsonObject {
  const inputTokens = usage?.inputTokens ?? null;
  const billed = {
    ...(searchUnits === null ? {} : { search_units: searchUnits }),
    ...(inputTokens === null ? {} : { input_tokens: inputTokens }),
  };
  return {
    api_version: { version },
    ...(Object.keys(billed).length === 0 ? {} : { billed_units: billed }),
  };
}

export const rerank: RerankCodec = { readRequest, writeRequest, readAnswer, writeAnswer };

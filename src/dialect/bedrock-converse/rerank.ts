/** Rerank models through InvokeModel: https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html (amazon.rerank, cohere.rerank) */
import { GatewayError } from "../../errors.ts";
import {
  asArray,
  asBoolean,
  asCount,
  asNumber,
  asObject,
  asString,
  type Json,
  type JsonObject,
  restOf,
} from "../../lib/json.ts";
import type { RerankCodec } from "../dialect.ts";
import { invalid } from "./invalid.ts";
import { familyOf } from "./model-family.ts";
import { OWN } from "./own.ts";

const KNOWN: ReadonlySet<string> = new Set(["query", "documents", "top_n", "return_documents", "max_tokens_per_doc"]);
const KNOWN_ANSWER: ReadonlySet<string> = new Set(["results", "id"]);
/** Cohere's second API, as `api_version` asks for it. */
const COHERE_VERSION = 2;

export const rerank: RerankCodec = {
  readRequest: (body, context) => {
    const query = asString(body["query"]);
    if (query === null) throw invalid("query", "Member must not be null");
    const { documents } = body;
    if (!Array.isArray(documents)) throw invalid("documents", "Member must not be null");
    return {
      dialect: OWN,
      model: context.model,
      query,
      documents: asArray(documents).map((document, index) => {
        const read = asString(document) ?? asObject(document);
        if (read === null) throw invalid(`documents.${index}`, "Member must be a text or an object");
        return read;
      }),
      topN: asCount(body["top_n"]),
      returnsDocuments: asBoolean(body["return_documents"]),
      maxTokensPerDocument: asCount(body["max_tokens_per_doc"]),
      extra: restOf(body, KNOWN),
    };
  },
  writeRequest: (request, target) => {
    const isOwn = request.dialect === OWN;
    const isCohere = familyOf(target.model) === "cohere";
    const body: Record<string, Json | undefined> = {
      query: request.query,
      documents: request.documents.map((document) =>
        typeof document === "string" || isOwn ? document : textOf(document),
      ),
    };
    if (request.topN !== null) body["top_n"] = request.topN;
    if (isOwn && request.returnsDocuments !== null) body["return_documents"] = request.returnsDocuments;
    if (request.maxTokensPerDocument !== null) {
      if (isOwn || isCohere) body["max_tokens_per_doc"] = request.maxTokensPerDocument;
      else target.hint("max_tokens_per_doc");
    }
    if (isCohere && !isOwn) body["api_version"] = COHERE_VERSION;
    return { ...body, ...(isOwn ? request.extra : null) };
  },
  readAnswer: (body) => {
    const { results } = body;
    if (!Array.isArray(results)) {
      throw new GatewayError("upstream_error", "The provider's answer should hold results, and does not.", {
        upstreamType: "protocol",
      });
    }
    return {
      dialect: OWN,
      id: asString(body["id"]),
      model: null,
      results: asArray(results).flatMap((item) => {
        const result = asObject(item);
        const index = asCount(result?.["index"]);
        // InvokeModel's word, and that of the Rerank operation of Bedrock's agents.
        const score = asNumber(result?.["relevance_score"]) ?? asNumber(result?.["relevanceScore"]);
        return index === null || score === null ? [] : [{ index, score, document: result?.["document"] ?? null }];
      }),
      usage: null,
      searchUnits: null,
      extra: restOf(body, KNOWN_ANSWER),
    };
  },
  writeAnswer: (answer, request) => ({
    ...(answer.dialect === OWN ? answer.extra : null),
    ...(answer.id === null ? null : { id: answer.id }),
    results: answer.results.map(({ index, score, document }) => {
      const sent = request.returnsDocuments === true ? (document ?? asDocument(request.documents[index])) : document;
      return { index, relevance_score: score, ...(sent === null ? null : { document: sent }) };
    }),
  }),
};

function asDocument(document: string | JsonObject | undefined): Json {
  return typeof document === "string" ? { text: document } : (document ?? null);
}

/** A document with fields as the text that stands in it, or else all of it as JSON. */
function textOf(document: JsonObject): string {
  return asString(document["text"]) ?? JSON.stringify(document);
}

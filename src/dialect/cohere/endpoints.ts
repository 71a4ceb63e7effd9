import type { Endpoint } from "../dialect.ts";
import { EMBED_V1 } from "./embed.ts";
import { RERANK_V1 } from "./rerank.ts";
import { CHAT_STREAM, META_ANSWER } from "./stream-grammar.ts";

const POST = {
  dialect: "cohere",
  method: "POST",
  modelPlace: "json",
  defaultModel: null,
  grammar: META_ANSWER,
  isStreamPath: null,
  answersJson: true,
  hasStreamOptions: false,
} as const;

/**
 * Cohere's endpoints: https://docs.cohere.com/reference/about. The base URL ends before the version, as in its SDKs. `/v1/rerank`
 * is also what clients of Jina and of local servers (llama.cpp, vLLM, TEI behind a proxy) call.
 */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    ...POST,
    name: "cohere.chat",
    operation: "generate",
    path: "/v2/chat",
    upstreamPath: "/v2/chat",
    grammar: CHAT_STREAM,
  },
  { ...POST, name: "cohere.embed", operation: "embed", path: "/v2/embed", upstreamPath: "/v2/embed" },
  { ...POST, name: EMBED_V1, operation: "embed", path: "/v1/embed", upstreamPath: "/v1/embed" },
  { ...POST, name: "cohere.rerank", operation: "rerank", path: "/v2/rerank", upstreamPath: "/v2/rerank" },
  { ...POST, name: RERANK_V1, operation: "rerank", path: "/v1/rerank", upstreamPath: "/v1/rerank" },
];

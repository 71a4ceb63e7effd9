import type { Endpoint } from "../dialect.ts";
import { EMBEDDINGS, GENERATE } from "./names.ts";
import { CHAT_STREAM } from "./stream-grammar.ts";

const POST = {
  dialect: "ollama",
  method: "POST",
  modelPlace: "json",
  defaultModel: null,
  grammar: null,
  isStreamPath: null,
  answersJson: true,
  hasStreamOptions: false,
} as const;

/** Ollama's endpoints that run a model: https://docs.ollama.com/api. The base URL ends before `/api`, as in its clients. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    ...POST,
    name: "ollama.chat",
    operation: "generate",
    path: "/api/chat",
    upstreamPath: "/api/chat",
    grammar: CHAT_STREAM,
    streamsByDefault: true,
  },
  {
    ...POST,
    name: GENERATE,
    operation: "generate",
    path: "/api/generate",
    upstreamPath: "/api/generate",
    grammar: CHAT_STREAM,
    streamsByDefault: true,
  },
  { ...POST, name: "ollama.embed", operation: "embed", path: "/api/embed", upstreamPath: "/api/embed" },
  { ...POST, name: EMBEDDINGS, operation: "embed", path: "/api/embeddings", upstreamPath: "/api/embeddings" },
];

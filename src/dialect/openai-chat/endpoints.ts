import type { Endpoint } from "../dialect.ts";
import { CHAT_STREAM, MEDIA_STREAM } from "./stream-grammar.ts";

const JSON_POST = {
  dialect: "openai-chat",
  operation: null,
  method: "POST",
  modelPlace: "json",
  defaultModel: null,
  grammar: null,
  isStreamPath: null,
  answersJson: true,
  hasStreamOptions: false,
} as const;

/**
 * OpenAI's endpoints that carry a model's name: https://platform.openai.com/docs/api-reference.
 * Default models as that reference states them.
 */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    ...JSON_POST,
    name: "chat.completions",
    operation: "generate",
    path: "/v1/chat/completions",
    upstreamPath: "/chat/completions",
    grammar: CHAT_STREAM,
    hasStreamOptions: true,
  },
  {
    ...JSON_POST,
    name: "completions",
    operation: "generate",
    path: "/v1/completions",
    upstreamPath: "/completions",
    grammar: CHAT_STREAM,
    hasStreamOptions: true,
  },
  {
    ...JSON_POST,
    name: "embeddings",
    operation: "embed",
    path: "/v1/embeddings",
    upstreamPath: "/embeddings",
  },
  {
    ...JSON_POST,
    name: "moderations",
    path: "/v1/moderations",
    upstreamPath: "/moderations",
    defaultModel: "omni-moderation-latest",
  },
  {
    ...JSON_POST,
    name: "images.generations",
    path: "/v1/images/generations",
    upstreamPath: "/images/generations",
    defaultModel: "dall-e-2",
    grammar: MEDIA_STREAM,
  },
  {
    ...JSON_POST,
    name: "audio.speech",
    path: "/v1/audio/speech",
    upstreamPath: "/audio/speech",
    grammar: MEDIA_STREAM,
    answersJson: false,
  },
  {
    ...JSON_POST,
    name: "audio.transcriptions",
    path: "/v1/audio/transcriptions",
    upstreamPath: "/audio/transcriptions",
    modelPlace: "multipart",
    grammar: MEDIA_STREAM,
    answersJson: false,
  },
  {
    ...JSON_POST,
    name: "audio.translations",
    path: "/v1/audio/translations",
    upstreamPath: "/audio/translations",
    modelPlace: "multipart",
    answersJson: false,
  },
  {
    ...JSON_POST,
    name: "images.edits",
    path: "/v1/images/edits",
    upstreamPath: "/images/edits",
    modelPlace: "multipart",
    defaultModel: "dall-e-2",
    grammar: MEDIA_STREAM,
  },
  {
    ...JSON_POST,
    name: "images.variations",
    path: "/v1/images/variations",
    upstreamPath: "/images/variations",
    modelPlace: "multipart",
    defaultModel: "dall-e-2",
  },
  {
    ...JSON_POST,
    name: "realtime",
    method: "GET",
    path: "/v1/realtime",
    upstreamPath: "/realtime",
    modelPlace: "query",
  },
];

const BY_PATH: ReadonlyMap<string, Endpoint> = new Map(ENDPOINTS.map((endpoint) => [endpoint.path, endpoint]));

/** The endpoint of a path, or null. */
export function findEndpoint(path: string): Endpoint | null {
  return BY_PATH.get(path) ?? null;
}

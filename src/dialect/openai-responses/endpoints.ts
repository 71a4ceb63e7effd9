import type { Endpoint } from "../dialect.ts";
import { RESPONSES_STREAM } from "./stream-grammar.ts";

const JSON_POST = {
  dialect: "openai-responses",
  method: "POST",
  modelPlace: "json",
  defaultModel: null,
  grammar: null,
  isStreamPath: null,
  answersJson: true,
  hasStreamOptions: false,
} as const;

/** Endpoints that carry a model's name: https://platform.openai.com/docs/api-reference/responses. The lifecycle's paths are in lifecycle.ts. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    ...JSON_POST,
    name: "responses",
    operation: "generate",
    path: "/v1/responses",
    upstreamPath: "/responses",
    grammar: RESPONSES_STREAM,
  },
  {
    ...JSON_POST,
    name: "responses.input_tokens",
    operation: "count-tokens",
    path: "/v1/responses/input_tokens",
    upstreamPath: "/responses/input_tokens",
  },
  // Its answer holds an encrypted item that only the provider which made it can read: passed through, never translated.
  {
    ...JSON_POST,
    name: "responses.compact",
    operation: null,
    path: "/v1/responses/compact",
    upstreamPath: "/responses/compact",
  },
];

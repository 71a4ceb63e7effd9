import type { Endpoint } from "../dialect.ts";
import { OWN } from "./own.ts";
import { MESSAGES_STREAM } from "./stream-grammar.ts";

const POST = {
  dialect: OWN,
  method: "POST",
  modelPlace: "json",
  defaultModel: null,
  answersJson: true,
  hasStreamOptions: false,
} as const;

/** https://platform.claude.com/docs/en/api/messages */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    ...POST,
    name: "messages",
    operation: "generate",
    path: "/v1/messages",
    upstreamPath: "/v1/messages",
    grammar: MESSAGES_STREAM,
    isStreamPath: null,
  },
  {
    ...POST,
    name: "messages.count_tokens",
    operation: "count-tokens",
    path: "/v1/messages/count_tokens",
    upstreamPath: "/v1/messages/count_tokens",
    grammar: null,
    isStreamPath: false,
  },
];

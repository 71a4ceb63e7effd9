import type { Endpoint } from "../dialect.ts";
import { OWN } from "./own.ts";
import { CONVERSE_STREAM, INVOKE_STREAM } from "./stream-grammar.ts";

const POST = {
  dialect: OWN,
  method: "POST",
  modelPlace: "path",
  defaultModel: null,
  grammar: null,
  isStreamPath: false,
  answersJson: true,
  hasStreamOptions: false,
} as const;

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    ...POST,
    name: "bedrock.converse",
    operation: "generate",
    path: "/model/{model}/converse",
    upstreamPath: "/model/{model}/converse",
  },
  {
    ...POST,
    name: "bedrock.converse-stream",
    operation: "generate",
    path: "/model/{model}/converse-stream",
    upstreamPath: "/model/{model}/converse-stream",
    grammar: CONVERSE_STREAM,
    isStreamPath: true,
  },
  {
    ...POST,
    name: "bedrock.count",
    operation: "count-tokens",
    path: "/model/{model}/count-tokens",
    upstreamPath: "/model/{model}/count-tokens",
  },
  // Any model's own body passes to Bedrock itself; to other providers, what embeds.
  {
    ...POST,
    name: "bedrock.invoke",
    operation: "embed",
    path: "/model/{model}/invoke",
    upstreamPath: "/model/{model}/invoke",
  },
  {
    ...POST,
    name: "bedrock.rerank",
    operation: "rerank",
    path: "/model/{model}/invoke",
    upstreamPath: "/model/{model}/invoke",
  },
  {
    ...POST,
    name: "bedrock.invoke-stream",
    operation: null,
    path: "/model/{model}/invoke-with-response-stream",
    upstreamPath: "/model/{model}/invoke-with-response-stream",
    grammar: INVOKE_STREAM,
    isStreamPath: true,
  },
];

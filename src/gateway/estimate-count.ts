/** Counting tokens for a model whose provider has no such call: an estimate, told as one. */
import { TOKENS_PER_IMAGE } from "../account/estimate-tokens.ts";
import { parseBody } from "../dialect/translate.ts";
import type { NeutralRequest, Part } from "../dialect/neutral.ts";
import type { Endpoint } from "../dialect/dialect.ts";
import { answerJson } from "../relay/answer-json.ts";
import type { CallerStream } from "../wire/caller-stream.ts";
import { dialectOf, type ReadRequest } from "./read-request.ts";

/** English text of the common tokenizers; other text has fewer bytes per token, code about as many. */
const BYTES_PER_TOKEN = 4;
/** What a message's own frame takes: https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken */
const TOKENS_PER_MESSAGE = 4;
/** Bytes of audio, video or document behind one token are not known; they count as text of a tenth of their size. */
const MEDIA_SHARE = 10;

/** Answers with an estimate in the caller's dialect; the header `x-llmux-usage-source` says that it is one. */
export function answerEstimate(
  caller: CallerStream,
  endpoint: Endpoint,
  request: ReadRequest,
  requestId: string,
  nowMs: number,
  onTaken: () => void,
): void {
  const query = new URLSearchParams(caller.head.query);
  const codec = dialectOf(endpoint.dialect).countTokens;
  if (codec === null || request.body === null) throw new Error("an endpoint that counts has a body and a codec");
  const context = { endpoint, model: request.model, isStream: false, query };
  const read = codec.readRequest(parseBody(request.body), context);
  const count = { inputTokens: estimateTokens(read), cachedTokens: null, extra: null };
  const json = codec.writeAnswer(count, {
    ...context,
    requestId,
    createdAt: Math.floor(nowMs / 1000),
    wantsStreamUsage: false,
    request: null,
  });
  const headers = [
    ["x-request-id", requestId],
    ["x-llmux-usage-source", "estimated"],
  ] as const;
  answerJson(caller, 200, JSON.stringify(json), headers, onTaken);
}

/** Tokens of a request, by the size of what it says. */
export function estimateTokens({ messages, tools }: NeutralRequest): number {
  let tokens = 0;
  for (const { parts } of messages) {
    tokens += TOKENS_PER_MESSAGE;
    for (const part of parts) tokens += tokensOf(part);
  }
  if (tools.length > 0) tokens += textTokens(JSON.stringify(tools));
  return Math.ceil(tokens);
}

function tokensOf(part: Part): number {
  switch (part.kind) {
    case "text":
    case "refusal":
    case "reasoning":
      return textTokens(part.text);
    case "tool-call":
      return textTokens(part.name) + textTokens(part.arguments);
    case "tool-result":
      return part.content.reduce((sum, inner) => sum + tokensOf(inner), 0);
    case "image":
      return TOKENS_PER_IMAGE;
    case "audio":
    case "video":
    case "file":
      return part.source.kind === "data" ? part.source.data.length / BYTES_PER_TOKEN / MEDIA_SHARE : TOKENS_PER_IMAGE;
    case "native":
      return textTokens(JSON.stringify(part.value));
    default:
      return part satisfies never;
  }
}

function textTokens(text: string): number {
  return Buffer.byteLength(text) / BYTES_PER_TOKEN;
}

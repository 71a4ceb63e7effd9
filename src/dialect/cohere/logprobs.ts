import { asArray, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { TokenLogprob } from "../neutral.ts";

/**
 * Log-probabilities of one chunk of text (https://docs.cohere.com/reference/chat, `logprobs`): its token ids and a number for
 * each. Which letters belong to which token is not said, so the first one stands for the chunk's text.
 */
export function readLogprobs(value: Json | undefined): readonly TokenLogprob[] | null {
  const items = Array.isArray(value) ? (value as readonly Json[]) : asObject(value) === null ? [] : [value as Json];
  const tokens: TokenLogprob[] = [];
  for (const item of items) {
    const chunk = asObject(item);
    const text = asString(chunk?.["text"]) ?? "";
    for (const [index, number] of asArray(chunk?.["logprobs"]).entries()) {
      const logprob = asNumber(number);
      if (logprob !== null) tokens.push({ token: index === 0 ? text : "", logprob, bytes: null, top: [] });
    }
  }
  return tokens.length === 0 ? null : tokens;
}

/** One chunk for each token; ids are the provider's own and not known. */
export function writeLogprobs(tokens: readonly TokenLogprob[]): readonly JsonObject[] {
  return tokens.map(({ token, logprob }) => ({ text: token, token_ids: [], logprobs: [logprob] }));
}

/** The tokens of one event as one chunk, which is what a stream's event holds. */
export function writeLogprobsChunk(tokens: readonly TokenLogprob[]): JsonObject {
  return {
    text: tokens.map(({ token }) => token).join(""),
    token_ids: [],
    logprobs: tokens.map(({ logprob }) => logprob),
  };
}

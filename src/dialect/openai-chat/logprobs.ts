import { type Json, type JsonObject, asArray, asNumber, asObject, asString, restOf } from "../../lib/json.ts";
import type { TokenLogprob } from "../neutral.ts";

const TOKEN_KEYS: ReadonlySet<string> = new Set(["token", "logprob", "bytes", "top_logprobs"]);

/** A choice's log-probabilities, and what of the member the neutral form has no word for (as it stood). */
export type ReadLogprobs = { readonly tokens: readonly TokenLogprob[] | null; readonly rest: Json | undefined };

/**
 * `logprobs: { content: [...] }` of chat, or the parallel lists of completions
 * (https://platform.openai.com/docs/api-reference/completions/object). DeepSeek's `reasoning_content` and a refusal's stay extra, as does
 * the whole where tokens carry more than the API knows (llama.cpp's ids).
 */
export function readLogprobs(value: Json | undefined): ReadLogprobs {
  const logprobs = asObject(value);
  if (logprobs === null) return { tokens: null, rest: value };
  const tokens = logprobs["tokens"];
  if (Array.isArray(tokens)) return { tokens: readLists(logprobs, tokens as readonly Json[]), rest: undefined };
  const content = logprobs["content"];
  if (!Array.isArray(content) || content.length === 0) return { tokens: null, rest: logprobs };
  const list: TokenLogprob[] = [];
  let isWhole = true;
  for (const entry of content as readonly Json[]) {
    const token = asObject(entry);
    if (token === null) continue;
    if (restOf(token, TOKEN_KEYS) !== null) isWhole = false;
    list.push({
      ...tokenOf(token),
      top: asArray(token["top_logprobs"]).flatMap((top) => {
        const object = asObject(top);
        return object === null ? [] : [tokenOf(object)];
      }),
    });
  }
  const { content: _content, ...rest } = logprobs;
  return { tokens: list, rest: isWhole ? rest : logprobs };
}

function tokenOf(token: JsonObject): { token: string; logprob: number; bytes: readonly number[] | null } {
  const bytes = token["bytes"];
  return {
    token: asString(token["token"]) ?? "",
    logprob: asNumber(token["logprob"]) ?? 0,
    bytes: Array.isArray(bytes) ? (bytes as readonly number[]) : null,
  };
}

function readLists(logprobs: JsonObject, tokens: readonly Json[]): readonly TokenLogprob[] {
  const values = asArray(logprobs["token_logprobs"]);
  const tops = asArray(logprobs["top_logprobs"]);
  return tokens.map((token, at) => ({
    token: asString(token) ?? "",
    logprob: asNumber(values[at]) ?? 0,
    bytes: null,
    top: Object.entries(asObject(tops[at]) ?? {}).map(([name, logprob]) => ({
      token: name,
      logprob: asNumber(logprob) ?? 0,
      bytes: null,
    })),
  }));
}

/** Tokens as chat says them. */
export function writeTokens(tokens: readonly TokenLogprob[]): readonly JsonObject[] {
  return tokens.map(({ token, logprob, bytes, top }) => ({ token, logprob, bytes, top_logprobs: top }));
}

/** Tokens as legacy completions say them. `offset`: characters of text before the first of them. */
export function writeTokenLists(tokens: readonly TokenLogprob[], offset = 0): JsonObject {
  const text_offset: number[] = [];
  let at = offset;
  for (const { token } of tokens) {
    text_offset.push(at);
    at += token.length;
  }
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.some(({ top }) => top.length > 0)
      ? tokens.map(({ top }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])))
      : null,
    text_offset,
  };
}

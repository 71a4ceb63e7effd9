/** `logprobsResult`: https://ai.google.dev/api/generate-content#LogprobsResult */
import { asArray, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { TokenLogprob } from "../neutral.ts";

type Token = { readonly token: string; readonly logprob: number; readonly bytes: null };

/** Null where there are none. */
export function readLogprobs(value: Json | undefined): readonly TokenLogprob[] | null {
  const result = asObject(value);
  const chosen = asArray(result?.["chosenCandidates"]);
  if (chosen.length === 0) return null;
  const top = asArray(result?.["topCandidates"]);
  return chosen.map((item, index) => ({
    ...tokenOf(item),
    top: asArray(asObject(top[index])?.["candidates"]).map(tokenOf),
  }));
}

function tokenOf(item: Json): Token {
  const candidate = asObject(item);
  return {
    token: asString(candidate?.["token"]) ?? "",
    // 0 is left out of the API's JSON.
    logprob: asNumber(candidate?.["logProbability"]) ?? 0,
    bytes: null,
  };
}

export function writeLogprobs(tokens: readonly TokenLogprob[]): JsonObject {
  const write = ({ token, logprob }: { readonly token: string; readonly logprob: number }): JsonObject => ({
    token,
    logProbability: logprob,
  });
  return {
    chosenCandidates: tokens.map(write),
    ...(tokens.some(({ top }) => top.length > 0)
      ? { topCandidates: tokens.map(({ top }) => ({ candidates: top.map(write) })) }
      : {}),
  };
}

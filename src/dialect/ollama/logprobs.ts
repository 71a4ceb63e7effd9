import { asArray, asNumber, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import type { TokenLogprob } from "../neutral.ts";

/** `logprobs` of an answer or a line: https://docs.ollama.com/api/chat (Logprob) */
export function readLogprobs(value: Json | undefined): readonly TokenLogprob[] | null {
  if (!Array.isArray(value)) return null;
  const tokens = (value as readonly Json[]).flatMap((item): readonly TokenLogprob[] => {
    const one = readOne(item);
    const top = asArray(asObject(item)?.["top_logprobs"]).flatMap((other) => readOne(other) ?? []);
    return one === null ? [] : [{ ...one, top }];
  });
  return tokens.length === 0 ? null : tokens;
}

function readOne(value: Json): Omit<TokenLogprob, "top"> | null {
  const object = asObject(value);
  const token = asString(object?.["token"]);
  const logprob = asNumber(object?.["logprob"]);
  if (token === null || logprob === null) return null;
  const bytes = object?.["bytes"];
  return { token, logprob, bytes: Array.isArray(bytes) ? (bytes as readonly number[]) : null };
}

export function writeLogprobs(tokens: readonly TokenLogprob[]): readonly JsonObject[] {
  return tokens.map(({ top, ...token }) => ({
    ...writeOne(token),
    ...(top.length === 0 ? {} : { top_logprobs: top.map(writeOne) }),
  }));
}

function writeOne({ token, logprob, bytes }: Omit<TokenLogprob, "top">): JsonObject {
  return { token, logprob, ...(bytes === null ? {} : { bytes }) };
}

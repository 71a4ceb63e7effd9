import { asArray, asNumber, asObject, asString, type JsonObject, type Json } from "../../lib/json.ts";
import type { TokenLogprob } from "../neutral.ts";

type Entry = TokenLogprob["top"][number];

/** A list of token log-probabilities; of one that is none, nothing. */
export function readLogprobs(value: unknown): readonly TokenLogprob[] {
  const tokens: TokenLogprob[] = [];
  for (const item of asArray(value)) {
    const object = asObject(item);
    if (object === null) continue;
    const top = asArray(object["top_logprobs"]).flatMap((entry) => {
      const parsed = asObject(entry);
      return parsed === null ? [] : [readEntry(parsed)];
    });
    tokens.push({ ...readEntry(object), top });
  }
  return tokens;
}

function readEntry(object: JsonObject): Entry {
  const bytes = object["bytes"];
  return {
    token: asString(object["token"]) ?? "",
    logprob: asNumber(object["logprob"]) ?? 0,
    bytes: Array.isArray(bytes) ? (bytes as number[]) : null,
  };
}

/** The same as the API writes it; `bytes` are the token's own where nobody gave them (the SDK's type wants them). */
export function writeLogprobs(tokens: readonly TokenLogprob[]): Json[] {
  return tokens.map((token) => ({ ...writeEntry(token), top_logprobs: token.top.map(writeEntry) }));
}

function writeEntry({ token, logprob, bytes }: Entry): JsonObject {
  return { token, bytes: bytes ?? [...Buffer.from(token, "utf8")], logprob };
}

/**
 * Takes from a list the tokens of one text: as many as spell it out. The neutral form keeps one list for a whole answer, this API
 * one for each text.
 */
export function takeLogprobs(tokens: readonly TokenLogprob[], from: number, text: string): number {
  let length = 0;
  let at = from;
  while (at < tokens.length && length < text.length) length += (tokens[at++] as TokenLogprob).token.length;
  return at;
}

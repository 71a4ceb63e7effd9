/** Embeddings, rerank results and token counts as each API says them, read from its documentation alone. */
import type { DialectId } from "../../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { count, isObject, list, object, sum } from "./oracle.ts";

/** The vectors of an embeddings answer, as numbers; null for an encoding that is no float (int8, binary). */
export function vectorsOf(dialect: DialectId, answer: JsonObject): (readonly number[] | null)[] {
  switch (dialect) {
    case "openai-chat":
      // https://platform.openai.com/docs/api-reference/embeddings: base64 is little-endian float32.
      return list(answer["data"]).map((item) => numbersOf(object(item)["embedding"]));
    case "gemini": {
      // https://ai.google.dev/api/embeddings
      const items = isObject(answer["embedding"]) ? [answer["embedding"]] : list(answer["embeddings"]);
      return items.map((item) => numbersOf(object(item)["values"]));
    }
    case "cohere": {
      // https://docs.cohere.com/reference/embed: by type; v1 gives floats bare.
      const { embeddings } = answer;
      if (Array.isArray(embeddings)) return embeddings.map(numbersOf);
      const byType = object(embeddings);
      if (byType["float"] !== undefined) return list(byType["float"]).map(numbersOf);
      return list(Object.values(byType)[0]).map((vector) =>
        byType["base64"] === undefined ? null : numbersOf(vector),
      );
    }
    case "ollama":
      // https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings, and the older /api/embeddings.
      if (Array.isArray(answer["embedding"])) return [numbersOf(answer["embedding"])];
      return list(answer["embeddings"]).map(numbersOf);
    default:
      return [];
  }
}

function numbersOf(value: unknown): readonly number[] | null {
  if (typeof value === "string") {
    const bytes = Buffer.from(value, "base64");
    if (bytes.length % 4 !== 0) return null;
    return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
  }
  return Array.isArray(value) ? (value as number[]) : null;
}

/** Tokens an embeddings answer says were read. */
export function embedTokensOf(dialect: DialectId, answer: JsonObject): number | null {
  switch (dialect) {
    case "openai-chat":
      return count(object(answer["usage"])["prompt_tokens"]);
    case "gemini":
      return count(object(answer["usageMetadata"])["promptTokenCount"]);
    case "cohere": {
      const billed = object(object(answer["meta"])["billed_units"]);
      return sum(count(billed["input_tokens"]), count(billed["image_tokens"]));
    }
    case "ollama":
      return count(answer["prompt_eval_count"]);
    default:
      return null;
  }
}

export type RankFact = { readonly index: number | null; readonly score: number | null };

/** https://docs.cohere.com/reference/rerank, whose shape the others follow. */
export function ranksOf(answer: JsonObject): RankFact[] {
  return list(answer["results"]).map((item) => {
    const result = object(item);
    const score = result["relevance_score"];
    return { index: count(result["index"]), score: typeof score === "number" ? score : null };
  });
}

export function tokenCountOf(dialect: DialectId, answer: JsonObject): number | null {
  return count(dialect === "gemini" ? answer["totalTokens"] : answer["input_tokens"]);
}

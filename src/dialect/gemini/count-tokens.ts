/** `countTokens`: https://ai.google.dev/api/tokens#method:-models.counttokens */
import { GatewayError } from "../../errors.ts";
import { asCount, asObject, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { AnswerContext, CountCodec, RequestContext } from "../dialect.ts";
import type { NeutralRequest, TokenCount } from "../neutral.ts";
import type { Target } from "../target.ts";
import { readRequest as readGenerate } from "./read-request.ts";
import { camelize } from "./spelling.ts";
import { writeRequest as writeGenerate } from "./write-request.ts";

const ANSWER_FIELDS = new Set(["totalTokens", "cachedContentTokenCount"]);
/** Members of an answer that are this API's; the count does not say which dialect it was read from. */
const EXTRA = ["promptTokensDetails", "cacheTokensDetails", "totalBillableCharacters"];

/** What Vertex counts, beside the contents: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models/countTokens */
const COUNTED = ["contents", "systemInstruction", "tools", "generationConfig"];

function readRequest(spelled: JsonObject, context: RequestContext): NeutralRequest {
  const body = camelize(spelled);
  return readGenerate(asObject(body["generateContentRequest"]) ?? body, context);
}

/**
 * Bare contents, or a whole request for AI Studio. Vertex has no `generateContentRequest`: what it counts stands at the top
 * (its surface says so by `renames: { generateContentRequest: "" }`).
 */
function writeRequest(request: NeutralRequest, target: Target): JsonObject {
  const { body } = writeGenerate(request, target);
  if (target.quirks.renames["generateContentRequest"] === "") {
    const counted: Record<string, Json> = {};
    for (const name of COUNTED) if (body[name] !== undefined) counted[name] = body[name];
    return counted;
  }
  const { contents, ...rest } = body;
  const needsWhole = Object.keys(rest).some((name) => name === "systemInstruction" || name === "tools");
  if (!needsWhole) return { contents };
  return { generateContentRequest: { model: `models/${target.model}`, ...body } };
}

function readAnswer(body: JsonObject): TokenCount {
  const inputTokens = asCount(body["totalTokens"]);
  if (inputTokens === null) {
    throw new GatewayError("upstream_error", "The provider's answer holds no totalTokens.", {
      upstreamType: "protocol",
    });
  }
  return { inputTokens, cachedTokens: asCount(body["cachedContentTokenCount"]), extra: restOf(body, ANSWER_FIELDS) };
}

function writeAnswer({ inputTokens, cachedTokens, extra }: TokenCount, _context: AnswerContext): JsonObject {
  const written: Record<string, Json> = { totalTokens: inputTokens };
  if (cachedTokens !== null) written["cachedContentTokenCount"] = cachedTokens;
  for (const name of EXTRA) {
    const value = extra?.[name];
    if (value !== undefined) written[name] = value;
  }
  return written;
}

export const geminiCountTokens: CountCodec = { readRequest, writeRequest, readAnswer, writeAnswer };

import { GatewayError } from "../../errors.ts";
import { asCount, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { CountCodec } from "../dialect.ts";
import { readPrompt } from "./read-request.ts";
import { writePrompt } from "./write-request.ts";

const COUNT: ReadonlySet<string> = new Set(["input_tokens"]);

/** https://platform.claude.com/docs/en/api/messages/count_tokens: what the model reads, without how it is to answer. */
export const countTokens: CountCodec = {
  readRequest: readPrompt,
  writeRequest(request, target): JsonObject {
    return writePrompt(request, target).body;
  },
  readAnswer(body) {
    const inputTokens = asCount(body["input_tokens"]);
    if (inputTokens === null) {
      throw new GatewayError("upstream_error", "The provider's token count should have input_tokens and has none.", {
        upstreamType: "protocol",
      });
    }
    return { inputTokens, cachedTokens: null, extra: restOf(body, COUNT) };
  },
  writeAnswer(count, context): JsonObject {
    const body: Record<string, Json> = { input_tokens: count.inputTokens };
    const isOwn = context.answerDialect === undefined || context.answerDialect === context.endpoint.dialect;
    return isOwn ? { ...body, ...count.extra } : body;
  },
};

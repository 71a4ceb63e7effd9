import { GatewayError } from "../../errors.ts";
import { asCount, type JsonObject } from "../../lib/json.ts";
import type { CountCodec } from "../dialect.ts";
import type { TokenCount } from "../neutral.ts";
import { leftover } from "./leftover.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

/** What `POST /v1/responses/input_tokens` takes: https://platform.openai.com/docs/api-reference/responses/input-tokens */
const COUNTED: ReadonlySet<string> = new Set([
  "conversation",
  "input",
  "instructions",
  "model",
  "parallel_tool_calls",
  "previous_response_id",
  "reasoning",
  "text",
  "tool_choice",
  "tools",
  "truncation",
]);

export const responsesCountTokens: CountCodec = {
  readRequest,
  writeRequest(request, target) {
    const { body } = writeRequest(request, target);
    const counted: Record<string, JsonObject[string]> = {};
    // Settings of the answer have no bearing on the count, and are refused.
    for (const key in body) if (COUNTED.has(key)) counted[key] = body[key];
    return counted;
  },
  readAnswer(body): TokenCount {
    const inputTokens = asCount(body["input_tokens"]);
    if (inputTokens === null) {
      throw new GatewayError(
        "upstream_error",
        "The provider's answer should have a count in input_tokens, and has none.",
        {
          upstreamType: "protocol",
        },
      );
    }
    return { inputTokens, cachedTokens: null, extra: leftover(body, { input_tokens: inputTokens, object: true }) };
  },
  writeAnswer(count) {
    return { object: "response.input_tokens", input_tokens: count.inputTokens };
  },
};

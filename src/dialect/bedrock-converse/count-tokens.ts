/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html */
import { GatewayError } from "../../errors.ts";
import { asCount, asObject, type JsonObject, restOf } from "../../lib/json.ts";
import type { CountCodec } from "../dialect.ts";
import { invalid } from "./invalid.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

const KNOWN: ReadonlySet<string> = new Set(["inputTokens"]);
/** What of a request is counted: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseTokensRequest.html */
const COUNTED = ["messages", "system", "toolConfig", "additionalModelRequestFields"] as const;

export const countTokens: CountCodec = {
  readRequest: (body, context) => {
    const converse = asObject(asObject(body["input"])?.["converse"]);
    // A body for InvokeModel is in its model's own language: only Bedrock itself can count it.
    if (converse === null) throw invalid("input.converse", "Member must not be null");
    return readRequest(converse, context);
  },
  writeRequest: (request, target) => {
    const { body } = writeRequest(request, target);
    const counted: Record<string, JsonObject[string]> = {};
    for (const key of COUNTED) if (body[key] !== undefined) counted[key] = body[key];
    return { input: { converse: counted } };
  },
  readAnswer: (body) => {
    const inputTokens = asCount(body["inputTokens"]);
    if (inputTokens === null) {
      throw new GatewayError("upstream_error", "The provider's count should hold inputTokens, and does not.", {
        upstreamType: "protocol",
      });
    }
    return { inputTokens, cachedTokens: null, extra: restOf(body, KNOWN) };
  },
  writeAnswer: ({ inputTokens }) => ({ inputTokens }),
};

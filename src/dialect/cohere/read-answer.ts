import { GatewayError } from "../../errors.ts";
import { asObject, asString, type JsonObject, restOf } from "../../lib/json.ts";
import type { NeutralAnswer } from "../neutral.ts";
import { readFinish } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { readAssistantParts } from "./parts.ts";
import { readUsage } from "./usage.ts";

const KNOWN = new Set(["id", "message", "finish_reason", "usage"]);
const KNOWN_MESSAGE = new Set(["role", "content", "tool_calls", "tool_plan", "citations"]);

/** An answer of `POST /v2/chat`: https://docs.cohere.com/reference/chat. It names no model and no time. */
export function readAnswer(body: JsonObject): NeutralAnswer {
  const message = asObject(body["message"]);
  if (message === null) {
    throw new GatewayError("upstream_error", "The provider's answer should hold a message, and does not.", {
      upstreamType: "protocol",
    });
  }
  return {
    dialect: "cohere",
    id: asString(body["id"]),
    model: null,
    createdAt: null,
    choices: [
      {
        index: 0,
        parts: readAssistantParts(message),
        finish: readFinish(asString(body["finish_reason"])),
        logprobs: readLogprobs(body["logprobs"]),
        extra: restOf(message, KNOWN_MESSAGE),
      },
    ],
    usage: readUsage(asObject(body["usage"])),
    serviceTier: null,
    // Log-probabilities stay here as they came too: their token ids have no other place.
    extra: restOf(body, KNOWN),
  };
}

import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type JsonObject, restOf } from "../../lib/json.ts";
import type { NeutralAnswer } from "../neutral.ts";
import { restoreSignatures } from "../restore-signatures.ts";
import { readFinish } from "./finish.ts";
import { OWN } from "./own.ts";
import { readPart } from "./read-part.ts";
import { readTier, readUsage } from "./usage.ts";

/** Members of a message with a word in the neutral form; the finish's own (`stop_details` …) stay with the message's `extra`. */
export const MESSAGE: ReadonlySet<string> = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "stop_reason",
  "stop_sequence",
  "usage",
]);

/** Reads a whole answer: https://platform.claude.com/docs/en/api/messages. Throws GatewayError `upstream_error` for what is none. */
export function readAnswer(body: JsonObject): NeutralAnswer {
  if (!Array.isArray(body["content"])) {
    throw new GatewayError(
      "upstream_error",
      "The provider's answer should have a list of content blocks and has none.",
      {
        upstreamType: "protocol",
      },
    );
  }
  const usage = asObject(body["usage"]);
  const parts = asArray(body["content"]).flatMap((item) => {
    const block = asObject(item);
    return block === null ? [] : [readPart(block)];
  });
  return {
    dialect: OWN,
    id: asString(body["id"]),
    model: asString(body["model"]),
    createdAt: null,
    choices: [
      {
        index: 0,
        parts: restoreSignatures(parts),
        finish: readFinish(asString(body["stop_reason"]), asString(body["stop_sequence"])),
        logprobs: null,
        extra: null,
      },
    ],
    usage: usage === null ? null : readUsage(usage),
    serviceTier: readTier(usage),
    extra: restOf(body, MESSAGE),
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (response) */
import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type Json, type JsonObject, restOf } from "../../lib/json.ts";
import type { NeutralAnswer } from "../neutral.ts";
import { readFinish } from "./finish.ts";
import { OWN } from "./own.ts";
import { readParts } from "./read-part.ts";
import { readTier } from "./read-request.ts";
import { readUsage } from "./usage.ts";

const KNOWN: ReadonlySet<string> = new Set(["output", "stopReason", "usage", "serviceTier"]);
const OUTPUT: ReadonlySet<string> = new Set(["message"]);
const MESSAGE: ReadonlySet<string> = new Set(["role", "content"]);

export function readAnswer(body: JsonObject): NeutralAnswer {
  const output = asObject(body["output"]);
  const stopReason = asString(body["stopReason"]);
  if (output === null && stopReason === null) {
    throw new GatewayError("upstream_error", "The provider's answer should hold an output, and does not.", {
      upstreamType: "protocol",
    });
  }
  const message = asObject(output?.["message"]);
  const usage = asObject(body["usage"]);
  const tier = readTier(body["serviceTier"]);
  const outer: Record<string, Json | undefined> = { ...restOf(body, KNOWN) };
  if (tier.rest !== null) outer["serviceTier"] = tier.rest;
  if (output !== null && (message === null || restOf(output, OUTPUT) !== null))
    outer["output"] = restOf(output, OUTPUT) ?? {};
  const ofMessage: Record<string, Json | undefined> = { ...(message === null ? null : restOf(message, MESSAGE)) };
  if (message !== null && message["role"] !== "assistant") ofMessage["role"] = message["role"] ?? null;
  const blocks = asArray(message?.["content"]).flatMap((item) => {
    const block = asObject(item);
    return block === null ? [] : [block];
  });
  return {
    dialect: OWN,
    id: null,
    model: null,
    createdAt: null,
    choices: [
      {
        index: 0,
        parts: readParts(blocks, true),
        finish: readFinish(stopReason, stopSequenceOf(body["additionalModelResponseFields"])),
        logprobs: null,
        extra: Object.keys(ofMessage).length === 0 ? null : ofMessage,
      },
    ],
    usage: usage === null ? null : readUsage(usage),
    serviceTier: tier.tier,
    extra: Object.keys(outer).length === 0 ? null : outer,
  };
}

/** The stop sequence that Claude named, where it was asked to: in a stream under `delta`. */
export function stopSequenceOf(fields: Json | undefined): string | null {
  const object = asObject(fields);
  return asString(object?.["stop_sequence"]) ?? asString(asObject(object?.["delta"])?.["stop_sequence"]);
}

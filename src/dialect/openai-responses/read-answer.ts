import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type JsonObject } from "../../lib/json.ts";
import type { NeutralAnswer, TokenLogprob } from "../neutral.ts";
import { readUnixTime } from "../unix-time.ts";
import { readErrorObject } from "./errors.ts";
import { readFinish } from "./finish.ts";
import { ItemReader } from "./items.ts";
import { leftover } from "./leftover.ts";
import { readUsageObject } from "./usage.ts";

/** A whole response. Throws GatewayError for one that failed (with the code of its error), and for what is none. */
export function readAnswer(body: JsonObject): NeutralAnswer {
  const failure = asObject(body["error"]);
  if (failure !== null && (body["status"] === "failed" || body["output"] === undefined)) throw failed(failure);
  const { output } = body;
  if (!Array.isArray(output)) {
    throw new GatewayError("upstream_error", "The provider's answer should have an output list, and has none.", {
      upstreamType: "protocol",
    });
  }
  const logprobs: TokenLogprob[] = [];
  const items = new ItemReader(logprobs);
  for (const entry of asArray(output)) {
    const item = asObject(entry);
    if (item !== null) items.add(item);
  }
  const { parts } = items;
  const finish = readFinish(
    body,
    parts.some(({ kind }) => kind === "tool-call"),
  );
  const head = readHead(body, finish !== null);
  return {
    dialect: "openai-responses",
    id: head.id,
    model: head.model,
    createdAt: head.createdAt,
    choices: [
      {
        index: 0,
        parts,
        finish,
        logprobs: logprobs.length === 0 ? null : logprobs,
        extra: null,
      },
    ],
    usage: readUsageObject(asObject(body["usage"])),
    serviceTier: head.serviceTier,
    extra: head.extra,
  };
}

/**
 * A response's own members; `extra` has all that the neutral form has no word for. `isStatusKnown`: its status is told elsewhere
 * (a finish, or events that mean it).
 */
export function readHead(
  response: JsonObject,
  isStatusKnown: boolean,
): {
  readonly id: string | null;
  readonly model: string | null;
  readonly createdAt: number | null;
  readonly serviceTier: string | null;
  readonly extra: JsonObject | null;
} {
  const id = asString(response["id"]);
  const model = asString(response["model"]);
  const createdAt = readUnixTime(response["created_at"]);
  const serviceTier = asString(response["service_tier"]);
  const usage = readUsageObject(asObject(response["usage"]));
  const status = isStatusKnown ? true : null;
  const read = { id, model, created_at: createdAt, service_tier: serviceTier, status, output: true, usage };
  return { id, model, createdAt, serviceTier, extra: leftover(response, read) };
}

function failed(failure: JsonObject): GatewayError {
  const error = readErrorObject(failure);
  return new GatewayError(error.code, error.message, {
    status: error.status,
    ...(error.detail === null ? {} : { detail: error.detail }),
    ...(error.param === null ? {} : { param: error.param }),
    upstreamType: "error_in_200",
  });
}

import { asObject, asString, type JsonObject } from "../../lib/json.ts";
import type { Finish, FinishKind } from "../neutral.ts";

/** How a response ended, from its status; null while it has not (background responses). */
export function readFinish(response: JsonObject, hasToolCalls: boolean): Finish | null {
  const status = asString(response["status"]);
  const reason = asString(asObject(response["incomplete_details"])?.["reason"]);
  const kind = kindOf(status, reason, hasToolCalls);
  return kind === null ? null : { kind, native: status, stopSequence: null };
}

function kindOf(status: string | null, reason: string | null, hasToolCalls: boolean): FinishKind | null {
  switch (status) {
    case "queued":
    case "in_progress":
      return null;
    case "incomplete":
      if (reason === "content_filter") return "content-filter";
      return reason === "max_output_tokens" || reason === "max_tokens" || reason === null ? "length" : "other";
    case "failed":
      return "error";
    case "cancelled":
      return "other";
    default:
      // "completed", xAI's older "complete", and servers that forget it.
      return hasToolCalls ? "tool-calls" : "stop";
  }
}

export type WrittenFinish = {
  readonly status: "completed" | "incomplete" | "failed";
  readonly reason: "max_output_tokens" | "content_filter" | null;
};

/**
 * Status and `incomplete_details.reason` for an end of another dialect. The API knows two reasons; a refusal of the model's
 * provider (Anthropic's `refusal`) is nearest to its content filter.
 */
export function writeFinish(kind: FinishKind): WrittenFinish {
  switch (kind) {
    case "length":
    case "context-window":
      return { status: "incomplete", reason: "max_output_tokens" };
    case "content-filter":
    case "refusal":
      return { status: "incomplete", reason: "content_filter" };
    case "error":
      return { status: "failed", reason: null };
    case "stop":
    case "stop-sequence":
    case "tool-calls":
    case "pause":
    case "other":
      return { status: "completed", reason: null };
    default:
      return kind satisfies never;
  }
}

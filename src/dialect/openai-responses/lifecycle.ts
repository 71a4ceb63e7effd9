/**
 * The endpoints of a stored response, answered from our own store: https://platform.openai.com/docs/api-reference/responses
 * (a provider that keeps its responses answers them itself).
 */
import { GatewayError } from "../../errors.ts";
import { asString, type JsonObject } from "../../lib/json.ts";
import { itemsBefore, type KeptResponse, type KeptResponses } from "./conversation.ts";

/** A request of the lifecycle, from its target alone. */
export type LifecycleRequest = {
  readonly action: "retrieve" | "delete" | "cancel" | "input-items";
  readonly id: string;
};

const PREFIX = "/v1/responses/";
/** They stand where an id does, and are endpoints of their own. */
const OTHERS: ReadonlySet<string> = new Set(["compact", "input_tokens"]);
const METHODS = { "": ["GET", "DELETE"], cancel: ["POST"], input_items: ["GET"] } as const;

/**
 * What a method and a path (without its query) ask for; null where the path is none of these. Throws GatewayError
 * `method_not_allowed`.
 */
export function readLifecycleRequest(method: string, path: string): LifecycleRequest | null {
  if (!path.startsWith(PREFIX)) return null;
  const [id = "", rest = "", ...more] = path.slice(PREFIX.length).split("/");
  if (more.length > 0 || id === "" || (OTHERS.has(id) && method === "POST" && rest === "")) return null;
  if (rest !== "" && rest !== "cancel" && rest !== "input_items") return null;
  const allowed: readonly string[] = METHODS[rest];
  if (!allowed.includes(method)) {
    throw new GatewayError("method_not_allowed", `Not allowed to ${method} here; expected ${allowed.join(" or ")}.`, {
      allow: allowed.join(", "),
    });
  }
  if (rest === "input_items") return { action: "input-items", id };
  if (rest === "cancel") return { action: "cancel", id };
  return { action: method === "DELETE" ? "delete" : "retrieve", id };
}

/** A store that also forgets. */
export interface DeletableResponses extends KeptResponses {
  delete(id: string, caller: string): boolean;
}

/** The answer's body. Throws GatewayError `not_found` or `invalid_request`, in the API's words. */
export function answerLifecycle(
  { action, id }: LifecycleRequest,
  query: URLSearchParams,
  caller: string,
  kept: DeletableResponses,
): JsonObject {
  const response = kept.get(id, caller);
  if (response === null) throw notFound(id);
  switch (action) {
    case "retrieve":
      if (query.get("stream") === "true") {
        throw new GatewayError(
          "invalid_request",
          "Only responses created with background=true can be streamed again.",
          {
            param: "stream",
          },
        );
      }
      return response.response;
    case "delete":
      kept.delete(id, caller);
      return { id, object: "response", deleted: true };
    case "cancel":
      return cancel(response);
    case "input-items":
      return listInputItems(itemsBefore(response, kept), query);
    default:
      return action satisfies never;
  }
}

/** A response in the background that has ended stays as it is, as often as it is cancelled. */
function cancel({ response }: KeptResponse): JsonObject {
  if (response["background"] === true) return response;
  throw new GatewayError("invalid_request", "Cannot cancel a synchronous response.");
}

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `after`, `limit` (1 to 100) and `order` (newest first by default): https://platform.openai.com/docs/api-reference/responses/input-items */
function listInputItems(items: readonly JsonObject[], query: URLSearchParams): JsonObject {
  const order = query.get("order") ?? "desc";
  if (order !== "asc" && order !== "desc") {
    throw new GatewayError(
      "invalid_request",
      `Invalid value: '${order.slice(0, 100)}'. Supported values are: 'asc' and 'desc'.`,
      { param: "order", detail: "invalid_value" },
    );
  }
  const limit = readLimit(query.get("limit"));
  const ordered = order === "asc" ? items : items.toReversed();
  const after = query.get("after");
  const start = after === null ? 0 : ordered.findIndex((item) => item["id"] === after) + 1;
  if (after !== null && start === 0) {
    throw new GatewayError("invalid_request", `Item with id '${after.slice(0, 200)}' not found.`, { param: "after" });
  }
  const data = ordered.slice(start, start + limit);
  return {
    object: "list",
    data,
    first_id: asString(data[0]?.["id"]),
    last_id: asString(data.at(-1)?.["id"]),
    has_more: start + data.length < ordered.length,
  };
}

function readLimit(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  const [what, code] = Number.isNaN(limit)
    ? [`expected an integer, but got '${text.slice(0, 20)}' instead`, "invalid_type"]
    : limit < 1
      ? ["integer below minimum value. Expected a value >= 1", "integer_below_min_value"]
      : [
          `integer above maximum value. Expected a value <= ${MAX_LIMIT}, but got ${limit} instead`,
          "integer_above_max_value",
        ];
  throw new GatewayError("invalid_request", `Invalid 'limit': ${what}.`, { param: "limit", detail: code });
}

function notFound(id: string): GatewayError {
  return new GatewayError("not_found", `Response with id '${id.slice(0, 200)}' not found.`);
}

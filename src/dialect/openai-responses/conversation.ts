/** Conversations of stored responses: what a request that goes on from one, or refers to its items, really says. */
import { GatewayError } from "../../errors.ts";
import { asArray, asObject, asString, type Json, type JsonObject } from "../../lib/json.ts";
import { tableOf } from "../../lib/table.ts";
import { ResponseIds } from "./ids.ts";
import { PREVIOUS_RESPONSE } from "./previous-response.ts";

/** A stored response, as this room sees it (src/store/response-store.ts). */
export type KeptResponse = {
  readonly id: string;
  readonly caller: string;
  readonly group: string;
  readonly provider: string;
  readonly createdAtMs: number;
  readonly previousId: string | null;
  readonly response: JsonObject;
  readonly input: readonly JsonObject[];
};

/** Where stored responses are found; another caller's are not. */
export interface KeptResponses {
  get(id: string, caller: string): KeptResponse | null;
  findItem(itemId: string, caller: string): string | null;
}

const MAX_TURNS = 1_000;
const MAX_ITEMS = 20_000;

/** Whether a request needs a stored response to be understood. */
export function refersToStored(body: JsonObject): boolean {
  if (asString(body["previous_response_id"]) !== null) return true;
  return asArray(body["input"]).some((item) => asObject(item)?.["type"] === "item_reference");
}

/**
 * The request with all of its conversation as `input`: the turns it goes on from, each with what was asked and answered, and in place
 * of each reference the item itself. Instructions are not among it: the API does not carry them from turn to turn, either.
 * Throws GatewayError `invalid_request`, in the API's words, for what is not (or no longer) stored.
 */
export function expandConversation(body: JsonObject, caller: string, kept: KeptResponses): JsonObject {
  const previousId = asString(body["previous_response_id"]);
  const items: JsonObject[] = [];
  if (previousId !== null) {
    const first = kept.get(previousId, caller);
    if (first === null) throw previousNotFound(previousId);
    const { turns, missingId } = turnsUpTo(first, kept);
    if (missingId !== null) throw previousNotFound(missingId);
    for (const turn of turns) addTurn(items, turn);
  }
  const { input, previous_response_id: _, ...rest } = body;
  for (const item of itemsOfInput(input)) items.push(item);
  if (items.length > MAX_ITEMS) throw tooLong(`${MAX_ITEMS} items`);
  const expanded = { ...rest, input: resolveReferences(items, caller, kept) };
  return previousId === null ? expanded : Object.assign(expanded, { [PREVIOUS_RESPONSE]: previousId });
}

/** Everything a response was made from, in order: `GET …/input_items`. What is no longer stored is left out. */
export function itemsBefore(response: KeptResponse, kept: KeptResponses): readonly JsonObject[] {
  const { turns } = turnsUpTo(response, kept);
  const items: JsonObject[] = [];
  for (const turn of turns) {
    if (turn === response) for (const item of turn.input) items.push(item);
    else addTurn(items, turn);
  }
  const finder = new ItemFinder(items, response.caller, kept);
  return items.flatMap((item) => {
    const found = item["type"] === "item_reference" ? finder.find(item) : item;
    return found === null ? [] : [found];
  });
}

/** A response and those it goes on from, oldest first; `missingId`: the one that was to come before them and is not stored. */
function turnsUpTo(
  response: KeptResponse,
  kept: KeptResponses,
): { readonly turns: readonly KeptResponse[]; readonly missingId: string | null } {
  const turns = [response];
  let { previousId } = response;
  while (previousId !== null) {
    const turn = kept.get(previousId, response.caller);
    if (turn === null) return { turns: turns.toReversed(), missingId: previousId };
    turns.push(turn);
    if (turns.length > MAX_TURNS) throw tooLong(`${MAX_TURNS} turns`);
    previousId = turn.previousId;
  }
  return { turns: turns.toReversed(), missingId: null };
}

function addTurn(items: JsonObject[], turn: KeptResponse): void {
  for (const item of turn.input) items.push(item);
  for (const entry of asArray(turn.response["output"])) {
    const item = asObject(entry);
    if (item !== null) items.push(item);
  }
  if (items.length > MAX_ITEMS) throw tooLong(`${MAX_ITEMS} items`);
}

function itemsOfInput(input: Json | undefined): readonly JsonObject[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  // What is no object is left for the request's reader to name.
  return asArray(input) as readonly JsonObject[];
}

function resolveReferences(items: readonly JsonObject[], caller: string, kept: KeptResponses): readonly JsonObject[] {
  const finder = new ItemFinder(items, caller, kept);
  return items.map((item) => {
    if (asObject(item)?.["type"] !== "item_reference") return item;
    const found = finder.find(item);
    if (found !== null) return found;
    throw new GatewayError("invalid_request", `Item with id '${asString(item["id"]) ?? ""}' not found.`, {
      status: 404,
      param: "input",
    });
  });
}

/** Finds items by their ids, in a conversation or else in the store; each stored response is read once, however often it is referred to. */
class ItemFinder {
  readonly #here: ReadonlyMap<string, JsonObject>;
  readonly #caller: string;
  readonly #kept: KeptResponses;
  readonly #stored = new Map<string, ReadonlyMap<string, JsonObject>>();

  constructor(items: readonly JsonObject[], caller: string, kept: KeptResponses) {
    this.#here = itemsById(items);
    this.#caller = caller;
    this.#kept = kept;
  }

  find(reference: JsonObject): JsonObject | null {
    const id = asString(reference["id"]);
    if (id === null) return null;
    const here = this.#here.get(id);
    if (here !== undefined) return here;
    const holder = this.#kept.findItem(id, this.#caller);
    return holder === null ? null : (this.#itemsOf(holder).get(id) ?? null);
  }

  #itemsOf(holder: string): ReadonlyMap<string, JsonObject> {
    let items = this.#stored.get(holder);
    if (items === undefined) {
      const response = this.#kept.get(holder, this.#caller);
      const output = asArray(response?.response["output"]).flatMap((item) => asObject(item) ?? []) as JsonObject[];
      items = itemsById(response === null ? [] : [...response.input, ...output]);
      this.#stored.set(holder, items);
    }
    return items;
  }
}

/** The first item of each id. */
function itemsById(items: readonly JsonObject[]): ReadonlyMap<string, JsonObject> {
  const known = new Map<string, JsonObject>();
  for (const item of items) {
    const id = asString(asObject(item)?.["id"]);
    if (id !== null && item["type"] !== "item_reference" && !known.has(id)) known.set(id, item);
  }
  return known;
}

function previousNotFound(id: string): GatewayError {
  return new GatewayError("invalid_request", `Previous response with id '${id.slice(0, 200)}' not found.`, {
    param: "previous_response_id",
    detail: "previous_response_not_found",
  });
}

function tooLong(bound: string): GatewayError {
  return new GatewayError(
    "invalid_request",
    `The conversation that previous_response_id goes on from has more than ${bound}.`,
    { param: "previous_response_id" },
  );
}

// ---- Keeping -----------------------------------------------------------------------------------------------------------

export type KeepInput = {
  /** As it was written to the caller. */
  readonly response: JsonObject;
  /** The caller's own request, before it was expanded. */
  readonly body: JsonObject;
  readonly caller: string;
  readonly group: string;
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
};

/** What to store of a response; null where the caller wants it forgotten (`store: false`), or nobody could come back to it. */
export function keepResponse({ response, body, caller, group, provider, nowMs }: KeepInput): KeptResponse | null {
  const id = asString(response["id"]);
  if (id === null || id === "" || body["store"] === false || response["status"] === "failed") return null;
  const ids = new ResponseIds();
  return {
    id,
    caller,
    group,
    provider,
    createdAtMs: nowMs,
    previousId: asString(body["previous_response_id"]),
    response,
    input: itemsOfInput(body["input"]).flatMap((item) => {
      const object = asObject(item);
      return object === null ? [] : [keepItem(object, ids)];
    }),
  };
}

/** An input item as the API lists it: with an id, a message with its contents as a list. */
function keepItem(item: JsonObject, ids: ResponseIds): JsonObject {
  const type = asString(item["type"]) ?? "message";
  const id = asString(item["id"]) ?? ids.next(PREFIXES[type] ?? "item");
  if (type !== "message") return { ...item, id };
  const { content } = item;
  const contentType = item["role"] === "assistant" ? "output_text" : "input_text";
  const extra = contentType === "output_text" ? { annotations: [], logprobs: [] } : {};
  return {
    status: "completed",
    ...item,
    id,
    type,
    content: typeof content === "string" ? [{ type: contentType, text: content, ...extra }] : content,
  };
}

const PREFIXES: Readonly<Record<string, string>> = tableOf({
  message: "msg",
  reasoning: "rs",
  function_call: "fc",
  function_call_output: "fco",
  custom_tool_call: "ctc",
  custom_tool_call_output: "ctco",
});

/**
 * The response in the last event of a stream as the caller got it (`response.completed` or `response.incomplete`); null where the
 * text does not end with one. `text` may begin anywhere before that event.
 */
export function finalResponseOf(text: string): JsonObject | null {
  for (const type of ["response.completed", "response.incomplete"]) {
    const at = text.lastIndexOf(`"${type}"`);
    if (at === -1) continue;
    const start = text.lastIndexOf("data:", at);
    const end = text.indexOf("\n", at);
    if (start === -1) continue;
    try {
      const event = asObject(JSON.parse(text.slice(start + 5, end === -1 ? undefined : end)));
      const response = event?.["type"] === type ? asObject(event["response"]) : null;
      if (response !== null) return response;
    } catch {
      // An event that was cut: there is no whole response in it.
    }
  }
  return null;
}

import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import { keepResponse } from "../../../src/dialect/openai-responses/conversation.ts";
import { answerLifecycle, readLifecycleRequest } from "../../../src/dialect/openai-responses/lifecycle.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { MemoryResponseStore } from "../../../src/store/memory-response-store.ts";

const RESPONSE = { id: "resp_1", object: "response", status: "completed", output: [] };

function storeWith(body: JsonObject, response: JsonObject = RESPONSE): MemoryResponseStore {
  const store = new MemoryResponseStore({ maxEntries: 10, maxBytes: 1024 * 1024, ttlMs: 1000 }, () => 0);
  const entry = keepResponse({ response, body, caller: "ann", group: "g", provider: "p", nowMs: 0 });
  if (entry !== null) store.put(entry);
  return store;
}

function ask(store: MemoryResponseStore, method: string, path: string, query = "", caller = "ann"): JsonObject {
  const request = readLifecycleRequest(method, path);
  if (request === null) throw new Error(`${path} should be a path of the lifecycle`);
  return answerLifecycle(request, new URLSearchParams(query), caller, store);
}

function refusal(action: () => unknown): GatewayError {
  try {
    action();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

describe("paths", () => {
  test.each([
    ["GET", "/v1/responses/resp_1", { action: "retrieve", id: "resp_1" }],
    ["DELETE", "/v1/responses/resp_1", { action: "delete", id: "resp_1" }],
    ["POST", "/v1/responses/resp_1/cancel", { action: "cancel", id: "resp_1" }],
    ["GET", "/v1/responses/resp_1/input_items", { action: "input-items", id: "resp_1" }],
    ["POST", "/v1/responses/compact", null],
    ["POST", "/v1/responses/input_tokens", null],
    ["POST", "/v1/responses", null],
    ["GET", "/v1/responses/", null],
    ["GET", "/v1/responses/resp_1/other", null],
    ["GET", "/v1/responses/resp_1/cancel/x", null],
  ])("%s %s", (method, path, expected) => {
    expect(readLifecycleRequest(method, path)).toEqual(expected as never);
  });

  test("another method is refused with those there are", () => {
    const error = refusal(() => readLifecycleRequest("POST", "/v1/responses/resp_1"));
    expect(error).toMatchObject({ code: "method_not_allowed", options: { allow: "GET, DELETE" } });
  });
});

describe("a stored response", () => {
  test("is given as it was written", () => {
    expect(ask(storeWith({ input: "x" }), "GET", "/v1/responses/resp_1")).toEqual(RESPONSE);
  });

  test("is gone once deleted", () => {
    const store = storeWith({ input: "x" });
    expect(ask(store, "DELETE", "/v1/responses/resp_1")).toEqual({ id: "resp_1", object: "response", deleted: true });
    const error = refusal(() => ask(store, "GET", "/v1/responses/resp_1"));
    expect(error).toMatchObject({ code: "not_found", status: 404, message: "Response with id 'resp_1' not found." });
  });

  test.each(["GET", "DELETE"])("%s by another caller finds nothing and changes nothing", (method) => {
    const store = storeWith({ input: "x" });
    expect(refusal(() => ask(store, method, "/v1/responses/resp_1", "", "bob")).code).toBe("not_found");
    expect(ask(store, "GET", "/v1/responses/resp_1")).toEqual(RESPONSE);
  });

  test("cannot be cancelled, but for one in the background, which stays as it ended", () => {
    const error = refusal(() => ask(storeWith({ input: "x" }), "POST", "/v1/responses/resp_1/cancel"));
    expect(error).toMatchObject({ status: 400, message: "Cannot cancel a synchronous response." });
    const background = { ...RESPONSE, background: true };
    expect(ask(storeWith({ input: "x" }, background), "POST", "/v1/responses/resp_1/cancel")).toEqual(background);
  });

  test("cannot be streamed again", () => {
    const error = refusal(() => ask(storeWith({ input: "x" }), "GET", "/v1/responses/resp_1", "stream=true"));
    expect(error).toMatchObject({ code: "invalid_request", options: { param: "stream" } });
  });
});

describe("input items", () => {
  const ITEMS = Array.from({ length: 25 }, (_, index) => ({ id: `msg_${index}`, role: "user", content: `${index}` }));
  const PATH = "/v1/responses/resp_1/input_items";

  function ids(answer: JsonObject): readonly unknown[] {
    return (answer["data"] as JsonObject[]).map(({ id }) => id);
  }

  test("come newest first, twenty at a time, and page on", () => {
    const store = storeWith({ input: ITEMS });
    const first = ask(store, "GET", PATH);
    expect(first).toMatchObject({ object: "list", first_id: "msg_24", last_id: "msg_5", has_more: true });
    expect(ids(first)).toHaveLength(20);
    const second = ask(store, "GET", PATH, "after=msg_5&include[]=message.input_image.image_url");
    expect(ids(second)).toEqual(["msg_4", "msg_3", "msg_2", "msg_1", "msg_0"]);
    expect(second["has_more"]).toBe(false);
  });

  test("come oldest first where asked, as many as asked", () => {
    const answer = ask(storeWith({ input: ITEMS }), "GET", PATH, "order=asc&limit=2");
    expect(ids(answer)).toEqual(["msg_0", "msg_1"]);
  });

  test("of a request without any are an empty list", () => {
    expect(ask(storeWith({ input: [] }), "GET", PATH)).toEqual({
      object: "list",
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });

  test.each([
    ["limit=0", "limit"],
    ["limit=101", "limit"],
    ["limit=many", "limit"],
    ["order=up", "order"],
    ["after=msg_99", "after"],
  ])("%s is refused by its name", (query, param) => {
    const error = refusal(() => ask(storeWith({ input: ITEMS }), "GET", PATH, query));
    expect(error).toMatchObject({ code: "invalid_request", options: { param } });
  });
});

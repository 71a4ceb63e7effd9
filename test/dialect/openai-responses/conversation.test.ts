import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import {
  expandConversation,
  finalResponseOf,
  itemsBefore,
  keepResponse,
  type KeptResponse,
  refersToStored,
} from "../../../src/dialect/openai-responses/conversation.ts";
import { openaiResponses } from "../../../src/dialect/openai-responses/dialect.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { MemoryResponseStore } from "../../../src/store/memory-response-store.ts";
import { answerContext, END, read, started, STOP, writeStream } from "./fixtures.ts";

const HOUR_MS = 3_600_000;

function store(): MemoryResponseStore {
  return new MemoryResponseStore({ maxEntries: 2_000, maxBytes: 64 * 1024 * 1024, ttlMs: HOUR_MS }, () => 0);
}

/** One turn, stored: the body that was sent and the text that was answered. */
function turn(kept: MemoryResponseStore, body: JsonObject, id: string, text: string, caller = "ann"): KeptResponse {
  const response = {
    id,
    object: "response",
    status: "completed",
    output: [{ type: "message", id: `msg_${id}`, role: "assistant", content: [{ type: "output_text", text }] }],
  };
  const entry = keepResponse({ response, body, caller, group: "g", provider: "p", nowMs: 0 });
  if (entry === null) throw new Error("expected the response to be kept");
  kept.put(entry);
  return entry;
}

function texts(body: JsonObject): readonly string[] {
  return read({ ...body, model: "m" }).messages.flatMap(({ role, parts }) =>
    parts.map((part) => `${role}: ${part.kind === "text" ? part.text : part.kind}`),
  );
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

describe("going on from a stored response", () => {
  test("the input is the whole conversation, oldest first, without the instructions of earlier turns", () => {
    const kept = store();
    turn(kept, { input: "one", instructions: "old rules" }, "resp_1", "first");
    turn(kept, { input: [{ role: "user", content: "two" }], previous_response_id: "resp_1" }, "resp_2", "second");
    const body = {
      model: "m",
      input: "three",
      previous_response_id: "resp_2",
      instructions: "new rules",
      temperature: 1,
    };
    const expanded = expandConversation(body, "ann", kept);
    expect(expanded).not.toHaveProperty("previous_response_id");
    expect(expanded).toMatchObject({ model: "m", temperature: 1 });
    expect(texts(expanded)).toEqual([
      "system: new rules",
      "user: one",
      "assistant: first",
      "user: two",
      "assistant: second",
      "user: three",
    ]);
  });

  test("its answer names the response it went on from, whole and streamed", () => {
    const kept = store();
    turn(kept, { input: "one" }, "resp_1", "first");
    const request = read(expandConversation({ model: "m", input: "two", previous_response_id: "resp_1" }, "ann", kept));
    expect(request.previousResponseId).toBeNull();
    const { messages: _, ...settings } = request;
    const repeated = { ...settings, messages: [] };
    const whole = openaiResponses.generate.writeAnswer(
      {
        dialect: "gemini",
        id: null,
        model: null,
        createdAt: null,
        choices: [],
        usage: null,
        serviceTier: null,
        extra: null,
      },
      answerContext(repeated),
    );
    expect(whole["previous_response_id"]).toBe("resp_1");
    expect(finalResponseOf(writeStream([started(), STOP, END], repeated))).toMatchObject({
      previous_response_id: "resp_1",
    });
  });

  test("one that is unknown, or another caller's, is not found, in the API's words", () => {
    const kept = store();
    turn(kept, { input: "secret" }, "resp_1", "first", "bob");
    for (const id of ["resp_0", "resp_1"]) {
      const error = refusal(() => expandConversation({ input: "x", previous_response_id: id }, "ann", kept));
      expect(error.message).toBe(`Previous response with id '${id}' not found.`);
      expect(error).toMatchObject({
        status: 400,
        options: { param: "previous_response_id", detail: "previous_response_not_found" },
      });
    }
  });

  test("one whose own beginning is gone is not found, either: half a conversation would be another one", () => {
    const kept = store();
    turn(kept, { input: "one" }, "resp_1", "first");
    turn(kept, { input: "two", previous_response_id: "resp_1" }, "resp_2", "second");
    kept.delete("resp_1", "ann");
    expect(() => expandConversation({ input: "x", previous_response_id: "resp_2" }, "ann", kept)).toThrow("resp_1");
  });

  test("a conversation of too many turns is refused, also one that goes in a circle", () => {
    const circle: KeptResponse = {
      id: "resp_1",
      caller: "ann",
      group: "g",
      provider: "p",
      createdAtMs: 0,
      previousId: "resp_1",
      response: { output: [] },
      input: [],
    };
    const kept = { get: () => circle, findItem: () => null };
    expect(() => expandConversation({ input: "x", previous_response_id: "resp_1" }, "ann", kept)).toThrow("1000 turns");
  });
});

describe("references to items", () => {
  test("become the items, of this conversation or of any response of the caller's", () => {
    const kept = store();
    turn(kept, { input: "one" }, "resp_1", "first");
    const body = {
      input: [
        { role: "user", content: "one" },
        { type: "item_reference", id: "msg_resp_1" },
        { role: "user", content: "two" },
      ],
    };
    expect(refersToStored(body)).toBe(true);
    expect(texts(expandConversation(body, "ann", kept))).toEqual(["user: one", "assistant: first", "user: two"]);
  });

  test("to what is not stored are refused as the API does it", () => {
    const kept = store();
    turn(kept, { input: "one" }, "resp_1", "first", "bob");
    const body = { input: [{ type: "item_reference", id: "msg_resp_1" }] };
    const error = refusal(() => expandConversation(body, "ann", kept));
    expect(error).toMatchObject({
      status: 404,
      message: "Item with id 'msg_resp_1' not found.",
      options: { param: "input" },
    });
  });

  test("in stored input are resolved when the conversation goes on", () => {
    const kept = store();
    turn(kept, { input: "one" }, "resp_1", "first");
    turn(
      kept,
      {
        input: [
          { type: "item_reference", id: "msg_resp_1" },
          { role: "user", content: "two" },
        ],
      },
      "resp_2",
      "second",
    );
    expect(texts(expandConversation({ input: "three", previous_response_id: "resp_2" }, "ann", kept))).toEqual([
      "assistant: first",
      "user: two",
      "assistant: second",
      "user: three",
    ]);
  });
});

describe("keeping a response", () => {
  const response = { id: "resp_1", status: "completed", output: [] };
  const input = { response, caller: "ann", group: "g", provider: "p", nowMs: 5 };

  test("gives its input items ids and lists", () => {
    const kept = keepResponse({ ...input, body: { input: "hi", previous_response_id: "resp_0" } });
    expect(kept).toMatchObject({ id: "resp_1", previousId: "resp_0", createdAtMs: 5, caller: "ann" });
    expect(kept?.input).toMatchObject([
      { type: "message", role: "user", status: "completed", content: [{ type: "input_text", text: "hi" }] },
    ]);
    expect(kept?.input[0]?.["id"]).toMatch(/^msg_/);
  });

  test("is not done where the caller wants it forgotten, or it failed, or has no id", () => {
    expect(keepResponse({ ...input, body: { input: "x", store: false } })).toBeNull();
    expect(keepResponse({ ...input, body: { input: "x" }, response: { ...response, status: "failed" } })).toBeNull();
    expect(keepResponse({ ...input, body: { input: "x" }, response: { output: [] } })).toBeNull();
  });

  test("the last event of a stream has it, wherever the text begins; a stream without an end has none", () => {
    const text = writeStream([started(), STOP, END]);
    expect(finalResponseOf(text)).toMatchObject({ object: "response", status: "completed" });
    expect(finalResponseOf(text.slice(text.indexOf("event: response.completed") - 10))).not.toBeNull();
    expect(finalResponseOf(text.slice(0, text.indexOf("event: response.completed")))).toBeNull();
    expect(finalResponseOf(text.slice(0, -30))).toBeNull();
  });
});

test("items before a response are all it was made from", () => {
  const kept = store();
  turn(kept, { input: "one" }, "resp_1", "first");
  const second = turn(kept, { input: "two", previous_response_id: "resp_1" }, "resp_2", "second");
  expect(texts({ input: itemsBefore(second, kept) })).toEqual(["user: one", "assistant: first", "user: two"]);
  kept.delete("resp_1", "ann");
  expect(texts({ input: itemsBefore(second, kept) })).toEqual(["user: two"]);
});

import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { readRequest } from "./fixtures.ts";

const HELLO = [{ role: "user", content: "Hello" }];

function errorOf(body: JsonObject): GatewayError {
  try {
    readRequest(body);
  } catch (error) {
    return GatewayError.from(error);
  }
  throw new Error("expected a refusal, got none");
}

describe("a request of Cohere's", () => {
  test("has its settings by their names there", () => {
    const request = readRequest({
      model: "m",
      messages: HELLO,
      p: 0.7,
      k: 20,
      seed: 7,
      max_tokens: 99,
      temperature: 0.2,
      stop_sequences: ["END"],
      frequency_penalty: 0.5,
      presence_penalty: 0.25,
      logprobs: true,
      safety_mode: "STRICT",
      priority: 3,
    });
    expect(request).toMatchObject({
      topP: 0.7,
      topK: 20,
      seed: 7,
      maxTokens: 99,
      temperature: 0.2,
      stop: ["END"],
      frequencyPenalty: 0.5,
      presencePenalty: 0.25,
      logprobs: true,
      extra: { safety_mode: "STRICT", priority: 3 },
    });
  });

  test.each([
    [
      { type: "enabled", token_budget: 500 },
      { isEnabled: true, budgetTokens: 500 },
    ],
    [{ type: "enabled" }, { isEnabled: true, budgetTokens: null }],
    [{ type: "disabled" }, { isEnabled: false, budgetTokens: null }],
  ])("asks for thinking with %p", (thinking, expected) => {
    expect(readRequest({ model: "m", messages: HELLO, thinking }).reasoning).toMatchObject(expected);
  });

  test.each([
    ["REQUIRED", { kind: "required" }],
    ["NONE", { kind: "none" }],
    [null, null],
  ])("has tool_choice %p", (tool_choice, expected) => {
    expect(readRequest({ model: "m", messages: HELLO, tool_choice }).toolChoice).toEqual(expected as never);
  });

  test("has a schema under both of its names", () => {
    const schema = { type: "object", required: ["a"] };
    for (const name of ["json_schema", "schema"]) {
      const format = { type: "json_object", [name]: schema };
      expect(readRequest({ model: "m", messages: HELLO, response_format: format }).responseFormat).toMatchObject({
        kind: "json-schema",
        schema,
      });
    }
    expect(
      readRequest({ model: "m", messages: HELLO, response_format: { type: "json_object" } }).responseFormat,
    ).toEqual({ kind: "json" });
  });

  test("puts documents before the last question, as text files to be cited", () => {
    const { messages } = readRequest({
      model: "m",
      messages: [...HELLO, { role: "assistant", content: "Hi" }, { role: "user", content: "Who?" }],
      documents: ["plain", { id: "d1", data: { title: "Facts", text: "It was Ann.", year: "1999" } }],
    });
    const parts = messages[2]?.parts ?? [];
    expect(parts.map(({ kind }) => kind)).toEqual(["file", "file", "text"]);
    expect(parts[1]).toMatchObject({
      kind: "file",
      name: "Facts",
      isCited: true,
      context: '{"year":"1999"}',
      source: { kind: "data", mediaType: "text/plain", data: Buffer.from("It was Ann.").toString("base64") },
    });
  });

  test("reads a document without text whole", () => {
    const { messages } = readRequest({ model: "m", messages: HELLO, documents: [{ data: { region: "north" } }] });
    expect(messages[0]?.parts[0]).toMatchObject({
      source: { data: Buffer.from('{"region":"north"}').toString("base64") },
    });
  });

  test("reads tool plans as reasoning, before the calls they plan", () => {
    const { messages } = readRequest({
      model: "m",
      messages: [
        ...HELLO,
        {
          role: "assistant",
          tool_plan: "I will look.",
          content: [{ type: "thinking", thinking: "Hm." }],
          tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: "" } }],
        },
        { role: "tool", tool_call_id: "c1", content: [{ type: "document", document: { data: "found" } }] },
      ],
    });
    expect(messages[1]?.parts).toMatchObject([
      { kind: "reasoning", text: "Hm." },
      { kind: "reasoning", text: "I will look.", isSummary: true },
      { kind: "tool-call", id: "c1", name: "look", arguments: "{}" },
    ]);
    expect(messages[2]?.parts).toMatchObject([
      {
        kind: "tool-result",
        callId: "c1",
        content: [{ kind: "text", text: "found" }],
      },
    ]);
  });

  test("tells images in data from those elsewhere", () => {
    const images = ["data:image/webp;base64,UklGRg==", "https://example.com/a.png"];
    const content = images.map((url) => ({ type: "image_url", image_url: { url, detail: "low" } }));
    const { messages } = readRequest({ model: "m", messages: [{ role: "user", content }] });
    expect(messages[0]?.parts).toMatchObject([
      { source: { kind: "data", mediaType: "image/webp", data: "UklGRg==" }, detail: "low" },
      { source: { kind: "url", url: "https://example.com/a.png" } },
    ]);
  });

  test.each<[JsonObject, string]>([
    [{}, "messages"],
    [{ messages: [] }, "messages"],
    [{ messages: ["Hello"] }, "messages.0"],
    [{ messages: [{ role: "king", content: "Hello" }] }, "messages.0.role"],
    [{ messages: [{ role: "user" }] }, "messages.0.content"],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages.0.tool_call_id"],
    [{ messages: HELLO, documents: "text" }, "documents"],
    [{ messages: HELLO, tools: {} }, "tools"],
    [{ messages: HELLO, tools: [{ type: "function", function: {} }] }, "tools.0.function.name"],
    [{ messages: HELLO, tool_choice: "auto" }, "tool_choice"],
    [{ messages: HELLO, thinking: { type: "on" } }, "thinking"],
    [{ messages: HELLO, response_format: { type: "xml" } }, "response_format"],
    [{ messages: HELLO, max_tokens: "many" }, "max_tokens"],
    [{ messages: HELLO, logprobs: 1 }, "logprobs"],
    [{ messages: HELLO, stop_sequences: "END" }, "stop_sequences"],
  ])("is refused where it is none: %j", (body, param) => {
    const error = errorOf(body);
    expect(error.code).toBe("invalid_request");
    expect(error.options.param).toBe(param);
  });
});

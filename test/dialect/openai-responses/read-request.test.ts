import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { read } from "./fixtures.ts";

function refusal(body: JsonObject): GatewayError {
  try {
    read(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("expected the request to be refused");
}

describe("reading a request", () => {
  test("a text as input and instructions are a user and a system message", () => {
    const request = read({ model: "m", input: "hi", instructions: "be kind" });
    expect(request.messages.map(({ role, parts }) => ({ role, parts }))).toEqual([
      { role: "system", parts: [{ kind: "text", text: "be kind" }] },
      { role: "user", parts: [{ kind: "text", text: "hi" }] },
    ]);
  });

  test("items of the model's turn become one message, each result one of its own", () => {
    const request = read({
      model: "m",
      input: [
        { role: "user", content: "weather?" },
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "two cities" }] },
        { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
        { type: "function_call", call_id: "c2", name: "f", arguments: '{"a":1}' },
        { type: "function_call_output", call_id: "c1", output: "sun" },
        { type: "function_call_output", call_id: "c2", output: [{ type: "input_text", text: "rain" }] },
        { type: "message", role: "assistant", id: "msg_1", content: [{ type: "output_text", text: "done" }] },
      ],
    });
    expect(request.messages.map(({ role, parts }) => [role, ...parts.map(({ kind }) => kind)])).toEqual([
      ["user", "text"],
      ["assistant", "reasoning", "tool-call", "tool-call"],
      ["tool", "tool-result"],
      ["tool", "tool-result"],
      ["assistant", "text"],
    ]);
    expect(request.messages[3]?.parts[0]).toMatchObject({
      kind: "tool-result",
      callId: "c2",
      content: [{ kind: "text", text: "rain" }],
    });
  });

  test("images and files of a message and of a tool's result keep their source", () => {
    const contents = [
      { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "high" },
      { type: "input_image", image_url: "https://example.com/a.png" },
      { type: "input_image", file_id: "file-1" },
      { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,BBBB" },
      { type: "input_file", file_url: "https://example.com/a.pdf" },
      { type: "input_file", file_id: "file-2" },
    ];
    const expected = [
      { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" }, detail: "high" },
      { kind: "image", source: { kind: "url", url: "https://example.com/a.png", mediaType: null } },
      { kind: "image", source: { kind: "file-id", id: "file-1", mediaType: null } },
      { kind: "file", name: "a.pdf", source: { kind: "data", mediaType: "application/pdf", data: "BBBB" } },
      { kind: "file", source: { kind: "url", url: "https://example.com/a.pdf", mediaType: null } },
      { kind: "file", source: { kind: "file-id", id: "file-2", mediaType: null } },
    ];
    const request = read({
      model: "m",
      input: [
        { role: "user", content: contents },
        { type: "function_call_output", call_id: "c", output: contents },
      ],
    });
    expect(request.messages[0]?.parts).toEqual(expected as never);
    expect(request.messages[1]?.parts[0]).toMatchObject({ kind: "tool-result", content: expected });
  });

  test("a data URL without base64 is data all the same, and audio is audio", () => {
    const request = read({
      model: "m",
      input: [
        {
          role: "user",
          content: [
            { type: "input_file", filename: "a.txt", file_data: "data:text/plain;charset=utf-8,h%C3%A9" },
            { type: "input_file", filename: "b.txt", file_data: "aMOp" },
            { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
          ],
        },
      ],
    });
    expect(request.messages[0]?.parts).toMatchObject([
      { kind: "file", source: { mediaType: "text/plain", data: "aMOp" } },
      { kind: "file", source: { mediaType: "text/plain", data: "aMOp" } },
      { kind: "audio", source: { mediaType: "audio/mp3", data: "AAAA" } },
    ]);
  });

  test("custom tools' calls and results are marked as such", () => {
    const request = read({
      model: "m",
      input: [
        { type: "custom_tool_call", call_id: "c", name: "sql", input: "select 1" },
        { type: "custom_tool_call_output", call_id: "c", output: "1" },
      ],
      tools: [{ type: "custom", name: "sql", format: { type: "text" } }],
    });
    expect(request.messages[0]?.parts[0]).toMatchObject({ kind: "tool-call", isCustom: true, arguments: "select 1" });
    expect(request.messages[1]?.parts[0]).toMatchObject({ kind: "tool-result", isCustom: true });
    expect(request.tools).toEqual([{ kind: "custom", name: "sql", description: null, format: { type: "text" } }]);
  });

  test("items only this API knows are native: the model's in its turn, the caller's answers in its own", () => {
    const request = read({
      model: "m",
      input: [
        { type: "item_reference", id: "msg_1" },
        { type: "computer_call", id: "cu_1", call_id: "c", action: { type: "screenshot" } },
        { type: "computer_call_output", call_id: "c", output: { type: "computer_screenshot" } },
      ],
    });
    expect(request.messages.map(({ role, parts }) => [role, parts.map(({ kind }) => kind)])).toEqual([
      ["assistant", ["native", "native"]],
      ["user", ["native"]],
    ]);
  });

  test("settings have their neutral names", () => {
    const request = read({
      model: "m",
      input: "x",
      max_output_tokens: 99,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 3,
      include: ["message.output_text.logprobs", "reasoning.encrypted_content"],
      parallel_tool_calls: false,
      previous_response_id: "resp_1",
      prompt_cache_key: "k",
      prompt_cache_retention: "24h",
      safety_identifier: "u1",
      service_tier: "flex",
      store: false,
      metadata: { a: "b" },
      reasoning: { effort: "minimal", summary: "detailed" },
      text: { format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true }, verbosity: "low" },
      stream: true,
    });
    expect(request).toMatchObject({
      isStream: true,
      maxTokens: 99,
      temperature: 0.5,
      topP: 0.9,
      topLogprobs: 3,
      logprobs: true,
      parallelToolCalls: false,
      previousResponseId: "resp_1",
      promptCacheKey: "k",
      promptCacheRetention: "24h",
      user: "u1",
      serviceTier: "flex",
      isStored: false,
      metadata: { a: "b" },
      reasoning: { effort: "minimal", show: "detailed" },
      responseFormat: { kind: "json-schema", name: "n", isStrict: true },
      verbosity: "low",
    });
  });

  test.each([
    ["auto", { kind: "auto" }],
    ["none", { kind: "none" }],
    ["required", { kind: "required" }],
    [
      { type: "function", name: "f" },
      { kind: "tool", name: "f" },
    ],
    [
      { type: "custom", name: "c" },
      { kind: "tool", name: "c" },
    ],
    [
      { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "f" }] },
      { kind: "allowed", names: ["f"], isRequired: true },
    ],
  ])("tool_choice %j is read", (choice, expected) => {
    expect(read({ model: "m", input: "x", tool_choice: choice as never }).toolChoice).toEqual(expected as never);
  });

  test("a tool_choice of the provider's own tools stays a field that another API is asked about", () => {
    for (const choice of [
      { type: "file_search" },
      { type: "mcp", server_label: "s" },
      { type: "allowed_tools", mode: "auto", tools: [{ type: "mcp", server_label: "s" }] },
    ]) {
      const request = read({ model: "m", input: "x", tool_choice: choice });
      expect(request.toolChoice).toBeNull();
      expect(request.extra?.["tool_choice"]).toEqual(choice as never);
    }
  });

  test("what would make another request of it is not lost: conversation, prompt, background", () => {
    const request = read({ model: "m", input: "x", conversation: "conv_1", prompt: { id: "p" }, background: true });
    expect(request.extra).toEqual({ conversation: "conv_1", prompt: { id: "p" }, background: true });
    expect(read({ model: "m", input: "x", background: false }).extra).toBeNull();
  });

  test("web search keeps what others know of it", () => {
    const [tool] = read({
      model: "m",
      input: "x",
      tools: [
        {
          type: "web_search_preview",
          search_context_size: "high",
          user_location: { type: "approximate", country: "DE", city: "Berlin", region: "BE" },
          filters: { allowed_domains: ["example.com"] },
        },
      ],
    }).tools;
    expect(tool).toMatchObject({
      kind: "web-search",
      country: "DE",
      city: "Berlin",
      contextSize: "high",
      allowedDomains: ["example.com"],
    });
  });
});

describe("refusing what is no request", () => {
  const bad: readonly (readonly [string, JsonObject, string])[] = [
    ["no input at all", { model: "m" }, "input"],
    ["a number as input", { model: "m", input: 5 }, "input"],
    ["a text among the items", { model: "m", input: ["x"] }, "input[0]"],
    ["an unknown role", { model: "m", input: [{ role: "tool", content: "x" }] }, "input[0]"],
    ["a message without content", { model: "m", input: [{ role: "user" }] }, "input[0].content"],
    ["a content without a type", { model: "m", input: [{ role: "user", content: [{}] }] }, "input[0].content[0].type"],
    [
      "a content of another API",
      { model: "m", input: [{ role: "user", content: [{ type: "image_url" }] }] },
      "input[0].content[0].type",
    ],
    ["a call without an id", { model: "m", input: [{ type: "function_call", name: "f" }] }, "input[0].call_id"],
    [
      "a result without an id",
      { model: "m", input: [{ type: "function_call_output", output: "" }] },
      "input[0].call_id",
    ],
    ["a tool without a name", { model: "m", input: "x", tools: [{ type: "function" }] }, "tools[0].name"],
    ["an unknown tool_choice", { model: "m", input: "x", tool_choice: "any" }, "tool_choice"],
    ["a text as temperature", { model: "m", input: "x", temperature: "hot" }, "temperature"],
    ["an unknown effort", { model: "m", input: "x", reasoning: { effort: "huge" } }, "reasoning.effort"],
    [
      "a schema without a name",
      { model: "m", input: "x", text: { format: { type: "json_schema" } } },
      "text.format.name",
    ],
    ["instructions that are no text", { model: "m", input: "x", instructions: ["x"] }, "instructions"],
  ];
  test.each(bad)("%s", (_, body, param) => {
    const error = refusal(body);
    expect(error.code).toBe("invalid_request");
    expect(error.options.param).toBe(param);
  });

  test("a role is refused in the API's own words", () => {
    expect(refusal({ model: "m", input: [{ role: "tool", content: "x" }] }).message).toBe(
      "Invalid value: 'tool'. Supported values are: 'assistant', 'system', 'developer', and 'user'.",
    );
  });

  test("an input is not needed where a stored response stands for it", () => {
    expect(read({ model: "m", previous_response_id: "resp_1" }).messages).toEqual([]);
  });
});

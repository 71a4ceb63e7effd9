import { describe, expect, test } from "bun:test";
import { openaiChat } from "../../../src/dialect/openai-chat/dialect.ts";
import { fitRequest } from "../../../src/dialect/fit-request.ts";
import { type NeutralMessage, type NeutralRequest, NO_SETTINGS } from "../../../src/dialect/neutral.ts";
import { openaiResponses } from "../../../src/dialect/openai-responses/dialect.ts";
import type { Quirks } from "../../../src/exchange.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { read, roundTrip, target } from "./fixtures.ts";

/** A request of another API. */
function foreign(messages: readonly NeutralMessage[], settings: Partial<NeutralRequest> = {}): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "openai-chat",
    model: "group",
    isStream: false,
    wantsStreamUsage: false,
    messages,
    tools: [],
    extra: null,
    ...settings,
  };
}

function write(request: NeutralRequest, quirks: Partial<Quirks> = {}): JsonObject {
  return JSON.parse(JSON.stringify(openaiResponses.generate.writeRequest(request, target(quirks)).body)) as JsonObject;
}

const USER: NeutralMessage = { role: "user", parts: [{ kind: "text", text: "hi" }] };

describe("a request of this API comes back as it was", () => {
  const bodies: readonly (readonly [string, JsonObject])[] = [
    ["a text", { model: "m", input: "hi", instructions: "be kind", stream: true }],
    ["said defaults", { model: "m", input: "hi", stream: false, tools: [], temperature: null, store: true }],
    [
      "every kind of message",
      {
        model: "m",
        input: [
          { role: "developer", content: "rules" },
          { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }], status: "completed" },
          { role: "assistant", content: "hello", phase: "commentary" },
          {
            type: "message",
            id: "msg_1",
            status: "completed",
            role: "assistant",
            content: [
              { type: "output_text", text: "one", annotations: [], logprobs: [] },
              { type: "output_text", text: "two" },
              { type: "refusal", refusal: "no" },
            ],
          },
          { type: "message", id: "msg_2", role: "assistant", content: [] },
        ],
      },
    ],
    [
      "calls, results and reasoning",
      {
        model: "m",
        input: [
          {
            type: "reasoning",
            id: "rs_1",
            status: null,
            summary: [
              { type: "summary_text", text: "a" },
              { type: "summary_text", text: "b" },
            ],
            encrypted_content: "gAAAA",
          },
          { type: "reasoning", id: "rs_2", summary: [], content: [], encrypted_content: null },
          { type: "reasoning", id: "rs_3", summary: [], content: [{ type: "reasoning_text", text: "raw" }] },
          {
            type: "function_call",
            id: "fc_1",
            call_id: "c1",
            name: "f",
            arguments: "{}",
            namespace: "n",
            status: "completed",
          },
          { type: "custom_tool_call", call_id: "c2", name: "g", input: "free" },
          { type: "function_call_output", call_id: "c1", output: "text", status: "completed" },
          {
            type: "function_call_output",
            call_id: "c1",
            output: [
              { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "auto" },
              { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,BBBB" },
            ],
          },
          { type: "custom_tool_call_output", call_id: "c2", output: "done" },
        ],
      },
    ],
    [
      "items of its own",
      {
        model: "m",
        input: [
          { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } },
          { type: "mcp_approval_response", approval_request_id: "a", approve: true },
          { type: "image_generation_call", id: "ig_1", result: "AAAA", status: "completed" },
          { type: "item_reference", id: "msg_9" },
        ],
      },
    ],
    [
      "every tool and setting",
      {
        model: "m",
        input: "x",
        tools: [
          {
            type: "function",
            name: "f",
            description: "d",
            parameters: { type: "object" },
            strict: true,
            defer_loading: true,
          },
          { type: "function", name: "g", parameters: null },
          { type: "custom", name: "c", format: { type: "grammar", syntax: "lark", definition: "x" } },
          { type: "web_search", user_location: { type: "approximate", city: "Berlin" }, filters: null },
          { type: "file_search", vector_store_ids: ["vs_1"] },
        ],
        tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f" }] },
        text: { format: { type: "json_object" }, verbosity: "high" },
        reasoning: { effort: "high", summary: null, context: "all_turns" },
        include: ["reasoning.encrypted_content"],
        max_output_tokens: 5,
        max_tool_calls: 2,
        metadata: { a: "b" },
        parallel_tool_calls: false,
        prompt_cache_key: "k",
        safety_identifier: "s",
        service_tier: "flex",
        truncation: "auto",
        top_logprobs: 2,
        user: "u",
      },
    ],
  ];
  test.each(bodies)("%s", (_, body) => {
    expect(roundTrip(body)).toEqual(body);
  });
});

describe("a request of another API", () => {
  test("is messages, calls and results as items, texts as texts", () => {
    const body = write(
      foreign([
        { role: "system", parts: [{ kind: "text", text: "rules" }] },
        {
          role: "user",
          parts: [
            { kind: "text", text: "a" },
            { kind: "image", source: { kind: "data", mediaType: "image/png", data: "AAAA" } },
          ],
        },
        {
          role: "assistant",
          parts: [
            { kind: "text", text: "let me see" },
            { kind: "tool-call", id: "c1", name: "f", arguments: "{}" },
            { kind: "tool-call", id: "c2", name: "g", arguments: "{}" },
          ],
        },
        { role: "tool", parts: [{ kind: "tool-result", callId: "c1", content: [{ kind: "text", text: "one" }] }] },
        {
          role: "tool",
          parts: [
            {
              kind: "tool-result",
              callId: "c2",
              content: [{ kind: "image", source: { kind: "url", url: "https://example.com/x", mediaType: null } }],
            },
          ],
        },
      ]),
    );
    expect(body["input"]).toEqual([
      { type: "message", role: "system", content: "rules" },
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_text", text: "a" },
          { type: "input_image", image_url: "data:image/png;base64,AAAA" },
        ],
      },
      { type: "message", role: "assistant", content: "let me see" },
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}", status: "completed" },
      { type: "function_call", call_id: "c2", name: "g", arguments: "{}", status: "completed" },
      { type: "function_call_output", call_id: "c1", output: "one" },
      {
        type: "function_call_output",
        call_id: "c2",
        output: [{ type: "input_image", image_url: "https://example.com/x" }],
      },
    ]);
  });

  test("files, earlier images and refusals have their forms", () => {
    const body = write(
      foreign([
        {
          role: "user",
          parts: [
            { kind: "file", source: { kind: "data", mediaType: "application/pdf", data: "AAAA" } },
            { kind: "file", name: "n.txt", source: { kind: "data", mediaType: "text/plain", data: "BBBB" } },
            { kind: "file", name: "lost", source: { kind: "url", url: "https://example.com/a.pdf", mediaType: null } },
            { kind: "file", source: { kind: "file-id", id: "file-1", mediaType: null } },
            { kind: "image", source: { kind: "file-id", id: "file-2", mediaType: null }, detail: "low" },
          ],
        },
        {
          role: "assistant",
          parts: [
            { kind: "text", text: "a" },
            { kind: "refusal", text: "no" },
            { kind: "image", source: { kind: "data", mediaType: "image/png", data: "CCCC" } },
            { kind: "audio", source: { kind: "data", mediaType: "wav", data: "DDDD" }, transcript: "said" },
            { kind: "tool-call", id: "c", name: "sql", arguments: "select", isCustom: true },
          ],
        },
        {
          role: "tool",
          parts: [
            {
              kind: "tool-result",
              callId: "c",
              isCustom: true,
              content: [
                { kind: "text", text: "one" },
                { kind: "text", text: "two" },
              ],
            },
          ],
        },
      ]),
    );
    expect(body["input"]).toEqual([
      {
        type: "message",
        role: "user",
        content: [
          { type: "input_file", filename: "file.pdf", file_data: "data:application/pdf;base64,AAAA" },
          { type: "input_file", filename: "n.txt", file_data: "data:text/plain;base64,BBBB" },
          { type: "input_file", file_url: "https://example.com/a.pdf" },
          { type: "input_file", file_id: "file-1" },
          { type: "input_image", file_id: "file-2", detail: "low" },
        ],
      },
      {
        type: "message",
        role: "assistant",
        content: [
          { type: "output_text", text: "a" },
          { type: "refusal", refusal: "no" },
        ],
      },
      { type: "message", role: "user", content: [{ type: "input_image", image_url: "data:image/png;base64,CCCC" }] },
      { type: "message", role: "assistant", content: "said" },
      { type: "custom_tool_call", call_id: "c", name: "sql", input: "select" },
      { type: "custom_tool_call_output", call_id: "c", output: "one\ntwo" },
    ]);
  });

  test("a web search keeps its place and its allowed domains; blocked ones cannot be said", () => {
    const search = {
      kind: "web-search",
      maxUses: 2,
      allowedDomains: ["example.com"],
      blockedDomains: null,
      country: "DE",
      city: null,
      contextSize: "low",
    } as const;
    expect(write(foreign([USER], { tools: [search] }))["tools"]).toEqual([
      {
        type: "web_search",
        filters: { allowed_domains: ["example.com"] },
        user_location: { type: "approximate", country: "DE" },
        search_context_size: "low",
      },
    ]);
    const tools = [{ ...search, blockedDomains: ["example.org"] }];
    expect(() => write(foreign([USER], { tools }))).toThrow("blocked_domains");
  });

  test("is not stored unless it says so, and its functions are not strict unless they say so", () => {
    const tools: NeutralRequest["tools"] = [
      { kind: "function", name: "f", description: null, parameters: null, isStrict: null },
    ];
    const body = write(foreign([USER], { tools }));
    expect(body["store"]).toBe(false);
    expect(body["tools"]).toEqual([
      { type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false },
    ]);
    expect(write(foreign([USER], { isStored: true }))["store"]).toBe(true);
    expect(write(foreign([USER]), { refuses: ["isStored"] })["store"]).toBeUndefined();
  });

  test("asks for encrypted reasoning where the model reasons, and for log-probabilities", () => {
    const reasoning = { effort: "low", budgetTokens: null, isEnabled: null, isAdaptive: null, show: "auto" } as const;
    const body = write(foreign([USER], { reasoning, logprobs: true, topLogprobs: 2 }));
    expect(body["reasoning"]).toEqual({ effort: "low", summary: "auto" });
    expect(body["include"]).toEqual(["reasoning.encrypted_content", "message.output_text.logprobs"]);
    expect(body["top_logprobs"]).toBe(2);
    expect(write(foreign([USER]))["include"]).toBeUndefined();
  });

  test("a budget becomes an effort, and an effort the nearest that is known", () => {
    const off = { effort: null, budgetTokens: null, isEnabled: null, isAdaptive: null, show: null };
    expect(write(foreign([USER], { reasoning: { ...off, budgetTokens: 10_000 } }))["reasoning"]).toEqual({
      effort: "medium",
    });
    expect(
      write(foreign([USER], { reasoning: { ...off, effort: "xhigh" } }), { efforts: ["low", "high"] })["reasoning"],
    ).toEqual({ effort: "high" });
    expect(write(foreign([USER], { reasoning: { ...off, isEnabled: false } }))["reasoning"]).toBeUndefined();
    expect(
      write(foreign([USER], { reasoning: { ...off, isEnabled: false } }), { efforts: ["none", "low"] })["reasoning"],
    ).toEqual({ effort: "none" });
  });

  test("fewer than 16 tokens are raised to what the API takes, and named", () => {
    const to = target();
    const { body } = openaiResponses.generate.writeRequest(foreign([USER], { maxTokens: 1 }), to);
    expect(body["max_output_tokens"]).toBe(16);
    expect(to.dropped).toEqual(["maxTokens"]);
  });

  test("reasoning goes back to OpenAI alone, never another's signature", () => {
    const body = write(
      foreign([
        USER,
        {
          role: "assistant",
          parts: [
            { kind: "reasoning", text: "mine", encrypted: { owner: "openai", data: "gAAAA" } },
            { kind: "reasoning", text: "theirs", signature: { owner: "anthropic", data: "sig" } },
            { kind: "reasoning", text: "plain" },
            { kind: "tool-call", id: "c", name: "f", arguments: "{}", signature: { owner: "google", data: "g" } },
          ],
        },
      ]),
    );
    expect((body["input"] as JsonObject[]).slice(1)).toEqual([
      { type: "reasoning", summary: [{ type: "summary_text", text: "mine" }], encrypted_content: "gAAAA" },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}", status: "completed" },
    ]);
    expect(body["include"]).toEqual(["reasoning.encrypted_content"]);
  });

  test("an id that is too long is shortened alike for call and result", () => {
    const id = `call_${"x".repeat(80)}`;
    const input = write(
      foreign([
        { role: "assistant", parts: [{ kind: "tool-call", id, name: "f", arguments: "{}" }] },
        { role: "tool", parts: [{ kind: "tool-result", callId: id, content: [] }] },
      ]),
    )["input"] as JsonObject[];
    const [call, result] = input;
    expect(String(call?.["call_id"]).length).toBeLessThanOrEqual(64);
    expect(call?.["call_id"]).toBe(result?.["call_id"]);
  });

  test("a system message is called what the model wants, and a field what the provider calls it", () => {
    const body = write(foreign([{ role: "system", parts: [{ kind: "text", text: "s" }] }], { maxTokens: 20 }), {
      systemRole: "developer",
      renames: { max_output_tokens: "max_tokens" },
    });
    expect(body["input"]).toEqual([{ type: "message", role: "developer", content: "s" }]);
    expect(body["max_tokens"]).toBe(20);
    expect(body["max_output_tokens"]).toBeUndefined();
  });

  test("JSON of a schema goes through a tool where the provider has nothing else", () => {
    const responseFormat = {
      kind: "json-schema",
      name: "n",
      description: null,
      schema: { type: "object" },
      isStrict: true,
    } as const;
    const alone = openaiResponses.generate.writeRequest(
      foreign([USER], { responseFormat }),
      target({ jsonSchema: "tool" }),
    );
    expect(alone.jsonTool).toBe("json_output");
    expect(alone.body["text"]).toBeUndefined();
    expect(alone.body["tool_choice"]).toEqual({ type: "function", name: "json_output" });
    const tools: NeutralRequest["tools"] = [
      { kind: "function", name: "f", description: null, parameters: null, isStrict: null },
    ];
    const beside = openaiResponses.generate.writeRequest(
      foreign([USER], { responseFormat, tools }),
      target({ jsonSchema: "tool" }),
    );
    expect(beside.body["tool_choice"]).toBe("required");
    expect(write(foreign([USER], { responseFormat }), { jsonSchema: "json-object" })["text"]).toEqual({
      format: { type: "json_object" },
    });
    expect(write(foreign([USER], { responseFormat }))["text"]).toEqual({
      format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true },
    });
  });
});

describe("a request of this API for another", () => {
  test("hints are left out and named, and what they said of the answer is kept", () => {
    const to = target();
    const request = read({
      model: "m",
      input: "x",
      include: ["message.output_text.logprobs"],
      truncation: "auto",
      stream: false,
      tools: [],
      temperature: null,
    });
    const fitted = fitRequest(request, openaiResponses, openaiChat, to);
    expect(fitted.logprobs).toBe(true);
    expect(to.dropped.toSorted()).toEqual(["include", "truncation"]);
  });

  test.each([
    ["background", { background: true }],
    ["conversation", { conversation: "c" }],
    ["prompt", { prompt: { id: "p" } }],
    ["tool_choice", { tool_choice: { type: "file_search" } }],
  ])("%s is refused by its name", (name, more) => {
    const request = read({ model: "m", input: "x", ...more });
    expect(() => fitRequest(request, openaiResponses, openaiChat, target())).toThrow(name);
  });
});

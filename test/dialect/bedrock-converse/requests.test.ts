import { describe, expect, test } from "bun:test";
import type { NeutralMessage, Part } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import {
  CLAUDE,
  foreign,
  generate,
  GPT_OSS,
  LLAMA,
  NOVA_2,
  OLD_CLAUDE,
  read,
  roundTrip,
  targetOf,
  user,
  write,
} from "./fixtures.ts";

const HELLO: JsonObject = { messages: [{ role: "user", content: [{ text: "Hello" }] }] };
const WEATHER = {
  kind: "function",
  name: "get_weather",
  description: "Weather",
  parameters: { type: "object", properties: { city: { type: "string" } } },
  isStrict: null,
} as const;
const CALL: Part = { kind: "tool-call", id: "call_1", name: "get_weather", arguments: '{"city":"Bonn"}' };
const RESULT: Part = { kind: "tool-result", callId: "call_1", content: [{ kind: "text", text: "Rain" }] };
const LOOP: readonly NeutralMessage[] = [
  user("Weather?"),
  { role: "assistant", parts: [CALL] },
  { role: "tool", parts: [RESULT] },
];

describe("reading Converse requests", () => {
  test("what every block says comes back as it was said", () => {
    const body: JsonObject = {
      system: [
        { text: "Be brief" },
        { cachePoint: { type: "default", ttl: "1h" } },
        { guardContent: { text: { text: "x" } } },
      ],
      messages: [
        {
          role: "user",
          content: [
            { text: "Look" },
            { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } },
            {
              image: {
                format: "jpeg",
                source: { s3Location: { uri: "s3://example/a.jpg", bucketOwner: "000000000000" } },
              },
            },
            { video: { format: "three_gp", source: { s3Location: { uri: "s3://example/a.3gp" } } } },
            { audio: { format: "mp3", source: { bytes: "SUQz" } } },
            {
              document: { format: "pdf", name: "Report", source: { bytes: "JVBERg==" }, citations: { enabled: true } },
            },
            { document: { format: "txt", name: "Note", source: { text: "words" }, context: "a note" } },
            { document: { name: "Pieces", source: { content: [{ text: "one" }, { text: "two" }] } } },
            { guardContent: { text: { text: "Guarded", qualifiers: ["query"] } } },
            { guardContent: { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } } },
            {
              searchResult: {
                source: "https://example.com",
                title: "A page",
                content: [{ text: "found" }],
                citations: { enabled: true },
              },
            },
            { cachePoint: { type: "default" } },
            { cachePoint: { type: "other" } },
            { futureBlock: { some: "thing" } },
          ],
        },
        {
          role: "assistant",
          content: [
            { reasoningContent: { reasoningText: { text: "Hm", signature: "c2ln" } } },
            { reasoningContent: { redactedContent: Buffer.from("EtkECkgIBw==").toString("base64") } },
            { text: "I look", type: "text" },
            { toolUse: { toolUseId: "t.1:0", name: "get_weather", input: { city: "Bonn" }, type: "tool_use" } },
            { toolUse: { toolUseId: "t2", name: "nova_code_interpreter", input: {}, type: "server_tool_use" } },
            {
              toolResult: { toolUseId: "t2", content: [{ json: { ok: true } }], type: "nova_code_interpreter_result" },
            },
          ],
        },
        {
          role: "user",
          content: [
            {
              toolResult: {
                toolUseId: "t.1:0",
                content: [
                  { text: "Rain" },
                  { json: { degrees: 9 } },
                  { image: { format: "png", source: { bytes: "iVBORw0KGgo=" } } },
                  { document: { format: "pdf", name: "Map", source: { bytes: "JVBERg==" } } },
                ],
                status: "error",
              },
            },
            { text: "And now?" },
            { toolResult: { toolUseId: "t3", content: [], status: "success" } },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 10, temperature: 0, topP: 1, stopSequences: [], future: 1 },
      toolConfig: {
        tools: [
          {
            toolSpec: {
              name: "get_weather",
              description: "Weather",
              inputSchema: { json: { type: "object" } },
              strict: true,
            },
          },
          { cachePoint: { type: "default", ttl: "5m" } },
          { systemTool: { name: "nova_grounding" } },
        ],
        toolChoice: { tool: { name: "get_weather" } },
      },
      additionalModelRequestFields: {
        thinking: { type: "enabled", budget_tokens: 2048 },
        top_k: 5,
        anthropic_beta: ["x"],
      },
      outputConfig: {
        textFormat: { type: "json_schema", structure: { jsonSchema: { name: "n", schema: '{ "type": "object" }' } } },
      },
      requestMetadata: { team: "search" },
      serviceTier: { type: "flex" },
      performanceConfig: { latency: "optimized" },
      guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
    };
    expect(roundTrip(body)).toEqual(body);
    const empty: JsonObject = { ...HELLO, system: [], inferenceConfig: {}, additionalModelRequestFields: {} };
    expect(roundTrip(empty)).toEqual(empty);
    expect(read(empty).extra).toBeNull();
  });

  test("tool results stand in messages of their own, in order, and their JSON is text", () => {
    const { messages } = read({
      messages: [
        {
          role: "user",
          content: [
            { toolResult: { toolUseId: "a", content: [{ json: { n: 1 } }], status: "error" } },
            { cachePoint: { type: "default" } },
            { text: "Go on" },
          ],
        },
      ],
    });
    expect(messages.map(({ role }) => role)).toEqual(["tool", "user"]);
    expect(messages[0]?.parts[0]).toMatchObject({
      kind: "tool-result",
      callId: "a",
      isError: true,
      cache: { ttl: null },
      content: [{ kind: "text", text: '{"n":1}' }],
    });
  });

  test("each form of toolChoice is understood", () => {
    const choiceOf = (toolChoice: JsonObject) => read({ ...HELLO, toolConfig: { tools: [], toolChoice } }).toolChoice;
    expect(choiceOf({ auto: {} })).toEqual({ kind: "auto" });
    expect(choiceOf({ any: {} })).toEqual({ kind: "required" });
    expect(choiceOf({ tool: { name: "a" } })).toEqual({ kind: "tool", name: "a" });
    expect(() => choiceOf({ other: {} })).toThrow("auto, any, tool");
  });

  test("makers' own fields have neutral words, what is left is this dialect's own", () => {
    const fieldsOf = (additionalModelRequestFields: JsonObject) => read({ ...HELLO, additionalModelRequestFields });
    expect(fieldsOf({ thinking: { type: "enabled", budget_tokens: 2000, display: "omitted" } })).toMatchObject({
      reasoning: { isEnabled: true, budgetTokens: 2000, show: "none" },
      extra: null,
    });
    expect(fieldsOf({ thinking: { type: "adaptive" }, output_config: { effort: "high" } }).reasoning).toMatchObject({
      isAdaptive: true,
      effort: "high",
    });
    expect(fieldsOf({ reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } }).reasoning).toMatchObject({
      isEnabled: true,
      effort: "low",
    });
    expect(fieldsOf({ reasoning_effort: "medium" }).reasoning?.effort).toBe("medium");
    expect(fieldsOf({ reasoning_config: "high" }).reasoning?.effort).toBe("high");
    expect(fieldsOf({ inferenceConfig: { topK: 7 } })).toMatchObject({ topK: 7, extra: null });
    expect(fieldsOf({ top_k: 7, anthropic_beta: ["x"] })).toMatchObject({
      topK: 7,
      extra: { additionalModelRequestFields: { anthropic_beta: ["x"] } },
    });
    expect(fieldsOf({ tool_choice: { type: "auto", disable_parallel_tool_use: true } })).toMatchObject({
      parallelToolCalls: false,
      extra: null,
    });
  });

  test("what is no request is refused with the member's name", () => {
    const cases: readonly (readonly [JsonObject, string])[] = [
      [{}, "messages"],
      [{ messages: {} }, "messages"],
      [{ messages: ["x"] }, "messages.0"],
      [{ messages: [{ role: "system", content: [] }] }, "messages.0.role"],
      [{ messages: [{ role: "user" }] }, "messages.0.content"],
      [{ messages: [{ role: "user", content: "text" }] }, "messages.0.content"],
      [{ ...HELLO, system: "text" }, "system"],
      [{ ...HELLO, inferenceConfig: [] }, "inferenceConfig"],
      [{ ...HELLO, inferenceConfig: { temperature: 1.5 } }, "inferenceConfig.temperature"],
      [{ ...HELLO, inferenceConfig: { maxTokens: 0 } }, "inferenceConfig.maxTokens"],
      [{ ...HELLO, inferenceConfig: { maxTokens: "many" } }, "inferenceConfig.maxTokens"],
      [{ ...HELLO, inferenceConfig: { stopSequences: [1] } }, "inferenceConfig.stopSequences"],
      [{ ...HELLO, toolConfig: { tools: [{ toolSpec: {} }] } }, "toolConfig.tools.0.toolSpec.name"],
      [
        { ...HELLO, outputConfig: { textFormat: { structure: { jsonSchema: { schema: "{" } } } } },
        "outputConfig.textFormat.structure.jsonSchema.schema",
      ],
    ];
    for (const [body, param] of cases) {
      let thrown: unknown = null;
      try {
        read(body);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: "invalid_request", options: { param } });
      expect((thrown as Error).message).toContain("validation error");
    }
  });
});

describe("writing requests for Converse", () => {
  test("system messages go to system, neighbours of one role into one message, results first", () => {
    const body = write(
      foreign([
        { role: "system", parts: [{ kind: "text", text: "One" }] },
        ...LOOP,
        user("Thanks"),
        { role: "developer", parts: [{ kind: "text", text: "Two" }] },
        user(""),
      ]),
    );
    expect(body["system"]).toEqual([{ text: "One" }, { text: "Two" }]);
    expect(body["messages"]).toEqual([
      { role: "user", content: [{ text: "Weather?" }] },
      {
        role: "assistant",
        content: [{ toolUse: { toolUseId: "call_1", name: "get_weather", input: { city: "Bonn" } } }],
      },
      {
        role: "user",
        content: [{ toolResult: { toolUseId: "call_1", content: [{ text: "Rain" }] } }, { text: "Thanks" }],
      },
    ]);
    expect(write(foreign([{ role: "system", parts: [{ kind: "text", text: "Alone" }] }]))).toMatchObject({
      messages: [{ role: "user", content: [{ text: "Alone" }] }],
    });
  });

  test("each tool choice has its form, and none is to leave the tools out", () => {
    const configOf = (kind: "auto" | "none" | "required") =>
      write(foreign([user("x")], { tools: [WEATHER], toolChoice: { kind } }))["toolConfig"];
    const tools = [
      { toolSpec: { name: "get_weather", description: "Weather", inputSchema: { json: WEATHER.parameters } } },
    ];
    expect(configOf("auto")).toEqual({ tools, toolChoice: { auto: {} } });
    expect(configOf("required")).toEqual({ tools, toolChoice: { any: {} } });
    expect(configOf("none")).toBeUndefined();
    const other = { ...WEATHER, name: "other" };
    expect(
      write(foreign([user("x")], { tools: [WEATHER, other], toolChoice: { kind: "tool", name: "other" } }))[
        "toolConfig"
      ],
    ).toMatchObject({ toolChoice: { tool: { name: "other" } } });
    expect(
      write(
        foreign([user("x")], {
          tools: [WEATHER, other],
          toolChoice: { kind: "allowed", names: ["get_weather"], isRequired: true },
        }),
      )["toolConfig"],
    ).toEqual({ tools, toolChoice: { any: {} } });
  });

  test("none with earlier calls cannot be said, and is named where that is allowed", () => {
    const request = foreign(LOOP, { tools: [WEATHER], toolChoice: { kind: "none" } });
    expect(() => write(request)).toThrow("toolChoice cannot be sent");
    const target = targetOf(CLAUDE, {}, true);
    expect(write(request, CLAUDE, target)["toolConfig"]).toMatchObject({
      tools: [{ toolSpec: { name: "get_weather" } }],
    });
    expect(target.dropped).toEqual(["toolChoice"]);
  });

  test("a conversation with calls names its tools, even where none is offered any more", () => {
    expect(write(foreign(LOOP))["toolConfig"]).toEqual({
      tools: [
        {
          toolSpec: {
            name: "get_weather",
            description: "No longer available.",
            inputSchema: { json: { type: "object", properties: {} } },
          },
        },
      ],
    });
  });

  test("a JSON schema has a field where the model knows it, and else a tool", () => {
    const schema = { type: "object", properties: { a: { type: "string" } } };
    const responseFormat = { kind: "json-schema", name: "n", description: null, schema, isStrict: true } as const;
    const request = foreign([user("x")], { responseFormat });
    expect(write(request)["outputConfig"]).toEqual({
      textFormat: {
        type: "json_schema",
        structure: { jsonSchema: { name: "n", schema: JSON.stringify({ ...schema, additionalProperties: false }) } },
      },
    });
    for (const model of [OLD_CLAUDE, NOVA_2, LLAMA]) {
      const { body, jsonTool } = generate.writeRequest(request, targetOf(model));
      expect(jsonTool).toBe("json_output");
      expect(body["outputConfig"]).toBeUndefined();
      expect(body["toolConfig"]).toMatchObject({ toolChoice: { tool: { name: "json_output" } } });
    }
    const beside = generate.writeRequest({ ...request, tools: [WEATHER] }, targetOf(NOVA_2));
    expect(beside.body["toolConfig"]).toMatchObject({
      tools: [{ toolSpec: { name: "get_weather" } }, { toolSpec: { name: "json_output" } }],
      toolChoice: { any: {} },
    });
    expect(generate.writeRequest(request, targetOf(CLAUDE, { jsonSchema: "tool" })).jsonTool).toBe("json_output");
    expect(generate.writeRequest({ ...request, responseFormat: { kind: "json" } }, targetOf(CLAUDE)).jsonTool).toBe(
      "json_output",
    );
  });

  test("reasoning is asked for in the words of the model's maker", () => {
    const fieldsOf = (model: string, effort: "high" | "none", quirks = {}) =>
      write(
        foreign([user("x")], {
          maxTokens: 30_000,
          reasoning: { effort, budgetTokens: null, isEnabled: null, isAdaptive: null, show: null },
        }),
        model,
        targetOf(model, quirks),
      );
    expect(fieldsOf(CLAUDE, "high")["additionalModelRequestFields"]).toMatchObject({ thinking: { type: "enabled" } });
    expect(fieldsOf(CLAUDE, "high", { reasoning: "adaptive" })["additionalModelRequestFields"]).toEqual({
      thinking: { type: "adaptive" },
      output_config: { effort: "high" },
    });
    expect(fieldsOf(NOVA_2, "high")).toMatchObject({
      additionalModelRequestFields: { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } },
    });
    // "temperature, topP and maxTokens must be unset"
    expect(fieldsOf(NOVA_2, "high")["inferenceConfig"]).toBeUndefined();
    expect(fieldsOf(NOVA_2, "none")["additionalModelRequestFields"]).toEqual({ reasoningConfig: { type: "disabled" } });
    expect(fieldsOf(GPT_OSS, "high")["additionalModelRequestFields"]).toEqual({ reasoning_effort: "high" });
    expect(fieldsOf("qwen.qwen3-32b-v1:0", "high")["additionalModelRequestFields"]).toEqual({
      reasoning_config: "high",
    });
    expect(() => fieldsOf(LLAMA, "high")).toThrow("reasoning cannot be sent");
    expect(fieldsOf(LLAMA, "none")["additionalModelRequestFields"]).toBeUndefined();
  });

  test("a thinking budget has the model's own room where the caller bounds nothing", () => {
    const reasoning = { effort: "medium", budgetTokens: null, isEnabled: null, isAdaptive: null, show: null } as const;
    const body = write(foreign([user("x")], { reasoning }));
    expect(body["additionalModelRequestFields"]).toEqual({ thinking: { type: "enabled", budget_tokens: 8192 } });
    expect(body["inferenceConfig"]).toBeUndefined();
    const bounded = write(foreign([user("x")], { reasoning, maxTokens: 4096 }));
    const { thinking } = bounded["additionalModelRequestFields"] as { thinking: { budget_tokens: number } };
    expect(thinking.budget_tokens).toBeLessThan(4096);
    expect(bounded["inferenceConfig"]).toEqual({ maxTokens: 4096 });
    // A temperature that the model does not take beside it is named.
    expect(() => write(foreign([user("x")], { reasoning, temperature: 0.2 }))).toThrow("temperature cannot be sent");
  });

  test("other settings are in the model's words, or refused by name", () => {
    const fieldsOf = (model: string, settings: object) =>
      write(foreign([user("x")], settings), model)["additionalModelRequestFields"];
    expect(fieldsOf(CLAUDE, { topK: 5 })).toEqual({ top_k: 5 });
    expect(fieldsOf(NOVA_2, { topK: 5 })).toEqual({ inferenceConfig: { topK: 5 } });
    expect(fieldsOf(GPT_OSS, { seed: 1, frequencyPenalty: 0.5 })).toEqual({ seed: 1, frequency_penalty: 0.5 });
    expect(() => fieldsOf(CLAUDE, { seed: 1 })).toThrow("seed cannot be sent");
    const one = { tools: [WEATHER], parallelToolCalls: false } as const;
    expect(fieldsOf(CLAUDE, one)).toEqual({ tool_choice: { type: "auto", disable_parallel_tool_use: true } });
    expect(fieldsOf(CLAUDE, { ...one, toolChoice: { kind: "required" } })).toEqual({
      tool_choice: { disable_parallel_tool_use: true },
    });
    expect(() => fieldsOf(OLD_CLAUDE, one)).toThrow("parallelToolCalls cannot be sent");
    expect(() => write(foreign([user("x")], { temperature: 1.5 }))).toThrow("at most 1");
    const target = targetOf(CLAUDE, {}, true);
    expect(write(foreign([user("x")], { temperature: 1.5 }), CLAUDE, target)["inferenceConfig"]).toEqual({
      temperature: 1,
    });
    expect(target.dropped).toEqual(["temperature"]);
  });

  test("what a model family refuses is said another way, or refused by name", () => {
    const forced = foreign([user("x")], {
      tools: [WEATHER, { ...WEATHER, name: "other" }],
      toolChoice: { kind: "tool", name: "get_weather" },
    });
    const configOf = (refuses: readonly string[], request = forced) =>
      write(request, LLAMA, targetOf(LLAMA, { refuses }))["toolConfig"];
    expect(configOf(["namedToolChoice"])).toMatchObject({
      tools: [{ toolSpec: { name: "get_weather" } }],
      toolChoice: { any: {} },
    });
    expect(() => configOf(["forcedToolChoice"])).toThrow("toolChoice cannot be sent");
    expect(() => configOf(["tools"])).toThrow("tools cannot be sent");
    const json = foreign([user("x")], { responseFormat: { kind: "json" } });
    expect(configOf(["forcedToolChoice"], json)).toMatchObject({ toolChoice: { auto: {} } });
    expect(configOf(["toolChoice"], json)).not.toHaveProperty("toolChoice");
    const told = foreign([{ role: "system", parts: [{ kind: "text", text: "Be brief" }] }, user("x")]);
    expect(write(told, LLAMA, targetOf(LLAMA, { refuses: ["system"] }))).toEqual({
      messages: [{ role: "user", content: [{ text: "Be brief" }, { text: "x" }] }],
    });
    const both = foreign([user("x")], { temperature: 1, topP: 0.5 });
    const either = targetOf(CLAUDE, { refuses: ["temperature+topP"] });
    expect(write(both, CLAUDE, either)["inferenceConfig"]).toEqual({ topP: 0.5 });
    expect(() => write({ ...both, temperature: 0.5 }, CLAUDE, either)).toThrow("not both");
  });

  test("Claude is asked which stop sequence it was", () => {
    const request = foreign([user("x")], { stop: ["END"] });
    expect(write(request)["additionalModelResponseFieldPaths"]).toEqual(["/stop_sequence"]);
    expect(write({ ...request, isStream: true })["additionalModelResponseFieldPaths"]).toEqual([
      "/delta/stop_sequence",
    ]);
    expect(write(request, NOVA_2)["additionalModelResponseFieldPaths"]).toBeUndefined();
  });

  test("documents have names as Converse allows them, each its own, and a text beside them", () => {
    const file = (name: string | undefined): Part => ({
      kind: "file",
      source: { kind: "data", mediaType: "application/pdf", data: "JVBERg==" },
      ...(name === undefined ? {} : { name }),
    });
    const names = ["Q3_résumé (v2).final.pdf", "a.pdf", "a.txt", "…", undefined];
    const body = write(foreign([user(...names.map(file))]));
    const [{ content }] = body["messages"] as unknown as [
      { content: { document?: { name: string }; text?: string }[] },
    ];
    expect(content.flatMap(({ document }) => document?.name ?? [])).toEqual([
      "Q3-resume (v2)-final",
      "a",
      "a (2)",
      "document",
      "document (2)",
    ]);
    expect(content.at(-1)).toEqual({ text: "See the attached document." });
  });

  test("media goes as bytes or from S3; anything else is refused by its kind", () => {
    const contentOf = (part: Part) =>
      (write(foreign([user("x", part)]))["messages"] as unknown as [{ content: unknown[] }])[0].content[1];
    expect(contentOf({ kind: "image", source: { kind: "data", mediaType: "image/jpg", data: "/9j/" } })).toEqual({
      image: { format: "jpeg", source: { bytes: "/9j/" } },
    });
    expect(contentOf({ kind: "file", source: { kind: "data", mediaType: "application/json", data: "e30=" } })).toEqual({
      document: { name: "document", format: "txt", source: { bytes: "e30=" } },
    });
    expect(contentOf({ kind: "video", source: { kind: "url", url: "s3://example/v.mp4", mediaType: null } })).toEqual({
      video: { format: "mp4", source: { s3Location: { uri: "s3://example/v.mp4" } } },
    });
    for (const part of [
      { kind: "image", source: { kind: "url", url: "https://example.com/a.png", mediaType: null } },
      { kind: "image", source: { kind: "data", mediaType: "image/tiff", data: "" } },
      { kind: "file", source: { kind: "data", mediaType: "application/zip", data: "" } },
      { kind: "image", source: { kind: "file-id", id: "file-1", mediaType: null } },
    ] as const) {
      expect(() => contentOf(part)).toThrow(`${part.kind} cannot be sent`);
    }
  });

  test("only Claude's own signed reasoning goes back, and only to Claude", () => {
    const messages: readonly NeutralMessage[] = [
      user("x"),
      {
        role: "assistant",
        parts: [
          { kind: "reasoning", text: "signed", signature: { owner: "anthropic", data: "c2ln" } },
          { kind: "reasoning", text: "", encrypted: { owner: "anthropic", data: "EtkE" } },
          { kind: "reasoning", text: "foreign", signature: { owner: "openai", data: "gAAA" } },
          { kind: "reasoning", text: "unsigned" },
          { kind: "text", text: "answer" },
        ],
      },
      user("y"),
    ];
    const contentOf = (model: string) =>
      (write(foreign(messages), model)["messages"] as unknown as { content: unknown[] }[])[1]?.content;
    expect(contentOf(CLAUDE)).toEqual([
      { reasoningContent: { reasoningText: { text: "signed", signature: "c2ln" } } },
      { reasoningContent: { redactedContent: Buffer.from("EtkE").toString("base64") } },
      { text: "answer" },
    ]);
    expect(contentOf(NOVA_2)).toEqual([{ text: "answer" }]);
  });

  test("cache hints become cache points where the model has them, with an hour where it has that", () => {
    const hinted = foreign([user({ kind: "text", text: "x", cache: { ttl: "1h" } })], {
      tools: [{ ...WEATHER, cache: { ttl: null } }],
    });
    expect(write(hinted)).toMatchObject({
      messages: [{ content: [{ text: "x" }, { cachePoint: { type: "default", ttl: "1h" } }] }],
      toolConfig: { tools: [{ toolSpec: {} }, { cachePoint: { type: "default" } }] },
    });
    expect(write(hinted, OLD_CLAUDE)["messages"]).toEqual([
      { role: "user", content: [{ text: "x" }, { cachePoint: { type: "default" } }] },
    ]);
    const target = targetOf(LLAMA);
    expect(JSON.stringify(write(hinted, LLAMA, target))).not.toContain("cachePoint");
    expect(target.dropped).toEqual(["cache"]);
    expect(write(foreign([user("x")], { cache: { ttl: null } }))["messages"]).toEqual([
      { role: "user", content: [{ text: "x" }, { cachePoint: { type: "default" } }] },
    ]);
  });

  test("ids that Converse refuses are said in its form, the same for call and result", () => {
    const id = "fc_1|functions.get_weather:0";
    const body = write(
      foreign([
        user("x"),
        { role: "assistant", parts: [{ ...CALL, id }] },
        { role: "tool", parts: [{ ...RESULT, callId: id }] },
      ]),
    );
    const [, call, result] = body["messages"] as unknown as [
      unknown,
      { content: [{ toolUse: { toolUseId: string } }] },
      { content: [{ toolResult: { toolUseId: string } }] },
    ];
    expect(call.content[0].toolUse.toolUseId).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(result.content[0].toolResult.toolUseId).toBe(call.content[0].toolUse.toolUseId);
  });

  test("arguments that are no object, errors and empty results are still sent", () => {
    const body = write(
      foreign([
        user("x"),
        { role: "assistant", parts: [{ ...CALL, arguments: "{broken" }] },
        { role: "tool", parts: [{ ...RESULT, content: [], isError: true }] },
      ]),
    );
    expect(body["messages"]).toMatchObject([
      {},
      { content: [{ toolUse: { input: { input: "{broken" } } }] },
      { content: [{ toolResult: { content: [{ text: "(no output)" }], status: "error" } }] },
    ]);
  });

  test("tier and metadata go along where Bedrock has them, as hints", () => {
    expect(write(foreign([user("x")], { serviceTier: "priority", metadata: { a: "b" } }))).toMatchObject({
      serviceTier: { type: "priority" },
      requestMetadata: { a: "b" },
    });
    const target = targetOf(CLAUDE);
    const body = write(foreign([user("x")], { serviceTier: "scale", metadata: { a: 1 } }), CLAUDE, target);
    expect(body["serviceTier"] ?? body["requestMetadata"]).toBeUndefined();
    expect(target.dropped).toEqual(["metadata", "serviceTier"]);
  });
});

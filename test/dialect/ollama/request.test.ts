import { describe, expect, test } from "bun:test";
import type { NeutralRequest, NeutralTool, ReasoningSettings } from "../../../src/dialect/neutral.ts";
import { ollama } from "../../../src/dialect/ollama/dialect.ts";
import { GatewayError } from "../../../src/errors.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { foreignRequest, makeTarget, readRequest } from "./fixtures.ts";

const HELLO = [{ role: "user", content: "Hello" }];
const PNG = "iVBORw0KGgoAAAA=";

function errorOf(body: JsonObject, name?: string): GatewayError {
  try {
    readRequest(body, name);
  } catch (error) {
    return GatewayError.from(error);
  }
  throw new Error("expected a refusal, got none");
}

describe("a request of Ollama's", () => {
  test("has its settings in options, and the rest of them by name", () => {
    const request = readRequest({
      model: "m",
      messages: HELLO,
      keep_alive: "5m",
      logprobs: true,
      top_logprobs: 2,
      options: {
        num_predict: 9,
        temperature: 0.5,
        top_p: 0.9,
        top_k: 40,
        min_p: 0.05,
        seed: 7,
        stop: "END",
        repeat_penalty: 1.1,
        presence_penalty: 0.2,
        frequency_penalty: 0.3,
        num_ctx: 8192,
        mirostat: 1,
      },
    });
    expect(request).toMatchObject({
      maxTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      seed: 7,
      stop: ["END"],
      repetitionPenalty: 1.1,
      presencePenalty: 0.2,
      frequencyPenalty: 0.3,
      logprobs: true,
      topLogprobs: 2,
      extra: { keep_alive: "5m", "options.num_ctx": 8192, "options.mirostat": 1 },
    });
    expect(ollama.extraHints.has("options.num_ctx")).toBe(true);
    expect(ollama.extraHints.has("options.mirostat")).toBe(false);
  });

  test("may write as long as it likes", () => {
    const request = readRequest({ model: "m", messages: HELLO, options: { num_predict: -1 } });
    expect(request.maxTokens).toBeNull();
    expect(request.extra).toEqual({ "options.num_predict": -1 });
  });

  test.each<[JsonObject[string], object | null]>([
    [true, { isEnabled: true, effort: null }],
    [false, { isEnabled: false, effort: null }],
    ["low", { isEnabled: null, effort: "low" }],
    [null, null],
  ])("thinks %p", (think, expected) => {
    const { reasoning } = readRequest({ model: "m", messages: HELLO, think });
    if (expected === null) expect(reasoning).toBeNull();
    else expect(reasoning).toMatchObject(expected);
  });

  test("matches results to calls without ids by name, in order", () => {
    const call = (name: string, city: string) => ({ function: { name, arguments: { city } } });
    const { messages } = readRequest({
      model: "m",
      messages: [
        ...HELLO,
        { role: "assistant", content: "", tool_calls: [call("a", "x"), call("b", "y"), call("a", "z")] },
        { role: "tool", tool_name: "b", content: "1" },
        { role: "tool", tool_name: "a", content: "2" },
        { role: "tool", content: "3" },
        { role: "assistant", content: "", tool_calls: [{ id: "own", ...call("a", "x") }] },
        { role: "tool", tool_call_id: "own", content: "4" },
      ],
    });
    const ids = messages.flatMap(({ parts }) =>
      parts.flatMap((part) =>
        part.kind === "tool-call" ? [part.id] : part.kind === "tool-result" ? [part.callId] : [],
      ),
    );
    expect(ids).toEqual(["call_1", "call_2", "call_3", "call_2", "call_1", "call_3", "own", "own"]);
  });

  test("tells an image's kind from its first bytes", () => {
    const images = [PNG, "/9j/4AAQ", "R0lGODlh", "UklGRgAA", "AAAA"];
    const { messages } = readRequest({ model: "m", messages: [{ role: "user", content: "See", images }] });
    expect(messages[0]?.parts.slice(1)).toMatchObject(
      ["image/png", "image/jpeg", "image/gif", "image/webp", "image/png"].map((mediaType) => ({
        source: { mediaType },
      })),
    );
  });

  test("of /api/generate is a conversation of one prompt", () => {
    const request = readRequest(
      { model: "m", prompt: "Hello", system: "Be brief.", images: [PNG], raw: false, context: [], suffix: "end" },
      "ollama.generate",
    );
    expect(request.messages).toMatchObject([
      { role: "system", parts: [{ text: "Be brief." }] },
      { role: "user", parts: [{ text: "Hello" }, { kind: "image" }] },
    ]);
    // What is empty says nothing; the rest no other API can say.
    expect(request.extra).toEqual({ suffix: "end" });
    expect(ollama.extraHints.has("suffix")).toBe(false);
  });

  test.each<[JsonObject, string, string]>([
    [{}, "messages", "ollama.chat"],
    [{ messages: [] }, "messages", "ollama.chat"],
    [{ messages: [3] }, "messages.0", "ollama.chat"],
    [{ messages: [{ role: "king", content: "x" }] }, "messages.0.role", "ollama.chat"],
    [{ messages: [{ role: "user", content: [] }] }, "messages.0.content", "ollama.chat"],
    [{ messages: HELLO, tools: {} }, "tools", "ollama.chat"],
    [{ messages: HELLO, tools: [{ type: "function" }] }, "tools.0", "ollama.chat"],
    [{ messages: HELLO, format: "xml" }, "format", "ollama.chat"],
    [{ messages: HELLO, think: "hard" }, "think", "ollama.chat"],
    [{ messages: HELLO, options: [] }, "options", "ollama.chat"],
    [{ messages: HELLO, options: { temperature: "hot" } }, "options.temperature", "ollama.chat"],
    [{}, "prompt", "ollama.generate"],
  ])("is refused where it is none: %j", (body, param, name) => {
    const error = errorOf(body, name);
    expect(error.code).toBe("invalid_request");
    expect(error.options.param).toBe(param);
  });
});

describe("a request for Ollama", () => {
  const write = (parts: Partial<NeutralRequest>, target = makeTarget()): JsonObject =>
    ollama.generate.writeRequest(foreignRequest(parts), target).body;
  const tool = (name: string): NeutralTool => ({
    kind: "function",
    name,
    description: "d",
    parameters: null,
    isStrict: null,
  });
  const tools = [tool("look"), tool("leap")];
  const namesOf = (body: JsonObject): unknown =>
    (body["tools"] as { function: { name: string } }[] | undefined)?.map(({ function: { name } }) => name);

  test("always says whether it streams, which is the default there", () => {
    expect(write({})["stream"]).toBe(false);
    expect(write({ isStream: true })["stream"]).toBe(true);
  });

  test("chooses tools by the list of them, and cannot force one", () => {
    expect(namesOf(write({ tools, toolChoice: { kind: "auto" } }))).toEqual(["look", "leap"]);
    expect(namesOf(write({ tools, toolChoice: { kind: "none" } }))).toBeUndefined();
    expect(namesOf(write({ tools, toolChoice: { kind: "allowed", names: ["leap"], isRequired: false } }))).toEqual([
      "leap",
    ]);
    expect(() => write({ tools, toolChoice: { kind: "required" } })).toThrow("cannot make the model call");
    const target = makeTarget({}, true);
    expect(namesOf(write({ tools, toolChoice: { kind: "tool", name: "leap" } }, target))).toEqual(["leap"]);
    expect(target.dropped).toEqual(["toolChoice"]);
  });

  const reasoning = (some: Partial<ReasoningSettings>): ReasoningSettings => ({
    effort: null,
    budgetTokens: null,
    isEnabled: null,
    isAdaptive: null,
    show: null,
    ...some,
  });
  test.each<[Partial<ReasoningSettings>, unknown]>([
    [{ effort: "none" }, false],
    [{ effort: "minimal" }, "low"],
    [{ effort: "xhigh" }, "high"],
    [{ budgetTokens: 0 }, false],
    [{ budgetTokens: 9000 }, "medium"],
    [{ budgetTokens: -1 }, true],
    [{ isEnabled: true }, true],
    [{ isEnabled: false }, false],
    [{ show: "none" }, undefined],
  ])("asks for reasoning %j", (some, expected) => {
    expect(write({ reasoning: reasoning(some) })["think"]).toEqual(expected as never);
  });

  test("says a format as a word or as a schema, or through a tool where the model has no other way", () => {
    const schema = { type: "object" };
    const responseFormat = { kind: "json-schema", name: "x", description: null, schema, isStrict: null } as const;
    expect(write({ responseFormat: { kind: "json" } })["format"]).toBe("json");
    expect(write({ responseFormat })["format"]).toEqual(schema);
    const written = ollama.generate.writeRequest(
      foreignRequest({ responseFormat }),
      makeTarget({ jsonSchema: "tool" }),
    );
    expect(written.jsonTool).toBe("json_output");
    expect(namesOf(written.body)).toEqual(["json_output"]);
  });

  test("has arguments as objects, names of tools with their results, and texts in one", () => {
    const body = write({
      messages: [
        { role: "developer", parts: [{ kind: "text", text: "Be brief." }] },
        {
          role: "user",
          parts: [
            { kind: "text", text: "One" },
            { kind: "text", text: "Two" },
            { kind: "image", source: { kind: "data", mediaType: "image/png", data: PNG } },
          ],
        },
        {
          role: "assistant",
          parts: [
            { kind: "reasoning", text: "Hm." },
            { kind: "text", text: "Cut in" },
            { kind: "text", text: " two." },
            { kind: "tool-call", id: "toolu_1", name: "look", arguments: '{"a":1}' },
            { kind: "tool-call", id: "toolu_2", name: "say", arguments: "plain", isCustom: true },
          ],
        },
        {
          role: "tool",
          parts: [{ kind: "tool-result", callId: "toolu_1", content: [{ kind: "text", text: "found" }] }],
        },
      ],
    });
    expect(body["messages"]).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "One\nTwo", images: [PNG] },
      {
        role: "assistant",
        content: "Cut in two.",
        thinking: "Hm.",
        tool_calls: [
          { id: "toolu_1", type: "function", function: { name: "look", arguments: { a: 1 } } },
          { id: "toolu_2", type: "function", function: { name: "say", arguments: { input: "plain" } } },
        ],
      },
      { role: "tool", content: "found", tool_name: "look", tool_call_id: "toolu_1" },
    ]);
  });

  test("is the caller's own words where the caller speaks Ollama", () => {
    const chat = {
      model: "qwen3",
      messages: [
        { role: "user", content: "Hello", images: [PNG] },
        { role: "assistant", content: "", thinking: "Hm.", tool_calls: [{ function: { name: "a", arguments: {} } }] },
        { role: "tool", tool_name: "a", content: "1" },
      ],
      stream: true,
      format: "",
      think: "low",
      keep_alive: 0,
      options: { num_ctx: 4096, temperature: 0 },
    };
    expect(ollama.generate.writeRequest(readRequest(chat), makeTarget()).body).toEqual(chat);
    const prompt = { model: "qwen3", prompt: "Hello", system: "", raw: true, stream: false, options: {}, suffix: "x" };
    const read = { ...readRequest(prompt, "ollama.generate"), isStream: false };
    expect(ollama.generate.writeRequest(read, makeTarget()).body).toEqual(prompt);
  });
});

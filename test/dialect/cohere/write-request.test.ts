import { describe, expect, test } from "bun:test";
import { cohere } from "../../../src/dialect/cohere/dialect.ts";
import type { NeutralRequest, NeutralTool, ReasoningSettings } from "../../../src/dialect/neutral.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { foreignRequest, makeTarget, readRequest } from "./fixtures.ts";

function write(parts: Partial<NeutralRequest>, target = makeTarget()): JsonObject {
  return cohere.generate.writeRequest(foreignRequest(parts), target).body;
}

const tool = (name: string, isStrict: boolean | null = null, required: string[] = []): NeutralTool => ({
  kind: "function",
  name,
  description: null,
  parameters: { type: "object", required },
  isStrict,
});
const TOOLS = [tool("look"), tool("leap")];
const namesOf = (body: JsonObject): unknown =>
  (body["tools"] as { function: { name: string } }[] | undefined)?.map(({ function: { name } }) => name);

describe("a request for Cohere", () => {
  test.each<[NeutralRequest["toolChoice"], unknown, unknown]>([
    [null, undefined, ["look", "leap"]],
    [{ kind: "auto" }, undefined, ["look", "leap"]],
    [{ kind: "none" }, "NONE", ["look", "leap"]],
    [{ kind: "required" }, "REQUIRED", ["look", "leap"]],
    [{ kind: "tool", name: "leap" }, "REQUIRED", ["leap"]],
    [{ kind: "allowed", names: ["look"], isRequired: false }, undefined, ["look"]],
    [{ kind: "allowed", names: ["look"], isRequired: true }, "REQUIRED", ["look"]],
  ])("says the choice of tools %j", (toolChoice, expected, names) => {
    const body = write({ tools: TOOLS, toolChoice });
    expect(body["tool_choice"]).toEqual(expected as never);
    expect(namesOf(body)).toEqual(names);
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
    [{ effort: "none" }, { type: "disabled" }],
    [{ isEnabled: false }, { type: "disabled" }],
    [{ budgetTokens: 0 }, { type: "disabled" }],
    [{ effort: "low" }, { type: "enabled", token_budget: 1024 }],
    [{ effort: "high" }, { type: "enabled" }],
    [{ budgetTokens: 300 }, { type: "enabled", token_budget: 300 }],
    [{ budgetTokens: -1 }, { type: "enabled" }],
    [{ isAdaptive: true }, { type: "enabled" }],
    [{ show: "none" }, undefined],
  ])("asks for reasoning %j", (some, expected) => {
    expect(write({ reasoning: reasoning(some) })["thinking"]).toEqual(expected as never);
  });

  test("keeps its bounds: clamps what means the same, refuses the rest, or cuts it where that is allowed", () => {
    expect(write({ topP: 1 })["p"]).toBe(0.99);
    expect(() => write({ topK: 501 })).toThrow("at most 500");
    expect(() => write({ frequencyPenalty: -1 })).toThrow("0 … 1");
    expect(() => write({ stop: ["1", "2", "3", "4", "5", "6"] })).toThrow("at most 5");
    const target = makeTarget({}, true);
    expect(write({ topK: 501, presencePenalty: 2, stop: ["1", "2", "3", "4", "5", "6"] }, target)).toMatchObject({
      k: 500,
      presence_penalty: 1,
      stop_sequences: ["1", "2", "3", "4", "5"],
    });
    expect(target.dropped).toEqual(["topK", "presencePenalty", "stop"]);
  });

  test("is strict for all tools or for none, and only where each needs an argument", () => {
    expect(write({ tools: [tool("a", true, ["x"]), tool("b", true, ["y"])] })["strict_tools"]).toBe(true);
    expect(write({ tools: [tool("a", true, ["x"]), tool("b", false)] })["strict_tools"]).toBeUndefined();
    const target = makeTarget();
    expect(write({ tools: [tool("a", true)] }, target)["strict_tools"]).toBeUndefined();
    expect(target.dropped).toEqual(["strict"]);
  });

  const schema = { type: "object", properties: { a: { type: "string" } } };
  const responseFormat = { kind: "json-schema", name: "x", description: null, schema, isStrict: null } as const;

  test("gives a schema in its own field, and through a tool where tools or documents forbid that", () => {
    expect(write({ responseFormat })["response_format"]).toEqual({ type: "json_object", json_schema: schema });
    const { body, jsonTool } = cohere.generate.writeRequest(
      foreignRequest({ responseFormat, tools: TOOLS }),
      makeTarget(),
    );
    expect(jsonTool).toBe("json_output");
    expect(body["response_format"]).toBeUndefined();
    expect(body["tool_choice"]).toBe("REQUIRED");
    expect(namesOf(body)).toEqual(["look", "leap", "json_output"]);
    expect(() => write({ responseFormat: { kind: "json" }, tools: TOOLS })).toThrow("JSON mode");
  });

  test("lifts text files out of messages as documents with ids", () => {
    const file = {
      kind: "file",
      source: { kind: "data", mediaType: "text/plain", data: Buffer.from("It was Ann.").toString("base64") },
      name: "Facts",
    } as const;
    const body = write({ messages: [{ role: "user", parts: [file, { kind: "text", text: "Who?" }] }] });
    expect(body["documents"]).toEqual([{ id: "doc:0", data: { title: "Facts", text: "It was Ann." } }]);
    expect(body["messages"]).toEqual([{ role: "user", content: "Who?" }]);
  });

  test("writes a summary next to tool calls as their plan, and other reasoning as thinking", () => {
    const call = { kind: "tool-call", id: "c1", name: "look", arguments: "{}" } as const;
    const summary = { kind: "reasoning", text: "I will look.", isSummary: true } as const;
    const body = write({
      messages: [
        { role: "assistant", parts: [summary, call] },
        { role: "tool", parts: [{ kind: "tool-result", callId: "c1", content: [{ kind: "text", text: "x" }] }] },
        { role: "assistant", parts: [summary, { kind: "text", text: "Done." }] },
      ],
    });
    expect(body["messages"]).toEqual([
      {
        role: "assistant",
        tool_plan: "I will look.",
        tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c1", content: "x" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "I will look." },
          { type: "text", text: "Done." },
        ],
      },
    ]);
  });

  test("is the caller's own words where the caller speaks Cohere", () => {
    const body = {
      model: "command-a",
      stream: false,
      messages: [
        { role: "system", content: [{ type: "text", text: "Be brief." }] },
        { role: "user", content: "Who?" },
        { role: "assistant", content: null, tool_plan: "Look.", tool_calls: [], citations: [] },
        {
          role: "tool",
          tool_call_id: "c1",
          content: [
            { type: "document", document: { id: "d1", data: { degrees: 21 } } },
            { type: "document", document: { data: "noon" } },
          ],
        },
      ],
      documents: ["plain", { id: "d", data: { text: "t", year: 1999 } }],
      citation_options: { mode: "ACCURATE" },
      raw_prompting: true,
      p: 1,
      thinking: { type: "enabled", token_budget: 5 },
    };
    expect(write(readRequest(body))).toEqual(body);
  });
});

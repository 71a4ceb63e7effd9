import { describe, expect, test } from "bun:test";
import { isOnlyToolForced } from "../../src/dialect/forced-tool.ts";
import { fitRequest } from "../../src/dialect/fit-request.ts";
import { anthropicMessages } from "../../src/dialect/anthropic-messages/dialect.ts";
import { gemini } from "../../src/dialect/gemini/dialect.ts";
import { NO_SETTINGS, type NeutralRequest, type NeutralTool, type ToolChoice } from "../../src/dialect/neutral.ts";
import { Target } from "../../src/dialect/target.ts";
import { NO_QUIRKS } from "../../src/config/compile-surfaces.ts";

function toolOf(name: string): NeutralTool {
  return { kind: "function", name, description: null, parameters: { type: "object" }, isStrict: null };
}

function requestOf(names: readonly string[], toolChoice: ToolChoice): NeutralRequest {
  return {
    ...NO_SETTINGS,
    dialect: "anthropic-messages",
    model: "m",
    isStream: false,
    wantsStreamUsage: true,
    messages: [{ role: "user", parts: [{ kind: "text", text: "x" }] }],
    tools: names.map(toolOf),
    toolChoice,
    parallelToolCalls: false,
    extra: null,
  };
}

function fit(request: NeutralRequest): readonly string[] {
  const target = new Target("m", NO_QUIRKS, false, (setting) => setting);
  fitRequest(request, anthropicMessages, gemini, target);
  return target.dropped;
}

describe("one call at a time, where the target has no word for it", () => {
  test("is a hint when the only tool is forced: that is one call", () => {
    expect(isOnlyToolForced(requestOf(["json"], { kind: "required" }))).toBe(true);
    expect(fit(requestOf(["json"], { kind: "required" }))).toEqual(["parallelToolCalls"]);
    expect(fit(requestOf(["json"], { kind: "tool", name: "json" }))).toEqual(["parallelToolCalls"]);
  });

  test("is refused when the model may call as it likes, or has a choice", () => {
    expect(() => fit(requestOf(["json"], { kind: "auto" }))).toThrow("parallelToolCalls");
    expect(() => fit(requestOf(["f", "g"], { kind: "required" }))).toThrow("parallelToolCalls");
  });
});

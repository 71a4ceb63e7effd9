import { describe, expect, test } from "bun:test";
import type { ProviderRow } from "../../src/provider/describe.ts";
import { runCli } from "./run-cli.ts";

describe("providers", () => {
  test("lists all of them, a line each: dialects in order, the key's variable, the base URL", async () => {
    const { code, out, err } = await runCli(["providers"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [header = "", ...lines] = out.trimEnd().split("\n");
    expect(header.split(/ {2,}/)).toEqual(["PROVIDER", "DIALECTS", "KEY FROM", "BASE URL"]);
    const rows = new Map(lines.map((line) => [line.split(" ", 1)[0], line.split(/ {2,}/)]));
    expect(rows.get("groq")).toEqual([
      "groq",
      "openai-chat,openai-responses",
      "GROQ_API_KEY",
      "https://api.groq.com/openai/v1",
    ]);
    expect(rows.get("openai-compatible")).toEqual(["openai-compatible", "openai-chat", "-", "(base_url)"]);
    expect(rows.has("demo")).toBe(false);
  });

  test("says of one what its entry may need, what it serves of each dialect, and where that comes from", async () => {
    const { code, out } = await runCli(["providers", "azure"]);
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines[0]).toBe("azure (Azure OpenAI)");
    expect(lines).toContain("  base URL     the config's base_url, or AZURE_OPENAI_ENDPOINT");
    expect(lines).toContain("  key          AZURE_OPENAI_API_KEY (optional)");
    expect(lines).toContain("  api_version  OPENAI_API_VERSION, AZURE_OPENAI_API_VERSION, 2024-10-21 by default");
    expect(lines).toContain("  speaks       openai-responses: responses");
    expect(lines).toContain("  source       https://learn.microsoft.com/azure/ai-foundry/openai/reference");
    const bedrock = (await runCli(["providers", "bedrock"])).out;
    expect(bedrock).toContain("  speaks       bedrock-converse: all of it\n");
    expect(bedrock).toContain("  speaks       openai-chat: chat.completions (some models)\n");
  });

  test("gives the same as JSON", async () => {
    const { out } = await runCli(["providers", "groq", "--json"]);
    const rows = JSON.parse(out) as readonly ProviderRow[];
    expect(rows.map(({ id, keyEnv }) => [id, keyEnv])).toEqual([["groq", ["GROQ_API_KEY"]]]);
    expect(rows[0]?.endpoints.find(({ dialect }) => dialect === "openai-responses")).toEqual({
      dialect: "openai-responses",
      names: ["responses"],
      isForSomeModels: false,
    });
  });

  test("names what is near an id that nobody has", async () => {
    const { code, err } = await runCli(["providers", "grok"]);
    expect(code).not.toBe(0);
    expect(err).toContain('unknown provider "grok"');
    expect(err).toContain("groq");
  });
});

import { expect, test } from "bun:test";
import { createProvidersPage } from "../../../deploy/reference/providers-page.ts";
import { PROVIDERS } from "../../../src/provider/registry.gen.ts";

const PAGE = createProvidersPage();
const IDS = [...PROVIDERS.values()].filter(({ isEmbedded }) => isEmbedded !== true).map(({ id }) => id);

/** The part of the page that speaks of one provider. */
function sectionOf(id: string): string {
  const from = PAGE.indexOf(`\n### ${id}\n`);
  const to = PAGE.indexOf("\n### ", from + 1);
  return PAGE.slice(from, to === -1 ? undefined : to);
}

test("every provider has a row and a section, and the row leads to the section", () => {
  for (const id of IDS) {
    expect(PAGE.split(`| [\`${id}\`](#${id}) |`)).toHaveLength(2);
    expect(PAGE.split(`\n### ${id}\n`)).toHaveLength(2);
  }
});

test("no cell is empty, and no tag of HTML hides a word", () => {
  for (const row of PAGE.split("\n").filter((line) => line.startsWith("|"))) expect(row).not.toMatch(/\|\s*\|/);
  const prose = PAGE.replaceAll(/`[^`\n]*`/g, "").replaceAll(/<!--.*?-->/g, "");
  expect(prose).not.toMatch(/<[a-z/]/i);
});

test("a section says where, with which key, what it speaks in order, and where that comes from", () => {
  const groq = sectionOf("groq");
  expect(groq).toContain(
    "- Base URL: `https://api.groq.com/openai/v1`\n- Key: `GROQ_API_KEY`\n- openai-chat: chat.completions,",
  );
  expect(groq.indexOf("- openai-chat:")).toBeLessThan(groq.indexOf("- openai-responses:"));
  expect(groq).toContain("[console.groq.com](https://console.groq.com/docs/openai)");
  const bedrock = sectionOf("bedrock");
  expect(bedrock).toContain(
    "(optional)\n- `region`: `AWS_REGION`, `AWS_DEFAULT_REGION`\n- bedrock-converse: all of it\n",
  );
  expect(bedrock).toContain("- openai-chat (some models): chat.completions");
  expect(sectionOf("azure")).toContain("- Base URL: the config's `base_url`, or `AZURE_OPENAI_ENDPOINT`");
});

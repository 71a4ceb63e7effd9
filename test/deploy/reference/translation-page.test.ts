import { expect, test } from "bun:test";
import { createTranslationPage } from "../../../deploy/reference/translation-page.ts";
import { DIALECTS } from "../../../src/dialect/dialects.ts";

const PAGE = createTranslationPage();
const IDS = [...DIALECTS.keys()];

test("every pair of dialects is there", () => {
  for (const from of IDS) {
    const start = PAGE.indexOf(`\n### From ${from}\n`);
    const end = PAGE.indexOf("\n#", start + 2);
    const section = PAGE.slice(start, end);
    const targets = [...section.matchAll(/^- to \*\*([a-z-]+)\*\*/gm)].map(([, to]) => to);
    expect(targets).toEqual(IDS.filter((id) => id !== from));
  }
});

test("a row gives a setting's name in each, and says what becomes of it where there is none", () => {
  const row = PAGE.split("\n").find((line) => line.startsWith("| `top_k`"));
  expect(row?.split("|").map((cell) => cell.trim())).toEqual([
    "",
    "`top_k`\\*",
    "refused",
    "`top_k`",
    "`generationConfig.topK`",
    "`additionalModelRequestFields.top_k`\\*",
    "`k`\\*",
    "`options.top_k`",
    "",
  ]);
});

test("no cell is empty, and every mark has its note", () => {
  for (const line of PAGE.split("\n").filter((text) => text.startsWith("|"))) expect(line).not.toMatch(/\|\s*\|/);
  const marked = new Set([...PAGE.matchAll(/`([^`]+)`\\\*/g)].map(([, name]) => name));
  const noted = new Set([...PAGE.matchAll(/^ {2}- `([^`]+)`: /gm)].map(([, name]) => name));
  expect(marked.size).toBeGreaterThan(0);
  expect([...marked].filter((name) => !noted.has(name))).toEqual([]);
});

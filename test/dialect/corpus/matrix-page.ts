/** The page of the docs that says how well each dialect is carried into each other, by the recorded corpus. */
import type { DialectId } from "../../../src/dialect/neutral.ts";
import { ALLOWANCES } from "./allowances.ts";
import type { GoldenResult } from "./goldens.ts";
import type { Golden } from "./read-goldens.ts";
import type { Cell, Subject, Tally } from "./tally.ts";

/** Misses listed for one pair. */
const MAX_ROWS = 400;

export function writeMatrixPage(
  tally: Tally,
  goldens: readonly GoldenResult[],
  dialects: readonly DialectId[],
): string {
  return [
    "# How well dialects are carried into each other",
    "",
    "Written by `bun test/dialect/corpus/report.ts --write`; do not edit. Measured with thousands of recorded exchanges of real",
    "providers against a reading of each API that is independent of the gateway's own. `passed / total` counts records.",
    "",
    "## Within a dialect",
    "",
    "*read*: no throw. *true*: what the reader says is what the independent reading says. *equal*: written back, it is the recorded",
    "JSON but for the fields listed below. *usage*: every count. *order*, *chunkings* (streams): events come in the promised order,",
    "and the same in six chunkings.",
    "",
    ...ownTable(tally, dialects),
    "## Answers and streams into another dialect",
    "",
    "Written there and read back, by the independent reading and by ours: text, tool calls with their arguments as JSON, reasoning,",
    "refusal, finish and usage are compared. Rows: the provider's dialect; columns: the caller's.",
    "",
    ...pairTable(tally, dialects, ["answer", "stream"]),
    "## Requests into another dialect",
    "",
    "System text, messages, tool calls and results, media and tools are compared. Rows: the caller's dialect; columns: the provider's.",
    "",
    ...pairTable(tally, dialects, ["request"]),
    "## Errors",
    "",
    "Message and code are compared. Rows: the provider's dialect; columns: the caller's.",
    "",
    ...pairTable(tally, dialects, ["error"]),
    "## Embeddings and token counts",
    "",
    ...pairTable(tally, dialects, ["embed", "count"]),
    "## Misses",
    "",
    ...missTable(tally),
    "## What a dialect has no place for",
    "",
    "Not counted as missed: the target's API cannot say it. In requests it is refused, or left out and named.",
    "",
    "| target and what it cannot say | records |",
    "|---|---|",
    ...[...tally.losses].toSorted(([, a], [, b]) => b - a).map(([what, count]) => `| ${escape(what)} | ${count} |`),
    "",
    "## Fields that may differ when written back in the same dialect",
    "",
    "| dialect | of | field | reason |",
    "|---|---|---|---|",
    "| all | request | null, empty lists, `stream: false`, one text as a list | absent means the same |",
    "| all | stream | null | a chunk's null says what its absence says |",
    ...dialects.flatMap((id) =>
      ALLOWANCES[id].map(
        ({ subject, path, reason }) => `| ${id} | ${subject} | \`${escape(path.source)}\` | ${escape(reason)} |`,
      ),
    ),
    "",
    "## Goldens",
    "",
    "Translations by another translator that was tested with the live APIs, field by field. Not counted are fields that are",
    "neither the caller's words nor the model's (defaults, made-up names and ids).",
    "",
    ...goldenTables(goldens),
    "## Records that were not checked",
    "",
    "| reason | records |",
    "|---|---|",
    ...[...tally.skipped].map(([reason, count]) => `| ${escape(reason)} | ${count} |`),
    "",
  ].join("\n");
}

function ownTable(tally: Tally, dialects: readonly DialectId[]): string[] {
  const kinds = ["read", "honest", "same", "usage", "order", "chunkings"] as const;
  return [
    "| dialect | read | true | equal | usage | order | chunkings |",
    "|---|---|---|---|---|---|---|",
    ...dialects.map((id) => {
      const cells = kinds.map((kind) => show(tally.sum((cell) => cell.kind === kind && cell.from === id)));
      return `| ${id} | ${cells.join(" | ")} |`;
    }),
    "",
  ];
}

function pairTable(tally: Tally, dialects: readonly DialectId[], subjects: readonly Subject[]): string[] {
  const isIn = (cell: Cell): boolean => cell.kind === "across" && subjects.includes(cell.subject);
  const rows = dialects.filter((from) => tally.sum((cell) => isIn(cell) && cell.from === from).total > 0);
  return [
    `| from | ${dialects.join(" | ")} |`,
    `|---|${dialects.map(() => "---|").join("")}`,
    ...rows.map((from) => {
      const cells = dialects.map((to) => show(tally.sum((cell) => isIn(cell) && cell.from === from && cell.to === to)));
      return `| ${from} | ${cells.join(" | ")} |`;
    }),
    "",
  ];
}

function show({ passed, total }: { readonly passed: number; readonly total: number }): string {
  return total === 0 ? "–" : `${passed} / ${total}`;
}

function missTable(tally: Tally): string[] {
  const rows = tally.misses.slice(0, MAX_ROWS).map(({ subject, kind, from, to, reason, count, examples }) => {
    const record = (examples[0] ?? "").split("#")[0] ?? "";
    return `| ${from === to ? from : `${from} → ${to}`} | ${subject}, ${kind} | ${escape(reason)} | ${count} | \`${escape(record)}\` |`;
  });
  return ["| dialects | check | what came of it | records | for instance |", "|---|---|---|---|---|", ...rows, ""];
}

function goldenTables(goldens: readonly GoldenResult[]): string[] {
  const kinds: readonly Golden["kind"][] = ["request", "response", "stream", "unsupported"];
  const rows = kinds.map((kind) => {
    const those = goldens.filter(({ golden }) => golden.kind === kind);
    const count = (of: (result: GoldenResult) => number): number => those.reduce((sum, result) => sum + of(result), 0);
    const [equal, total] = [count((one) => one.equal), count((one) => one.total)];
    const share = total === 0 ? "–" : `${((100 * equal) / total).toFixed(1)} %`;
    return `| ${kind} | ${those.length} | ${equal} / ${total} | ${share} | ${count((one) => one.justified.length)} | ${count((one) => one.misses.length)} |`;
  });
  return [
    "| kind | goldens | fields equal | share | other for a reason | other without one |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    "Without a reason:",
    "",
    ...goldens.flatMap(({ golden, misses }) =>
      misses.map((miss) => `- ${golden.name}, ${golden.from} → ${golden.to}: ${escape(miss)}`),
    ),
    "",
    ...reasonTable(
      "For a reason",
      goldens.flatMap(({ golden, justified }) => justified.map((one) => `${golden.kind}: ${reasonOf(one)}`)),
    ),
    ...reasonTable(
      "Not counted",
      goldens.flatMap(({ golden, ignored }) => ignored.map((one) => `${golden.kind}: ${reasonOf(one)}`)),
    ),
  ];
}

/** Of "path: reason". */
function reasonOf(line: string): string {
  return line.slice(line.indexOf(": ") + 2);
}

function reasonTable(title: string, reasons: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [
    `| ${title} | fields |`,
    "|---|---|",
    ...[...counts].toSorted(([, a], [, b]) => b - a).map(([reason, count]) => `| ${escape(reason)} | ${count} |`),
    "",
  ];
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;");
}

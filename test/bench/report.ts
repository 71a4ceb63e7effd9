/** Writes what was measured: a table for people (Markdown) and everything for machines (JSON). */
import type { FigureBook } from "./figure-book.ts";
import { judgeTargets } from "./targets.ts";

export type RunFacts = {
  readonly startedAt: string;
  readonly durationS: number;
  readonly isQuick: boolean;
  readonly machine: string;
  /** What was compared, and what could not be and why. */
  readonly subjects: readonly { readonly name: string; readonly version: string; readonly description: string }[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  readonly notes: readonly string[];
};

const LANES = [
  "llmux tcp",
  "llmux unix",
  "llmux-routed tcp",
  "llmux-routed unix",
  "llmux-before tcp",
  "llmux-before unix",
  "nginx tcp",
  "nginx unix",
  "haproxy tcp",
  "haproxy unix",
  "bare tcp",
  "bare unix",
  "portkey tcp",
  "direct tcp",
  "direct unix",
];

/** Measures whose ratio to nginx means something; differences of small times and the harness's shares do not. */
const COMPARED = /^(cpu-per-\w+|saturated[\w ]*|resident .*)$/;

function formatNumber(value: number): string {
  const magnitude = Math.abs(value);
  const digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 0.1 ? 2 : 3;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** What a program said, fit for a list: without colours, on one line, not too long. */
function toOneLine(text: string): string {
  return Bun.stripANSI(text).replaceAll(/\s+/g, " ").slice(0, 400);
}

function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map((_, index) => (index === 0 ? "---" : "---:")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function renderFigures(book: FigureBook, measures: readonly string[]): string {
  const lanes = LANES.filter((lane) => measures.some((measure) => book.find(measure, lane) !== null));
  const rows = measures.map((measure) => {
    let unit = "";
    const cells = lanes.map((lane) => {
      const figure = book.find(measure, lane);
      if (figure === null || figure.median === null) return "–";
      unit = figure.unit;
      const isCompared = COMPARED.test(measure) && !lane.startsWith("nginx");
      const ratio = figure.ratio === null || !isCompared ? "" : ` (${figure.ratio.toFixed(2)}×)`;
      return `${formatNumber(figure.median)}${ratio}`;
    });
    return [`${measure}, ${unit}`, ...cells];
  });
  return renderTable(["", ...lanes], rows);
}

/** What the build under test costs more than the other one; empty where there is no other. */
function renderAgainst(book: FigureBook, measures: readonly string[]): string {
  const rows = measures.flatMap((measure) =>
    ["tcp", "unix"].flatMap((transport) => {
      const lanes = [`llmux ${transport}`, `llmux-before ${transport}`] as const;
      const difference = book.subtract(measure, ...lanes);
      if (difference === null) return [];
      const [ours, theirs] = lanes.map((lane) => book.find(measure, lane)?.median ?? Number.NaN);
      const { median, lower, upper, rounds, unit } = difference;
      const figures = [ours, theirs, median].map((value) => formatNumber(value ?? Number.NaN));
      const spread = `${formatNumber(lower)} … ${formatNumber(upper)}`;
      return [[`${measure}, ${unit} (${transport})`, ...figures, spread, String(rounds)]];
    }),
  );
  if (rows.length === 0) return "";
  return renderTable(["", "llmux", "llmux-before", "median difference", "middle half", "rounds"], rows);
}

function renderTargets(book: FigureBook): string {
  const rows = judgeTargets(book).map(({ title, limit, value, verdict }) => [
    title,
    `≤ ${limit}`,
    value === null ? "–" : formatNumber(value),
    verdict,
  ]);
  return renderTable(["target", "limit", "measured", ""], rows);
}

export function renderMarkdown(book: FigureBook, facts: RunFacts): string {
  // "measure: aspect" is about the harness.
  const main = book.measures.filter((measure) => !measure.includes(":"));
  const harness = book.measures.filter((measure) => measure.includes(":"));
  const invalid = book.invalid.map(({ measure, lane, reason }) => `- ${measure}, ${lane}: ${toOneLine(reason)}`);
  const against = renderAgainst(book, main);
  const parts = [
    "# LLMux bench",
    `${facts.startedAt}, ${facts.isQuick ? "quick" : "full"} run of ${facts.durationS} s. ${facts.machine}.`,
    facts.subjects.map(({ name, version, description }) => `- **${name}** ${version}: ${description}`).join("\n"),
    ...(facts.missing.length > 0
      ? [`Not compared:\n\n${facts.missing.map(({ name, reason }) => `- ${name}: ${reason}`).join("\n")}`]
      : []),
    "## Targets",
    renderTargets(book),
    "## Figures",
    "Medians of interleaved rounds; in brackets the median of the ratios to nginx over the same transport, round by round. MB are 10⁶ bytes.",
    renderFigures(book, main),
    ...(against === "" ? [] : ["## Against the other build", against]),
    ...(harness.length > 0
      ? [
          "## Whether the harness was the limit",
          "CPU of mock and load generator together as a share of one core, what others took of the proxy's core (noise), and the mock called directly. Where the harness's share is near 1 in the saturated rows, requests per second of the proxy's CPU time is the figure to compare.",
          renderFigures(book, harness),
        ]
      : []),
    "## Runs that do not count",
    invalid.length === 0 ? "None: every answer was complete and correct." : invalid.join("\n"),
    ...(facts.notes.length > 0 ? ["## Notes", facts.notes.map((note) => `- ${note}`).join("\n")] : []),
  ];
  return `${parts.join("\n\n")}\n`;
}

export function renderJson(book: FigureBook, facts: RunFacts): string {
  const content = { ...facts, targets: judgeTargets(book), figures: book.list(), invalid: book.invalid };
  return `${JSON.stringify(content, null, 2)}\n`;
}

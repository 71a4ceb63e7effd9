import { describeProviders, type ProviderRow } from "../provider/describe.ts";
import { PROVIDERS } from "../provider/registry.gen.ts";
import { suggest } from "../config/nearest.ts";
import { type Command, UsageError } from "./command.ts";
import { EXIT_CODE } from "./exit-code.ts";

/** `llmux providers [ID] [--json]`: what this executable knows of providers. */
export const providersCommand: Command = {
  name: "providers",
  usage: "[ID] [--json]",
  description: `Lists every known provider: the APIs it speaks, the preferred first, its base URL, and the environment variable its
key usually stands in. With an ID, everything about that one: its endpoints, and the pages the facts come from.`,
  words: { min: 0, max: 1 },
  flags: { json: { kind: "switch", help: "one JSON array instead of text" } },
  async run({ words: [id], switches, terminal }) {
    const all = describeProviders(PROVIDERS);
    const rows = id === undefined ? all : all.filter((row) => row.id === id);
    if (rows.length === 0) {
      const known = all.map((row) => row.id);
      throw new UsageError(`unknown provider ${JSON.stringify(id)}${suggest(id ?? "", known)}`);
    }
    if (switches.has("json")) await terminal.out(`${JSON.stringify(rows, null, 2)}\n`);
    else await terminal.out(id === undefined ? writeTable(rows) : rows.map(writeOne).join(""));
    return EXIT_CODE.ok;
  },
};

function writeTable(rows: readonly ProviderRow[]): string {
  const lines = rows.map((row) => [
    row.id,
    row.dialects.join(","),
    row.keyEnv[0] ?? "-",
    row.baseUrl === "" ? "(base_url)" : row.baseUrl,
  ]);
  const header = ["PROVIDER", "DIALECTS", "KEY FROM", "BASE URL"];
  const widths = header.map((title, at) => Math.max(title.length, ...lines.map((line) => line[at]?.length ?? 0)));
  return [header, ...lines]
    .map((line) => `${line.map((cell, at) => (at === 3 ? cell : cell.padEnd(widths[at] ?? 0))).join("  ")}\n`)
    .join("");
}

function writeOne(row: ProviderRow): string {
  const lines: [string, string][] = [
    [
      "base URL",
      [row.baseUrl || "the config's base_url", ...(row.baseUrlEnv === null ? [] : [row.baseUrlEnv])].join(", or "),
    ],
    ["key", `${row.keyEnv.join(", ") || "-"}${row.isKeyOptional ? " (optional)" : ""}`],
    ...row.settings.map(({ key, env, default: fallback }): [string, string] => [
      key,
      [...env, ...(fallback === null ? [] : [`${fallback} by default`])].join(", "),
    ]),
    ...row.endpoints.map(({ dialect, names, isForSomeModels }): [string, string] => [
      "speaks",
      `${dialect}: ${names?.join(", ") ?? "all of it"}${isForSomeModels ? " (some models)" : ""}`,
    ]),
    ...row.sources.map((source): [string, string] => ["source", source]),
    ...(row.unchecked === "" ? [] : [["note", row.unchecked] satisfies [string, string]]),
  ];
  return `${row.id} (${row.name})\n${lines.map(([name, text]) => `  ${name.padEnd(13)}${text}\n`).join("")}`;
}

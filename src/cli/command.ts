import { parseArgs } from "node:util";
import { EXIT_CODE, type ExitCode } from "./exit-code.ts";
import { findNearest } from "../config/nearest.ts";
import type { Terminal } from "./terminal.ts";

/** One flag of a command. */
export type Flag =
  | { readonly kind: "switch"; readonly help: string }
  | { readonly kind: "value"; readonly placeholder: string; readonly help: string };

/** What a command runs with. */
export type CommandInput = {
  /** Words that are not flags, as many as `words` allows. */
  readonly words: readonly string[];
  /** Values of the `value` flags that were given. */
  readonly values: ReadonlyMap<string, string>;
  /** Names of the `switch` flags that were given. */
  readonly switches: ReadonlySet<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
};

/** One subcommand; each lives in a file of its own. */
export interface Command {
  readonly name: string;
  /** The arguments after the name, as in "llmux chat TEXT [--model NAME]". */
  readonly usage: string;
  /** What it does, in plain lines of at most 100 columns. */
  readonly description: string;
  readonly words: { readonly min: number; readonly max: number };
  readonly flags: Readonly<Record<string, Flag>>;
  run(input: CommandInput): Promise<number>;
}

/** A mistake in how a command was called: exit code 2, with a hint at its help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type ParsedCommandLine = {
  readonly words: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  readonly switches: ReadonlySet<string>;
  readonly wantsHelp: boolean;
};

/** Reads a command's own arguments; throws UsageError that names what was expected and the nearest known flag. */
export function parseCommandLine(command: Command, argv: readonly string[]): ParsedCommandLine {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {
    help: { type: "boolean", short: "h" },
  };
  for (const [name, flag] of Object.entries(command.flags)) {
    options[name] = { type: flag.kind === "value" ? "string" : "boolean" };
  }
  let parsed: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    // parseArgs throws for an unknown flag, a missing value and a value where none belongs.
    throw new UsageError(describeParseError(command, argv, error));
  }
  const values = new Map<string, string>();
  const switches = new Set<string>();
  for (const [name, value] of Object.entries(parsed.values)) {
    if (typeof value === "string") values.set(name, value);
    else if (value === true) switches.add(name);
  }
  const wantsHelp = switches.delete("help");
  const words = parsed.positionals;
  if (!wantsHelp && (words.length < command.words.min || words.length > command.words.max)) {
    throw new UsageError(
      `expected ${describeWordCount(command.words)}, got ${words.length}: llmux ${command.name} ${command.usage}`,
    );
  }
  return { words, values, switches, wantsHelp };
}

/** Runs a command with its arguments: `--help` and mistakes of usage are answered here. */
export async function runCommand(
  command: Command,
  argv: readonly string[],
  context: Pick<CommandInput, "env" | "terminal">,
): Promise<number> {
  try {
    const { wantsHelp, ...parsed } = parseCommandLine(command, argv);
    if (wantsHelp) {
      await context.terminal.out(describeCommand(command));
      return EXIT_CODE.ok;
    }
    return await command.run({ ...parsed, ...context });
  } catch (error) {
    // Only a mistake of usage is ours to explain; anything else goes up to `main.ts`.
    if (!(error instanceof UsageError)) throw error;
    await context.terminal.err(`llmux ${command.name}: ${error.message}\nTry: llmux ${command.name} --help\n`);
    return EXIT_CODE.usage satisfies ExitCode;
  }
}

/** The text of `llmux COMMAND --help`. */
export function describeCommand(command: Command): string {
  const rows = Object.entries(command.flags).map(([name, flag]): [string, string] => [
    flag.kind === "value" ? `--${name} ${flag.placeholder}` : `--${name}`,
    flag.help,
  ]);
  rows.push(["-h, --help", "show this text"]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const flags = rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`).join("\n");
  return `Usage: llmux ${command.name} ${command.usage}\n\n${command.description}\n\nFlags:\n${flags}\n`;
}

function describeParseError(command: Command, argv: readonly string[], error: unknown): string {
  const known = [...Object.keys(command.flags), "help"];
  for (const word of argv) {
    if (word === "--") break;
    const name = /^--([^=]+)/.exec(word)?.[1];
    if (name === undefined || known.includes(name)) continue;
    const nearest = findNearest(name, known);
    const hint =
      nearest === null ? `known are ${known.map((each) => `--${each}`).join(", ")}` : `did you mean --${nearest}?`;
    return `unknown flag --${name.slice(0, 64)}; ${hint}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function describeWordCount({ min, max }: Command["words"]): string {
  if (max === 0) return "no words besides flags";
  const range = min === max ? `${min}` : `${min} to ${max}`;
  return `${range} ${max === 1 ? "word" : "words"} besides flags`;
}

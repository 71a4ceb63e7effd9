import { type Command, describeCommand, UsageError } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { EXIT_CODE } from "./exit-code.ts";
import { findNearest } from "../config/nearest.ts";

/** The overview that `llmux help` and `llmux --help` print. */
export function describeAllCommands(): string {
  const width = Math.max(...[...COMMANDS.keys()].map((name) => name.length));
  const rows = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`).join("\n");
  return `LLMux carries an application's LLM traffic: a Unix socket or localhost in front, providers behind.

Usage: llmux COMMAND [words] [--flags]

Commands:
${rows}

Exit codes: 0 it worked; 1 it failed; 2 wrong usage, or an invalid config.
More about one command: llmux help COMMAND
`;
}

/** What to say about a command that does not exist. */
export function describeUnknownCommand(name: string): string {
  const known = [...COMMANDS.keys()];
  const nearest = findNearest(name, known);
  const hint = nearest === null ? `known are ${known.join(", ")}` : `did you mean ${nearest}?`;
  return `unknown command ${JSON.stringify(name.slice(0, 64))}; ${hint}`;
}

/** `llmux help [COMMAND]`. */
export const helpCommand: Command = {
  name: "help",
  usage: "[COMMAND]",
  description: "Shows the overview, or what one command does and which flags it takes.",
  words: { min: 0, max: 1 },
  flags: {},
  async run({ words, terminal }) {
    const [name] = words;
    if (name === undefined) {
      await terminal.out(describeAllCommands());
      return EXIT_CODE.ok;
    }
    const entry = COMMANDS.get(name);
    if (entry === undefined) throw new UsageError(describeUnknownCommand(name));
    await terminal.out(describeCommand(await entry.load()));
    return EXIT_CODE.ok;
  },
};

import { runCommand } from "./cli/command.ts";
import { COMMANDS } from "./cli/commands.ts";
import { EXIT_CODE } from "./cli/exit-code.ts";
import { openTerminal, type Terminal } from "./cli/terminal.ts";

/** Runs one command line and gives its exit code; `argv` is without the executable's own name. */
export async function runCommandLine(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Promise<number> {
  const [first, ...rest] = argv;
  const name = first === undefined ? undefined : (FLAG_ALIASES.get(first) ?? first);
  if (name === undefined) {
    const { describeAllCommands } = await import("./cli/help.ts");
    await terminal.err(describeAllCommands());
    return EXIT_CODE.usage;
  }
  const entry = COMMANDS.get(name);
  if (entry === undefined) {
    const { describeUnknownCommand } = await import("./cli/help.ts");
    await terminal.err(`llmux: ${describeUnknownCommand(name)}\nTry: llmux help\n`);
    return EXIT_CODE.usage;
  }
  try {
    return await runCommand(await entry.load(), rest, { env, terminal });
  } catch (error) {
    // The last edge: a command explains what it expects to go wrong; this is something else.
    await terminal.err(`llmux ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT_CODE.failure;
  }
}

/** What people type out of habit. */
const FLAG_ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["-v", "version"],
]);

if (import.meta.main) {
  const code = await runCommandLine(process.argv.slice(2), process.env, openTerminal());
  process.exit(code);
}

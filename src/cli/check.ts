import { loadSnapshot } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import type { Snapshot } from "../exchange.ts";
import { PROVIDERS } from "../provider/registry.gen.ts";
import { compileExpression } from "../route/expression.ts";
import type { Command } from "./command.ts";
import { EXIT_CODE } from "./exit-code.ts";

/** `llmux check FILE|DIR`: runs what start-up runs, and says what came out. */
export const checkCommand: Command = {
  name: "check",
  usage: "FILE|DIR",
  description: `Reads, merges, validates and compiles a config exactly as start-up does, secrets included; starts nothing.
Exit code 0 when it is valid; 2 when it is not (stderr names every problem: file:line:column: path: what was expected).`,
  words: { min: 1, max: 1 },
  flags: {},
  async run({ words: [path = ""], env, terminal }) {
    try {
      const snapshot = await loadSnapshot({
        path,
        definitions: PROVIDERS,
        env,
        compileExpression,
        generation: 1,
        now: Date.now,
      });
      for (const warning of snapshot.warnings) await terminal.err(`warning: ${warning}\n`);
      await terminal.out(`${path} is valid: ${describeSnapshot(snapshot)}\n`);
      return EXIT_CODE.ok;
    } catch (error) {
      // A config that cannot be used is this command's finding; anything else is a failure of ours.
      if (!(error instanceof ConfigError)) throw error;
      await terminal.err(`${error.message}\n`);
      return EXIT_CODE.usage;
    }
  },
};

function describeSnapshot({ providers, models, listen }: Snapshot): string {
  const places = [
    listen.unix === null ? null : `unix:${listen.unix.path}`,
    listen.http === null ? null : `http ${listen.http.host}:${listen.http.port}`,
    listen.ops === null ? null : `ops ${listen.ops.host}:${listen.ops.port}`,
  ].filter((place) => place !== null);
  return `${count(providers.size, "provider")}, ${count(models.size, "model")}, listens on ${places.join(", ") || "nothing"}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

import type { Snapshot } from "../exchange.ts";
import { loadSnapshot, type LoadOptions } from "./load.ts";
import { ConfigError, formatProblems } from "./problem.ts";

/** What `llmux check` prints, and whether the config can be used. */
export type CheckResult = { readonly isValid: boolean; readonly text: string };

/** Does exactly what start-up does with a config, and says in text what came of it. Never a secret. */
export async function checkConfig(options: LoadOptions): Promise<CheckResult> {
  try {
    return { isValid: true, text: summarize(await loadSnapshot(options)) };
  } catch (error) {
    // Only what is wrong with the config is an answer; anything else is a bug and goes on.
    if (!(error instanceof ConfigError)) throw error;
    return { isValid: false, text: formatProblems(error.problems) };
  }
}

/** `ok: 3 providers, 2 models, 0 warnings`, and the warnings, one line each. */
export function summarize(snapshot: Snapshot): string {
  const counts = [
    count(snapshot.providers.size, "provider"),
    count(snapshot.models.size, "model"),
    count(snapshot.warnings.length, "warning"),
  ];
  return [`ok: ${counts.join(", ")}`, ...snapshot.warnings.map((warning) => `warning: ${warning}`)].join("\n");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

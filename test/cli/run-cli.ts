import { runCommandLine } from "../../src/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

export type CliResult = { readonly code: number; readonly out: string; readonly err: string };

/** Runs a command line in this process and collects what it wrote. */
export async function runCli(
  argv: readonly string[],
  options: { readonly env?: Record<string, string>; readonly onOut?: (text: string, leave: () => void) => void } = {},
): Promise<CliResult> {
  const gone = new AbortController();
  let out = "";
  let err = "";
  const terminal: Terminal = {
    out: async (text) => {
      out += text;
      options.onOut?.(text, () => gone.abort(new Error("the reader of the output is gone")));
    },
    err: async (text) => {
      err += text;
    },
    readerGone: gone.signal,
  };
  const code = await runCommandLine(argv, options.env ?? {}, terminal);
  return { code, out, err };
}

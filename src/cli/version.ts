import { BUILD_INFO } from "./build-info.ts";
import type { Command } from "./command.ts";
import { EXIT_CODE } from "./exit-code.ts";

/** One line: version, commit, runtime, platform. */
export function describeBuild(): string {
  return `llmux ${BUILD_INFO.version} (commit ${BUILD_INFO.commit}, bun ${Bun.version}, ${process.platform}-${process.arch})`;
}

/** `llmux version`. */
export const versionCommand: Command = {
  name: "version",
  usage: "",
  description: "Prints the version, the commit it was built from, and the runtime inside.",
  words: { min: 0, max: 0 },
  flags: {},
  async run({ terminal }) {
    await terminal.out(`${describeBuild()}\n`);
    return EXIT_CODE.ok;
  },
};

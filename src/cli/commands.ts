import type { Command } from "./command.ts";

/** A command as the overview lists it; its file is loaded only when it is asked for, which keeps the start short. */
export type CommandEntry = { readonly summary: string; readonly load: () => Promise<Command> };

/** Every subcommand, in the order of the overview. */
export const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  ["serve", { summary: "run the gateway", load: async () => (await import("./serve-command.ts")).serveCommand }],
  [
    "check",
    { summary: "validate a config, as start-up does", load: async () => (await import("./check.ts")).checkCommand },
  ],
  [
    "explain",
    {
      summary: "say where a request would go, and what a failure would lead to",
      load: async () => (await import("./explain.ts")).explainCommand,
    },
  ],
  [
    "probe",
    {
      summary: "ask a running gateway whether it is live or ready",
      load: async () => (await import("./probe.ts")).probeCommand,
    },
  ],
  ["wait", { summary: "wait until the gateway is ready", load: async () => (await import("./wait.ts")).waitCommand }],
  [
    "chat",
    {
      summary: "stream an answer through the running gateway",
      load: async () => (await import("./chat.ts")).chatCommand,
    },
  ],
  [
    "providers",
    {
      summary: "list the known providers",
      load: async () => (await import("./providers.ts")).providersCommand,
    },
  ],
  [
    "version",
    {
      summary: "print what this executable was built from",
      load: async () => (await import("./version.ts")).versionCommand,
    },
  ],
  [
    "help",
    { summary: "show this text, or a command's own", load: async () => (await import("./help.ts")).helpCommand },
  ],
]);

import { type Command, UsageError } from "./command.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"];

/** `llmux serve`: reads the arguments; the gateway itself is started by `serve.ts`. */
export const serveCommand: Command = {
  name: "serve",
  usage: "[--config FILE|DIR] [--demo] [--log-level LEVEL]",
  description: `Runs the gateway until SIGTERM or SIGINT, which drain it: not ready at once, open streams finish, exit code 0.
Without a config, every known provider whose usual environment variable is set is there (OPENAI_API_KEY …).
SIGHUP reads the config again; SIGUSR2 steps the log level.`,
  words: { min: 0, max: 0 },
  flags: {
    config: { kind: "value", placeholder: "FILE|DIR", help: "the config: one YAML file, or a directory of them" },
    demo: { kind: "switch", help: "add the embedded demo provider: answers without a key and without a network" },
    "log-level": {
      kind: "value",
      placeholder: "LEVEL",
      help: `${LOG_LEVELS.join(", ")} (instead of the config's log.level)`,
    },
  },
  async run({ values, switches, env }) {
    const logLevel = values.get("log-level") ?? null;
    if (logLevel !== null && !LOG_LEVELS.includes(logLevel)) {
      throw new UsageError(`--log-level should be one of ${LOG_LEVELS.join(", ")}, got ${JSON.stringify(logLevel)}`);
    }
    const { runServe } = await import("./serve.ts");
    return runServe({ configPath: values.get("config") ?? null, demo: switches.has("demo"), logLevel }, env);
  },
};

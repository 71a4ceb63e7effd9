import { type Command, UsageError } from "./command.ts";
import { readDurationMs } from "./duration.ts";
import { EXIT_CODE } from "./exit-code.ts";
import { choosePlacesForHealth, SOCKET_FLAG } from "./gateway-client.ts";
import { askHealth } from "./health.ts";

/** `llmux probe live|ready`: an exec probe for images that have neither a shell nor curl. */
export const probeCommand: Command = {
  name: "probe",
  usage: "live|ready [--socket PATH] [--ops HOST:PORT] [--timeout DURATION]",
  description: `Asks a running gateway: exit code 0 for yes, 1 for no (stderr says why), 2 for wrong usage.
live: the process answers. ready: the config is loaded, the listeners are up, it is not draining.
Where several places are known, the first that answers decides.`,
  words: { min: 1, max: 1 },
  flags: {
    socket: SOCKET_FLAG,
    ops: { kind: "value", placeholder: "HOST:PORT", help: "the ops listener (else 127.0.0.1:4001, after the socket)" },
    timeout: { kind: "value", placeholder: "DURATION", help: "how long to wait for the answer (default 1s)" },
  },
  async run({ words, values, env, terminal }) {
    const [question] = words;
    if (question !== "live" && question !== "ready") {
      throw new UsageError(`expected live or ready, got ${JSON.stringify(question)}`);
    }
    const timeoutMs = readDurationMs("timeout", values.get("timeout") ?? "1s");
    const finding = await askHealth(question, choosePlacesForHealth({ values, env }), AbortSignal.timeout(timeoutMs));
    if (finding.kind === "yes") return EXIT_CODE.ok;
    await terminal.err(`${finding.reason}\n`);
    return EXIT_CODE.failure;
  },
};

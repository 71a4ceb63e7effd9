import type { Command } from "./command.ts";
import { readDurationMs } from "./duration.ts";
import { EXIT_CODE } from "./exit-code.ts";
import { choosePlacesForHealth, SOCKET_FLAG } from "./gateway-client.ts";
import { askHealth } from "./health.ts";

const POLL_INTERVAL_MS = 50;

/** `llmux wait`: returns when the gateway is ready, so that what needs it starts after it. */
export const waitCommand: Command = {
  name: "wait",
  usage: "[--socket PATH] [--ops HOST:PORT] [--timeout DURATION]",
  description: `Asks every ${POLL_INTERVAL_MS} ms until the gateway is ready: exit code 0; 1 when the time is over (stderr says what was missing).
As in: llmux wait --timeout 30s && exec my-application`,
  words: { min: 0, max: 0 },
  flags: {
    socket: SOCKET_FLAG,
    ops: { kind: "value", placeholder: "HOST:PORT", help: "the ops listener (else 127.0.0.1:4001, after the socket)" },
    timeout: { kind: "value", placeholder: "DURATION", help: "how long to wait (default 60s)" },
  },
  async run({ values, env, terminal }) {
    const timeoutMs = readDurationMs("timeout", values.get("timeout") ?? "60s");
    const places = choosePlacesForHealth({ values, env });
    const deadline = AbortSignal.timeout(timeoutMs);
    let missing = "it was never asked";
    while (!deadline.aborted) {
      const finding = await askHealth("ready", places, deadline);
      if (finding.kind === "yes") return EXIT_CODE.ok;
      // The last answer says more than the question that ran into the deadline.
      if (!deadline.aborted) missing = finding.reason;
      await Bun.sleep(POLL_INTERVAL_MS);
    }
    await terminal.err(`not ready after ${timeoutMs} ms: ${missing}\n`);
    return EXIT_CODE.failure;
  },
};

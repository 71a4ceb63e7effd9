import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import type { Subject } from "./subject.ts";

/** A relay that reads nothing: what Bun's sockets cost by themselves. */
export const bare: Subject = {
  name: "bare",
  description: "80 lines on the same sockets that read nothing: the floor under the gateway's figures",
  withholdsUsage: false,
  translates: false,
  loadShare: 1,
  // One more connection behind each caller's: no pool.
  maxStreams: 9_900,
  headers: () => [],
  find: async () => ({ kind: "available", version: `bun ${Bun.version}` }),

  async prepare(directory, upstream) {
    const port = findFreePort();
    const socket = join(directory, "bare.sock");
    const script = join(import.meta.dir, "..", "bare-relay.ts");
    return {
      command: [process.execPath, script, String(port), socket, upstream.host, String(upstream.port)],
      environment: {},
      directory,
      tcp: { host: "127.0.0.1", port, unix: null },
      unix: { host: "127.0.0.1", port: 0, unix: socket },
      ready: { host: "127.0.0.1", port, path: "/health/ready" },
    };
  },
};

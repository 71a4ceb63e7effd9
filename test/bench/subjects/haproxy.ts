import { join } from "node:path";
import { findDebianProgram, locateProgram } from "./debian-program.ts";
import { findFreePort } from "./free-port.ts";
import type { Subject } from "./subject.ts";

/** HAProxy as a plain reverse proxy. */
export const haproxy: Subject = {
  name: "haproxy",
  description: "one process and thread, http-no-delay, http-reuse always, abortonclose, no log",
  withholdsUsage: false,
  translates: false,
  loadShare: 1,
  maxStreams: Number.POSITIVE_INFINITY,
  headers: () => [],
  find: async () => findDebianProgram("haproxy", /version (\S+)/),

  async prepare(directory, upstream) {
    const port = findFreePort();
    const socket = join(directory, "haproxy.sock");
    const config = join(directory, "haproxy.cfg");
    await Bun.write(
      config,
      `global
  nbthread 1
  maxconn 9950
defaults
  mode http
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  timeout http-request 60s
  option http-no-delay
  option abortonclose
  http-reuse always
frontend calls
  bind 127.0.0.1:${port} backlog 4096
  bind unix@${socket} backlog 4096
  monitor-uri /health/ready
  default_backend mock
backend mock
  server mock ${upstream.host}:${upstream.port}
`,
    );
    return {
      command: [locateProgram("haproxy") ?? "haproxy", "-db", "-f", config],
      environment: {},
      directory,
      tcp: { host: "127.0.0.1", port, unix: null },
      unix: { host: "127.0.0.1", port: 0, unix: socket },
      ready: { host: "127.0.0.1", port, path: "/health/ready" },
    };
  },
};

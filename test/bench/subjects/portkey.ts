import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import type { Subject } from "./subject.ts";

const VERSION = "1.15.2";
/**
 * Its package asks for any 1.x of @hono/node-server; with the newest, streams fail (TypeError: immutable). The oldest
 * one it accepts is the one it was developed with.
 */
const MANIFEST = JSON.stringify({
  private: true,
  dependencies: { "@portkey-ai/gateway": VERSION },
  overrides: { "@hono/node-server": "1.3.3" },
});
/** Kept between runs: the version is in the name. */
const HOME = join(tmpdir(), `llmux-bench-portkey-${VERSION}`);
const PACKAGE = join(HOME, "node_modules", "@portkey-ai", "gateway");
const INSTALL_TIMEOUT_MS = 120_000;

/** @portkey-ai/gateway from npm, on Node.js: another gateway of this kind, for orientation. */
export const portkey: Subject = {
  name: "portkey",
  description: `@portkey-ai/gateway ${VERSION} on Node.js, headless`,
  withholdsUsage: false,
  translates: false,
  loadShare: 0.15,
  maxStreams: 5000,
  headers: (upstream) => [
    ["x-portkey-provider", "openai"],
    ["x-portkey-custom-host", `http://${upstream.host}:${upstream.port}/v1`],
  ],

  async find() {
    const node = Bun.which("node");
    const npm = Bun.which("npm");
    if (node === null || npm === null) return { kind: "missing", reason: "needs node and npm on the PATH" };
    if (!(await Bun.file(join(PACKAGE, "build", "start-server.js")).exists())) {
      await mkdir(HOME, { recursive: true });
      await Bun.write(join(HOME, "package.json"), MANIFEST);
      const { exitCode, stderr } = Bun.spawnSync(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"],
        { cwd: HOME, timeout: INSTALL_TIMEOUT_MS },
      );
      if (exitCode !== 0) {
        return { kind: "missing", reason: `npm install failed: ${stderr.toString().trim().slice(-300)}` };
      }
    }
    const nodeVersion = Bun.spawnSync([node, "--version"]).stdout.toString().trim();
    return { kind: "available", version: `${VERSION} on Node.js ${nodeVersion}` };
  },

  async prepare(directory) {
    const port = findFreePort();
    return {
      command: [Bun.which("node") ?? "node", join(PACKAGE, "build", "start-server.js"), `--port=${port}`, "--headless"],
      environment: { NODE_ENV: "production" },
      directory,
      tcp: { host: "127.0.0.1", port, unix: null },
      unix: null,
      ready: { host: "127.0.0.1", port, path: "/" },
    };
  },
};

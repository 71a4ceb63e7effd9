import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InlineSource } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import type { LogLevel } from "../exchange.ts";
import { BUILD_INFO } from "./build-info.ts";
import { describeDemo } from "./demo-hints.ts";
import { EXIT_CODE } from "./exit-code.ts";
import { startPageRelease } from "./release-unused-pages.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

export type ServeArguments = {
  readonly configPath: string | null;
  readonly demo: boolean;
  readonly logLevel: string | null;
};

/** Runs the gateway until it is told to stop; gives the exit code. */
export async function runServe(
  args: ServeArguments,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  let sidecar: Sidecar;
  try {
    sidecar = await startSidecar({
      configPath: args.configPath,
      inline: args.demo ? demoSources(args, env) : [],
      env,
      version: BUILD_INFO.version,
      logLevel: args.logLevel as LogLevel | null,
      isSocketOptional: args.configPath === null,
    });
  } catch (thrown) {
    if (thrown instanceof ConfigError) {
      process.stderr.write(`${thrown.message}\n`);
      return EXIT_CODE.usage;
    }
    process.stderr.write(`llmux serve: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return EXIT_CODE.failure;
  }
  process.on("SIGTERM", () => sidecar.signal());
  process.on("SIGINT", () => sidecar.signal());
  process.on("SIGHUP", () => void sidecar.reload("sighup"));
  process.on("SIGUSR2", () => sidecar.log.cycleLevel());
  if (args.demo) process.stderr.write(describeDemo(sidecar.addresses));
  const stopPageRelease = startPageRelease();
  const exitCode = await sidecar.ended;
  stopPageRelease();
  return exitCode;
}

/** The demo's part of the config; without a config of the user's it also moves the socket to where anybody may write. */
function demoSources(args: ServeArguments, env: Readonly<Record<string, string | undefined>>): InlineSource[] {
  const sources = [
    {
      name: "demo",
      text: "providers: { demo: { provider: demo } }\nmodels: { demo: { deployments: [ { provider: demo, model: demo } ] } }\n",
    },
  ];
  if (args.configPath === null) {
    const runtimeDirectory = env["XDG_RUNTIME_DIR"] || tmpdir();
    const path = env["LLMUX_SOCKET"] || join(runtimeDirectory, "llmux-demo.sock");
    sources.push({ name: "demo-listen", text: `listen: { unix: { path: ${JSON.stringify(path)} } }\n` });
  }
  return sources;
}

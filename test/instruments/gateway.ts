/** The gateway inside the test's own process, assembled by the same function that `llmux serve` calls. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Sidecar, startSidecar } from "../../src/cli/sidecar.ts";
import { makeAddresses, readResidentBytes, withFreshAddresses, writeListen } from "./executable.ts";
import type { GatewayOptions, TestGateway } from "./test-gateway.ts";

export type InProcessGateway = TestGateway & { readonly sidecar: Sidecar };

/** Starts a gateway in this process; the caller stops it. */
export function startTestGateway(options: GatewayOptions): Promise<InProcessGateway> {
  return withFreshAddresses(() => startOnce(options));
}

async function startOnce(options: GatewayOptions): Promise<InProcessGateway> {
  const addresses = makeAddresses();
  const configPath = join(addresses.folder, "llmux.yaml");
  const logPath = join(addresses.folder, "log");
  const writeConfig = (text: string): void => {
    writeFileSync(`${configPath}.next`, writeListen(addresses) + text);
    renameSync(`${configPath}.next`, configPath);
  };
  writeConfig(typeof options.config === "string" ? options.config : options.config(addresses));
  const logFd = openSync(logPath, "a");
  const cleanUp = (): void => {
    closeSync(logFd);
    rmSync(addresses.folder, { recursive: true, force: true });
  };
  let sidecar: Sidecar;
  try {
    sidecar = await startSidecar({
      configPath,
      inline: [],
      env: options.env ?? {},
      version: "0.0.0-test",
      logLevel: null,
      logFd,
    });
  } catch (error) {
    cleanUp();
    throw error;
  }
  let stopping: Promise<number> | null = null;
  let finalLogs: readonly string[] | null = null;
  const readLogs = (): string[] =>
    readFileSync(logPath, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  return {
    ...addresses,
    sidecar,
    pid: process.pid,
    configPath,
    get logs() {
      return finalLogs ?? readLogs();
    },
    writeConfig: async (text) => writeConfig(text),
    residentBytes: () => readResidentBytes(process.pid),
    stop: () => {
      stopping ??= (async () => {
        sidecar.signal();
        try {
          return await sidecar.ended;
        } finally {
          finalLogs = readLogs();
          cleanUp();
        }
      })();
      return stopping;
    },
  };
}

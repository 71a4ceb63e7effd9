/** Starts the compiled executable as an operator would: a config file in, signals to end it, its log lines out. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { GatewayAddresses, GatewayOptions, TestGateway } from "./test-gateway.ts";
import { until, within } from "./until.ts";
import { findClosedPorts } from "./upstream.ts";

const ROOT = join(import.meta.dir, "../..");
/** A test that reads logs never needs more; a gateway that logs without end must not fill the memory. */
const MAX_LOG_LINES = 100_000;

/** The executable to test: `LLMUX_BIN`, or `dist/llmux` as `make build` leaves it; null when it was not built. */
export function findExecutable(): string | null {
  const named = process.env["LLMUX_BIN"];
  if (named !== undefined && named !== "") {
    const path = resolve(ROOT, named);
    if (!existsSync(path)) throw new Error(`LLMUX_BIN should name the executable, got ${path}, which is not there`);
    return path;
  }
  const built = join(ROOT, "dist/llmux");
  return existsSync(built) ? built : null;
}

/** Whether the test run asks for the executable instead of the gateway in process. */
export function isExecutableAsked(): boolean {
  return (process.env["LLMUX_BIN"] ?? "") !== "";
}

/** A fresh folder with free addresses; the ports were free a moment ago, which is all anybody can say of a port. */
export function makeAddresses(): GatewayAddresses & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), "llmux-test-"));
  const [httpPort, opsPort] = findClosedPorts(2) as [number, number];
  return { folder, socketPath: join(folder, "s"), httpPort, opsPort };
}

/** The `listen` part for the given addresses. */
export function writeListen(addresses: GatewayAddresses): string {
  return [
    "listen:",
    `  unix: { path: ${JSON.stringify(addresses.socketPath)} }`,
    `  http: 127.0.0.1:${addresses.httpPort}`,
    `  ops: 127.0.0.1:${addresses.opsPort}`,
    "",
  ].join("\n");
}

/** The gateway as a process of its own where nothing was compiled: Bun runs `src/main.ts`. */
export function commandFromSource(): readonly string[] {
  return [process.execPath, join(ROOT, "src/main.ts")];
}

const MAX_STARTS = 5;

/** Starts again where somebody else took a port between its choice and its use. */
export async function withFreshAddresses<Gateway>(start: () => Promise<Gateway>): Promise<Gateway> {
  for (let starts = 1; ; starts++) {
    try {
      return await start();
    } catch (error) {
      if (starts === MAX_STARTS || !/EADDRINUSE|Failed to listen|in use/.test(String(error))) throw error;
    }
  }
}

/** Starts `llmux serve` (the executable's path, or a command) and waits until it is ready. */
export function startExecutable(llmux: string | readonly string[], options: GatewayOptions): Promise<TestGateway> {
  return withFreshAddresses(() => startOnce(llmux, options));
}

async function startOnce(llmux: string | readonly string[], options: GatewayOptions): Promise<TestGateway> {
  const command = typeof llmux === "string" ? [llmux] : llmux;
  const addresses = makeAddresses();
  const { configPath, write } =
    options.isConfigMap === true ? mountConfigMap(addresses.folder) : makeFile(addresses.folder);
  const writeConfig = (text: string): void => write(writeListen(addresses) + text);
  writeConfig(typeof options.config === "string" ? options.config : options.config(addresses));
  const logs: string[] = [];
  const child = Bun.spawn([...command, "serve", "--config", configPath], {
    // Nothing of the test's own environment but PATH: keys or proxies found there would change what is tested.
    env: { PATH: process.env["PATH"], ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const collecting = Promise.all([collectLines(child.stdout, logs), collectLines(child.stderr, logs)]);
  let stopping: Promise<number> | null = null;
  const stop = async (): Promise<number> => {
    child.kill("SIGTERM");
    try {
      const code = await within("the executable to end after SIGTERM", child.exited, 30_000);
      await collecting;
      return code;
    } finally {
      child.kill("SIGKILL");
      rmSync(addresses.folder, { recursive: true, force: true });
    }
  };
  try {
    await until("the executable to be ready", async () => {
      if (child.exitCode !== null) throw new Error(`the executable ended with ${child.exitCode}: ${logs.join("\n")}`);
      return await isReady(addresses.opsPort);
    });
  } catch (error) {
    child.kill("SIGKILL");
    await child.exited;
    rmSync(addresses.folder, { recursive: true, force: true });
    throw new Error(`the executable did not become ready; it said: ${logs.join("\n")}`, { cause: error });
  }
  return {
    ...addresses,
    pid: child.pid,
    configPath,
    logs,
    writeConfig: async (text) => writeConfig(text),
    residentBytes: () => readResidentBytes(child.pid),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

type ConfigPlace = { readonly configPath: string; readonly write: (text: string) => void };

/** One file, replaced by renaming over it. */
function makeFile(folder: string): ConfigPlace {
  const configPath = join(folder, "llmux.yaml");
  const write = (text: string): void => {
    writeFileSync(`${configPath}.next`, text);
    renameSync(`${configPath}.next`, configPath);
  };
  return { configPath, write };
}

/** A directory as the kubelet mounts a ConfigMap: its files lead through `..data`, which each change swaps. */
function mountConfigMap(folder: string): ConfigPlace {
  const configPath = join(folder, "config");
  mkdirSync(configPath);
  symlinkSync("..data/llmux.yaml", join(configPath, "llmux.yaml"));
  let current: string | null = null;
  let version = 0;
  const write = (text: string): void => {
    version += 1;
    const next = `..v${version}`;
    mkdirSync(join(configPath, next));
    writeFileSync(join(configPath, next, "llmux.yaml"), text);
    symlinkSync(next, join(configPath, "..data_tmp"));
    renameSync(join(configPath, "..data_tmp"), join(configPath, "..data"));
    if (current !== null) rmSync(join(configPath, current), { recursive: true });
    current = next;
  };
  return { configPath, write };
}

/** Whether the ops listener says it is ready. */
export async function isReady(opsPort: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${opsPort}/health/ready`);
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    // Not listening yet: that is the answer.
    return false;
  }
}

/** VmRSS of a process (Linux). */
export function readResidentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (match === null) throw new Error(`/proc/${pid}/status should have a VmRSS line`);
  return Number(match[1]) * 1024;
}

async function collectLines(stream: ReadableStream<Uint8Array>, into: string[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (into.length < MAX_LOG_LINES) into.push(line);
  }
  if (rest !== "") into.push(rest);
}

import { createHash } from "node:crypto";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { closeDoors } from "./close-doors.ts";
import type { Target } from "./targets.ts";

/** This machine's own runtime, or one of another platform from npm: checked, with its doors closed, ready to compile with. */
export async function prepareRuntime(root: string, target: Target): Promise<string> {
  const { version, integrity } = await readPinned(root, target.runtimePackage);
  const prepared = join(root, "dist", "runtimes", `${target.name}-${version}-closed`);
  if (await Bun.file(prepared).exists()) return prepared;
  await mkdir(join(root, "dist", "runtimes"), { recursive: true });
  const isHost = target.name === hostTargetName();
  const folder = `${prepared}.${process.pid}.download`;
  let bytes: Uint8Array;
  try {
    const source = isHost ? process.execPath : await download(folder, `${target.runtimePackage}@${version}`, integrity);
    bytes = await Bun.file(source).bytes();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  closeDoors(bytes);
  // Written aside and renamed: two builds at once, or one that was ended, leave no half file.
  const aside = `${prepared}.${process.pid}.tmp`;
  await Bun.write(aside, bytes);
  await chmod(aside, 0o755);
  await rename(aside, prepared);
  return prepared;
}

/** The name of the target that is this machine; musl shows by its loader being what runs us. */
export function hostTargetName(): string {
  const isMusl = process.platform === "linux" && process.report.getReport !== undefined && !isGlibc();
  return `${process.platform}-${process.arch}${isMusl ? "-musl" : ""}`;
}

function isGlibc(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime !== undefined;
}

async function readPinned(root: string, name: string): Promise<{ version: string; integrity: string }> {
  const lock = (await Bun.file(join(root, "package-lock.json")).json()) as {
    packages: Record<string, { version: string; integrity: string } | undefined>;
  };
  const entry = lock.packages[`node_modules/${name}`];
  if (entry === undefined) throw new Error(`expected ${name} in package-lock.json, found no entry`);
  if (entry.version !== Bun.version) {
    throw new Error(`expected ${name} ${Bun.version} (the Bun that builds) in package-lock.json, got ${entry.version}`);
  }
  return entry;
}

async function download(folder: string, spec: string, integrity: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await run(["npm", "pack", spec, "--pack-destination", folder, "--silent"]);
  const [tarball] = [...new Bun.Glob("*.tgz").scanSync(folder)];
  if (tarball === undefined) throw new Error(`npm pack ${spec} left no tarball`);
  const digest = createHash("sha512")
    .update(await Bun.file(join(folder, tarball)).bytes())
    .digest("base64");
  if (integrity !== `sha512-${digest}`) {
    throw new Error(`${spec}: expected ${integrity} (package-lock.json), got sha512-${digest}`);
  }
  await run(["tar", "-xzf", join(folder, tarball), "-C", folder]);
  return join(folder, "package", "bin", "bun");
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const [code, stderr] = await Promise.all([child.exited, child.stderr.text()]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stderr.trim().slice(-500)}`);
}

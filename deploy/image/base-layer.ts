/**
 * The layer below the executable: what it needs of an operating system, and nothing that can be run. The files come
 * from the Debian packages of the machine that builds (libc6, ca-certificates); which versions they are stands in
 * /var/lib/dpkg/status.d, where scanners look for it in images without a package manager.
 */
import { readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TarEntry } from "./tar.ts";
import type { SharedLibrary } from "./shared-libraries.ts";

/** The user of the usual distroless images. */
export const NONROOT_ID = 65532;

const PACKAGES = ["libc6", "ca-certificates"] as const;

const PASSWD = `root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:${NONROOT_ID}:${NONROOT_ID}:nonroot:/tmp:/sbin/nologin
`;
const GROUP = `root:x:0:
nobody:x:65534:
nonroot:x:${NONROOT_ID}:
`;
/** Names from /etc/hosts first, which Kubernetes writes, then from DNS. */
const NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n";

function file(path: string, content: string | Uint8Array, mode = 0o644): TarEntry {
  return { kind: "file", path, mode, bytes: typeof content === "string" ? Buffer.from(content) : content };
}

function directory(path: string, mode = 0o755, owner = 0): TarEntry {
  return { kind: "directory", path, mode, uid: owner, gid: owner };
}

export async function collectBaseLayer(
  interpreter: string,
  libraries: readonly SharedLibrary[],
): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [
    // Mount points of every container runtime; there, so that a read-only root needs no change.
    directory("dev"),
    directory("proc"),
    directory("sys"),
    directory("tmp", 0o1777),
    // The socket's place where no volume is mounted over it.
    directory("run"),
    directory("run/llmux", 0o750, NONROOT_ID),
    directory("etc/llmux"),
    file("etc/passwd", PASSWD),
    file("etc/group", GROUP),
    file("etc/nsswitch.conf", NSSWITCH),
    file("etc/os-release", await readFile("/etc/os-release")),
    file("etc/ssl/certs/ca-certificates.crt", await collectCertificates()),
    file(interpreter.slice(1), await readFile(await realpath(interpreter)), 0o755),
  ];
  for (const { path } of libraries) {
    if (path === interpreter) continue;
    entries.push(file(path.slice(1), await readFile(await realpath(path))));
  }
  for (const name of PACKAGES) {
    entries.push(file(`var/lib/dpkg/status.d/${name}`, describePackage(name)));
    entries.push(file(`usr/share/doc/${name}/copyright`, await readFile(`/usr/share/doc/${name}/copyright`)));
  }
  return addParents(entries);
}

/**
 * The certificates of the package alone, not the machine's /etc/ssl/certs: that may hold authorities which only this
 * machine's owner trusts.
 */
async function collectCertificates(): Promise<string> {
  const folder = "/usr/share/ca-certificates/mozilla";
  const names = [...new Bun.Glob("*.crt").scanSync(folder)].sort();
  if (names.length === 0) throw new Error(`expected certificates in ${folder}: is ca-certificates installed?`);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => `${text.trimEnd()}\n`).join("");
}

function describePackage(name: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["dpkg-query", "-s", name]);
  if (exitCode !== 0) throw new Error(`expected the Debian package ${name} on this machine: ${stderr.toString()}`);
  return stdout.toString();
}

/** Every directory on the way to an entry, so that modes and owners are ours and not the unpacker's. */
function addParents(entries: readonly TarEntry[]): TarEntry[] {
  const all = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
      if (!all.has(parent)) all.set(parent, directory(parent));
    }
  }
  return [...all.values()];
}

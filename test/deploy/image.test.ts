import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { buildImage } from "../../deploy/image/build-image.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BUILT = resolve(process.env["LLMUX_BIN"] ?? join(ROOT, "dist", "llmux"));

type Descriptor = { mediaType: string; digest: string; size: number };
type Manifest = { config: Descriptor; layers: Descriptor[] };
type Config = {
  architecture: string;
  os: string;
  config: { User: string; Entrypoint: string[]; Cmd: string[] };
  rootfs: { diff_ids: string[] };
};

const isPossible = process.platform === "linux" && existsSync("/usr/share/ca-certificates/mozilla");
const title = isPossible ? "the image" : "the image (skipped: it is made of a Debian machine's files)";

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

describe.skipIf(!isPossible)(title, () => {
  let scratch = "";
  let executable = "";
  let image = "";

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "llmux-image-"));
    executable = existsSync(BUILT) ? BUILT : await compileStandIn(scratch);
    image = join(scratch, "image");
    await build(image);
  }, 60_000);
  afterAll(async () => rm(scratch, { recursive: true, force: true }));

  async function build(out: string): Promise<void> {
    await buildImage({ executable, out, version: "1.2.3", compression: "zstd", level: 1, created: null });
  }

  async function readBlob(digest: string): Promise<Buffer> {
    return readFile(join(image, "blobs", "sha256", digest.replace("sha256:", "")));
  }

  async function readParsed<T>(descriptor: Descriptor): Promise<T> {
    const bytes = await readBlob(descriptor.digest);
    expect(bytes.length).toBe(descriptor.size);
    return JSON.parse(bytes.toString()) as T;
  }

  async function readManifest(): Promise<{ manifest: Manifest; config: Config }> {
    const index = JSON.parse(await readFile(join(image, "index.json"), "utf8")) as { manifests: Descriptor[] };
    expect(index.manifests).toHaveLength(1);
    const manifest = await readParsed<Manifest>(index.manifests[0] as Descriptor);
    return { manifest, config: await readParsed<Config>(manifest.config) };
  }

  test("is an OCI layout in which every digest and size is true and nothing lies about unused", async () => {
    expect(JSON.parse(await readFile(join(image, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
    for (const name of await readdir(join(image, "blobs", "sha256"))) {
      expect(digestOf(await readBlob(name))).toBe(`sha256:${name}`);
    }
    const { manifest, config } = await readManifest();
    expect(await readdir(join(image, "blobs", "sha256"))).toHaveLength(2 + manifest.layers.length);
    expect(manifest.layers).toHaveLength(2);
    for (const [index, layer] of manifest.layers.entries()) {
      const packed = await readBlob(layer.digest);
      expect(packed.length).toBe(layer.size);
      expect(layer.mediaType).toBe("application/vnd.oci.image.layer.v1.tar+zstd");
      expect(digestOf(zstdDecompressSync(packed))).toBe(config.rootfs.diff_ids[index] ?? "none");
    }
  });

  test("runs the executable as the user 65532", async () => {
    const { config } = await readManifest();
    expect(config).toMatchObject({
      os: "linux",
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      config: { User: "65532:65532", Entrypoint: ["/llmux"], Cmd: ["serve", "--config", "/etc/llmux"] },
    });
  });

  test("has the same digest when it is built again", async () => {
    const again = join(scratch, "again");
    await build(again);
    expect(await readFile(join(again, "index.json"), "utf8")).toBe(await readFile(join(image, "index.json"), "utf8"));
  }, 30_000);

  test("can be run in: the root file system has what the executable needs, no shell, and stays as it is", async () => {
    const { manifest } = await readManifest();
    const rootfs = join(scratch, "rootfs");
    await mkdir(rootfs);
    for (const { digest } of manifest.layers) {
      const tar = join(scratch, "layer.tar");
      await Bun.write(tar, zstdDecompressSync(await readBlob(digest)));
      const { exitCode, stderr } = Bun.spawnSync(["tar", "-xpf", tar, "-C", rootfs, "--numeric-owner"]);
      expect(stderr.toString()).toBe("");
      expect(exitCode).toBe(0);
    }
    expect(await readFile(join(rootfs, "etc", "passwd"), "utf8")).toContain("nonroot:x:65532:65532:");
    expect(await readFile(join(rootfs, "etc", "ssl", "certs", "ca-certificates.crt"), "utf8")).toContain("BEGIN CERT");
    expect(existsSync(join(rootfs, "bin"))).toBe(false);
    expect([...new Bun.Glob("**/*sh").scanSync(rootfs)]).toEqual([]);

    const namespaces = enterNamespaces();
    if (namespaces === null) {
      console.warn("not run inside the root file system: neither root nor user namespaces are permitted here");
      return;
    }
    const expected = Bun.spawnSync([executable, "version"], { env: {} });
    expect(expected.exitCode).toBe(0);
    // Mounted read-only, with /proc, as a container runtime does it.
    const script = [
      'mount --bind "$1" "$1"',
      'mount -t proc proc "$1/proc"',
      'mount -o remount,bind,ro "$1"',
      'exec chroot $2 "$1" /llmux version',
    ].join(" && ");
    const asUser = process.getuid?.() === 0 ? "--userspec=65532:65532" : "--groups=";
    const run = Bun.spawnSync([...namespaces, "sh", "-c", script, "sh", rootfs, asUser], { env: process.env });
    expect(run.stderr.toString()).toBe("");
    expect(run.stdout.toString()).toBe(expected.stdout.toString());
    expect(run.exitCode).toBe(0);
  }, 30_000);
});

/** How to get namespaces of our own here: as root, as a mapped root, or not at all (null). */
function enterNamespaces(): string[] | null {
  const isRoot = process.getuid?.() === 0;
  const command = ["unshare", ...(isRoot ? [] : ["--map-root-user"]), "--mount", "--pid", "--fork"];
  if (Bun.which("unshare") === null || Bun.which("chroot") === null) return null;
  const probe = Bun.spawnSync([...command, "sh", "-c", "mount -t tmpfs tmpfs /mnt"]);
  return probe.exitCode === 0 ? command : null;
}

/** Where LLMux is not built yet: a program of the same kind. */
async function compileStandIn(directory: string): Promise<string> {
  const source = join(directory, "stand-in.ts");
  const outfile = join(directory, "stand-in");
  await Bun.write(source, `process.stdout.write("stand-in " + process.argv.slice(2).join(" ") + "\\n");\n`);
  const result = await Bun.build({ entrypoints: [source], target: "bun", compile: { outfile } });
  if (!result.success) throw new Error(`expected the stand-in to compile: ${result.logs.join("; ")}`);
  return outfile;
}

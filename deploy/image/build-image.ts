/**
 * `make image`: the root file system of Dockerfile.distroless as an OCI layout, without a Docker daemon.
 *
 *   bun deploy/image/build-image.ts [--executable dist/llmux] [--out dist/image] [--compression zstd|gzip] [--level N]
 *
 * The layout is pushed or loaded with the usual tools: `skopeo copy oci:dist/image docker://registry.example.com/llmux`.
 * SOURCE_DATE_EPOCH, where it is set, becomes the image's creation time; without it there is none.
 */
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { NONROOT_ID, collectBaseLayer } from "./base-layer.ts";
import { COMPRESSIONS } from "./compress.ts";
import type { Compression } from "./compress.ts";
import { readElf } from "./elf.ts";
import { writeImage } from "./oci-layout.ts";
import type { WrittenImage } from "./oci-layout.ts";
import { listSharedLibraries } from "./shared-libraries.ts";
import { writeTar } from "./tar.ts";

const ROOT = join(import.meta.dir, "..", "..");

export type BuildOptions = {
  readonly executable: string;
  readonly out: string;
  readonly version: string;
  readonly compression: Compression;
  readonly level: number;
  readonly created: string | null;
};

export async function buildImage(options: BuildOptions): Promise<WrittenImage> {
  const executable = await readFile(options.executable);
  const { architecture, interpreter } = readElf(executable);
  const libraries = await listSharedLibraries(interpreter, options.executable);
  const base = await collectBaseLayer(interpreter, libraries);
  const layers = [
    // The one that rarely changes comes first: nodes keep it when the executable is replaced.
    { title: "base: C library, certificates, user (Debian packages libc6, ca-certificates)", tar: writeTar(base) },
    {
      title: "llmux: the executable",
      tar: writeTar([{ kind: "file", path: "llmux", mode: 0o755, bytes: executable }]),
    },
  ];
  return writeImage(options.out, layers, {
    architecture,
    reference: `llmux:${options.version}`,
    created: options.created,
    compression: options.compression,
    level: options.level,
    runtime: {
      User: `${NONROOT_ID}:${NONROOT_ID}`,
      Entrypoint: ["/llmux"],
      Cmd: ["serve", "--config", "/etc/llmux"],
      WorkingDir: "/",
      Env: ["PATH=/", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
      ExposedPorts: { "4000/tcp": {}, "4001/tcp": {} },
      StopSignal: "SIGTERM",
      Labels: {
        "org.opencontainers.image.title": "llmux",
        "org.opencontainers.image.version": options.version,
        "org.opencontainers.image.licenses": "MIT",
      },
    },
  });
}

/** SOURCE_DATE_EPOCH as an ISO time (reproducible-builds.org). */
function readCreated(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  if (!/^\d+$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH should be seconds since 1970, got ${text}`);
  return new Date(Number(text) * 1000).toISOString();
}

function describeImage(image: WrittenImage, out: string): string {
  const inMb = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1).padStart(6)} MB`;
  const lines = image.layers.map(
    ({ title, size, plainSize, digest }) =>
      `${inMb(size)} compressed  ${inMb(plainSize)} plain  ${digest.slice(0, 19)}  ${title}`,
  );
  const total = image.layers.reduce((sum, { size }) => sum + size, 0);
  return `${lines.join("\n")}\n${inMb(total)} compressed  in all, ${image.manifest.digest}, in ${relative(process.cwd(), out)}\n`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      executable: { type: "string", default: join(ROOT, "dist", "llmux") },
      out: { type: "string", default: join(ROOT, "dist", "image") },
      compression: { type: "string", default: "zstd" },
      level: { type: "string" },
    },
  });
  const compression = (["zstd", "gzip"] as const).find((name) => name === values.compression);
  if (compression === undefined) throw new Error(`--compression should be zstd or gzip, got ${values.compression}`);
  const level = Number(values.level ?? COMPRESSIONS[compression].defaultLevel);
  if (!Number.isInteger(level)) throw new Error(`--level should be a whole number, got ${values.level}`);
  const { version } = (await Bun.file(join(ROOT, "package.json")).json()) as { version: string };
  const created = readCreated(process.env["SOURCE_DATE_EPOCH"]);
  const image = await buildImage({
    executable: values.executable,
    out: values.out,
    version,
    compression,
    level,
    created,
  });
  process.stdout.write(describeImage(image, values.out));
}

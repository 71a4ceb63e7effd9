/** Writes an image as an OCI layout: a directory that skopeo, podman, crane and containerd read (image-spec v1.1). */
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { COMPRESSIONS, compress } from "./compress.ts";
import type { Compression } from "./compress.ts";

export type Layer = {
  /** What is in it, for the image's history. */
  readonly title: string;
  readonly tar: Uint8Array;
};

export type ImageOptions = {
  readonly architecture: string;
  /** The config's `config` object: user, entry point, … */
  readonly runtime: Readonly<Record<string, unknown>>;
  /** Tag under which tools list it. */
  readonly reference: string;
  /** ISO time; left out where the build has none, so that equal contents give equal digests. */
  readonly created: string | null;
  readonly compression: Compression;
  readonly level: number;
};

export type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number };

export type WrittenLayer = Descriptor & { readonly title: string; readonly plainSize: number };

export type WrittenImage = { readonly manifest: Descriptor; readonly layers: readonly WrittenLayer[] };

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Replaces what stood at `directory`. */
export async function writeImage(
  directory: string,
  layers: readonly Layer[],
  options: ImageOptions,
): Promise<WrittenImage> {
  await rm(directory, { recursive: true, force: true });
  const blobs = join(directory, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });

  async function writeBlob(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = digestOf(bytes);
    await Bun.write(join(blobs, digest.slice("sha256:".length)), bytes);
    return { mediaType, digest, size: bytes.length };
  }
  const writeJson = async (mediaType: string, content: unknown): Promise<Descriptor> =>
    writeBlob(mediaType, Buffer.from(JSON.stringify(content)));

  const written: WrittenLayer[] = [];
  for (const { title, tar } of layers) {
    const packed = await compress(tar, options.compression, options.level);
    const descriptor = await writeBlob(COMPRESSIONS[options.compression].mediaType, packed);
    written.push({ ...descriptor, title, plainSize: tar.length });
  }
  const time = options.created === null ? {} : { created: options.created };
  const config = await writeJson(CONFIG_TYPE, {
    ...time,
    architecture: options.architecture,
    os: "linux",
    config: options.runtime,
    rootfs: { type: "layers", diff_ids: layers.map(({ tar }) => digestOf(tar)) },
    history: layers.map(({ title }) => ({ ...time, created_by: title })),
  });
  const manifest = await writeJson(MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config,
    layers: written.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  });
  await Bun.write(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await Bun.write(
    join(directory, "index.json"),
    JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX_TYPE,
      manifests: [
        {
          ...manifest,
          platform: { architecture: options.architecture, os: "linux" },
          annotations: { "org.opencontainers.image.ref.name": options.reference },
        },
      ],
    }),
  );
  return { manifest, layers: written };
}

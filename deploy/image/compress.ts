import { promisify } from "node:util";
import { constants, gzip, zstdCompress } from "node:zlib";

/** How layers are packed, and what OCI calls the result (image-spec, media types). */
export const COMPRESSIONS = {
  zstd: { mediaType: "application/vnd.oci.image.layer.v1.tar+zstd", defaultLevel: 19 },
  gzip: { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", defaultLevel: 9 },
} as const;

export type Compression = keyof typeof COMPRESSIONS;

export async function compress(bytes: Uint8Array, compression: Compression, level: number): Promise<Buffer> {
  switch (compression) {
    case "zstd":
      return promisify(zstdCompress)(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level } });
    case "gzip":
      // node:zlib writes no name and no time into the header: the same bytes every time.
      return promisify(gzip)(bytes, { level });
  }
  compression satisfies never;
}

/**
 * Writes ustar archives (POSIX.1-1988) that depend on nothing but their contents: entries sorted by path, owners as
 * numbers, every time 0. The same inputs give the same bytes, so an image's digest says what is in it.
 */

type Owned = { readonly path: string; readonly mode: number; readonly uid?: number; readonly gid?: number };

export type TarEntry =
  | (Owned & { readonly kind: "file"; readonly bytes: Uint8Array })
  | (Owned & { readonly kind: "directory" })
  | (Owned & { readonly kind: "symlink"; readonly target: string });

const BLOCK_BYTES = 512;
/** An archive ends with two blocks of zeros. */
const END_BYTES = 2 * BLOCK_BYTES;
const MAX_NAME_BYTES = 100;
const MAX_FILE_BYTES = 0o77777777777;

const TYPE_FLAGS = { file: "0", symlink: "2", directory: "5" } as const;

export function writeTar(entries: readonly TarEntry[]): Uint8Array {
  const sorted = entries.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const [index, entry] of sorted.entries()) {
    if (entry.path === sorted[index - 1]?.path) throw new Error(`expected each path once, got ${entry.path} twice`);
  }
  const sizes = sorted.map((entry) => BLOCK_BYTES + roundUp(entry.kind === "file" ? entry.bytes.length : 0));
  const archive = Buffer.alloc(sizes.reduce((sum, size) => sum + size, END_BYTES));
  let at = 0;
  for (const [index, entry] of sorted.entries()) {
    writeHeader(archive.subarray(at, at + BLOCK_BYTES), entry);
    if (entry.kind === "file") archive.set(entry.bytes, at + BLOCK_BYTES);
    at += sizes[index] ?? 0;
  }
  return archive;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Field offsets and lengths as in POSIX.1-1988, section 10.1.1. */
function writeHeader(header: Buffer, entry: TarEntry): void {
  const name = entry.kind === "directory" ? `${entry.path}/` : entry.path;
  writeText(header, 0, name, entry.path);
  writeOctal(header, 100, 8, entry.mode);
  writeOctal(header, 108, 8, entry.uid ?? 0);
  writeOctal(header, 116, 8, entry.gid ?? 0);
  const size = entry.kind === "file" ? entry.bytes.length : 0;
  if (size > MAX_FILE_BYTES) throw new Error(`${entry.path}: expected less than 8 GiB, got ${size} bytes`);
  writeOctal(header, 124, 12, size);
  writeOctal(header, 136, 12, 0);
  header.write(TYPE_FLAGS[entry.kind], 156, "latin1");
  if (entry.kind === "symlink") writeText(header, 157, entry.target, entry.path);
  header.write("ustar\u000000", 257, "latin1");
  // The checksum is the sum of the header's bytes with the checksum itself taken as spaces.
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

function writeText(header: Buffer, at: number, text: string, path: string): void {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_NAME_BYTES) throw new Error(`${path}: expected at most ${MAX_NAME_BYTES} bytes, got ${text}`);
  header.set(bytes, at);
}

function writeOctal(header: Buffer, at: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
}

/** Reads from a Linux executable what an image must know of it: its machine and the loader it asks for. */

export type ElfFacts = {
  /** As OCI names it. */
  readonly architecture: "amd64" | "arm64";
  /** The loader's path, e.g. /lib64/ld-linux-x86-64.so.2. */
  readonly interpreter: string;
};

const ARCHITECTURES: Readonly<Record<number, ElfFacts["architecture"]>> = { 62: "amd64", 183: "arm64" };
const PT_INTERP = 3;

/** ELF-64, little endian (elf(5)); throws where the file is anything else. */
export function readElf(bytes: Uint8Array): ElfFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new Error("expected a 64-bit little-endian ELF executable");
  }
  const machine = view.getUint16(18, true);
  const architecture = ARCHITECTURES[machine];
  if (architecture === undefined) throw new Error(`expected machine 62 (x86-64) or 183 (AArch64), got ${machine}`);
  const tableAt = Number(view.getBigUint64(32, true));
  const entryBytes = view.getUint16(54, true);
  const entries = view.getUint16(56, true);
  for (let index = 0; index < entries; index += 1) {
    const at = tableAt + index * entryBytes;
    if (view.getUint32(at, true) !== PT_INTERP) continue;
    const from = Number(view.getBigUint64(at + 8, true));
    const length = Number(view.getBigUint64(at + 32, true));
    // The path ends with a NUL that counts.
    const interpreter = Buffer.from(bytes.subarray(from, from + length - 1)).toString("latin1");
    return { architecture, interpreter };
  }
  throw new Error("expected a dynamically linked executable, found no PT_INTERP");
}

/** A platform the executable is built for. */
export type Target = {
  /** As in `make cross` and in the file's name: llmux-linux-arm64. */
  readonly name: string;
  readonly bunTarget: Bun.Build.CompileTarget;
  /** npm's package that holds this platform's Bun, pinned by package-lock.json like any other. */
  readonly runtimePackage: string;
  /** What the file's first bytes must say. */
  readonly format:
    { readonly kind: "elf"; readonly machine: number } | { readonly kind: "mach-o"; readonly cpu: number };
};

// e_machine (System V ABI) and cputype (mach/machine.h).
const ELF_X64 = { kind: "elf", machine: 0x3e } as const;
const ELF_ARM64 = { kind: "elf", machine: 0xb7 } as const;
const MACH_O_ARM64 = { kind: "mach-o", cpu: 0x0100_000c } as const;

export const TARGETS: readonly Target[] = [
  { name: "linux-x64", bunTarget: "bun-linux-x64", runtimePackage: "@oven/bun-linux-x64", format: ELF_X64 },
  { name: "linux-arm64", bunTarget: "bun-linux-arm64", runtimePackage: "@oven/bun-linux-aarch64", format: ELF_ARM64 },
  {
    name: "linux-x64-musl",
    bunTarget: "bun-linux-x64-musl",
    runtimePackage: "@oven/bun-linux-x64-musl",
    format: ELF_X64,
  },
  {
    name: "linux-arm64-musl",
    bunTarget: "bun-linux-arm64-musl",
    runtimePackage: "@oven/bun-linux-aarch64-musl",
    format: ELF_ARM64,
  },
  {
    name: "darwin-arm64",
    bunTarget: "bun-darwin-arm64",
    runtimePackage: "@oven/bun-darwin-aarch64",
    format: MACH_O_ARM64,
  },
];

/** Says what is wrong with an executable's first bytes for this target, or null when they are right. */
export function findFormatProblem(head: Uint8Array, { format }: Target): string | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.byteLength < 20) return `expected an executable, got ${view.byteLength} bytes`;
  if (format.kind === "elf") {
    if (view.getUint32(0) !== 0x7f45_4c46) return "expected an ELF file";
    const machine = view.getUint16(18, true);
    return machine === format.machine ? null : `expected ELF machine ${format.machine}, got ${machine}`;
  }
  if (view.getUint32(0, true) !== 0xfeed_facf) return "expected a 64-bit Mach-O file";
  const cpu = view.getUint32(4, true);
  return cpu === format.cpu ? null : `expected Mach-O cpu ${format.cpu}, got ${cpu}`;
}

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { hostTargetName } from "../../../deploy/build/fetch-runtime.ts";
import { findFormatProblem, TARGETS, type Target } from "../../../deploy/build/targets.ts";

function find(name: string): Target {
  const target = TARGETS.find((each) => each.name === name);
  if (target === undefined) throw new Error(`expected a target ${name}`);
  return target;
}

function makeElf(machine: number): Buffer {
  const head = Buffer.alloc(64);
  head.write("\x7fELF", 0, "latin1");
  head.writeUInt16LE(machine, 18);
  return head;
}

describe("an executable's first bytes", () => {
  test("must be of the target's machine", () => {
    expect(findFormatProblem(makeElf(0x3e), find("linux-x64"))).toBe(null);
    expect(findFormatProblem(makeElf(0xb7), find("linux-arm64-musl"))).toBe(null);
    expect(findFormatProblem(makeElf(0xb7), find("linux-x64"))).toBe("expected ELF machine 62, got 183");
    expect(findFormatProblem(makeElf(0xb7), find("darwin-arm64"))).toBe("expected a 64-bit Mach-O file");
    const machO = Buffer.alloc(64);
    machO.writeUInt32LE(0xfeed_facf, 0);
    machO.writeUInt32LE(0x0100_000c, 4);
    expect(findFormatProblem(machO, find("darwin-arm64"))).toBe(null);
    expect(findFormatProblem(machO, find("linux-x64"))).toBe("expected an ELF file");
    expect(findFormatProblem(Buffer.from("short"), find("linux-x64"))).toBe("expected an executable, got 5 bytes");
  });
});

test("every target's runtime is pinned in the lockfile at the version that builds", async () => {
  const lock = (await Bun.file(join(import.meta.dir, "../../../package-lock.json")).json()) as {
    packages: Record<string, { version: string; integrity: string } | undefined>;
  };
  for (const { runtimePackage } of TARGETS) {
    const entry = lock.packages[`node_modules/${runtimePackage}`];
    expect(entry?.version).toBe(Bun.version);
    expect(entry?.integrity).toStartWith("sha512-");
  }
});

test("this machine is one of the targets", () => {
  expect(TARGETS.map(({ name }) => name)).toContain(hostTargetName());
});

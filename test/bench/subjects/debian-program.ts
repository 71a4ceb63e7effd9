import type { Found } from "./subject.ts";

/** Finds a program of a Debian package, also where /usr/sbin is not on the PATH. */
export function locateProgram(name: string): string | null {
  return Bun.which(name, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` });
}

/** Asks a Debian program for its version; says which package is missing where it is not there. */
export function findDebianProgram(name: string, versionPattern: RegExp): Found {
  const path = locateProgram(name);
  if (path === null) return { kind: "missing", reason: `${name} is not installed (apt-get install ${name})` };
  const { stdout, stderr } = Bun.spawnSync([path, "-v"]);
  const text = `${stdout}${stderr}`;
  return { kind: "available", version: versionPattern.exec(text)?.[1] ?? text.trim() };
}

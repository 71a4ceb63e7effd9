/** Which files of this machine an executable is loaded with. */

/** A shared library: where the loader looks for it, which is also where the image must hold it. */
export type SharedLibrary = { readonly name: string; readonly path: string };

/**
 * Asks the executable's own loader, which resolves without running anything (ld.so(8), --list). The libraries are
 * opened by their full paths here and found in the loader's default directories there: the same paths.
 */
export async function listSharedLibraries(interpreter: string, executable: string): Promise<SharedLibrary[]> {
  if (!(await Bun.file(interpreter).exists())) {
    throw new Error(`expected the loader ${interpreter} on this machine: build the image where the executable runs`);
  }
  const child = Bun.spawn([interpreter, "--list", executable], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [text, complaints, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${interpreter} --list ended with ${code}: ${complaints.trim()}`);
  const libraries: SharedLibrary[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*(\S+) => (\S+) \(0x[0-9a-f]+\)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) {
      if (line.includes("not found")) throw new Error(`expected every library on this machine, got ${line.trim()}`);
      // The loader itself and the kernel's vdso have no arrow.
      continue;
    }
    libraries.push({ name: match[1], path: match[2] });
  }
  return libraries;
}

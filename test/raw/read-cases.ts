/** Every `.case` file of this folder. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCases, type RawCase } from "./case-format.ts";

/** All cases, in the order of the files' names. */
export function readAllCases(): RawCase[] {
  const files = readdirSync(import.meta.dir).filter((name) => name.endsWith(".case"));
  return files.toSorted().flatMap((file) => parseCases(readFileSync(join(import.meta.dir, file), "utf8"), file));
}

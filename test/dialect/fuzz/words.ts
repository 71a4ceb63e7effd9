/** Every word that a dialect's own code knows, so that mutations reach branches that no seed holds. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DialectId } from "../../../src/dialect/neutral.ts";

const FOLDER = join(import.meta.dir, "../../../src/dialect");
/** Literals and members that could be a name or a value on the wire. */
const WORD = /"([A-Za-z_$][\w.$-]{0,60})"|[.{,]\s*([A-Za-z_]\w{1,40})\s*(?=[:,}?.\]])/g;

const known = new Map<DialectId, readonly string[]>();

/** In the order of the files, so that a seed always draws the same. */
export function wordsOf(dialect: DialectId): readonly string[] {
  const before = known.get(dialect);
  if (before !== undefined) return before;
  const words = new Set<string>();
  const folder = join(FOLDER, dialect);
  for (const name of readdirSync(folder).toSorted()) {
    for (const [, literal, member] of readFileSync(join(folder, name), "utf8").matchAll(WORD)) {
      const word = literal ?? member;
      if (word !== undefined && !word.endsWith(".ts")) words.add(word);
    }
  }
  const list = [...words];
  known.set(dialect, list);
  return list;
}

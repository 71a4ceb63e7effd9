/**
 * What is wrong between keys: names and hashes that are there twice, teams that are not there. Checked on the tree as it
 * was written, so that a mistake elsewhere in an entry does not hide one of these.
 */
import { listIn, listKnown } from "./check-references.ts";
import { isPlainMap, type PlainMap } from "./document.ts";
import { suggest } from "./nearest.ts";
import type { Path } from "./problem.ts";
import type { ProblemList } from "./problem-list.ts";

/** Hashes that come out when the command was given no key: nobody may enter with an empty text. */
const EMPTY_HASHES: ReadonlySet<string> = new Set([
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  // A line break alone, as `echo` writes it.
  "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b",
]);

/** Reports what is there twice, what lets everybody in, and teams that no entry under `teams` describes. */
export function checkCallers(
  root: PlainMap,
  isComplete: boolean,
  problems: ProblemList,
  show: (path: Path) => string,
): void {
  const names = new Map<string, Path>();
  const hashes = new Map<string, Path>();
  const teams = readTeams(root, isComplete);
  const addOnce = (seen: Map<string, Path>, value: string, path: Path, what: string): void => {
    const earlier = seen.get(value);
    if (earlier === undefined) seen.set(value, path);
    else {
      const { file, line, column } = problems.placeOf(earlier, "value");
      problems.add(path, `expected every ${what} once, it is already at ${file}:${line}:${column}`);
    }
  };
  for (const [index, key] of listIn(root, "keys").entries()) {
    if (!isPlainMap(key)) continue;
    const path: Path = ["keys", index];
    const { name, sha256, team } = key;
    if (typeof name === "string") addOnce(names, name, [...path, "name"], "name of a key");
    if (typeof sha256 === "string") {
      const hash = sha256.toLowerCase();
      if (EMPTY_HASHES.has(hash)) {
        problems.add([...path, "sha256"], "expected the SHA-256 of a key, got that of an empty text");
      } else addOnce(hashes, hash, [...path, "sha256"], "key");
    }
    if (typeof team === "string" && teams !== null && !teams.has(team)) {
      const at = [...path, "team"];
      const hint = suggest(team, teams) || listKnown(teams);
      problems.add(at, `expected a team defined under teams, got ${show(at)}${hint}`);
    }
  }
}

/** Null where no team has to be known: without the section a team is only a name. */
function readTeams(root: PlainMap, isComplete: boolean): ReadonlySet<string> | null {
  const teams = root["teams"];
  return isComplete && isPlainMap(teams) ? new Set(Object.keys(teams)) : null;
}

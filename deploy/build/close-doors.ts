/**
 * The runtime inside the executable listens to environment variables of its own, before any code of ours runs:
 * BUN_BE_BUN turns every compiled executable into the Bun command line (`bun install`, `bun -e …`). Our code cannot
 * refuse what happens before it, so the name is made unreachable: its first byte becomes 0x01, which no shell and no
 * container runtime puts into a variable's name; the length stays, so nothing else in the file moves.
 *
 * It is done to the runtime *before* compiling (`--compile-executable-path`), not to the finished file: on macOS the
 * compiler signs what it writes, and a byte changed afterwards would break that signature.
 */
export const CLOSED_DOORS = ["BUN_BE_BUN"] as const;

const REPLACEMENT_BYTE = 0x01;

/** Overwrites the first byte of each door's name in a runtime's bytes; throws unless each stands there exactly once. */
export function closeDoors(runtime: Uint8Array, doors: readonly string[] = CLOSED_DOORS): void {
  for (const door of doors) {
    const places = findAll(runtime, door);
    const [place] = places;
    if (place === undefined || places.length !== 1) {
      throw new Error(`expected the name ${door} exactly once in the runtime, found it ${places.length} times`);
    }
    runtime[place] = REPLACEMENT_BYTE;
  }
}

/** The doors whose names can still be read in an executable; our own code must not bring them back. */
export function findOpenDoors(executable: Uint8Array, doors: readonly string[] = CLOSED_DOORS): readonly string[] {
  return doors.filter((door) => findAll(executable, door).length > 0);
}

function findAll(bytes: Uint8Array, text: string): readonly number[] {
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const needle = Buffer.from(text, "latin1");
  const places: number[] = [];
  for (let at = haystack.indexOf(needle); at !== -1; at = haystack.indexOf(needle, at + 1)) places.push(at);
  return places;
}

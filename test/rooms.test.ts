import { describe, expect, test } from "bun:test";
import { dirname, join, relative } from "node:path";

const SOURCE = join(import.meta.dir, "..", "src");
/** What every room may use: the shared words, the one error, the pure things. */
const SHARED = ["exchange.ts", "policy.ts", "errors.ts", "lib"];
/** Who may use rooms: the stack, and what starts it. */
const COMPOSERS = ["gateway.ts", "gateway", "main.ts", "cli"];

type Import = { readonly file: string; readonly room: string; readonly target: string; readonly isTypeOnly: boolean };

const scanner = new Bun.Transpiler({ loader: "ts" });

/** Every import from one file of src/ to another; those that only name types are marked, since nothing remains of them. */
async function readImports(): Promise<readonly Import[]> {
  const found: Import[] = [];
  for (const file of [...new Bun.Glob("**/*.ts").scanSync(SOURCE)].toSorted()) {
    const text = await Bun.file(join(SOURCE, file)).text();
    const values = new Set(scanner.scanImports(text).map(({ path }) => path));
    for (const [, path = ""] of text.matchAll(/\b(?:from |import\()"(\.[^"]+)"/g)) {
      const target = relative(SOURCE, join(SOURCE, dirname(file), path));
      found.push({ file, room: roomOf(file), target, isTypeOnly: !values.has(path) });
    }
  }
  return found;
}

function roomOf(file: string): string {
  return file.split("/")[0] ?? "";
}

describe("the rooms of src/", async () => {
  const imports = await readImports();

  test("there is something to check", () => {
    expect(imports.length).toBeGreaterThan(50);
    expect(imports.some(({ isTypeOnly }) => isTypeOnly)).toBe(true);
    expect(imports.some(({ isTypeOnly }) => !isTypeOnly)).toBe(true);
  });

  test("a room imports the shared words and itself, never another room's code", () => {
    const crossings = imports.filter(
      ({ room, target, isTypeOnly }) =>
        !isTypeOnly && !COMPOSERS.includes(room) && roomOf(target) !== room && !SHARED.includes(roomOf(target)),
    );
    expect(crossings.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test("the shared words import no room, not even for its types", () => {
    const upward = imports.filter(({ room, target }) => SHARED.includes(room) && !SHARED.includes(roomOf(target)));
    expect(upward.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test("only main.ts and cli/ read the command line and the environment", async () => {
    const readers: string[] = [];
    for (const file of new Bun.Glob("**/*.ts").scanSync(SOURCE)) {
      if (["main.ts", "cli"].includes(roomOf(file)) || file === "provider/generate-registry.ts") continue;
      const code = (await Bun.file(join(SOURCE, file)).text()).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      if (/\b(process\.(env|argv)|Bun\.(env|argv)|import\.meta\.env)\b/.test(code)) readers.push(file);
    }
    expect(readers).toEqual([]);
  });
});

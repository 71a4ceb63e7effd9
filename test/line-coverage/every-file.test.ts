import { expect, test } from "bun:test";
import { join } from "node:path";

const SOURCE = join(import.meta.dir, "..", "..", "src");

test("every source file loads by itself, so that a file no test reaches shows as a gap", async () => {
  const files = [...new Bun.Glob("**/*.ts").scanSync(SOURCE)].toSorted();
  expect(files).toContain("main.ts");
  const broken: string[] = [];
  for (const file of files) {
    try {
      await import(join(SOURCE, file));
    } catch (error) {
      // Collected, so that one broken file does not hide the next.
      broken.push(`${file}: ${String(error)}`);
    }
  }
  expect(broken).toEqual([]);
});

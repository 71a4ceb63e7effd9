import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteResponseStore } from "../../src/store/sqlite-response-store.ts";
import { BOUNDS, entry, testResponseStore } from "./response-store-suite.ts";

let folder = "";
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "response-store-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freshPath(): string {
  return join(folder, `${files++}.db`);
}

testResponseStore("SqliteResponseStore", (bounds, nowMs) => new SqliteResponseStore(freshPath(), bounds, nowMs));

describe("the file of a SqliteResponseStore", () => {
  test("is made when it is first needed, readable for its owner alone", () => {
    const path = freshPath();
    const store = new SqliteResponseStore(path, BOUNDS, () => 0);
    expect(existsSync(path)).toBe(false);
    store.put(entry("a"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    store.close();
  });

  test("outlives the store, with its entries, its bounds and its order of use", () => {
    const path = freshPath();
    const first = new SqliteResponseStore(path, { ...BOUNDS, maxEntries: 2 }, () => 0);
    first.put(entry("a"));
    first.put(entry("b"));
    first.get("a", "ann");
    const { bytes } = first;
    first.close();
    const second = new SqliteResponseStore(path, { ...BOUNDS, maxEntries: 2 }, () => 0);
    expect(second.get("missing", "ann")).toBeNull();
    expect([second.entries, second.bytes]).toEqual([2, bytes]);
    second.put(entry("c"));
    expect(["a", "b", "c"].map((id) => second.get(id, "ann") !== null)).toEqual([true, false, true]);
    second.close();
  });

  test("gives back the room of what has expired", () => {
    let now = 0;
    const store = new SqliteResponseStore(freshPath(), BOUNDS, () => now);
    for (const id of ["a", "b", "c"]) store.put(entry(id));
    now = BOUNDS.ttlMs;
    store.put(entry("d"));
    expect(store.entries).toBe(1);
    store.close();
  });

  test("that is no database is an error each time, and left as it is", () => {
    const path = freshPath();
    writeFileSync(path, "this is a text, and not a database, and long enough to be looked at".repeat(20));
    const store = new SqliteResponseStore(path, BOUNDS, () => 0);
    expect(() => store.get("a", "ann")).toThrow();
    expect(() => store.put(entry("a"))).toThrow();
    expect(statSync(path).size).toBe(67 * 20);
    store.close();
  });
});

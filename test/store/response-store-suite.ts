/** What every store of responses must do (src/store/response-store.ts). */
import { describe, expect, test } from "bun:test";
import type { ResponseStore, ResponseStoreBounds, StoredResponse } from "../../src/store/response-store.ts";

export type CountedStore = ResponseStore & { readonly entries: number; readonly bytes: number };

export const BOUNDS: ResponseStoreBounds = { maxEntries: 100, maxBytes: 1024 * 1024, ttlMs: 1_000 };

export function entry(id: string, more: Partial<StoredResponse> = {}): StoredResponse {
  return {
    id,
    caller: "ann",
    group: "group",
    provider: "provider",
    createdAtMs: 7,
    previousId: null,
    response: { id, object: "response", output: [{ type: "message", id: `msg_${id}`, content: [] }] },
    input: [{ type: "message", id: `in_${id}`, role: "user", content: [{ type: "input_text", text: "hé" }] }],
    ...more,
  };
}

/** `open`: an empty store with these bounds and clock. */
export function testResponseStore(
  name: string,
  open: (bounds: ResponseStoreBounds, nowMs: () => number) => CountedStore,
): void {
  describe(name, () => {
    test("gives back what was put", () => {
      const store = open(BOUNDS, () => 0);
      store.put(entry("a", { previousId: "z" }));
      expect(store.get("a", "ann")).toEqual(entry("a", { previousId: "z" }));
      expect(store.get("b", "ann")).toBeNull();
      store.close();
    });

    test("another caller can neither read, find, delete nor replace it", () => {
      const store = open(BOUNDS, () => 0);
      store.put(entry("a"));
      expect(store.get("a", "bob")).toBeNull();
      expect(store.findItem("msg_a", "bob")).toBeNull();
      expect(store.delete("a", "bob")).toBe(false);
      store.put(entry("a", { caller: "bob", group: "stolen" }));
      expect(store.get("a", "ann")?.group).toBe("group");
      expect(store.get("a", "bob")).toBeNull();
      store.close();
    });

    test("finds items of output and input by their ids, not references to others", () => {
      const store = open(BOUNDS, () => 0);
      store.put(entry("a"));
      store.put(entry("b", { input: [{ type: "item_reference", id: "msg_a" }] }));
      expect(store.findItem("msg_a", "ann")).toBe("a");
      expect(store.findItem("in_a", "ann")).toBe("a");
      expect(store.findItem("msg_z", "ann")).toBeNull();
      store.close();
    });

    test("forgets what is deleted, with its items and its bytes", () => {
      const store = open(BOUNDS, () => 0);
      store.put(entry("a"));
      expect(store.delete("a", "ann")).toBe(true);
      expect(store.delete("a", "ann")).toBe(false);
      expect(store.get("a", "ann")).toBeNull();
      expect(store.findItem("msg_a", "ann")).toBeNull();
      expect([store.entries, store.bytes]).toEqual([0, 0]);
      store.close();
    });

    test("replaces an entry of the same id without counting it twice", () => {
      const store = open(BOUNDS, () => 0);
      store.put(entry("a"));
      const { bytes } = store;
      store.put(entry("a"));
      expect([store.entries, store.bytes]).toEqual([1, bytes]);
      store.close();
    });

    test("lets the least recently used go when there are too many", () => {
      const store = open({ ...BOUNDS, maxEntries: 2 }, () => 0);
      store.put(entry("a"));
      store.put(entry("b"));
      store.get("a", "ann");
      store.put(entry("c"));
      expect(["a", "b", "c"].map((id) => store.get(id, "ann") !== null)).toEqual([true, false, true]);
      expect(store.findItem("msg_b", "ann")).toBeNull();
      store.close();
    });

    test("lets the least recently used go when they are too large together, and never keeps one that is too large alone", () => {
      const maxBytes = 8 * 1024;
      const store = open({ ...BOUNDS, maxBytes }, () => 0);
      for (const id of ["a", "b", "c", "d", "e"]) {
        store.put(entry(id, { group: "x".repeat(2 * 1024) }));
        expect(store.bytes).toBeLessThanOrEqual(maxBytes);
      }
      expect(store.get("a", "ann")).toBeNull();
      expect(store.get("e", "ann")).not.toBeNull();
      const before = store.entries;
      store.put(entry("f", { group: "x".repeat(maxBytes) }));
      expect(store.get("f", "ann")).toBeNull();
      expect(store.entries).toBe(before);
      store.close();
    });

    test("a smaller one that is replaced by one too large is gone, not stale", () => {
      const store = open({ ...BOUNDS, maxBytes: 8 * 1024 }, () => 0);
      store.put(entry("a"));
      store.put(entry("a", { group: "x".repeat(9 * 1024) }));
      expect(store.get("a", "ann")).toBeNull();
      expect([store.entries, store.bytes]).toEqual([0, 0]);
      store.close();
    });

    test("forgets what is older than it may be", () => {
      let now = 0;
      const store = open(BOUNDS, () => now);
      store.put(entry("a"));
      now = BOUNDS.ttlMs - 1;
      expect(store.get("a", "ann")).not.toBeNull();
      now = BOUNDS.ttlMs;
      expect(store.get("a", "ann")).toBeNull();
      expect(store.findItem("msg_a", "ann")).toBeNull();
      expect(store.delete("a", "ann")).toBe(false);
      store.close();
    });

    test("what is read cannot change what is kept", () => {
      const store = open(BOUNDS, () => 0);
      store.put(entry("a"));
      const read = store.get("a", "ann") as { response: Record<string, unknown> } | null;
      if (read !== null) read.response["output"] = "changed";
      expect(store.get("a", "ann")).toEqual(entry("a"));
      store.close();
    });
  });
}

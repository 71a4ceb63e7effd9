import { expect, test } from "bun:test";
import { CLOSED_DOORS, closeDoors, findOpenDoors } from "../../../deploy/build/close-doors.ts";

test("a door's name loses its first byte and nothing else moves", () => {
  const runtime = Buffer.from(`before\0${CLOSED_DOORS[0]}\0after`);
  const before = Buffer.from(runtime);
  closeDoors(runtime);
  expect(runtime.byteLength).toBe(before.byteLength);
  const changed = [...runtime.keys()].filter((index) => runtime[index] !== before[index]);
  expect(changed).toEqual([7]);
  expect(findOpenDoors(runtime)).toEqual([]);
});

test("a runtime where the name is missing or there twice is refused: it is not the one that was looked at", () => {
  expect(() => closeDoors(Buffer.from("nothing here"))).toThrow("exactly once in the runtime, found it 0 times");
  const twice = Buffer.from("BUN_BE_BUN BUN_BE_BUN");
  expect(() => closeDoors(twice)).toThrow("found it 2 times");
  expect(twice.toString()).toBe("BUN_BE_BUN BUN_BE_BUN");
});

test("an executable in which the name stands, from wherever, is found out", () => {
  expect(findOpenDoors(Buffer.from("…BUN_BE_BUN…"))).toEqual(["BUN_BE_BUN"]);
  expect(findOpenDoors(Buffer.from("a window into a larger BUN_BE_BUN").subarray(0, 10))).toEqual([]);
});

test("the pinned runtime has the door exactly once", async () => {
  const runtime = await Bun.file(process.execPath).bytes();
  closeDoors(runtime);
  expect(findOpenDoors(runtime)).toEqual([]);
});

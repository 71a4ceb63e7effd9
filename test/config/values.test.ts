import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { duration, parseDuration, parseSize, percent, size } from "../../src/config/values.ts";

test.each([
  ["250ms", 250],
  ["5s", 5_000],
  ["10m", 600_000],
  ["24h", 86_400_000],
  ["0s", 0],
])("the duration %s is %d ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
  expect(v.parse(duration("", "0s"), text)).toBe(ms);
});

test.each(["", "5", "5 s", "-5s", "1.5s", "5S", "5sec", "1m30s", "25h", "9999999999ms", "٥s"])(
  "the duration '%s' is refused",
  (text) => {
    expect(v.is(duration("", "0s"), text)).toBe(false);
  },
);

test("no time at all is refused where it would be a mistake", () => {
  expect(v.is(duration(""), "0s")).toBe(false);
  expect(v.is(duration(""), "1ms")).toBe(true);
});

test.each([
  ["64KiB", 65_536],
  ["1MiB", 1_048_576],
  ["64MB", 64_000_000],
  ["2KB", 2_000],
  ["1GB", 1_000_000_000],
  ["1GiB", 1_073_741_824],
  ["12B", 12],
  [4_096, 4_096],
])("the size %s is %d bytes", (value, bytes) => {
  expect(parseSize(value)).toBe(bytes);
  expect(v.parse(size("", "1B", "2GiB"), value)).toBe(bytes);
});

test.each(["", "64", "64kib", "1.5MiB", "-1KiB", "1 MiB", "3GiB", 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  "the size '%p' is refused",
  (value) => {
    expect(v.is(size("", "1B", "2GiB"), value)).toBe(false);
  },
);

describe("percentages", () => {
  test("are shares", () => {
    expect(["0%", "5%", "2.5%", "100%"].map((text) => v.parse(percent(""), text))).toEqual([0, 0.05, 0.025, 1]);
  });

  test.each(["5", "-5%", "101%", "100.1%", "5 %", "%"])("'%s' is refused", (text) => {
    expect(v.is(percent(""), text)).toBe(false);
  });
});

import { expect, test } from "bun:test";
import { readLcov, summarise } from "./check-coverage.ts";

const REPORT = `TN:
SF:src/wire/chunked.ts
DA:1,1
DA:2,0
DA:3,7
DA:4,1
end_of_record
SF:src/gateway.ts
DA:1,1
end_of_record
SF:test/instruments/upstream.ts
DA:1,0
end_of_record
`;

test("counts the lines of each file", () => {
  expect(readLcov(REPORT)).toEqual([
    { file: "src/wire/chunked.ts", linesFound: 4, linesHit: 3 },
    { file: "src/gateway.ts", linesFound: 1, linesHit: 1 },
    { file: "test/instruments/upstream.ts", linesFound: 1, linesHit: 0 },
  ]);
});

test("sums up rooms and the whole of src, and a room that is not there has nothing", () => {
  const rooms = new Map(summarise(readLcov(REPORT)).map(({ room, percent }) => [room, percent]));
  expect(rooms.get("src/wire")).toBe(75);
  expect(rooms.get("src/gateway.ts")).toBe(100);
  expect(rooms.get("src (all)")).toBe(80);
  expect(rooms.get("src/relay")).toBe(0);
});

/**
 * Reads an lcov report and holds it against what the project asks for: every room of the data path at 90 % of its
 * lines, the whole at 80 %.
 *
 *   bun test/line-coverage/check-coverage.ts coverage/lcov.info
 */

export type FileCoverage = { readonly file: string; readonly linesFound: number; readonly linesHit: number };
export type RoomCoverage = { readonly room: string; readonly percent: number; readonly required: number };

/** What carries requests; a gap here is a request that nobody tried. */
const DATA_PATH = ["wire", "relay", "listener", "admission", "route", "dialect", "gateway.ts"];
const DATA_PATH_PERCENT = 90;
const WHOLE_PERCENT = 80;

/** The files of an lcov report with their line counts (geninfo(1): SF, DA, end_of_record). */
export function readLcov(text: string): readonly FileCoverage[] {
  const files: FileCoverage[] = [];
  let file = "";
  let linesFound = 0;
  let linesHit = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("SF:")) {
      file = line.slice(3);
      linesFound = 0;
      linesHit = 0;
    } else if (line.startsWith("DA:")) {
      linesFound++;
      if (Number(line.split(",")[1]) > 0) linesHit++;
    } else if (line === "end_of_record") {
      files.push({ file, linesFound, linesHit });
    }
  }
  return files;
}

/** Each data-path room and the whole, with what it has and what it should have. */
export function summarise(files: readonly FileCoverage[]): readonly RoomCoverage[] {
  const ours = files.filter(({ file }) => file.startsWith("src/"));
  const rooms = DATA_PATH.map((room) => ({
    room: `src/${room}`,
    percent: measurePercent(ours.filter(({ file }) => roomOf(file) === room)),
    required: DATA_PATH_PERCENT,
  }));
  return [...rooms, { room: "src (all)", percent: measurePercent(ours), required: WHOLE_PERCENT }];
}

function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** 0 for a room without a single line: one that is not there has not been tried. */
function measurePercent(files: readonly FileCoverage[]): number {
  const found = files.reduce((sum, { linesFound }) => sum + linesFound, 0);
  const hit = files.reduce((sum, { linesHit }) => sum + linesHit, 0);
  return found === 0 ? 0 : (100 * hit) / found;
}

if (import.meta.main) {
  const [path = "coverage/lcov.info"] = process.argv.slice(2);
  const rooms = summarise(readLcov(await Bun.file(path).text()));
  const low = rooms.filter(({ percent, required }) => percent < required);
  for (const { room, percent, required } of rooms) {
    const verdict = percent < required ? "TOO LOW" : "ok";
    console.log(`${room.padEnd(16)} ${percent.toFixed(1).padStart(5)} % of lines (asked: ${required} %)  ${verdict}`);
  }
  process.exit(low.length === 0 ? 0 : 1);
}

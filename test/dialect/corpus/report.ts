/**
 * The whole corpus at once: `bun test/dialect/corpus/report.ts [--write] [--misses FOLDER]`.
 * `--write` writes deploy/reference/dialect-matrix.md; `--misses` a file for each dialect with every miss and its records.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GENERATE_APIS, OTHER_APIS } from "./apis.ts";
import { SUBJECTS } from "./dialects.ts";
import { checkGolden } from "./goldens.ts";
import { writeMatrixPage } from "./matrix-page.ts";
import { listMisses } from "./print.ts";
import { readGoldens } from "./read-goldens.ts";
import { runApi, runOther } from "./run-api.ts";
import { Tally } from "./tally.ts";

const PAGE = join(import.meta.dir, "../../../deploy/reference/dialect-matrix.md");

const { values } = parseArgs({ options: { write: { type: "boolean" }, misses: { type: "string" } } });
const whole = new Tally();
let absent = 0;
for (const run of [...GENERATE_APIS.map((api) => () => runApi(api)), ...OTHER_APIS.map((api) => () => runOther(api))]) {
  const tally = await run();
  if (tally === null) absent += 1;
  else whole.merge(tally);
}
const goldens = (await readGoldens())?.map(checkGolden) ?? null;

for (const { subject, kind, from, to, passed, total } of whole.cells) {
  if (passed < total) console.log(`${subject} ${kind} ${from} → ${to}: ${passed}/${total}`);
}
if (values.misses !== undefined) {
  mkdirSync(values.misses, { recursive: true });
  for (const id of SUBJECTS.keys()) await Bun.write(join(values.misses, `corpus-${id}.txt`), listMisses(whole, id));
}
if (values.write === true) {
  if (absent > 0 || goldens === null)
    throw new Error("the page needs the whole corpus: some of ../shared/wire is absent");
  await Bun.write(PAGE, writeMatrixPage(whole, goldens, [...SUBJECTS.keys()]));
  const formatted = Bun.spawnSync([process.execPath, "fmt", PAGE]);
  if (formatted.exitCode !== 0) throw new Error(`bun fmt failed: ${formatted.stderr.toString()}`);
  console.log(`wrote ${PAGE}`);
} else if (absent > 0) console.log(`${absent} recordings are absent`);

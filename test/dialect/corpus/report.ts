/** `bun test/dialect/corpus/report.ts [--misses FOLDER] [API …]`: the whole corpus at once, as a table. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DialectId } from "../../../src/dialect/neutral.ts";
import { GENERATE_APIS, OTHER_APIS } from "./apis.ts";
import { SUBJECTS } from "./dialects.ts";
import { listMisses } from "./print.ts";
import { runApi, runOther } from "./run-api.ts";
import { Tally } from "./tally.ts";

const wanted = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const whole = new Tally();
for (const api of [...GENERATE_APIS, ...OTHER_APIS]) {
  if (wanted.length > 0 && !wanted.includes(api.name)) continue;
  if (!SUBJECTS.has(api.dialect)) {
    console.log(`${api.name}: no dialect yet`);
    continue;
  }
  const start = performance.now();
  const tally = await ("operation" in api ? runOther(api as (typeof OTHER_APIS)[number]) : runApi(api));
  if (tally === null) continue;
  console.log(`${api.name}: ${Math.round(performance.now() - start)} ms`);
  for (const { subject, kind, from, to, passed, total } of tally.cells) {
    if (passed < total || from === to) console.log(`   ${subject} ${kind} ${from} → ${to}: ${passed}/${total}`);
  }
  whole.merge(tally);
}
console.log([...whole.skipped]);
mkdirSync("/tmp/corpus", { recursive: true });
for (const id of SUBJECTS.keys()) await Bun.write(join("/tmp", `corpus-${id}.txt`), listMisses(whole, id as DialectId));

/** Writes deploy/reference/resilience.md; takes half a minute: `bun test/route/flapping/generate.ts` */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOURS, writePage } from "./page.ts";
import { SCENARIOS } from "./providers.ts";
import { simulateAll } from "./simulate.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PAGE = "deploy/reference/resilience.md";

const page = writePage(await simulateAll(SCENARIOS, HOURS.long), await simulateAll(SCENARIOS, HOURS.short));
const formatted = Bun.spawnSync([process.execPath, "fmt", `--stdin-filepath=${PAGE}`], {
  cwd: ROOT,
  stdin: Buffer.from(page),
});
if (formatted.exitCode !== 0) throw new Error(`bun fmt failed on ${PAGE}: ${formatted.stderr.toString()}`);
writeFileSync(join(ROOT, PAGE), formatted.stdout);

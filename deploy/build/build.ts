/**
 * Compiles src/main.ts to one executable.
 *
 *   bun deploy/build/build.ts                        dist/llmux for this machine
 *   bun deploy/build/build.ts --target linux-arm64   dist/llmux-linux-arm64
 *   bun deploy/build/build.ts --cross                every target, continuing past one whose runtime is not reachable
 *
 * Never run `strip` on the result: the code is appended to the runtime, and strip cuts it off.
 */
import { rename, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { findOpenDoors } from "./close-doors.ts";
import { hostTargetName, prepareRuntime } from "./fetch-runtime.ts";
import { findFormatProblem, TARGETS, type Target } from "./targets.ts";

const ROOT = join(import.meta.dir, "..", "..");

/**
 * Compiles for one target and checks what came out; throws when anything about it is not as it should be. The file takes
 * its name only then: what runs meanwhile keeps the old one, and a build that was ended leaves no half of one.
 */
export async function buildExecutable(target: Target, outfile: string): Promise<void> {
  const aside = `${outfile}.${process.pid}.tmp`;
  try {
    const summary = await compileAndCheck(target, aside);
    await rename(aside, outfile);
    console.log(`${relative(process.cwd(), outfile)}: ${summary}`);
  } finally {
    await rm(aside, { force: true });
  }
}

async function compileAndCheck(target: Target, outfile: string): Promise<string> {
  const packageJson = (await Bun.file(join(ROOT, "package.json")).json()) as { version: string };
  const commit = await readCommit();
  const result = await Bun.build({
    entrypoints: [join(ROOT, "src", "main.ts")],
    target: "bun",
    minify: true,
    bytecode: true,
    format: "esm",
    define: {
      LLMUX_BUILD_VERSION: JSON.stringify(packageJson.version),
      LLMUX_BUILD_COMMIT: JSON.stringify(commit),
    },
    compile: {
      target: target.bunTarget,
      outfile,
      executablePath: await prepareRuntime(ROOT, target),
      execArgv: ["--disallow-code-generation-from-strings=strict"],
      // What stands in the directory it is started from must not change what it does.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  });
  for (const log of result.logs) console.error(String(log));
  const bytes = await Bun.file(outfile).bytes();
  const problem = findFormatProblem(bytes.subarray(0, 64), target);
  if (problem !== null) throw new Error(`${outfile}: ${problem}`);
  const open = findOpenDoors(bytes);
  if (open.length > 0) throw new Error(`${outfile}: ${open.join(", ")} can be found in the executable`);
  if (target.name === hostTargetName()) await checkByRunning(outfile, packageJson.version, commit);
  return `${(bytes.byteLength / 1e6).toFixed(1)} MB, ${packageJson.version} (${commit})`;
}

/** The executable says our version, also when it is asked to be Bun. */
async function checkByRunning(outfile: string, version: string, commit: string): Promise<void> {
  for (const door of [{}, { BUN_BE_BUN: "1" }]) {
    const child = Bun.spawn([outfile, "--version"], { env: door, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [code, text] = await Promise.all([child.exited, child.stdout.text()]);
    const expected = `llmux ${version} (commit ${commit},`;
    if (code !== 0 || !text.startsWith(expected)) {
      throw new Error(
        `${outfile} --version with ${JSON.stringify(door)}: expected ${expected} …, got ${code}: ${text.slice(0, 200)}`,
      );
    }
  }
}

async function readCommit(): Promise<string> {
  // A build without a repository (an image's build stage) names its commit itself.
  const given = process.env["LLMUX_BUILD_COMMIT"];
  if (given !== undefined && given !== "") return given;
  const head = await runGit(["rev-parse", "--short=12", "HEAD"]);
  if (head === null) return "unknown";
  const changes = await runGit(["status", "--porcelain", "--untracked-files=no"]);
  return changes === "" ? head : `${head}-changed`;
}

async function runGit(words: readonly string[]): Promise<string | null> {
  // No git, or no repository: the build goes on and says "unknown".
  if (Bun.which("git") === null) return null;
  const child = Bun.spawn(["git", "-C", ROOT, ...words], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const [code, text] = await Promise.all([child.exited, child.stdout.text()]);
  return code === 0 ? text.trim() : null;
}

async function buildAll(): Promise<number> {
  let failed = 0;
  for (const target of TARGETS) {
    try {
      await buildExecutable(target, join(ROOT, "dist", `llmux-${target.name}`));
    } catch (error) {
      // One platform whose runtime is not reachable does not keep the others from being built.
      failed++;
      const causes = error instanceof AggregateError ? error.errors : [error];
      console.error(`llmux-${target.name}: ${causes.map(String).join("; ")}`);
    }
  }
  console.log(`${TARGETS.length - failed} of ${TARGETS.length} targets built`);
  return failed;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { target: { type: "string" }, out: { type: "string" }, cross: { type: "boolean" } },
  });
  if (values.cross === true) process.exit((await buildAll()) === 0 ? 0 : 1);
  const name = values.target ?? hostTargetName();
  const target = TARGETS.find((each) => each.name === name);
  if (target === undefined) {
    console.error(`no target ${name}; known are ${TARGETS.map((each) => each.name).join(", ")}`);
    process.exit(2);
  }
  const file = values.target === undefined ? "llmux" : `llmux-${name}`;
  await buildExecutable(target, values.out ?? join(ROOT, "dist", file));
}

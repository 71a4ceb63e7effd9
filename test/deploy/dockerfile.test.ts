import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");
const TEXT = await Bun.file(join(ROOT, "Dockerfile.distroless")).text();

type Instruction = { readonly word: string; readonly rest: string };

/** Instructions in order, comments left out, continued lines joined. */
const INSTRUCTIONS: readonly Instruction[] = TEXT.replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => ({ word: line.split(" ")[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }));

const LAST_STAGE = INSTRUCTIONS.slice(INSTRUCTIONS.findLastIndex(({ word }) => word === "FROM"));

function findLast(word: string): string {
  const found = LAST_STAGE.filter((instruction) => instruction.word === word);
  expect(found).toHaveLength(1);
  return found[0]?.rest ?? "";
}

test("every base image is an argument pinned by digest", () => {
  const defaults = new Map(
    INSTRUCTIONS.filter(({ word }) => word === "ARG").map(({ rest }) => {
      const [name = "", value = ""] = rest.split("=");
      return [name, value];
    }),
  );
  const bases = INSTRUCTIONS.filter(({ word }) => word === "FROM");
  expect(bases).toHaveLength(2);
  for (const { rest } of bases) {
    const name = /^\$\{(\w+)\}/.exec(rest)?.[1] ?? "";
    expect(defaults.get(name)).toMatch(/^[\w./-]+:[\w.-]+@sha256:(<digest>|[0-9a-f]{64})$/);
  }
});

test("everything that is copied from the repository is there", () => {
  const sources = INSTRUCTIONS.filter(({ word, rest }) => word === "COPY" && !rest.startsWith("--from"))
    .flatMap(({ rest }) => rest.split(" ").slice(0, -1))
    .toSorted();
  expect(sources).toContain("src");
  for (const source of sources) expect(existsSync(join(ROOT, source)) ? source : `${source} is missing`).toBe(source);
});

test("the image runs the executable directly, as nobody in particular, and needs no shell", () => {
  expect(findLast("USER")).toBe("65532:65532");
  expect(JSON.parse(findLast("ENTRYPOINT"))).toEqual(["/llmux"]);
  expect(JSON.parse(findLast("CMD"))).toEqual(["serve", "--config", "/etc/llmux"]);
  expect(findLast("HEALTHCHECK")).toBe("NONE");
  expect(LAST_STAGE.map(({ word }) => word)).not.toContain("RUN");
});

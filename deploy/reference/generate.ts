/**
 * Writes the reference pages (config, providers, translation) and the config's JSON Schema beside this file. With `--check` it
 * writes nothing and exits 1 when they are not what the code says.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createJsonSchema } from "../../src/config/json-schema.ts";
import { createReferencePage } from "../../src/config/reference-page.ts";
import { createProvidersPage } from "./providers-page.ts";
import { createTranslationPage } from "./translation-page.ts";

/** Every generated file, by its name, formatted as `make check` wants every file to be. */
export function generateReference(): ReadonlyMap<string, string> {
  return new Map([
    ["config.md", format("config.md", createReferencePage())],
    ["providers.md", format("providers.md", createProvidersPage())],
    ["translation.md", format("translation.md", createTranslationPage())],
    ["llmux.schema.json", format("llmux.schema.json", JSON.stringify(createJsonSchema(), null, 2))],
  ]);
}

/** The names of files that are not what the schema says. */
export function findStale(): readonly string[] {
  return [...generateReference()].flatMap(([name, text]) => {
    const path = join(import.meta.dirname, name);
    return existsSync(path) && readFileSync(path, "utf8") === text ? [] : [name];
  });
}

/** `bun fmt` with the project's settings; this script is run by the same Bun. */
function format(name: string, text: string): string {
  const result = Bun.spawnSync([process.execPath, "fmt", `--stdin-filepath=deploy/reference/${name}`], {
    cwd: join(import.meta.dirname, "../.."),
    stdin: Buffer.from(text),
  });
  if (result.exitCode !== 0) throw new Error(`bun fmt failed on ${name}: ${result.stderr.toString()}`);
  return result.stdout.toString();
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    for (const name of findStale()) {
      console.error(`deploy/reference/${name} is stale; run: bun deploy/reference/generate.ts`);
      process.exitCode = 1;
    }
  } else {
    for (const [name, text] of generateReference()) writeFileSync(join(import.meta.dirname, name), text);
  }
}

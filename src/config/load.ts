/**
 * From files to a snapshot: read, parse, merge, check, compile. Everything it touches comes in as a parameter.
 *
 *   loadSnapshot(options: LoadOptions): Promise<CompiledSnapshot>  a Snapshot; throws ConfigError with all problems
 *   loadConfig(options: LoadOptions):   Promise<LoadedConfig>      the same with what a watcher needs
 *
 *   const snapshot = await loadSnapshot({ path, definitions, env: process.env, generation: 1, now: Date.now });
 */
import { dirname } from "node:path";
import type { ProviderDefinition } from "../provider/define.ts";
import { type CompiledSnapshot, compileConfig } from "./compile.ts";
import type { CompileExpression } from "./compile-provider.ts";
import { mergeDocuments, type SourceText } from "./document.ts";
import { ConfigError, type Path, pathKey } from "./problem.ts";
import { ProblemList } from "./problem-list.ts";
import { type FileAccess, realFiles } from "./read-files.ts";
import {
  decodeText,
  describeCode,
  hashResults,
  MAX_FILE_BYTES,
  readBytes,
  readConfigSources,
  type ReadResult,
} from "./sources.ts";
import { validateTree } from "./validate.ts";

/** A config text that does not stand in a file (`--demo`); merged like one more file of a directory. */
export type InlineSource = { readonly name: string; readonly text: string };

export type LoadOptions = {
  /** A file or a directory; null takes the providers whose usual environment variable is set. */
  readonly path: string | null;
  readonly inline?: readonly InlineSource[];
  /** Every known provider by its id. */
  readonly definitions: ReadonlyMap<string, ProviderDefinition>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Defaults to the real file system. */
  readonly files?: FileAccess;
  /** Evaluates the rules of the strategy `conditional`; without it a rule is a problem. */
  readonly compileExpression?: CompileExpression;
  readonly generation: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

export type LoadedConfig = {
  readonly snapshot: CompiledSnapshot;
  /** Files named by `{ file: … }`, absolute; the snapshot's content hash covers them. */
  readonly secretPaths: readonly string[];
};

/** Loads, checks and compiles a config; throws ConfigError with every problem at once. */
export async function loadSnapshot(options: LoadOptions): Promise<CompiledSnapshot> {
  return (await loadConfig(options)).snapshot;
}

/** Loads like `loadSnapshot` and says which files to follow. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const files = options.files ?? realFiles;
  const problems = new ProblemList(new Map(), options.path ?? "environment");
  const results: ReadResult[] = [];
  const texts = await readTexts(options, files, problems, results);
  const hasEveryText = problems.isEmpty;
  const merged = mergeDocuments(texts, problems, options.env);
  const tree = { ...merged, isComplete: merged.isComplete && hasEveryText };
  const checked = validateTree(tree, problems);

  const contents = new Map<string, string | null>();
  for (const { path, file } of checked.references) {
    const key = pathKey(path);
    const result = await readBytes(file, files);
    results.push(result);
    contents.set(key, readSecret(result, path, problems));
  }
  const secretPaths = [...new Set(checked.references.map((reference) => reference.file))];
  const contentHash = hashResults(results);
  const followed = { contentHash, secretPaths };
  if (checked.config === null) throw new ConfigError(problems.sorted(), followed);

  const warnings: string[] = [];
  const snapshot = compileConfig(
    {
      config: checked.config,
      names: checked.names,
      planned: checked.planned,
      generation: options.generation,
      loadedAtMs: options.now(),
      contentHash,
    },
    {
      definitions: options.definitions,
      env: options.env,
      problems,
      warnings,
      readText: (value, path) => (typeof value === "string" ? value : (contents.get(pathKey(path)) ?? null)),
      show: checked.show,
      compileExpression: options.compileExpression,
    },
  );
  if (!problems.isEmpty) throw new ConfigError(problems.sorted(), followed);
  return { snapshot, secretPaths };
}

/** The hash of what is on disk now, comparable with a snapshot's `contentHash` when the same secrets are followed. */
export async function fingerprint(options: LoadOptions, secretPaths: readonly string[]): Promise<string> {
  const files = options.files ?? realFiles;
  const results: ReadResult[] = [];
  await readTexts(options, files, new ProblemList(new Map(), ""), results);
  for (const path of secretPaths) results.push(await readBytes(path, files));
  return hashResults(results);
}

async function readTexts(
  options: LoadOptions,
  files: FileAccess,
  problems: ProblemList,
  results: ReadResult[],
): Promise<readonly SourceText[]> {
  const texts: SourceText[] = [];
  const add = (name: string, directory: string, bytes: Uint8Array): void => {
    const text = decodeText(bytes);
    if (text === null) problems.addAt({ file: name, line: 0, column: 0 }, "expected UTF-8 text, got other bytes");
    else texts.push({ name, directory, text });
  };
  const addText = (name: string, text: string): void => {
    const bytes = new TextEncoder().encode(text);
    results.push({ kind: "read", path: name, bytes });
    add(name, process.cwd(), bytes);
  };
  if (options.path === null) addText("environment", writeEnvironmentConfig(options));
  else {
    const sources = await readConfigSources(options.path, files);
    if (sources.problem !== null) {
      problems.addAt(problems.fallback, sources.problem);
      results.push({ kind: "failed", path: options.path, code: sources.problem });
    }
    for (const result of sources.results) {
      results.push(result);
      if (result.kind === "read") add(result.path, dirname(result.path), result.bytes);
      else
        problems.addAt(
          { file: result.path, line: 0, column: 0 },
          `expected a file of at most ${MAX_FILE_BYTES} bytes, got ${describeCode(result.code)}`,
        );
    }
  }
  for (const source of options.inline ?? []) addText(source.name, source.text);
  return texts;
}

/** With no file at all: every known provider whose usual environment variable is set, as a config would say it. */
function writeEnvironmentConfig(options: LoadOptions): string {
  const { env } = options;
  const isSet = (name: string): boolean => (env[name] ?? "") !== "";
  const lines: string[] = [];
  for (const [id, definition] of options.definitions) {
    const hasUrl = definition.baseUrl !== null || (definition.baseUrlEnv !== undefined && isSet(definition.baseUrlEnv));
    const hasSettings = (definition.settings ?? []).every(
      (setting) => setting.default !== null || setting.env.some(isSet),
    );
    if (!hasUrl || !hasSettings || definition.isEmbedded === true) continue;
    const variable = definition.credential?.env.find(isSet);
    if (variable !== undefined) lines.push(`  ${JSON.stringify(id)}: { api_key: "\${${variable}}" }`);
    // A local server needs no key: that its address is set says that it is wanted.
    else if (definition.isKeyOptional === true && definition.baseUrlEnv !== undefined && isSet(definition.baseUrlEnv)) {
      lines.push(`  ${JSON.stringify(id)}: {}`);
    }
  }
  return lines.length === 0 ? "providers: {}\n" : `providers:\n${lines.join("\n")}\n`;
}

function readSecret(result: ReadResult, path: Path, problems: ProblemList): string | null {
  const at = [...path, "file"];
  if (result.kind === "failed") {
    problems.add(
      at,
      `expected a file of at most ${MAX_FILE_BYTES} bytes at ${JSON.stringify(result.path)}, got ${describeCode(result.code)}`,
    );
    return null;
  }
  const text = decodeText(result.bytes);
  if (text === null) {
    problems.add(at, `expected UTF-8 text in ${JSON.stringify(result.path)}, got other bytes`);
    return null;
  }
  // An editor and `echo` end a file with a line break that is not part of the secret.
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  if (end === 0) {
    problems.add(at, `expected a text in ${JSON.stringify(result.path)}, got an empty file`);
    return null;
  }
  return text.slice(0, end);
}

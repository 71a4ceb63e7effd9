/**
 * Names that must lead somewhere: a deployment's provider, the models of a fallback list. Checked on the tree as it
 * was written, so that a mistake elsewhere in an entry does not hide a wrong name.
 */
import { isPlainMap, type Plain, type PlainMap } from "./document.ts";
import { findGroup } from "./find-group.ts";
import { suggest } from "./nearest.ts";
import type { Path } from "./problem.ts";
import type { ProblemList } from "./problem-list.ts";
import type { KnownNames } from "./validate.ts";

/** Reports every name that leads nowhere, and fallbacks that come back to where they began. */
export function checkReferences(
  root: PlainMap,
  names: KnownNames,
  problems: ProblemList,
  show: (path: Path) => string,
): void {
  const models = isPlainMap(root["models"]) ? root["models"] : {};
  if (names.providers !== null) checkDeployments(models, names.providers, problems, show);
  for (const field of FALLBACKS) {
    const edges = new Map<string, Edges>();
    for (const [name, entry] of Object.entries(models)) {
      edges.set(name, readFallbacks(entry, ["models", name, field], names, problems, show));
    }
    reportLoops(field, edges, problems);
    // A default that names a model which has it, too, ends there: names that were tried are skipped.
    readFallbacks(root["defaults"], ["defaults", field], names, problems, show);
  }
}

const FALLBACKS = ["fallbacks", "context_window_fallbacks", "content_policy_fallbacks"] as const;

function checkDeployments(
  models: PlainMap,
  known: ReadonlySet<string>,
  problems: ProblemList,
  show: (path: Path) => string,
): void {
  for (const [name, entry] of Object.entries(models)) {
    for (const [index, deployment] of listIn(entry, "deployments").entries()) {
      const provider = isPlainMap(deployment) ? deployment["provider"] : undefined;
      if (typeof provider !== "string" || provider === "" || known.has(provider)) continue;
      const path = ["models", name, "deployments", index, "provider"];
      const hint = suggest(provider, known) || listKnown(known);
      problems.add(path, `expected a provider defined under providers, got ${show(path)}${hint}`);
    }
  }
}

type Edges = readonly { readonly target: string; readonly path: Path }[];

/** The groups that the list at a path leads to. */
function readFallbacks(
  entry: Plain | undefined,
  path: Path,
  { models: known, providers }: KnownNames,
  problems: ProblemList,
  show: (path: Path) => string,
): Edges {
  if (known === null || providers === null) return [];
  return listIn(entry, String(path.at(-1))).flatMap((fallback, index): Edges => {
    if (typeof fallback !== "string" || fallback === "") return [];
    const at: Path = [...path, index];
    if (fallback.endsWith("*")) {
      problems.add(at, `expected the name of one model, got ${show(at)}`);
      return [];
    }
    const target = findGroup(fallback, known);
    if (target !== null) return [{ target, path: at }];
    const slash = fallback.indexOf("/");
    if (slash === -1 || slash === fallback.length - 1 || !providers.has(fallback.slice(0, slash))) {
      const hint = suggest(fallback, known) || listKnown(known);
      problems.add(at, `expected a model defined under models, got ${show(at)}${hint}`);
    }
    return [];
  });
}

/** Depth-first over the groups: an edge to a group that is still open closes a loop. */
function reportLoops(field: string, edges: ReadonlyMap<string, Edges>, problems: ProblemList): void {
  const states = new Map<string, "open" | "done">();
  const visit = (name: string, trail: readonly string[]): void => {
    states.set(name, "open");
    for (const { target, path } of edges.get(name) ?? []) {
      const state = states.get(target);
      if (state === "open") {
        const loop = [...trail.slice(trail.indexOf(target)), target];
        problems.add(path, `expected ${field} without a loop, got ${loop.slice(-10).join(" → ")}`);
      } else if (state === undefined) visit(target, [...trail, target]);
    }
    states.set(name, "done");
  };
  for (const name of edges.keys()) if (!states.has(name)) visit(name, [name]);
}

export function listIn(entry: Plain | undefined, field: string): readonly Plain[] {
  const list = isPlainMap(entry) ? entry[field] : undefined;
  return Array.isArray(list) ? list : [];
}

export function listKnown(names: ReadonlySet<string>): string {
  if (names.size === 0) return "; none is defined";
  const shown = [...names].slice(0, 10).map((name) => JSON.stringify(name));
  return `; defined are ${shown.join(", ")}${names.size > 10 ? " …" : ""}`;
}

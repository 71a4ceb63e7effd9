/**
 * Names that must lead somewhere: a deployment's provider, the models of a fallback list. Checked on the tree as it
 * was written, so that a mistake elsewhere in an entry does not hide a wrong name.
 */
import { isPlainMap, type Plain, type PlainMap } from "./document.ts";
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
  const models = root["models"];
  if (!isPlainMap(models)) return;
  if (names.providers !== null) checkDeployments(models, names.providers, problems, show);
  for (const field of ["fallbacks", "context_window_fallbacks"]) {
    const edges = readFallbacks(models, field, names, problems, show);
    reportLoops(field, edges, problems);
  }
}

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

type Edges = ReadonlyMap<string, readonly { readonly target: string; readonly path: Path }[]>;

function readFallbacks(
  models: PlainMap,
  field: string,
  names: KnownNames,
  problems: ProblemList,
  show: (path: Path) => string,
): Edges {
  const edges = new Map<string, { readonly target: string; readonly path: Path }[]>();
  const { models: known, providers } = names;
  if (known === null || providers === null) return edges;
  for (const [name, entry] of Object.entries(models)) {
    const targets: { target: string; path: Path }[] = [];
    for (const [index, fallback] of listIn(entry, field).entries()) {
      if (typeof fallback !== "string" || fallback === "") continue;
      const path: Path = ["models", name, field, index];
      const group = findGroup(fallback, known);
      if (group !== null) targets.push({ target: group, path });
      else if (!fallback.includes("/") || !providers.has(fallback.slice(0, fallback.indexOf("/")))) {
        const hint = suggest(fallback, known) || listKnown(known);
        problems.add(path, `expected a model defined under models, got ${show(path)}${hint}`);
      }
    }
    edges.set(name, targets);
  }
  return edges;
}

/** Depth-first over the groups: an edge to a group that is still open closes a loop. */
function reportLoops(field: string, edges: Edges, problems: ProblemList): void {
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

/** The group that answers for a name: itself, or the longest wildcard it matches. */
function findGroup(name: string, groups: ReadonlySet<string>): string | null {
  if (groups.has(name)) return name;
  let best: string | null = null;
  for (const group of groups) {
    if (!group.endsWith("*") || !name.startsWith(group.slice(0, -1))) continue;
    if (best === null || group.length > best.length) best = group;
  }
  return best;
}

function listIn(entry: Plain | undefined, field: string): readonly Plain[] {
  const list = isPlainMap(entry) ? entry[field] : undefined;
  return Array.isArray(list) ? list : [];
}

function listKnown(names: ReadonlySet<string>): string {
  if (names.size === 0) return "; none is defined";
  const shown = [...names].slice(0, 10).map((name) => JSON.stringify(name));
  return `; defined are ${shown.join(", ")}${names.size > 10 ? " …" : ""}`;
}

import type { Quirks, Surface } from "../exchange.ts";
import type { ProviderDefinition, SurfaceDefinition } from "../provider/define.ts";
import type { CompileContext } from "./compile-provider.ts";
import { suggest } from "./nearest.ts";
import type { Path } from "./problem.ts";
import { fillSettings, type Settings } from "./provider-settings.ts";
import type { ProviderEntry } from "./schema.ts";

/** A provider that does everything as its dialect says. */
export const NO_QUIRKS: Quirks = {
  refuses: [],
  renames: {},
  reasoning: null,
  efforts: null,
  jsonSchema: null,
  maxOutputTokens: null,
  refusesContent: [],
  systemRole: null,
};

/**
 * What every request of an API carries, for providers of which no definition says it: Anthropic's answers 400 without its version
 * (https://platform.claude.com/docs/en/api/versioning).
 */
const DIALECT_HEADERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "anthropic-messages": { "anthropic-version": "2023-06-01" },
};

/** The APIs an entry speaks: the definition's, or those the config names. */
export function compileSurfaces(
  path: Path,
  entry: ProviderEntry,
  definition: ProviderDefinition,
  settings: Settings,
  context: CompileContext,
): readonly Surface[] {
  const { definitions, problems } = context;
  const key = entry.dialects === undefined ? "dialect" : "dialects";
  if (entry.dialects !== undefined && entry.dialect !== undefined) {
    problems.add([...path, "dialects"], "expected dialect or dialects, got both", { at: "key" });
  }
  const named = entry.dialects ?? (entry.dialect === undefined ? null : [entry.dialect]);
  if (named === null) return definition.surfaces.map((surface) => compileSurface(surface, settings));
  const known = new Set([...definitions.values()].flatMap(({ surfaces }) => surfaces.map(({ dialect }) => dialect)));
  return named.flatMap((dialect, index): Surface[] => {
    if (!known.has(dialect)) {
      const place = entry.dialects === undefined ? [...path, key] : [...path, key, index];
      const hint = suggest(dialect, known) || `; known are ${[...known].toSorted().join(", ")}`;
      problems.add(place, `expected a known dialect, got ${context.show(place)}${hint}`);
      return [];
    }
    const own = definition.surfaces.filter((surface) => surface.dialect === dialect);
    const headers = DIALECT_HEADERS[dialect] ?? {};
    return (own.length === 0 ? [{ dialect, headers }] : own).map((surface) => compileSurface(surface, settings));
  });
}

function compileSurface(surface: SurfaceDefinition, settings: Settings): Surface {
  return {
    dialect: surface.dialect,
    models: surface.models ?? null,
    paths:
      surface.endpoints === undefined
        ? null
        : Object.fromEntries(
            Object.entries(surface.endpoints).map(([name, path]) => [
              name,
              path === true ? "" : fillSettings(path, settings),
            ]),
          ),
    body: Object.fromEntries(
      Object.entries(surface.body ?? {}).map(([name, value]) => [
        name,
        typeof value === "string" ? fillSettings(value, settings) : value,
      ]),
    ),
    query: fillSettings(surface.query ?? "", settings),
    headers: Object.entries(surface.headers ?? {}).map(([name, value]) => [name, fillSettings(value, settings)]),
    quirks: { ...NO_QUIRKS, ...surface.quirks },
  };
}

import type { ProviderDefinition } from "./define.ts";

/** What the list of providers says of one; the same for `llmux providers` and for the page in the docs. */
export type ProviderRow = {
  readonly id: string;
  readonly name: string;
  /** In order of preference. */
  readonly dialects: readonly string[];
  /** "" where the config must name it. */
  readonly baseUrl: string;
  /** Environment variables of the key and of what the URL needs. */
  readonly env: readonly string[];
  /** Endpoint names; a dialect's name alone stands for all of its endpoints. */
  readonly endpoints: readonly string[];
  readonly sources: readonly string[];
  readonly unchecked: string;
};

/** One row for each provider, by id; providers inside the process are left out. */
export function describeProviders(definitions: ReadonlyMap<string, ProviderDefinition>): readonly ProviderRow[] {
  return [...definitions.values()]
    .filter(({ isEmbedded }) => isEmbedded !== true)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((definition) => ({
      id: definition.id,
      name: definition.name,
      dialects: [...new Set(definition.surfaces.map(({ dialect }) => dialect))],
      baseUrl: definition.baseUrl ?? "",
      env: [
        ...(definition.credential?.env ?? []),
        ...(definition.baseUrlEnv === undefined ? [] : [definition.baseUrlEnv]),
        ...(definition.settings ?? []).flatMap(({ env }) => env),
      ],
      endpoints: [
        ...new Set(
          definition.surfaces.flatMap(({ dialect, endpoints }) =>
            endpoints === undefined
              ? [`${dialect}: all`]
              : Object.keys(endpoints).filter((name) => !name.includes("#")),
          ),
        ),
      ],
      sources: typeof definition.source === "string" ? [definition.source] : definition.source,
      unchecked: definition.unchecked ?? "",
    }));
}

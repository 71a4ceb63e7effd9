import type { ProviderDefinition } from "./define.ts";

/** What the list of providers says of one; the same for `llmux providers` and for the page in the docs. */
export type ProviderRow = {
  readonly id: string;
  readonly name: string;
  /** In order of preference. */
  readonly dialects: readonly string[];
  /** "" where the config must name it. */
  readonly baseUrl: string;
  /** Environment variable that a base URL of one's own may stand in, too. */
  readonly baseUrlEnv: string | null;
  /** Environment variables that its key usually stands in; the first that is set counts. */
  readonly keyEnv: readonly string[];
  readonly isKeyOptional: boolean;
  /** Keys of a config entry that its URL or its authentication needs; variables that give them, too; what they are without either. */
  readonly settings: readonly {
    readonly key: string;
    readonly env: readonly string[];
    readonly default: string | null;
  }[];
  /** By dialect, in the same order. */
  readonly endpoints: readonly DialectEndpoints[];
  readonly sources: readonly string[];
  readonly unchecked: string;
};

/** What a provider serves of one dialect. */
export type DialectEndpoints = {
  readonly dialect: string;
  /** Null: all of the dialect's. */
  readonly names: readonly string[] | null;
  /** Whether only models of some names are served so. */
  readonly isForSomeModels: boolean;
};

/** One row for each provider, by id; providers inside the process are left out. */
export function describeProviders(definitions: ReadonlyMap<string, ProviderDefinition>): readonly ProviderRow[] {
  return [...definitions.values()]
    .filter(({ isEmbedded }) => isEmbedded !== true)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((definition) => {
      const endpoints = describeEndpoints(definition);
      return {
        id: definition.id,
        name: definition.name,
        dialects: endpoints.map(({ dialect }) => dialect),
        baseUrl: definition.baseUrl ?? "",
        baseUrlEnv: definition.baseUrlEnv ?? null,
        keyEnv: definition.credential?.env ?? [],
        isKeyOptional: definition.isKeyOptional === true,
        settings: (definition.settings ?? []).map(({ key, env, default: fallback }) => ({
          key,
          env,
          default: fallback,
        })),
        endpoints,
        sources: typeof definition.source === "string" ? [definition.source] : definition.source,
        unchecked: definition.unchecked ?? "",
      };
    });
}

function describeEndpoints({ surfaces }: ProviderDefinition): readonly DialectEndpoints[] {
  return [...new Set(surfaces.map(({ dialect }) => dialect))].map((dialect) => {
    const own = surfaces.filter((surface) => surface.dialect === dialect);
    const names = own.flatMap(({ endpoints }) => Object.keys(endpoints ?? {}));
    return {
      dialect,
      names: own.some(({ endpoints }) => endpoints === undefined)
        ? null
        : [...new Set(names.filter((name) => !name.includes("#")))],
      isForSomeModels: own.every(({ models }) => models !== undefined),
    };
  });
}

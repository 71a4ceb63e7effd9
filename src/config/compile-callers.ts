import type { Key, RateLimits, Team } from "../policy.ts";
import { NO_LIMITS } from "../policy.ts";
import { compileRates } from "./compile-policy.ts";
import type { CompileContext } from "./compile-provider.ts";
import { canReach } from "./find-group.ts";
import { formatPath } from "./problem.ts";
import type { Config } from "./schema.ts";
import type { KnownNames } from "./validate.ts";

/** The sections `keys` and `teams`; every team that a key names is there, if only without limits. */
export type CompiledCallers = {
  readonly keys: ReadonlyMap<string, Key>;
  readonly teams: ReadonlyMap<string, Team>;
};

/** Names twice, hashes twice and unknown teams have been reported already. */
export function compileCallers(
  config: Pick<Config, "keys" | "teams">,
  names: KnownNames,
  { warnings }: CompileContext,
): CompiledCallers {
  const teams = new Map<string, Team>();
  const addTeam = (name: string, limits: RateLimits): void => void teams.set(name, { name, limits });
  for (const [name, entry] of Object.entries(config.teams ?? {})) addTeam(name, compileRates(entry ?? {}));
  const keys = new Map<string, Key>();
  for (const [index, entry] of (config.keys ?? []).entries()) {
    for (const [modelIndex, model] of (entry.models ?? []).entries()) {
      if (names.models === null || names.providers === null) break;
      if (canReach(model, names.models, names.providers)) continue;
      warnings.push(
        `${formatPath(["keys", index, "models", modelIndex])}: ${JSON.stringify(model)} fits no model under models and no PROVIDER/MODEL.`,
      );
    }
    const team = entry.team ?? null;
    if (team !== null && !teams.has(team)) addTeam(team, NO_LIMITS);
    const sha256 = entry.sha256.toLowerCase();
    keys.set(sha256, {
      name: entry.name,
      sha256,
      models: entry.models ?? null,
      limits: compileRates(entry),
      tags: entry.tags ?? [],
      team,
      maxPriority: entry.priority,
      mayDebug: entry.debug,
    });
  }
  return { keys, teams };
}

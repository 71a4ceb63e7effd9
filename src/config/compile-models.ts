import type { Deployment, ModelGroup, Timeouts } from "../exchange.ts";
import { type CompileContext, type CompiledProvider, mergeTimeouts } from "./compile-provider.ts";
import { formatPath, type Path } from "./problem.ts";
import type { ModelEntry, ProviderEntry, TimeoutsEntry } from "./schema.ts";

export type ModelsInput = {
  readonly models: Readonly<Record<string, ModelEntry>>;
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  /** The entries' own timeouts, which stand between the defaults' and the group's. */
  readonly providerEntries: Readonly<Record<string, ProviderEntry | null>>;
  readonly defaults: Timeouts;
};

/** The entries under `models` → groups. A deployment whose provider is not there has been reported already. */
export function compileModels(input: ModelsInput, context: CompileContext): ReadonlyMap<string, ModelGroup> {
  const groups = new Map<string, ModelGroup>();
  for (const [name, entry] of Object.entries(input.models)) {
    const path: Path = ["models", name];
    const deployments = entry.deployments.flatMap((deployment, index): Deployment[] => {
      checkModelName(name, deployment.model, [...path, "deployments", index, "model"], context);
      const provider = input.providers.get(deployment.provider);
      if (provider === undefined) return [];
      const levels: readonly (TimeoutsEntry | undefined)[] = [
        input.providerEntries[deployment.provider]?.timeouts,
        entry.timeouts,
        deployment.timeouts,
      ];
      return [
        { group: name, provider, model: deployment.model, timeouts: levels.reduce(mergeTimeouts, input.defaults) },
      ];
    });
    if (entry.deployments.length > 1) {
      context.warnings.push(
        `${formatPath(path)} has ${entry.deployments.length} deployments; only the first is used in this version.`,
      );
    }
    groups.set(name, { name, deployments });
  }
  return groups;
}

function checkModelName(group: string, model: string, path: Path, context: CompileContext): void {
  const stars = model.split("*").length - 1;
  if (stars > 1) context.problems.add(path, `expected one * at most, got ${context.show(path)}`);
  else if (stars === 1 && !group.endsWith("*")) {
    context.problems.add(
      path,
      `expected a name without *, because the group's own name has none, got ${context.show(path)}`,
    );
  } else if (/\p{C}/u.test(model)) {
    context.problems.add(path, "expected printable characters, got a control character");
  }
}

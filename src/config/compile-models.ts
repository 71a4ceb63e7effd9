import type { Deployment, ModelGroup, Timeouts } from "../exchange.ts";
import { NO_LIMITS } from "../policy.ts";
import {
  compileBudget,
  compileHealthCheck,
  compileImplicitPolicy,
  compilePolicy,
  compileRates,
  mergeBreaker,
  type PolicyDefaults,
} from "./compile-policy.ts";
import { type CompileContext, type CompiledProvider, mergeTimeouts } from "./compile-provider.ts";
import { checkTags, hasBudget } from "./compile-strategy.ts";
import { formatPath, type Path } from "./problem.ts";
import type { ModelEntry, ProviderEntry, TimeoutsEntry } from "./schema.ts";

export type ModelsInput = {
  readonly models: Readonly<Record<string, ModelEntry>>;
  readonly providers: ReadonlyMap<string, CompiledProvider>;
  /** The entries' own timeouts, which stand between the defaults' and the group's. */
  readonly providerEntries: Readonly<Record<string, ProviderEntry | null>>;
  /** Every provider's name as written; null when they are not all known. */
  readonly providerNames: ReadonlySet<string> | null;
  readonly timeouts: Timeouts;
  readonly defaults: PolicyDefaults;
};

/** The entries under `models` → groups. A deployment whose provider is not there has been reported already. */
export function compileModels(input: ModelsInput, context: CompileContext): ReadonlyMap<string, ModelGroup> {
  const groups = new Map<string, ModelGroup>();
  for (const [name, entry] of Object.entries(input.models)) {
    const path: Path = ["models", name];
    const deployments = compileDeployments(name, entry, input, context);
    const isWhole = deployments.length === entry.deployments.length;
    if (isWhole && deployments.every(({ weight }) => weight === 0)) {
      context.problems.add(
        [...path, "deployments"],
        "expected a weight above 0 for one deployment at least, got 0 for all",
        {
          at: "key",
        },
      );
    }
    const policy = compilePolicy(name, entry, deployments, input.defaults, input.providerNames, context);
    const hasUnheldBudget =
      deployments.some(hasBudget) && policy.strategy.every((strategy) => strategy.name !== "budget");
    if (hasUnheldBudget) {
      context.warnings.push(
        `${formatPath(path)}: the budget of its deployments or providers is only counted; the strategy budget leaves out what has spent it.`,
      );
    }
    groups.set(name, { name, deployments, limits: compileRates(entry), policy });
  }
  checkDefaultTags(groups, input.defaults, context);
  checkPrices(groups, input.providers, context);
  return groups;
}

/** One group for each provider, for `PROVIDER/MODEL` names that no model names; routed by the defaults. */
export function compileImplicitGroups(
  providers: ReadonlyMap<string, CompiledProvider>,
  defaults: PolicyDefaults,
  context: CompileContext,
): ReadonlyMap<string, ModelGroup> {
  const groups = new Map<string, ModelGroup>();
  for (const provider of providers.values()) {
    const name = `${provider.name}/*`;
    const deployment: Deployment = {
      id: name,
      group: name,
      provider,
      model: "*",
      timeouts: provider.timeouts,
      weight: null,
      tier: 0,
      limits: NO_LIMITS,
      tags: [],
      price: null,
      contextWindow: null,
      budget: null,
      breaker: defaults.breaker,
      healthCheck: defaults.healthCheck,
    };
    const deployments = [deployment];
    const policy = compileImplicitPolicy(name, deployments, defaults, context);
    groups.set(name, { name, deployments, limits: NO_LIMITS, policy });
  }
  return groups;
}

function compileDeployments(
  name: string,
  entry: ModelEntry,
  { providers, providerEntries, timeouts, defaults }: ModelsInput,
  context: CompileContext,
): readonly Deployment[] {
  const breaker = mergeBreaker(defaults.breaker, entry.breaker);
  const groupHealthCheck = compileHealthCheck(entry.health_check);
  const healthCheck = groupHealthCheck === undefined ? defaults.healthCheck : groupHealthCheck;
  const seen = new Map<string, number>();
  return entry.deployments.flatMap((deployment, index): Deployment[] => {
    checkModelName(name, deployment.model, ["models", name, "deployments", index, "model"], context);
    const provider = providers.get(deployment.provider);
    if (provider === undefined) return [];
    const levels: readonly (TimeoutsEntry | undefined)[] = [
      providerEntries[deployment.provider]?.timeouts,
      entry.timeouts,
      deployment.timeouts,
    ];
    const id = `${name}|${provider.name}|${deployment.model}`;
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    const ownHealthCheck = compileHealthCheck(deployment.health_check);
    return [
      {
        id: count === 1 ? id : `${id}#${count}`,
        group: name,
        provider,
        model: deployment.model,
        timeouts: levels.reduce(mergeTimeouts, timeouts),
        weight: deployment.weight ?? null,
        tier: deployment.priority,
        limits: compileRates(deployment),
        tags: deployment.tags ?? [],
        price: deployment.price ?? null,
        contextWindow: deployment.context_window ?? null,
        budget: compileBudget(deployment.budget),
        breaker: mergeBreaker(breaker, deployment.breaker),
        healthCheck: ownHealthCheck === undefined ? healthCheck : ownHealthCheck,
      },
    ];
  });
}

/** Default tags of the section `defaults` that no deployment of any model has. */
function checkDefaultTags(
  groups: ReadonlyMap<string, ModelGroup>,
  { strategy }: PolicyDefaults,
  { warnings }: CompileContext,
): void {
  const deployments = [...groups.values()].flatMap((group) => group.deployments);
  for (const draft of strategy) {
    if (draft.name === "tags")
      checkTags(draft.default, deployments, (text) => warnings.push(`defaults.strategy: ${text}`));
  }
}

/** A budget counts by prices: what has none is not counted. */
function checkPrices(
  groups: ReadonlyMap<string, ModelGroup>,
  providers: ReadonlyMap<string, CompiledProvider>,
  { warnings }: CompileContext,
): void {
  const unpriced = new Map<string, string>();
  const priced = new Set<string>();
  for (const { name, deployments } of groups.values()) {
    for (const [index, { price, budget, provider }] of deployments.entries()) {
      const place = formatPath(["models", name, "deployments", index]);
      if (price !== null) priced.add(provider.name);
      else if (!unpriced.has(provider.name)) unpriced.set(provider.name, place);
      if (budget !== null && price === null)
        warnings.push(`${place}.budget counts nothing: the deployment has no price.`);
    }
  }
  for (const { name, budget } of providers.values()) {
    if (budget === null) continue;
    const place = formatPath(["providers", name, "budget"]);
    const without = unpriced.get(name);
    if (!priced.has(name)) warnings.push(`${place} counts nothing: no deployment of the provider has a price.`);
    else if (without !== undefined) warnings.push(`${place} does not count ${without}, which has no price.`);
  }
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

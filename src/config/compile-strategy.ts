import type { Deployment } from "../exchange.ts";
import type { ConditionalRule, StrategySettings } from "../policy.ts";
import type { CompileContext } from "./compile-provider.ts";
import { suggest } from "./nearest.ts";
import { formatPath, type Path } from "./problem.ts";
import type { DefaultsEntry } from "./schema.ts";
import { PICKING_STRATEGIES, type StrategyEntry } from "./schema-strategies.ts";

type Written = NonNullable<DefaultsEntry["strategy"]>;
type Shuffle = Extract<StrategySettings, { readonly name: "simple-shuffle" }>;

/** A strategy as far as it can be read without its deployments: what `simple-shuffle` goes by may depend on them. */
export type StrategyDraft =
  Exclude<StrategySettings, Shuffle> | { readonly name: "simple-shuffle"; readonly by: Shuffle["by"] | null };

const SHUFFLE: StrategyDraft = { name: "simple-shuffle", by: null };

/** What is used where nothing says otherwise. */
export const DEFAULT_STRATEGY: readonly StrategyDraft[] = [SHUFFLE];

/** A `strategy` as written → the strategies in order; the last one always picks. */
export function readStrategy(
  written: Written,
  path: Path,
  providers: ReadonlySet<string> | null,
  context: CompileContext,
): readonly StrategyDraft[] {
  const items: readonly { readonly entry: StrategyEntry["name"] | StrategyEntry; readonly path: Path }[] =
    Array.isArray(written)
      ? written.map((entry, index) => ({ entry, path: [...path, index] }))
      : [{ entry: written, path }];
  const drafts = items.map(({ entry, path: itemPath }, index): StrategyDraft => {
    const draft = readOne(typeof entry === "string" ? withoutOptions(entry) : entry, itemPath, providers, context);
    if (PICKING_STRATEGIES.has(draft.name) && index < items.length - 1) {
      const namePath = typeof entry === "string" ? itemPath : [...itemPath, "name"];
      context.problems.add(
        namePath,
        `expected a strategy that narrows (tags, conditional, budget, affinity, priority) before others, got ${draft.name}, which picks and can only stand last`,
      );
    }
    return draft;
  });
  // What only narrows leaves the choice open: chance decides among equals.
  return PICKING_STRATEGIES.has(drafts.at(-1)?.name ?? "") ? drafts : [...drafts, SHUFFLE];
}

/** A name alone, with the defaults of its options. */
function withoutOptions(name: StrategyEntry["name"]): StrategyEntry {
  switch (name) {
    case "lowest-latency":
      return { name, buffer: DEFAULT_BUFFER };
    case "tags":
      return { name, default: [], match: "any" };
    case "conditional":
    case "affinity":
      // The schema has refused them without their options.
      throw new Error(`${name} needs options`);
    default:
      return { name };
  }
}

const DEFAULT_BUFFER = 0.1;
const DEFAULT_PREFIX_BYTES = 1_024;

function readOne(
  entry: StrategyEntry,
  path: Path,
  providers: ReadonlySet<string> | null,
  context: CompileContext,
): StrategyDraft {
  switch (entry.name) {
    case "simple-shuffle":
      return { name: entry.name, by: entry.by ?? null };
    case "lowest-latency":
      return { name: entry.name, buffer: entry.buffer };
    case "tags":
      return { name: entry.name, default: entry.default, match: entry.match };
    case "conditional":
      return {
        name: entry.name,
        rules: entry.rules.flatMap((rule, index) => readRule(rule, [...path, "rules", index], providers, context)),
      };
    case "affinity":
      return { name: entry.name, by: readAffinity(entry, path, context) };
    default:
      return { name: entry.name };
  }
}

type AffinityEntry = Extract<StrategyEntry, { readonly name: "affinity" }>;
type AffinityBy = Extract<StrategySettings, { readonly name: "affinity" }>["by"];

function readAffinity({ by, bytes }: AffinityEntry, path: Path, { problems }: CompileContext): AffinityBy {
  if (bytes !== undefined && by !== "prompt-prefix") {
    problems.add([...path, "bytes"], "expected bytes only with by: prompt-prefix, got it with another", { at: "key" });
  }
  if (by === "user") return { kind: "user" };
  if (by === "prompt-prefix") return { kind: "prompt-prefix", bytes: bytes ?? DEFAULT_PREFIX_BYTES };
  return { kind: "header", header: by.slice("header:".length).toLowerCase() };
}

type RuleEntry = Extract<StrategyEntry, { readonly name: "conditional" }>["rules"][number];

function readRule(
  { when, use }: RuleEntry,
  path: Path,
  providers: ReadonlySet<string> | null,
  context: CompileContext,
): readonly ConditionalRule[] {
  const { problems } = context;
  if (use.tags === undefined && use.providers === undefined && use.models === undefined) {
    problems.add([...path, "use"], "expected tags, providers or models, got none of them", { at: "key" });
  }
  for (const [index, provider] of (use.providers ?? []).entries()) {
    if (providers === null || providers.has(provider)) continue;
    const at = [...path, "use", "providers", index];
    const hint = suggest(provider, providers);
    problems.add(at, `expected a provider defined under providers, got ${context.show(at)}${hint}`);
  }
  const whenPath = [...path, "when"];
  if (context.compileExpression === undefined) {
    problems.add(whenPath, "expected no expression where nothing can evaluate one, got one");
    return [];
  }
  const compiled = context.compileExpression(when);
  if ("problem" in compiled) {
    const place = compiled.offset === null ? "in" : `at character ${compiled.offset + 1} of`;
    problems.add(whenPath, `${compiled.problem}, ${place} ${context.show(whenPath)}`);
    return [];
  }
  return [
    {
      when,
      test: compiled.test,
      use: { tags: use.tags ?? null, providers: use.providers ?? null, models: use.models ?? null },
    },
  ];
}

/** The strategies for these deployments, with what `simple-shuffle` goes by: weights where one is given, else rates that all have. */
export function settleStrategy(
  drafts: readonly StrategyDraft[],
  deployments: readonly Deployment[],
): readonly StrategySettings[] {
  return drafts.map((draft): StrategySettings => {
    if (draft.name !== "simple-shuffle") return draft;
    return { name: draft.name, by: draft.by ?? chooseWeights(deployments) };
  });
}

function chooseWeights(deployments: readonly Deployment[]): Shuffle["by"] {
  if (deployments.length === 0 || deployments.some(({ weight }) => weight !== null)) return "weight";
  if (deployments.every(({ limits }) => limits.rpm !== null)) return "rpm";
  if (deployments.every(({ limits }) => limits.tpm !== null)) return "tpm";
  return "weight";
}

/** Says where a model's own strategy cannot do what it is there for, with the deployments it has. */
export function checkStrategy(
  drafts: readonly StrategyDraft[],
  path: Path,
  deployments: readonly Deployment[],
  context: CompileContext,
): void {
  const place = formatPath(path);
  const warn = (text: string): void => void context.warnings.push(`${place}: ${text}`);
  for (const draft of drafts) {
    switch (draft.name) {
      case "simple-shuffle": {
        const { by } = draft;
        if (by === null || by === "weight" || deployments.length < 2) break;
        if (deployments.every(({ limits }) => limits[by] !== null)) break;
        context.problems.add(
          path,
          `expected ${by} for every deployment, because the strategy goes by it, got some without`,
          {
            at: "key",
          },
        );
        break;
      }
      case "lowest-cost":
        if (deployments.some(({ price }) => price === null))
          warn("lowest-cost tries deployments without a price last.");
        break;
      case "lowest-usage":
        if (deployments.some(({ limits }) => limits.rpm === null && limits.tpm === null))
          warn("lowest-usage takes deployments without rpm and tpm for unused.");
        break;
      case "budget":
        if (!deployments.some(hasBudget)) warn("budget has no effect: no deployment and no provider has one.");
        break;
      case "priority":
        if (deployments.every(({ tier }) => tier === deployments[0]?.tier))
          warn("priority has no effect: every deployment has the same one.");
        break;
      case "tags":
        checkTags(draft.default, deployments, warn);
        break;
      case "conditional":
        for (const { when, use } of draft.rules) {
          if (!deployments.some((deployment) => isUsed(deployment, use)))
            warn(`the rule ${JSON.stringify(when)} leads to no deployment: what it holds for is refused.`);
        }
        break;
      case "round-robin":
      case "least-busy":
      case "lowest-latency":
      case "affinity":
        break;
      default:
        draft satisfies never;
    }
  }
}

/** Says which default tags of the strategy `tags` no deployment has. */
export function checkTags(
  tags: readonly string[],
  deployments: readonly Deployment[],
  warn: (text: string) => void,
): void {
  const unknown = tags.filter((tag) => !deployments.some((deployment) => deployment.tags.includes(tag)));
  if (unknown.length > 0)
    warn(`no deployment has the default ${unknown.length === 1 ? "tag" : "tags"} ${unknown.join(", ")}.`);
}

function isUsed({ tags, provider, model }: Deployment, use: ConditionalRule["use"]): boolean {
  return (
    (use.tags === null || use.tags.some((tag) => tags.includes(tag))) &&
    (use.providers === null || use.providers.includes(provider.name)) &&
    (use.models === null || model.includes("*") || use.models.includes(model))
  );
}

/** Whether a deployment or its provider has a budget. */
export function hasBudget({ budget, provider }: Deployment): boolean {
  return budget !== null || provider.budget !== null;
}

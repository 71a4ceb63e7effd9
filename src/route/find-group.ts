import { GatewayError } from "../errors.ts";
import type { Deployment, ModelGroup, Snapshot } from "../exchange.ts";

/** The model group a name leads to; `rest` is what the group's `*` stands for, "" where it has none. */
export type FoundGroup = { readonly group: ModelGroup; readonly rest: string };

const MAX_NAMES_IN_ERROR = 10;

/**
 * From a model's name to its group: the exact name, then the longest wildcard that fits, then `provider/model`.
 * `isAllowed`: the names the caller may know of. Throws GatewayError `not_found` that names up to ten of them.
 */
export function findGroup(
  snapshot: Snapshot,
  model: string,
  isAllowed: (name: string) => boolean = allowAll,
): FoundGroup {
  const found = lookUpGroup(snapshot, model);
  if (found !== null) return found;
  throw unknownModel(snapshot, model, isAllowed);
}

/** The same, and null for a name that leads nowhere. */
export function lookUpGroup(snapshot: Snapshot, model: string): FoundGroup | null {
  const exact = snapshot.models.get(model);
  // A caller that asks for "local/*" by these very letters means no model.
  if (exact !== undefined && !exact.name.endsWith("*")) return { group: exact, rest: "" };
  for (const { length, groups } of wildcardsOf(snapshot)) {
    // Something must be left for the `*`.
    if (model.length <= length) continue;
    const group = groups.get(model.slice(0, length));
    if (group !== undefined) return { group, rest: model.slice(length) };
  }
  const slash = model.indexOf("/");
  if (slash <= 0 || slash === model.length - 1) return null;
  const group = snapshot.implicitGroups.get(`${model.slice(0, slash)}/*`);
  return group === undefined ? null : { group, rest: model.slice(slash + 1) };
}

/** The model's name at a deployment. */
export function upstreamModelOf({ model }: Deployment, rest: string): string {
  const star = rest === "" ? -1 : model.indexOf("*");
  return star === -1 ? model : `${model.slice(0, star)}${rest}${model.slice(star + 1)}`;
}

/** Model names a caller may ask for; wildcards stand as they are. */
export function listModels(snapshot: Snapshot, isAllowed: (name: string) => boolean = allowAll): string[] {
  return [...snapshot.models.keys()].filter(isAllowed);
}

/** Wildcards whose part before the `*` is of one length, by that part. */
type Wildcards = { readonly length: number; readonly groups: ReadonlyMap<string, ModelGroup> };

const wildcards = new WeakMap<Snapshot, readonly Wildcards[]>();

/** By length, the longest first: one look into a map for each length that occurs, however many names there are. */
function wildcardsOf(snapshot: Snapshot): readonly Wildcards[] {
  let known = wildcards.get(snapshot);
  if (known === undefined) {
    const byLength = new Map<number, Map<string, ModelGroup>>();
    for (const group of snapshot.models.values()) {
      if (!group.name.endsWith("*")) continue;
      const prefix = group.name.slice(0, -1);
      const groups = byLength.get(prefix.length) ?? new Map<string, ModelGroup>();
      byLength.set(prefix.length, groups.set(prefix, group));
    }
    known = [...byLength]
      .map(([length, groups]) => ({ length, groups }))
      .toSorted((one, other) => other.length - one.length);
    wildcards.set(snapshot, known);
  }
  return known;
}

function allowAll(): boolean {
  return true;
}

function unknownModel(snapshot: Snapshot, model: string, isAllowed: (name: string) => boolean): GatewayError {
  const names = listModels(snapshot, isAllowed);
  const shown = names.slice(0, MAX_NAMES_IN_ERROR).join(", ");
  const more = names.length > MAX_NAMES_IN_ERROR ? `, and ${names.length - MAX_NAMES_IN_ERROR} more` : "";
  return new GatewayError(
    "not_found",
    `The model \`${printable(model)}\` does not exist. ${names.length > 0 ? `Known models: ${shown}${more}.` : noModels(snapshot, isAllowed)}`,
    { detail: "model_not_found", param: "model" },
  );
}

function noModels({ models, providers }: Snapshot, isAllowed: (name: string) => boolean): string {
  if (models.size > 0) return "This key may call none of the models.";
  const names = [...providers.keys()].filter((name) => isAllowed(`${name}/*`));
  if (names.length > 0) {
    return `No models are configured; name one as provider/model. Known providers: ${names.slice(0, MAX_NAMES_IN_ERROR).join(", ")}.`;
  }
  return providers.size > 0 ? "This key may call none of the providers." : "No models and no providers are configured.";
}

/** A caller's own text, shortened for an error message. */
function printable(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

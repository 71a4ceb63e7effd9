import { GatewayError } from "../errors.ts";
import type { Deployment, ModelGroup, Provider, Snapshot } from "../exchange.ts";

/** A deployment chosen for a request, and the model's name there with `*` filled in. */
export type Routed = { readonly deployment: Deployment; readonly upstreamModel: string };

const MAX_NAMES_IN_ERROR = 10;

/**
 * From a model's name to its deployment: the exact name, then the longest wildcard that fits, then `provider/model`.
 * `preferred`: the provider that keeps what the request goes on from, where the group has it.
 * Throws GatewayError `not_found` that names up to ten known models.
 */
export function findDeployment(snapshot: Snapshot, model: string, preferred: string | null = null): Routed {
  const exact = snapshot.models.get(model);
  if (exact !== undefined && !exact.name.endsWith("*")) return fill(exact, "", preferred);
  let best: ModelGroup | null = null;
  for (const group of snapshot.models.values()) {
    if (!group.name.endsWith("*") || !model.startsWith(group.name.slice(0, -1))) continue;
    if (best === null || group.name.length > best.name.length) best = group;
  }
  if (best !== null) {
    const rest = model.slice(best.name.length - 1);
    if (rest !== "") return fill(best, rest, preferred);
  }
  const slash = model.indexOf("/");
  const provider = slash <= 0 ? undefined : snapshot.providers.get(model.slice(0, slash));
  if (provider !== undefined && slash < model.length - 1) {
    return { deployment: implicitDeployment(provider), upstreamModel: model.slice(slash + 1) };
  }
  throw unknownModel(snapshot, model);
}

/** Model names a caller may ask for; wildcards stand as they are. */
export function listModels(snapshot: Snapshot): string[] {
  return [...snapshot.models.keys()];
}

function fill(group: ModelGroup, rest: string, preferred: string | null): Routed {
  const { deployments } = group;
  const kept = preferred === null ? undefined : deployments.find(({ provider }) => provider.name === preferred);
  const deployment = kept ?? (deployments[0] as Deployment);
  return { deployment, upstreamModel: deployment.model.replace("*", () => rest) };
}

const implicitDeployments = new WeakMap<Provider, Deployment>();

/** `provider/model` without a group: one deployment for each provider, whatever the models are called. */
function implicitDeployment(provider: Provider): Deployment {
  let deployment = implicitDeployments.get(provider);
  if (deployment === undefined) {
    deployment = { group: `${provider.name}/*`, provider, model: "*", timeouts: provider.timeouts };
    implicitDeployments.set(provider, deployment);
  }
  return deployment;
}

function unknownModel(snapshot: Snapshot, model: string): GatewayError {
  const names = listModels(snapshot);
  const shown = names.slice(0, MAX_NAMES_IN_ERROR).join(", ");
  const more = names.length > MAX_NAMES_IN_ERROR ? `, and ${names.length - MAX_NAMES_IN_ERROR} more` : "";
  const known =
    names.length > 0
      ? `Known models: ${shown}${more}.`
      : snapshot.providers.size > 0
        ? `No models are configured; name one as provider/model. Known providers: ${[...snapshot.providers.keys()].slice(0, MAX_NAMES_IN_ERROR).join(", ")}.`
        : "No models and no providers are configured.";
  return new GatewayError("not_found", `The model \`${printable(model)}\` does not exist. ${known}`, {
    detail: "model_not_found",
    param: "model",
  });
}

/** A caller's own text, shortened for an error message. */
function printable(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

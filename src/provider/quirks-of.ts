import type { Quirks, Surface } from "../exchange.ts";
import { MODEL_FAMILIES } from "./model-families.ts";

/** Names of models come from callers (`provider/*`): what is remembered of them is bounded. */
const MAX_REMEMBERED = 256;

const remembered = new WeakMap<Surface, Map<string, Quirks>>();

/** What is known of a model at a provider: the model family's quirks, and over them the provider's own. */
export function quirksOf(surface: Surface, model: string): Quirks {
  let known = remembered.get(surface);
  if (known === undefined) {
    known = new Map();
    remembered.set(surface, known);
  }
  let quirks = known.get(model);
  if (quirks === undefined) {
    quirks = surface.quirks;
    for (const family of MODEL_FAMILIES) {
      if (family.dialects.includes(surface.dialect) && family.models.test(model)) quirks = layer(family.quirks, quirks);
    }
    if (known.size >= MAX_REMEMBERED) known.clear();
    known.set(model, quirks);
  }
  return quirks;
}

/** The narrower over the wider: lists together, single values where the narrower says one. */
function layer(wider: Partial<Quirks>, narrower: Quirks): Quirks {
  return {
    refuses: [...(wider.refuses ?? []), ...narrower.refuses],
    renames: { ...wider.renames, ...narrower.renames },
    reasoning: narrower.reasoning ?? wider.reasoning ?? null,
    efforts: narrower.efforts ?? wider.efforts ?? null,
    jsonSchema: narrower.jsonSchema ?? wider.jsonSchema ?? null,
    maxOutputTokens: narrower.maxOutputTokens ?? wider.maxOutputTokens ?? null,
    refusesContent: [...(wider.refusesContent ?? []), ...narrower.refusesContent],
    systemRole: narrower.systemRole ?? wider.systemRole ?? null,
  };
}

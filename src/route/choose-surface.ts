import type { Provider, Surface } from "../exchange.ts";

/** Behind an endpoint's name: its path for streams, where a provider has another for them. */
const STREAM_KEY = "#stream";

/** What is looked at of a dialect's endpoint. */
export type EndpointShape = {
  readonly name: string;
  readonly dialect: string;
  readonly operation: string | null;
  readonly upstreamPath: string;
  readonly isStreamPath: boolean | null;
};

/** Where a request goes at a provider, and whether it must be translated on the way. */
export type ChosenSurface<Shape extends EndpointShape> = {
  readonly surface: Surface;
  /** The provider's own endpoint: the caller's where `isTranslated` is false. */
  readonly endpoint: Shape;
  /** Its path there, `{model}` not yet filled in. */
  readonly path: string;
  readonly isTranslated: boolean;
};

/**
 * The API of a provider that a request goes to: the caller's own where the provider speaks it (then the bytes pass), or else the
 * first that can do the same; null when none can.
 */
export function chooseSurface<Shape extends EndpointShape>(
  provider: Provider,
  model: string,
  endpoint: Shape,
  isStream: boolean,
  endpointsOf: (dialect: string) => readonly Shape[],
): ChosenSurface<Shape> | null {
  let best: ChosenSurface<Shape> | null = null;
  for (const surface of provider.surfaces) {
    if (surface.models !== null && !surface.models.test(model)) continue;
    if (surface.dialect === endpoint.dialect) {
      const path = pathOf(surface, endpoint, isStream);
      if (path !== null) return { surface, endpoint, path, isTranslated: isRenamed(surface, endpoint) };
    }
    if (best !== null || endpoint.operation === null) continue;
    for (const candidate of endpointsOf(surface.dialect)) {
      if (candidate.operation !== endpoint.operation) continue;
      if (candidate.isStreamPath !== null && candidate.isStreamPath !== isStream) continue;
      const path = pathOf(surface, candidate, isStream);
      if (path === null) continue;
      best = { surface, endpoint: candidate, path, isTranslated: true };
      break;
    }
  }
  return best;
}

/**
 * Embeddings and rerank are small dialects of many tongues (Voyage's `top_k`, Jina's `task`): where a surface calls members by
 * other names, its callers' requests are written anew.
 */
function isRenamed({ quirks }: Surface, { operation }: EndpointShape): boolean {
  return (operation === "embed" || operation === "rerank") && Object.keys(quirks.renames).length > 0;
}

/** null where the surface does not serve the endpoint. */
function pathOf({ paths }: Surface, { name, upstreamPath }: EndpointShape, isStream: boolean): string | null {
  if (paths === null) return upstreamPath;
  const path = (isStream ? paths[`${name}${STREAM_KEY}`] : undefined) ?? paths[name];
  if (path === undefined) return null;
  if (path === "") return upstreamPath;
  // What the dialect asks for in the query (Gemini's `alt=sse`) does not depend on where the endpoint stands.
  const at = path.includes("?") ? -1 : upstreamPath.indexOf("?");
  return at === -1 ? path : path + upstreamPath.slice(at);
}

import type { AuthHeaders, Authorizer, UnsignedRequest } from "../exchange.ts";

/**
 * An authorizer whose code is loaded when the first request needs it: the clouds' token machinery would cost every start
 * milliseconds and megabytes, and most gateways never use it. Once loaded, requests go straight through.
 */
export function lazyAuthorizer(load: () => Promise<Authorizer>): Authorizer {
  let loaded: Authorizer | null = null;
  let loading: Promise<Authorizer> | null = null;
  return {
    authorize(request: UnsignedRequest): AuthHeaders | Promise<AuthHeaders> {
      if (loaded !== null) return loaded.authorize(request);
      loading ??= load().then((authorizer) => (loaded = authorizer));
      return loading.then((authorizer) => authorizer.authorize(request));
    },
    invalidate() {
      loaded?.invalidate();
    },
  };
}

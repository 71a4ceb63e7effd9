import { GatewayError } from "../../errors.ts";
import type { AuthHeaders } from "../../exchange.ts";
import type { Secret } from "../../lib/secret.ts";

/** A bearer token that some token service gave. */
export type AccessToken = {
  readonly value: Secret;
  /** Milliseconds since 1970; null: it does not expire. */
  readonly expiresAtMs: number | null;
  /** Further headers that go with it. */
  readonly headers?: AuthHeaders;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** An environment variable that says something. */
export function readVariable(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  return value === undefined || value === "" ? null : value;
}

/** A credential could not be had; `whose` names the cloud. The message names sources and settings, never their values. */
export function tokenError(whose: string, message: string, cause?: unknown): GatewayError {
  return new GatewayError("upstream_error", `${whose} credentials: ${message}`, {
    upstreamType: "auth",
    ...(cause === undefined ? {} : { cause }),
  });
}

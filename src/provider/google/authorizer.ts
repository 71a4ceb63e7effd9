import type { Authorizer } from "../../exchange.ts";
import type { Secret } from "../../lib/secret.ts";
import type { AuthorizerInput } from "../define.ts";
import { tokenError } from "../token/access-token.ts";
import { keyAuthorizer, renewingAuthorizer } from "../token/bearer-authorizer.ts";
import { GOOGLE, type GoogleDocument, readGoogleDocument } from "./credential-document.ts";

/** Where Google credentials come from. */
export type GoogleSource =
  | { readonly kind: "document"; readonly document: GoogleDocument }
  | { readonly kind: "file"; readonly path: string }
  /** Application default credentials: what the environment, gcloud's file or the metadata server give. */
  | { readonly kind: "surroundings" };

/**
 * Proves requests to Google Cloud with an access token. `api_key` holds credentials as JSON (a service account's key, an
 * external account …), the path of such a file, or an access token; without it the surroundings give one.
 * Throws GatewayError `upstream_error` for an `api_key` that is none of these.
 */
export function makeGoogleAuthorizer({ apiKey, env, now }: AuthorizerInput): Authorizer {
  const source = apiKey === null ? ({ kind: "surroundings" } as const) : readApiKey(apiKey);
  if (source.kind === "token") return keyAuthorizer(GOOGLE, "authorization", "Bearer", source.token);
  return renewingAuthorizer(
    GOOGLE,
    async () => {
      // Files, signatures and requests are needed once there is a request.
      const { fetchGoogleToken } = await import("./fetch-token.ts");
      return fetchGoogleToken(source, env, now);
    },
    now,
  );
}

function readApiKey(apiKey: Secret): GoogleSource | { readonly kind: "token"; readonly token: Secret } {
  const text = apiKey.reveal().trim();
  if (text.startsWith("{")) return { kind: "document", document: readGoogleDocument(text, "api_key") };
  // Access tokens begin with "ya29." (users, service accounts and, with a letter, federated ones).
  if (text.startsWith("ya29.")) return { kind: "token", token: apiKey };
  if (/^(?:\.{0,2}\/|[A-Za-z]:\\)|\.json$/.test(text)) return { kind: "file", path: text };
  throw tokenError(
    GOOGLE,
    "expected the JSON text of a credentials file, the path of one, or an access token (ya29.…), got something else. An API key belongs to the provider vertex-express.",
  );
}

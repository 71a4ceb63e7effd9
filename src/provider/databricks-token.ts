/**
 * OAuth of a Databricks workspace for service principals (machine to machine):
 * https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m
 */
import type { Authorizer, UnsignedRequest } from "../exchange.ts";
import { Secret } from "../lib/secret.ts";
import type { AuthorizerInput } from "./define.ts";
import { type AccessToken, readVariable, tokenError } from "./token/access-token.ts";
import { keyAuthorizer, renewingAuthorizer } from "./token/bearer-authorizer.ts";

const DATABRICKS = "Databricks";
const TOKEN_SERVICE = "the workspace's token service";
/** A service principal's client id is a UUID; a personal access token has no colon. */
const CLIENT = /^([0-9a-fA-F-]{36}):(\S+)$/;

type Client = { readonly id: string; readonly secret: Secret };

/**
 * Proves requests to a workspace: with a personal access token, or for a service principal (`api_key` of the form
 * CLIENT_ID:CLIENT_SECRET, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET) with OAuth tokens of that workspace.
 */
export function makeDatabricksAuthorizer({ apiKey, env, now }: AuthorizerInput): Authorizer {
  const client = apiKey === null ? clientOfEnvironment(env) : readClient(apiKey);
  if (client === null && apiKey !== null) return keyAuthorizer(DATABRICKS, "authorization", "Bearer", apiKey);
  // The token service is the workspace's own, which the first request names.
  let origin: string | null = null;
  const authorizer = renewingAuthorizer(DATABRICKS, async () => fetchToken(origin, client, now), now);
  return {
    authorize: (request) => {
      origin ??= originOf(request, env, apiKey === null);
      return authorizer.authorize(request);
    },
    invalidate: () => authorizer.invalidate(),
  };
}

function readClient(apiKey: Secret): Client | null {
  const [, id, secret] = CLIENT.exec(apiKey.reveal().trim()) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret: new Secret(secret) };
}

function clientOfEnvironment(env: AuthorizerInput["env"]): Client | null {
  const id = readVariable(env, "DATABRICKS_CLIENT_ID");
  const secret = readVariable(env, "DATABRICKS_CLIENT_SECRET");
  return id === null || secret === null ? null : { id, secret: new Secret(secret) };
}

/**
 * https, but where DATABRICKS_HOST names this host with a scheme of its own. Throws GatewayError `upstream_error` where the
 * environment's client belongs to another workspace.
 */
function originOf({ hostHeader }: UnsignedRequest, env: AuthorizerInput["env"], isOfEnvironment: boolean): string {
  const named = readVariable(env, "DATABRICKS_HOST")?.replace(/\/+$/, "");
  if (named === `http://${hostHeader}`) return named;
  if (isOfEnvironment && named !== undefined && named.replace(/^https:\/\//, "") !== hostHeader) {
    throw tokenError(
      DATABRICKS,
      "DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET belong to the workspace in DATABRICKS_HOST, which is not base_url's; expected an api_key.",
    );
  }
  return `https://${hostHeader}`;
}

async function fetchToken(origin: string | null, client: Client | null, now: () => number): Promise<AccessToken> {
  if (client === null || origin === null) {
    throw tokenError(
      DATABRICKS,
      "none found. Looked for api_key (a token, or CLIENT_ID:CLIENT_SECRET), DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET.",
    );
  }
  const [{ checkTokenUrl, fetchAnswer }, { readTokenAnswer }] = await Promise.all([
    import("./token/fetch-answer.ts"),
    import("./token/read-token.ts"),
  ]);
  const basic = Buffer.from(`${client.id}:${client.secret.reveal()}`, "utf8").toString("base64");
  const answer = await fetchAnswer(checkTokenUrl(DATABRICKS, "DATABRICKS_HOST", `${origin}/oidc/v1/token`), {
    whose: DATABRICKS,
    what: TOKEN_SERVICE,
    headers: { authorization: `Basic ${basic}` },
    form: { grant_type: "client_credentials", scope: "all-apis" },
  });
  return readTokenAnswer(answer, { whose: DATABRICKS, what: TOKEN_SERVICE, nowMs: now() });
}

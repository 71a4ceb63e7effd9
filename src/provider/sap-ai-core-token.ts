/** The service key of SAP AI Core, and tokens for its client: https://help.sap.com/docs/sap-ai-core */
import type { Authorizer } from "../exchange.ts";
import { asString, parseObject } from "../lib/json.ts";
import { Secret } from "../lib/secret.ts";
import type { AuthorizerInput } from "./define.ts";
import { tokenError } from "./token/access-token.ts";
import { renewingAuthorizer } from "./token/bearer-authorizer.ts";

const SAP = "SAP AI Core";
const TOKEN_SERVICE = "the token service";

/** Bearer tokens (client credentials) for a service key's JSON as `api_key`. Throws GatewayError `upstream_error` for anything else. */
export function makeSapAuthorizer({ apiKey, now }: AuthorizerInput): Authorizer {
  const key = apiKey === null ? null : parseObject(apiKey.reveal());
  const id = asString(key?.["clientid"]);
  const secret = asString(key?.["clientsecret"]);
  const url = asString(key?.["url"]);
  if (id === null || secret === null || url === null) {
    throw tokenError(SAP, "expected a service key as JSON with clientid, clientsecret and url, got something else.");
  }
  const clientSecret = new Secret(secret);
  return renewingAuthorizer(
    SAP,
    async () => {
      const [{ checkTokenUrl, fetchAnswer }, { readTokenAnswer }] = await Promise.all([
        import("./token/fetch-answer.ts"),
        import("./token/read-token.ts"),
      ]);
      const basic = Buffer.from(`${id}:${clientSecret.reveal()}`, "utf8").toString("base64");
      const tokenUrl = checkTokenUrl(SAP, "url of the service key", `${url.replace(/\/+$/, "")}/oauth/token`);
      const answer = await fetchAnswer(tokenUrl, {
        whose: SAP,
        what: TOKEN_SERVICE,
        headers: { authorization: `Basic ${basic}` },
        form: { grant_type: "client_credentials" },
      });
      return readTokenAnswer(answer, { whose: SAP, what: TOKEN_SERVICE, nowMs: now() });
    },
    now,
  );
}

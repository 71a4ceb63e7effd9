/** IBM Cloud's identity service: https://cloud.ibm.com/docs/account?topic=account-iamtoken_from_apikey */
import type { Authorizer } from "../exchange.ts";
import type { AuthorizerInput } from "./define.ts";
import { readVariable, tokenError } from "./token/access-token.ts";
import { keyAuthorizer, renewingAuthorizer } from "./token/bearer-authorizer.ts";

const IBM = "IBM Cloud";
const IAM = "the identity service";
const IAM_ORIGIN = "https://iam.cloud.ibm.com";

/** Bearer tokens of IBM's identity service for an API key; a token given as `api_key` (a JWT) goes along as it is. */
export function makeWatsonxAuthorizer({ apiKey, env, now }: AuthorizerInput): Authorizer {
  if (apiKey === null) throw tokenError(IBM, "expected an API key, got none.");
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(apiKey.reveal().trim())) {
    return keyAuthorizer(IBM, "authorization", "Bearer", apiKey);
  }
  return renewingAuthorizer(
    IBM,
    async () => {
      const [{ checkTokenUrl, fetchAnswer }, { readTokenAnswer }] = await Promise.all([
        import("./token/fetch-answer.ts"),
        import("./token/read-token.ts"),
      ]);
      const origin = (readVariable(env, "WATSONX_AI_AUTH_URL") ?? IAM_ORIGIN).replace(/\/+$/, "");
      const answer = await fetchAnswer(checkTokenUrl(IBM, "WATSONX_AI_AUTH_URL", `${origin}/identity/token`), {
        whose: IBM,
        what: IAM,
        form: { grant_type: "urn:ibm:params:oauth:grant-type:apikey", apikey: apiKey.reveal().trim() },
      });
      return readTokenAnswer(answer, { whose: IBM, what: IAM, nowMs: now() });
    },
    now,
  );
}
